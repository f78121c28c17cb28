"""
One file of a manifest on the disk, with calls that may block.
"""

import os
from contextlib import suppress
from typing import NamedTuple

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.storage import modes
from swarmpeer.storage.file_state import Place
from swarmpeer.storage.opening import OpenableFile
from swarmpeer.storage.resume import FileIdentity
from swarmpeer.storage.transfers import read_up_to, sync, write_all
from swarmpeer.wire.messages import PieceData

_MOST_TRIES = 5


class Reading(NamedTuple):
    """
    What was read.

    @ivar is_suspect: did somebody change the file since the piece was looked at?
    @ivar changes: how often somebody did until then.
    """

    data: PieceData
    is_suspect: bool
    changes: int


class StoredFile(OpenableFile):
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
    def is_replaced(self) -> bool:
        """
        Did another file take its place?
        """
        return self._state.is_replaced

    def settle(self, place: Place, identity: FileIdentity | None) -> None:
        """
        Say where it was found.
        """
        with self._lock:
            self._state.place, self._state.identity = place, identity

    def known(self) -> tuple[FileIdentity | None, int]:
        """
        Its identity and how often somebody changed it, at one moment.
        """
        with self._lock:
            return self._state.identity, self._state.changes

    # Reading.

    def read_cached(
        self, position: int, size_bytes: int, offset: int
    ) -> Reading | None:
        """
        Read what is in memory; never waits.

        @param position: of the piece in the file.
        @return: C{None} if that cannot be done.
        @raise OSError: if the file cannot be read.
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            file = self._disk.open_files.take(self.number)
            if file is None:
                return None
            try:
                data = self._disk.cached_reads.read(file.fd, size_bytes, offset)
                return None if data is None else self._judge(file.fd, position, data)
            finally:
                self._disk.open_files.give_back(file)
        finally:
            self._lock.release()

    def read(self, position: int, size_bytes: int, offset: int) -> Reading:
        """
        Read.

        @param position: of the piece in the file.
        @raise OSError: if the file cannot be read.
        @raise PieceLostError: if it is too short.
        """
        for _ in range(_MOST_TRIES):
            with self._open() as fd:
                data = read_up_to(self._calls, fd, size_bytes, offset)
                with self._lock:
                    reading = self._judge(fd, position, data)
            if reading is None:
                continue
            if len(data) < size_bytes:
                raise PieceLostError(f"it ends at byte {offset + len(data)} or before")
            return reading
        raise PieceLostError("it changes all the time; see who does that")

    def check_name(self) -> None:
        """
        Look whether the file still has its name.
        """
        with self._lock:
            if self._state.place is not Place.FINAL:
                return
            try:
                status = self._disk.folder.find(self.path)
            except StorageError:
                status = None
            except OSError:
                # Nothing can be told.
                return
            if status is None or not self._state.is_ours(status):
                self._replace(status)

    def suspect(self, position: int) -> None:
        """
        Have a piece looked at when it is read next.
        """
        with self._lock:
            self._state.suspect(position)

    def clear(self, position: int, changes: int) -> None:
        """
        A piece was found right, when there were so many changes.
        """
        with self._lock:
            if changes == self._state.changes:
                self._state.clear(position)

    # Writing.

    def write(self, position: int, data: PieceData, offset: int) -> int:
        """
        Write a piece: to the part, which is made if need be; or to the file in
        place, if it is the one that it was.

        @return: how many changes there were then.
        @raise OSError: if it cannot be written.
        @raise StorageError: if it must not.
        """
        if self._state.place in (Place.FINAL, Place.GONE):
            with self._lock:
                return self._heal(position, data, offset)
        with self._open(make=True) as fd:
            write_all(self._calls, fd, data, offset)
        with self._lock:
            self._state.clear(position)
            return self._state.changes

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
                raise StorageError(error.strerror or repr(error)) from error
            with self._lock:
                if self._state.place is not Place.PART:
                    return None
                self._state.identity = FileIdentity.of(self._calls.fstat(fd))
                return self._state.identity

    def put_in_place(self) -> None:
        """
        Give a part its final name, and a file its mode.

        @raise OSError: if it cannot be done.
        @raise StorageError: if something else has its name.
        """
        with self._lock:
            if self._state.place is Place.GONE:
                return
            status = self._disk.folder.find(self.path)
            if status is not None:
                self._disk.folder.check_plain(self.path, status)
            is_part = self._state.place is Place.PART
            if not is_part and status and modes.is_right(status, self.is_executable):
                return
            file = self._take()
            try:
                modes.set_right(self._calls, file.fd, self.is_executable)
            finally:
                self._disk.open_files.give_back(file)
            if is_part:
                self._disk.folder.place_part(self.number, self.path)
                self._state.place = Place.FINAL
                # While it is open to be written to, nobody can run it.
                self._disk.open_files.drop(self.number)

    # What follows is for who has the lock.

    def _heal(self, position: int, data: PieceData, offset: int) -> int:
        fd = -1
        try:
            if not self._state.is_replaced:
                with suppress(FileNotFoundError):
                    fd = self._open_final(os.O_RDWR)
            if self._state.is_replaced:
                raise StorageError(
                    "somebody put another file there, and nothing is written to that; "
                    "put the right one there and start this peer anew",
                    is_final=True,
                )
            try:
                write_all(self._calls, fd, data, offset)
            finally:
                # Our own change is none by somebody else.
                self._state.identity = FileIdentity.of(self._calls.fstat(fd))
            self._state.clear(position)
            return self._state.changes
        finally:
            if fd >= 0:
                self._calls.close(fd)

    def _judge(self, fd: int, position: int, data: PieceData) -> Reading | None:
        """
        What was just read, if it is of the right file: whoever changed those bytes
        before has changed the file's status, too.
        """
        state = self._state
        if not state.meet(self._calls.fstat(fd)):
            return None
        return Reading(data, state.is_suspect(position), state.changes)
