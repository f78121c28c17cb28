"""
A disk that is simulated: it outlives its process, loses what was not synced
when the power goes, and fails when told to.
"""

import errno
import os
import stat
from pathlib import PurePath
from random import Random

from swarmpeer.file_name import LOCK_NAME
from swarmpeer.testing.cached_folder import CachedFolder
from swarmpeer.testing.descriptors import Descriptors
from swarmpeer.testing.disk_faults import (
    BYTES_PER_SECOND,
    READ_SECONDS,
    SYNC_SECONDS,
    DiskEvent,
    DiskFaults,
    os_error,
)
from swarmpeer.testing.page_cache import PAGE_BYTES, CachedFile
from swarmpeer.wire.messages import PieceData

_PAGE_SECONDS = PAGE_BYTES / BYTES_PER_SECOND
# How likely any one thing is on the disk already when the power goes: a loss is
# one of these, so that all and nothing are not rare.
_KEPT = (0.0, 0.5, 0.9, 1.0)


class SimulatedDisk(DiskFaults):
    """
    The L{swarmpeer.storage.calls.FileCalls} of one simulated machine, on which
    one process runs at a time.  There are plain files in folders, and neither
    symbolic links nor folders in folders: a folder's path is but its name.

    Names are as durable as files: a new, renamed or removed file is safe once
    its folder was synced, and of the changes since then a loss of power keeps
    those up to some moment.

    @ivar rotten: the folder, the name at that time and the offset of each byte
        in which a bit was flipped.
    """

    def __init__(
        self,
        rng: Random,
        *,
        capacity_bytes: int | None = None,
        can_tell_cached: bool = True,
    ) -> None:
        """
        @param rng: where all chance comes from.
        @param capacity_bytes: how much it holds, in whole pages of 4 KiB;
            C{None}: no limit.
        @param can_tell_cached: does it know what is in memory?
        """
        super().__init__(rng)
        self._capacity_bytes = capacity_bytes
        self._can_tell_cached = can_tell_cached
        self._folders: dict[str, CachedFolder] = {}
        self._descriptors = Descriptors()
        self._next_number = 1
        self.rotten: list[tuple[str, str, int]] = []

    # What becomes of the machine.

    def process_died(self) -> None:
        """
        The process was killed: its descriptors and locks are gone; all that it
        wrote is there.  A call with one of its descriptors, should some of its
        code still run, raises L{swarmpeer.testing.disk_faults.ProcessGone}.
        """
        self._descriptors.end_all()
        self._interruption = None
        self._cost_seconds = 0.0

    def lose_power(self) -> None:
        """
        The machine went dark and came back: the process is gone, and of what was
        not synced there is what chance has brought to the disk.
        """
        self.process_died()
        kept = self._rng.choice(_KEPT)
        for path, folder in list(self._folders.items()):
            if not folder.is_durable and self._rng.random() >= kept:
                self._count(DiskEvent.NAME_LOST)
                del self._folders[path]
                continue
            self._count(DiskEvent.NAME_LOST, folder.lose_power(self._rng, kept))
            for file in folder.files.values():
                torn, dropped = file.lose_power(self._rng, kept)
                self._count(DiskEvent.TORN, torn)
                self._count(DiskEvent.DROPPED, dropped)

    def rot(self) -> bool:
        """
        Flip a bit of what was written to some file, on the disk and in memory.
        A lock is spared, since nothing in it means anything.

        @return: C{False} if there is no such bit.
        """
        written = [
            (path, name, file)
            for path, folder in self._folders.items()
            for name, file in folder.files.items()
            if file.page_count and name != LOCK_NAME
        ]
        if not written:
            return False
        path, name, file = self._rng.choice(written)
        self.rotten.append((path, name, file.flip_bit(self._rng)))
        self._count(DiskEvent.ROTTED)
        return True

    # What is on it.

    def put(self, folder: str | os.PathLike[str], name: str, data: bytes) -> None:
        """
        Have a durable file there that is not in memory, and its folder.
        """
        path = _path(folder)
        if path not in self._folders:
            self._folders[path] = CachedFolder(self._take_number())
        file = CachedFile(self._take_number())
        file.write(data, 0)
        file.sync()
        file.cool()
        self._folders[path].change((name, file))
        self._folders[path].sync()

    def content(self, folder: str | os.PathLike[str], name: str) -> bytes | None:
        """
        What a process would read from that file now; C{None} if there is none.
        """
        file = self._files_in(folder).get(name)
        return None if file is None else file.read(file.size_bytes, 0)

    def names(self, folder: str | os.PathLike[str]) -> list[str]:
        """
        What is in that folder, sorted.
        """
        return sorted(self._files_in(folder))

    # The calls.

    def make_folder(self, path: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("make_folder")
        path = _path(path)
        if path in self._folders:
            raise os_error(errno.EEXIST)
        self._folders[path] = CachedFolder(self._take_number())

    def open_folder(self, path: str) -> int:
        """
        See C{FileCalls}.
        """
        self._begin("open_folder")
        folder = self._folders.get(_path(path))
        if folder is None:
            raise os_error(errno.ENOENT)
        return self._descriptors.open_folder(folder)

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        See C{FileCalls}.  Of the flags those of access, C{O_CREAT}, C{O_EXCL} and
        C{O_TRUNC} are heeded.
        """
        self._begin("open")
        inside = self._descriptors.folder(folder)
        file = inside.files.get(name)
        if file is None:
            if not flags & os.O_CREAT:
                raise os_error(errno.ENOENT)
            file = CachedFile(self._take_number())
            inside.change((name, file))
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise os_error(errno.EEXIST)
        if flags & os.O_TRUNC:
            file.truncate(0)
        is_writable = flags & os.O_ACCMODE != os.O_RDONLY
        return self._descriptors.open_file(file, is_writable=is_writable)

    def close(self, fd: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("close")
        self._descriptors.close(fd)

    def fstat(self, fd: int) -> os.stat_result:
        """
        See C{FileCalls}.
        """
        self._begin("fstat")
        if self._descriptors.is_folder(fd):
            folder = self._descriptors.folder(fd)
            return _stat(stat.S_IFDIR | 0o755, folder.number, 0)
        return _stat_file(self._descriptors.file(fd))

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        See C{FileCalls}.
        """
        self._begin("lstat")
        return _stat_file(self._named(folder, name))

    def lock(self, fd: int) -> bool:
        """
        See C{FileCalls}.
        """
        self._begin("lock")
        file = self._descriptors.file(fd)
        if file.lock_holder is None:
            file.lock_holder = fd
        return file.lock_holder == fd

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("truncate")
        file = self._descriptors.file(fd)
        if not self._descriptors.may_write(fd):
            raise os_error(errno.EINVAL)
        file.truncate(size_bytes)

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        See C{FileCalls}.
        """
        self._begin("read")
        file = self._descriptors.file(fd)
        if self._failing_reads:
            self._failing_reads -= 1
            raise self._fire(errno.EIO, DiskEvent.READ_FAILED)
        if loaded_bytes := file.load(size_bytes, offset):
            self._cost_seconds += READ_SECONDS + loaded_bytes / BYTES_PER_SECOND
        return file.read(size_bytes, offset)

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        See C{FileCalls}.
        """
        self._begin("read_cached")
        file = self._descriptors.file(fd)
        if not self._can_tell_cached:
            raise os_error(errno.EOPNOTSUPP)
        if (
            self._failing_reads
            or offset + size_bytes > file.size_bytes
            or not file.is_in_memory(size_bytes, offset)
        ):
            return None
        return file.read(size_bytes, offset)

    def is_in_memory(self, fd: int) -> bool:
        """
        See C{FileCalls}.
        """
        self._begin("is_in_memory")
        self._descriptors.file(fd)
        return False

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        See C{FileCalls}.
        """
        self._begin("write")
        file = self._descriptors.writable(fd)
        if self._failing_writes:
            self._failing_writes -= 1
            raise self._fire(errno.EIO, DiskEvent.WRITE_FAILED)
        size_bytes = len(data)
        if self._is_full or self._capacity_bytes is not None:
            fitting_bytes = file.fitting(size_bytes, offset, self._room_pages())
            if fitting_bytes < size_bytes:
                if not fitting_bytes:
                    raise self._fire(errno.ENOSPC, DiskEvent.FULL)
                data, size_bytes = data[:fitting_bytes], fitting_bytes
        file.write(data, offset)
        # Whole pages, so that the length of a process id costs nothing.
        self._cost_seconds += -(-size_bytes // PAGE_BYTES) * _PAGE_SECONDS
        return size_bytes

    def sync(self, fd: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("sync")
        if self._descriptors.is_folder(fd):
            self._cost_seconds += SYNC_SECONDS
            self._descriptors.folder(fd).sync()
            return
        file = self._descriptors.file(fd)
        self._cost_seconds += SYNC_SECONDS
        if self._failing_writes:
            self._failing_writes -= 1
            file.fail_sync()
            raise self._fire(errno.EIO, DiskEvent.WRITE_FAILED)
        self._cost_seconds += file.sync() / BYTES_PER_SECOND

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("rename")
        file = self._named(folder, old_name)
        if old_name != new_name:
            self._descriptors.folder(folder).change((old_name, None), (new_name, file))

    def unlink(self, folder: int, name: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("unlink")
        self._named(folder, name)
        self._descriptors.folder(folder).change((name, None))

    def _named(self, folder: int, name: str) -> CachedFile:
        file = self._descriptors.folder(folder).files.get(name)
        if file is None:
            raise os_error(errno.ENOENT)
        return file

    def _files_in(self, folder: str | os.PathLike[str]) -> dict[str, CachedFile]:
        found = self._folders.get(_path(folder))
        return {} if found is None else found.files

    def _room_pages(self) -> int:
        if self._is_full or self._capacity_bytes is None:
            return 0
        # A removed file takes room until it is closed.
        files = {file.number: file for file in self._descriptors.files()}
        for folder in self._folders.values():
            files.update((file.number, file) for file in folder.files.values())
        used_pages = sum(file.page_count for file in files.values())
        return max(0, self._capacity_bytes // PAGE_BYTES - used_pages)

    def _take_number(self) -> int:
        number = self._next_number
        self._next_number += 1
        return number


def _path(folder: str | os.PathLike[str]) -> str:
    return str(PurePath(folder))


def _stat_file(file: CachedFile) -> os.stat_result:
    return _stat(stat.S_IFREG | 0o644, file.number, file.size_bytes)


def _stat(mode: int, number: int, size_bytes: int) -> os.stat_result:
    """
    One of the only device, with one name, of the superuser, without times.
    """
    return os.stat_result((mode, number, 1, 1, 0, 0, size_bytes, 0, 0, 0))
