"""
Hashing and writing the pieces that come, in whichever thread that is cheapest.
"""

from collections.abc import Callable, Mapping

from swarmpeer.errors import StorageError
from swarmpeer.storage.helping import Helper
from swarmpeer.storage.pending_work import PendingWork
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
HELPED_WITH_BYTES = 256 * 1024
"""
From this size on it is worth the way, if there is a helper and a core for it.
"""
MOST_HELPED_BYTES = 16 * 1024 * 1024
"""
No more than this waits for the helper: what comes then is hashed as if there were none.
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
        self._helped_bytes = 0

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
        is_here = is_quick and size_bytes <= self._inline_limit_bytes
        is_checked = is_here or (
            size_bytes <= HASHED_AT_ONCE_BYTES and not self._is_helped(size_bytes)
        )
        try:
            if is_checked:
                piece.check(self._hashes, data)
                is_here = is_here or (is_quick and piece.file.is_in_memory)
            if is_here:
                changes = piece.write(data)
        except Exception as error:
            self._unwritten(piece, error, failed)
            return
        if is_here:
            self._written(piece, changes, done, failed)
        else:
            self._write_in_thread(piece, data, is_checked, done, failed)

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

    def _is_helped(self, size_bytes: int) -> bool:
        """
        Is a piece left to the helper altogether?
        """
        return (
            self._helper is not None
            and size_bytes >= HELPED_WITH_BYTES
            and self._helped_bytes < MOST_HELPED_BYTES
            and self._helper.is_welcome()
        )

    def _write_in_thread(
        self,
        piece: StoredPiece,
        data: PieceData,
        is_checked: bool,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        def work() -> int:
            if not is_checked:
                piece.check(self._hashes, data)
            return piece.write(data)

        run = None
        helped_bytes = 0
        is_helped = not is_checked and piece.size_bytes <= HASHED_AT_ONCE_BYTES
        if self._helper is not None and is_helped:
            run = self._helper.run
            helped_bytes = piece.size_bytes
            self._helped_bytes += helped_bytes

        def on_written(changes: int) -> None:
            self._helped_bytes -= helped_bytes
            self._written(piece, changes, done, failed)

        def on_failed(error: Exception) -> None:
            self._helped_bytes -= helped_bytes
            self._unwritten(piece, error, failed)

        self._works.begin(work, on_written, on_failed, run)

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
