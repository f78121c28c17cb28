"""
Hashing and writing the pieces that come, in whichever thread that is cheapest.
"""

from collections.abc import Callable, Mapping
from functools import partial

from swarmpeer.errors import StorageError
from swarmpeer.storage.helping import Helper
from swarmpeer.storage.pending_work import PendingWork, run_inline
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.stored_piece import StoredPiece, stored_piece
from swarmpeer.wire.messages import PieceData

HASHED_AT_ONCE_BYTES = 4 * 1024 * 1024
"""
Up to this size a piece is hashed in the reactor thread: a few milliseconds, while it
is still in the processor's cache.  To hand it to another thread costs more processor
time than it saves, and gains time only where a core has nothing else to do.
"""


class PieceWriter:
    """
    Keeps pieces that are right.  All is asked for in the reactor thread.

    A piece is hashed before a byte of it is written, so of a wrong one nothing is
    ever on the disk.
    """

    def __init__(
        self,
        hashes: PieceHashes,
        files: Mapping[int, StoredFile],
        disk: Disk,
        works: PendingWork,
        recorder: Recorder,
        hold: Callable[[int], None],
        *,
        inline_limit_bytes: int,
        helper: Helper | None,
    ) -> None:
        """
        @param hold: told of a piece that was written.
        @param inline_limit_bytes: see L{swarmpeer.storage.file}.
        @param helper: who hashes and writes, too.
        """
        self._hashes = hashes
        self._files = files
        self._disk = disk
        self._works = works
        self._recorder = recorder
        self._hold = hold
        self._inline_limit_bytes = inline_limit_bytes
        self._helper = helper

    def write(
        self,
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Keep a piece, if it is right.
        """
        piece = stored_piece(self._hashes.layout, self._files, index)
        size_bytes = piece.size_bytes
        is_quick = self._is_quick(piece.file)
        write = partial(piece.write, data)

        def check_and_write() -> int:
            piece.check(self._hashes, data)
            return write()

        def written(changes: int) -> None:
            self._written(piece, changes, done, failed)

        def unwritten(error: Exception) -> None:
            self._unwritten(piece, error, failed)

        if is_quick and size_bytes <= self._inline_limit_bytes:
            run_inline(check_and_write, written, unwritten)
        elif size_bytes > HASHED_AT_ONCE_BYTES:
            self._works.begin(check_and_write, written, unwritten)
        elif self._helper and (run := self._helper.take(size_bytes)):
            self._works.begin(check_and_write, written, unwritten, run)
        else:
            try:
                piece.check(self._hashes, data)
                is_here = is_quick and piece.file.is_in_memory
            except Exception as error:
                unwritten(error)
                return
            (run_inline if is_here else self._works.begin)(write, written, unwritten)

    def _is_quick(self, file: StoredFile) -> bool:
        """
        To take the room for a whole file, to mend one in place, or to wait for who is
        at it may take long.
        """
        place = file.place
        return not file.is_busy and (
            place is Place.PART
            or (place is Place.ABSENT and not self._disk.preallocates)
        )

    def _written(
        self,
        piece: StoredPiece,
        changes: int,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        index = piece.piece_index
        if self._recorder.written(index, piece.file.number, changes):
            self._hold(index)
            done()
        else:
            error = StorageError("somebody changed its file meanwhile")
            self._unwritten(piece, error, failed)

    def _unwritten(
        self,
        piece: StoredPiece,
        error: Exception,
        failed: Callable[[StorageError], None],
    ) -> None:
        self._recorder.notice(piece.file.number)
        where = self._disk.folder.shown(piece.file.path)
        failed(piece.unwritable(error, where))
