"""
A storage in a peer's folder on disk.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import ILendingStorage
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.storage.answering import check_sizes, refuse_each, tell_each
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.disk import DiskFile
from swarmpeer.storage.limits import CACHED_LIMIT_BYTES, INLINE_LIMIT_BYTES
from swarmpeer.storage.pending_work import PendingWork, run_inline
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.storage.system_errors import reason_of
from swarmpeer.text import printable
from swarmpeer.thread_work import RunInThread
from swarmpeer.wire.messages import PieceData


@implementer(ILendingStorage)
class FileStorage:
    """
    One file in one folder that is ours alone while the storage is open.

    A whole file is only read.  One to be fetched grows beside the place of the
    final one and takes its name when C{finish} is asked for; what has that name
    from an earlier run keeps it until then.  An unfinished file of an earlier
    run is removed and all pieces are fetched anew: the protocol knows no
    digests, so nothing could tell which of its pieces are right.

    @ivar is_whole: see L{IPieceStorage}.
    """

    def __init__(
        self,
        layout: PieceLayout,
        folder: str | os.PathLike[str],
        file_name: str,
        *,
        whole: bool,
        run_in_thread: RunInThread,
        calls: FileCalls | None = None,
        inline_limit_bytes: int = INLINE_LIMIT_BYTES,
    ) -> None:
        """
        @param folder: the peer's own; see L{swarmpeer.storage.folder}.
        @param whole: is the whole file there already?
        @param run_in_thread: where calls that may take long are made, such as
            L{swarmpeer.storage.threads.ReactorThreads}.
        @param calls: the disk; by default the machine's own.
        @param inline_limit_bytes: see L{INLINE_LIMIT_BYTES}.
        """
        self._layout = layout
        self._file = DiskFile(
            Path(folder), file_name, layout.file_size_bytes, calls or SystemCalls()
        )
        self._work = PendingWork(run_in_thread)
        self._inline_limit_bytes = inline_limit_bytes
        self._is_open = False
        self._was_opened = False
        self._is_complete = whole
        self._is_placing = False
        self._when_closed: list[Callable[[], None]] = []
        self.is_whole = whole

    def open(self) -> None:
        """
        Take the folder; open the whole file, or begin an empty one beside.
        May be done again once it is closed.

        @raise StorageError: if the name is not safe, the folder or the file is
            missing, a symbolic link or something else than it should be, the
            file has another size than the layout says, or another peer works in
            the folder.
        """
        if self._was_opened:
            raise self._failure("open it", "it is open, or not closed yet")
        if self.is_whole:
            self._file.open_whole()
        else:
            self._file.open_part()
        self._is_open = self._was_opened = True

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch a piece: at once if that cannot take long, else in a thread.

        @raise IndexError: if the layout has no such piece.
        """
        size_bytes, offset = self._layout.size(index), self._layout.offset(index)
        what = f"read piece {index}"
        if not self._is_open:
            failed(self._failure(what, "it is not open"))
            return

        def on_failed(error: Exception) -> None:
            failed(self._cause(what, error))

        if size_bytes <= CACHED_LIMIT_BYTES:
            try:
                data = self._file.read_cached(size_bytes, offset)
            except Exception as error:
                on_failed(error)
                return
            if data is not None:
                done(data)
                return

        def from_disk() -> PieceData:
            return self._file.read(size_bytes, offset)

        if size_bytes <= self._inline_limit_bytes and not self._file.can_tell_cached:
            run_inline(from_disk, done, on_failed)
        else:
            self._work.begin(from_disk, done, on_failed)

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the first of these pieces if it is small, or lend a span of the file once
        it is in memory.  In a classic swarm hardly anybody asks for two at once.

        @raise IndexError: if the layout has no such piece.
        """
        index = indexes[0]
        size_bytes, offset = self._layout.size(index), self._layout.offset(index)
        if size_bytes <= self._inline_limit_bytes or not self._is_open:
            self.read(index, lambda data: done((data,)), failed)
            return

        def on_failed(error: Exception) -> None:
            failed(self._cause(f"read piece {index}", error))

        def lend(_: object = None) -> None:
            done((self._file.lend(size_bytes, offset),))

        try:
            is_cached = self._file.is_cached(size_bytes, offset)
        except Exception as error:
            on_failed(error)
            return
        if is_cached:
            lend()
        else:
            self._work.begin(
                lambda: self._file.bring_into_memory(size_bytes, offset),
                lend,
                on_failed,
            )

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep pieces: the small ones at once, each of the others in a thread.

        @raise IndexError: if the layout has no such piece.
        @raise ValueError: if a piece is not as long as it should be.
        """
        check_sizes(self._layout, pieces)
        if not self._is_open:
            refusal = "it is not open"
        elif self._is_complete or self._is_placing:
            refusal = "it is complete and is not changed"
        else:
            self._work.do_at_once(lambda: self._write(pieces, done, failed))
            return
        refuse_each(
            pieces,
            lambda index: self._failure(f"write piece {index}", refusal),
            failed,
        )

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Bring the file to the disk, then give it its final name.

        After a failure it may be asked for again, but once the disk refused the
        bytes themselves it fails for good; see L{DiskFile.place}.
        """
        what = "put it in place"

        def on_placed(_: None) -> None:
            self._is_placing = False
            self._is_complete = True
            done()

        def on_failed(error: Exception) -> None:
            self._is_placing = False
            failed(self._cause(what, error))

        if not self._is_open:
            failed(self._failure(what, "it is not open"))
        elif self._is_placing:
            failed(self._failure(what, "that is under way"))
        elif self._is_complete:
            done()
        else:
            self._is_placing = True
            self._work.begin(self._file.place, on_placed, on_failed)

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on, wait for what was begun, then close the
        file and give the folder back.  May be asked for many times.
        """
        self._is_open = False
        self._when_closed.append(done)
        self._work.when_idle(self._give_back)

    def _write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        if self._layout.piece_size_bytes <= self._inline_limit_bytes:
            tell_each(pieces, self._to_disk(pieces), done, failed)
            return
        for piece in pieces:
            if len(piece.data) <= self._inline_limit_bytes:
                tell_each([piece], self._to_disk([piece]), done, failed)
            else:
                self._begin_writing(piece, done, failed)

    def _begin_writing(
        self,
        piece: Piece,
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        self._work.begin(
            lambda: self._to_disk([piece]),
            lambda failures: tell_each([piece], failures, done, failed),
            lambda error: failed(piece.index, self._unwritten(piece, error)),
        )

    def _to_disk(self, pieces: Sequence[Piece]) -> dict[int, StorageError]:
        """
        Write pieces.

        @return: by the piece, why it could not be written.
        """
        failures: dict[int, StorageError] = {}
        write, offset = self._file.write, self._layout.offset
        for piece in pieces:
            try:
                write(piece.data, offset(piece.index))
            except Exception as error:
                failures[piece.index] = self._unwritten(piece, error)
        return failures

    def _unwritten(self, piece: Piece, error: Exception) -> StorageError:
        return self._cause(f"write piece {piece.index}", error)

    def _give_back(self) -> None:
        # Another who asked to close may have been told already.
        if not self._when_closed:
            return
        self._file.close()
        self._was_opened = False
        self._is_complete = self.is_whole
        when_closed, self._when_closed = self._when_closed, []
        for done in when_closed:
            done()

    def _cause(self, what: str, error: Exception) -> StorageError:
        if isinstance(error, StorageError):
            return error
        return self._failure(what, reason_of(error))

    def _failure(self, what: str, reason: str) -> StorageError:
        return StorageError(f"{printable(self._file.path)}: cannot {what}: {reason}")
