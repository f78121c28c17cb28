"""
Opening the one file of a manifest that is wanted, wherever it is.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.manifest import Path
from swarmpeer.storage.cached_reads import CachedReads
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_errors import NO_DESCRIPTOR, NOT_KNOWN
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import FileState, Place
from swarmpeer.storage.verified.open_files import OpenFile, OpenFiles
from swarmpeer.storage.verified.resume import FileIdentity


@dataclass(frozen=True, slots=True)
class Disk:
    """
    What all files of a storage share.

    @ivar preallocates: is all room of a part taken when it is made?
    """

    calls: FileCalls
    folder: DataFolder
    open_files: OpenFiles
    cached_reads: CachedReads
    preallocates: bool


class OpenableFile:
    """
    A file that is a part, or in place, and may become the one from the other in any
    thread.

    There are two locks.  Who opens, makes, mends, renames or judges the file has
    C{_disk_lock}, while calls are made that may take long: the reactor thread never
    waits for it.  C{_state_lock} is for a moment, around what is known of the file,
    and no call is made under it.  Who needs both takes the first one first.  Where
    the file is and what it is known by changes under both, so either will do to look.

    Its pieces are named as the swarm counts them.

    @ivar number: its number in the manifest.
    @ivar path: from the data folder on.
    @ivar pieces: those that it has.
    @ivar size_bytes: of it when it is whole.
    @ivar is_executable: may it be run when it is in place?
    """

    def __init__(
        self,
        disk: Disk,
        number: int,
        path: Path,
        layout: PieceLayout,
        is_executable: bool,
    ) -> None:
        """
        @param number: its number in the manifest.
        @param path: from the data folder on.
        @param layout: of all files of the manifest.
        """
        self.number = number
        self.path = path
        self.pieces = layout.pieces_of(number)
        self.size_bytes = layout.file_sizes_bytes[number]
        self.is_executable = is_executable
        self._disk = disk
        self._calls = disk.calls
        self._disk_lock = Lock()
        self._state_lock = Lock()
        self._piece_size_bytes = layout.piece_size_bytes
        self._state = FileState(self.size_bytes, len(self.pieces))

    def extent(self, first: int, count: int = 1) -> tuple[int, int]:
        """
        Where pieces that lie side by side are in the file.

        @return: at which byte they begin, and how many bytes they have.
        """
        size_bytes, position = self._piece_size_bytes, first - self.pieces.start
        begin = position * size_bytes
        return begin, min(begin + count * size_bytes, self.size_bytes) - begin

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[int]:
        file = self._borrow(make=make)
        try:
            yield file.fd
        finally:
            self._disk.open_files.give_back(file)

    def _borrow(self, *, make: bool) -> OpenFile:
        """
        Have the file open, until it is given back.
        """
        file = self._disk.open_files.take(self.number)
        if file is None:
            with self._disk_lock:
                file = self._take(make=make)
        return file

    # What follows is for who has the lock of the disk.

    def _take(self, *, make: bool = False) -> OpenFile:
        file = self._disk.open_files.take(self.number)
        if file is not None:
            return file
        try:
            fd = self._descriptor(make)
        except OSError as error:
            if error.errno not in NO_DESCRIPTOR:
                raise
            # Some are kept that nobody needs now.
            self._disk.open_files.drop_idle()
            fd = self._descriptor(make)
        return self._disk.open_files.put(self.number, fd)

    def _descriptor(self, make: bool) -> int:
        if self._state.place is Place.PART:
            return self._open_part(make)
        if self._state.place is Place.ABSENT and make:
            return self._make_part()
        return self._open_final(os.O_RDONLY)

    def _open_part(self, make: bool) -> int:
        try:
            return self._disk.folder.state.open_part(self.number, os.O_RDWR)
        except FileNotFoundError:
            self._lose_part()
            if not make:
                raise
        return self._make_part()

    def _make_part(self) -> int:
        state = self._disk.folder.state
        state.remove_part(self.number)
        fd = state.open_part(self.number, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            self._calls.truncate(fd, self.size_bytes)
            if self._disk.preallocates:
                self._allocate(fd)
            status = self._calls.fstat(fd)
        except BaseException:
            self._calls.close(fd)
            with suppress(OSError):
                state.remove_part(self.number)
            raise
        with self._state_lock:
            self._state.identity = FileIdentity.of(status)
            self._state.place = Place.PART
        return fd

    def _allocate(self, fd: int) -> None:
        try:
            self._calls.allocate(fd, self.size_bytes)
        except OSError as error:
            if error.errno not in NOT_KNOWN:
                raise

    def _open_final(self, flags: int) -> int:
        """
        Open the file in place, or what is there instead.
        """
        gone = FileNotFoundError(errno.ENOENT, "it is not there any more")
        if self._state.place is not Place.FINAL:
            raise gone
        try:
            fd = self._disk.folder.open_file(self.path, flags)
        except (FileNotFoundError, StorageError):
            self._replace(None)
            raise gone from None
        try:
            status = self._calls.fstat(fd)
            with self._state_lock:
                is_ours = self._state.meet(status)
            if not is_ours:
                self._replace(status)
        except BaseException:
            self._calls.close(fd)
            raise
        return fd

    def _replace(self, status: os.stat_result | None) -> None:
        self._disk.open_files.drop(self.number)
        with self._state_lock:
            self._state.replace(status)

    def _lose_part(self) -> None:
        self._disk.open_files.drop(self.number)
        with self._state_lock:
            self._state.lose_part()
