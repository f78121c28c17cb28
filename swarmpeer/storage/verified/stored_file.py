"""
One file of a manifest on the disk, with calls that may block.
"""

import os
from collections.abc import Sequence
from contextlib import suppress

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.system_errors import NOT_ALLOWED, reason_of
from swarmpeer.storage.transfers import read_up_to, sync, write_all
from swarmpeer.storage.verified import modes
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.lending import LendableFile
from swarmpeer.storage.verified.piece_reading import IsRight, PieceReading
from swarmpeer.storage.verified.resume import FileIdentity
from swarmpeer.storage.verified.watched_file import MOST_TRIES, UNSTEADY
from swarmpeer.wire.messages import PieceData

Failures = dict[int, Exception]
"""
By the piece, why it could not be written.
"""


class StoredFile(LendableFile):
    """
    A file that grows as a part and is in place later, or from the start.  All calls
    may come from any thread.
    """

    @property
    def place(self) -> Place:
        """
        Where it is.
        """
        return self._state.place

    @property
    def is_busy(self) -> bool:
        """
        Is somebody at it with calls that may take long?
        """
        return self._disk_lock.locked()

    @property
    def is_in_memory(self) -> bool:
        """
        Does it live in a file system in memory?  C{False} also while nobody knows,
        since it is not open.
        """
        file = self._disk.open_files.take(self.number)
        if file is None:
            return False
        try:
            return self._disk.cached_reads.is_in_memory(file.fd)
        finally:
            self._disk.open_files.give_back(file)

    def settle(self, place: Place, identity: FileIdentity | None) -> None:
        """
        Say where it was found.
        """
        with self._disk_lock, self._state_lock:
            self._state.place, self._state.identity = place, identity

    # Reading.

    def read_at_once(
        self, stretches: Sequence[range], *, may_wait: bool
    ) -> Sequence[PieceData]:
        """
        Read what is in memory; waits for nobody.

        @param stretches: pieces that lie side by side, those of each at once.
        @param may_wait: read also if nobody knows what is in memory?
        @return: the first pieces, up to one with which that cannot be done, or which is
            to be looked at first.
        @raise OSError: if the file cannot be read.
        """
        if not self._disk_lock.acquire(blocking=False):
            return ()
        try:
            file = self._disk.open_files.take(self.number)
            if file is None:
                return ()
            try:
                pieces = self._read_cached(file.fd, stretches, may_wait)
                if not pieces:
                    return ()
                indexes = [index for stretch in stretches for index in stretch]
                return pieces[: self._count_sound(file.fd, indexes)]
            finally:
                self._disk.open_files.give_back(file)
        finally:
            self._disk_lock.release()

    def read(
        self, index: int, is_right: IsRight, hash_it: bool
    ) -> PieceReading[PieceData]:
        """
        Read a piece.

        @param is_right: asked whether the bytes are right, if somebody changed the
            file.
        @param hash_it: ask also if nobody did?
        @raise OSError: if the file cannot be read.
        @raise PieceLostError: if it is too short.
        """
        offset, size_bytes = self.extent(index)
        for _ in range(MOST_TRIES):
            with self._open() as fd:
                data = read_up_to(self._calls, fd, size_bytes, offset)
                with self._disk_lock:
                    standing = self._judge(fd, index)
            if standing is None:
                continue
            if len(data) < size_bytes:
                raise PieceLostError(f"it ends at byte {offset + len(data)} or before")
            found = None
            if standing.is_suspect or hash_it:
                found = is_right((data,))
            return self._found(index, PieceReading(data, found, standing))
        raise PieceLostError(UNSTEADY)

    # Writing.

    def write(self, pieces: Sequence[Piece]) -> tuple[int, Failures]:
        """
        Write pieces: to the part, which is made if need be; or to the file in
        place, if it is the one that it was.  Each is, whether the others can be or not.

        @return: how many changes there were then, and what went wrong.
        @raise OSError: if none of them can be written.
        @raise StorageError: if none of them must.
        """
        state = self._state
        if state.place in (Place.FINAL, Place.GONE):
            with self._disk_lock:
                failures = self._mend(pieces)
                _, changes = self.known()
                self._clear_written(pieces, failures, changes)
                return changes, failures
        while True:
            changes = state.changes
            file = self._borrow(make=True)
            try:
                # What is open may be a part that was removed.
                if state.changes == changes:
                    failures = self._write_each(file.fd, pieces)
                    break
            finally:
                self._disk.open_files.give_back(file)
        if state.has_suspects:
            self._clear_written(pieces, failures, changes)
        return changes, failures

    def sync(self) -> FileIdentity | None:
        """
        Bring all bytes to the disk.

        @return: as what a part is known after that; C{None} if it is none.
        @raise OSError: if it could not be tried.
        @raise StorageError: if the disk refused some.
        """
        with self._open() as fd:
            try:
                sync(self._calls, fd)
            except OSError as error:
                raise StorageError(reason_of(error)) from error
            with self._disk_lock:
                if self._state.place is not Place.PART:
                    return None
                return self._identify(fd)

    def put_in_place(self) -> None:
        """
        Give a part its final name, and a file its mode.

        @raise OSError: if it cannot be done.
        @raise StorageError: if something else has its name.
        """
        with self._disk_lock:
            if self._state.place is Place.GONE:
                return
            status = self._disk.folder.find(self.path)
            if status is not None:
                self._disk.folder.check_plain(self.path, status)
            is_in_place = self._state.place is Place.FINAL
            if is_in_place and status and modes.is_right(status, self.is_executable):
                return
            file = self._take()
            try:
                modes.set_right(self._calls, file.fd, self.is_executable)
            finally:
                self._disk.open_files.give_back(file)
            if not is_in_place:
                self._place_part()

    def _write_each(self, fd: int, pieces: Sequence[Piece]) -> Failures:
        failures: Failures = {}
        calls, first, size = self._calls, self.pieces.start, self._piece_size_bytes
        for piece in pieces:
            try:
                write_all(calls, fd, piece.data, (piece.index - first) * size)
            except Exception as error:
                failures[piece.index] = error
        return failures

    def _clear_written(
        self, pieces: Sequence[Piece], failures: Failures, changes: int
    ) -> None:
        for piece in pieces:
            if piece.index not in failures:
                self._clear(piece.index, changes)

    # What follows is for who has the lock of the disk.

    def _read_cached(
        self, fd: int, stretches: Sequence[range], may_wait: bool
    ) -> list[PieceData]:
        pieces: list[PieceData] = []
        size = self._piece_size_bytes
        for stretch in stretches:
            count = len(stretch)
            offset, size_bytes = self.extent(stretch.start, count)
            data = self._disk.cached_reads.read(
                fd, size_bytes, offset, may_wait=may_wait
            )
            if data is None:
                break
            whole = count if len(data) == size_bytes else len(data) // size
            if whole == count == 1:
                pieces.append(data)
            else:
                view = memoryview(data)
                pieces += [view[at * size : (at + 1) * size] for at in range(whole)]
            if whole < count:
                break
        return pieces

    def _place_part(self) -> None:
        folder = self._disk.folder
        try:
            folder.place_part(self.number, self.path)
        except FileNotFoundError:
            if folder.state.find_part(self.number) is None:
                self._lose_part()
            raise
        with self._state_lock:
            self._state.place = Place.FINAL
        # While it is open to be written to, nobody can run it.
        self._disk.open_files.drop(self.number)

    def _mend(self, pieces: Sequence[Piece]) -> Failures:
        fd = -1
        try:
            if not self._state.is_replaced:
                with suppress(FileNotFoundError):
                    fd = self._open_to_mend()
            if self._state.is_replaced:
                raise StorageError(
                    "somebody put another file there, and nothing is written to that; "
                    "put the right one there and start this peer anew",
                    is_final=True,
                )
            try:
                return self._write_each(fd, pieces)
            finally:
                # Our own change is none by somebody else.
                self._identify(fd)
        finally:
            if fd >= 0:
                self._calls.close(fd)

    def _open_to_mend(self) -> int:
        try:
            return self._open_final(os.O_RDWR)
        except OSError as error:
            if error.errno not in NOT_ALLOWED:
                raise
            raise StorageError(
                f"it is in place, and we may not mend it: {reason_of(error)}; let us "
                f"write to it and start this peer anew",
                is_final=True,
            ) from error

    def _identify(self, fd: int) -> FileIdentity:
        identity = FileIdentity.of(self._calls.fstat(fd))
        with self._state_lock:
            self._state.identity = identity
        return identity
