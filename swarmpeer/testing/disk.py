"""
A disk that is simulated: it outlives its process, loses what was not synced
when the power goes, and fails when told to.
"""

import errno
import os
import stat
from random import Random

from swarmpeer.manifest.paths import bytes_of
from swarmpeer.testing.cached_folder import CachedFolder, Link, Node
from swarmpeer.testing.disk_faults import (
    BYTES_PER_SECOND,
    READ_SECONDS,
    SYNC_SECONDS,
    DiskEvent,
    os_error,
)
from swarmpeer.testing.disk_names import DiskNames
from swarmpeer.testing.page_cache import PAGE_BYTES, CachedFile
from swarmpeer.wire.messages import PieceData

_PAGE_SECONDS = PAGE_BYTES / BYTES_PER_SECOND
_DEVICE = 1


class SimulatedDisk(DiskNames):
    """
    The L{swarmpeer.storage.calls.FileCalls} of one simulated machine, on which
    one process runs at a time.

    Names are as durable as files: a new, renamed or removed file is safe once
    its folder was synced, and of the changes since then a loss of power keeps
    those up to some moment.  So is a new folder once the one that it is in was
    synced, and one made by its path once it was synced itself.  A move from one
    folder to another is never seen by halves.

    Times of files are no times of a clock, but each change has a later one.
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
        super().__init__(rng, capacity_bytes)
        self._can_tell_cached = can_tell_cached

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
            return _stat(self._descriptors.folder(fd))
        return _stat(self._descriptors.file(fd))

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        See C{FileCalls}.
        """
        self._begin("lstat")
        return _stat(self._named(folder, name))

    def lock(self, fd: int) -> bool:
        """
        See C{FileCalls}.
        """
        self._begin("lock")
        file = self._descriptors.file(fd)
        if file.lock_holder is None:
            file.lock_holder = fd
            file.was_locked = True
        return file.lock_holder == fd

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("truncate")
        file = self._descriptors.file(fd)
        if not self._descriptors.may_write(fd):
            raise os_error(errno.EINVAL)
        self._touch(file)
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
        if not self._is_cached(fd, size_bytes, offset):
            return None
        return self._descriptors.file(fd).read(size_bytes, offset)

    def is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        """
        See C{FileCalls}.
        """
        self._begin("is_cached")
        return self._is_cached(fd, size_bytes, offset)

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
        fitting_bytes = self._fitting(file, size_bytes, offset)
        if fitting_bytes < size_bytes:
            if not fitting_bytes:
                raise self._fire(errno.ENOSPC, DiskEvent.FULL)
            data, size_bytes = data[:fitting_bytes], fitting_bytes
        if size_bytes:
            self._touch(file)
            file.write(data, offset)
        # Whole pages, so that the length of a process id costs nothing.
        self._cost_seconds += -(-size_bytes // PAGE_BYTES) * _PAGE_SECONDS
        return size_bytes

    def allocate(self, fd: int, size_bytes: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("allocate")
        if not size_bytes:
            return
        file = self._descriptors.writable(fd)
        if self._fitting(file, size_bytes, 0) < size_bytes:
            raise self._fire(errno.ENOSPC, DiskEvent.FULL)
        self._touch(file)
        file.reserve(size_bytes)

    def next_data(self, fd: int, offset: int) -> int | None:
        """
        See C{FileCalls}.
        """
        self._begin("next_data")
        return self._descriptors.file(fd).next_data(offset)

    def next_hole(self, fd: int, offset: int) -> int:
        """
        See C{FileCalls}.
        """
        self._begin("next_hole")
        return self._descriptors.file(fd).next_hole(offset)

    def free_bytes(self, folder: int) -> int | None:
        """
        See C{FileCalls}.  A disk that holds any number of bytes cannot tell, unless
        it was filled.
        """
        self._begin("free_bytes")
        self._descriptors.folder(folder)
        if self.capacity_bytes is None and not self._is_full:
            return None
        return self._room_pages() * PAGE_BYTES

    def set_mode(self, fd: int, mode: int) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("set_mode")
        self._descriptors.file(fd).change_mode(mode)

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

    def status(
        self, folder: str | os.PathLike[str], name: str
    ) -> os.stat_result | None:
        """
        What a process would be told of a file there now; C{None} if there is none.
        """
        node = self._look_up(folder, name)
        return None if node is None else _stat(node)

    def _is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        file = self._descriptors.file(fd)
        if not self._can_tell_cached:
            raise os_error(errno.EOPNOTSUPP)
        return (
            not self._failing_reads
            and offset + size_bytes <= file.size_bytes
            and file.is_in_memory(size_bytes, offset)
        )

    def _fitting(self, file: CachedFile, size_bytes: int, offset: int) -> int:
        if not self._is_full and self.capacity_bytes is None:
            return size_bytes
        return file.fitting(size_bytes, offset, self._room_pages())


def _stat(node: Node) -> os.stat_result:
    """
    One of the only device, with one name, of the superuser.
    """
    size_bytes = modified_ns = 0
    if isinstance(node, CachedFolder):
        mode = stat.S_IFDIR | 0o755
    elif isinstance(node, Link):
        mode, size_bytes = stat.S_IFLNK | 0o777, len(bytes_of(node.text))
    else:
        mode, size_bytes = stat.S_IFREG | node.mode, node.size_bytes
        modified_ns = node.modified_ns
    return os.stat_result(
        (mode, node.number, _DEVICE, 1, 0, 0, size_bytes, 0, 0, 0),
        {"st_mtime_ns": modified_ns},
    )
