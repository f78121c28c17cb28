"""
Hashing and writing the pieces that come, in whichever thread that is cheapest.
"""

from collections.abc import Callable, Mapping, Sequence

from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.answering import tell_each
from swarmpeer.storage.pending_work import PendingWork, run_inline
from swarmpeer.storage.second_thread import SecondThread
from swarmpeer.storage.verified.arrived_run import ArrivedRun, arrived_runs
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile

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
        hold: Callable[[Sequence[int]], None],
        *,
        inline_limit_bytes: int,
        second_thread: SecondThread | None,
    ) -> None:
        """
        @param hold: told of the pieces that were written.
        @param inline_limit_bytes: see
            L{swarmpeer.storage.limits.INLINE_LIMIT_BYTES}.
        @param second_thread: hashes and writes, too.
        """
        self._hashes = hashes
        self._files = files
        self._disk = disk
        self._works = works
        self._recorder = recorder
        self._hold = hold
        self._inline_limit_bytes = inline_limit_bytes
        self._second_thread = second_thread

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep those of the pieces that are right.

        @param done: told of pieces that are written; more than once if one between
            them is not.
        @param failed: told of each piece that is not, and why.
        @raise IndexError: if there is no such piece.
        """
        runs = arrived_runs(
            self._hashes.layout, self._files, pieces, self._inline_limit_bytes
        )

        def write() -> None:
            for run in runs:
                self._write(run, done, failed)

        self._works.do_at_once(write)

    def _write(
        self,
        run: ArrivedRun,
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        # Large ones are alone.
        size_bytes = len(run.pieces[0].data)
        is_quick = self._is_quick(run.file)

        def check_and_write() -> None:
            run.check(self._hashes)
            run.write()

        def written(_: None) -> None:
            self._written(run, done, failed)

        def unwritten(error: Exception) -> None:
            run.fail(error)
            self._written(run, done, failed)

        if is_quick and size_bytes <= self._inline_limit_bytes:
            run_inline(check_and_write, written, unwritten)
        elif size_bytes > HASHED_AT_ONCE_BYTES:
            self._works.begin(check_and_write, written, unwritten)
        elif self._second_thread and (
            run_there := self._second_thread.take(size_bytes)
        ):
            self._works.begin(check_and_write, written, unwritten, run_there)
        else:
            try:
                run.check(self._hashes)
                is_at_once = not run.good or (is_quick and run.file.is_in_memory)
            except Exception as error:
                unwritten(error)
                return
            begin = run_inline if is_at_once else self._works.begin
            begin(run.write, written, unwritten)

    def _is_quick(self, file: StoredFile) -> bool:
        """
        Is a write to the file soon done?  To take the room for a whole one, to mend
        one in place, or to wait for who is at it may take long.
        """
        place = file.place
        return not file.is_busy and (
            place is Place.PART
            or (place is Place.ABSENT and not self._disk.preallocates)
        )

    def _written(
        self,
        run: ArrivedRun,
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        file, good = run.file, [piece.index for piece in run.good]
        if good:
            if self._recorder.written(good, file.number, run.changes):
                self._hold(good)
            else:
                run.fail(StorageError("somebody changed its file meanwhile"))
        failures: Mapping[int, StorageError] = {}
        if run.faults:
            self._recorder.notice(file.number)
            failures = run.failures(self._disk.folder.shown(file.path))
        tell_each(run.pieces, failures, done, failed)
