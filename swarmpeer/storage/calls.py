"""
The calls to the operating system that a storage on disk makes.
"""

import errno
import fcntl
import os
import sys
from pathlib import Path
from typing import Protocol

from swarmpeer.wire.messages import PieceData


def file_system_type(device: int, mounts: str) -> str | None:
    """
    The type of the file system on a device.

    @param device: as in C{st_dev}.
    @param mounts: what Linux has in C{/proc/self/mountinfo}.
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        where, _, what = line.partition(" - ")
        if where.split()[2] == number:
            return what.split()[0]
    return None


class FileCalls(Protocol):
    """
    A disk as a storage sees it.  The calls are those of L{os} and raise
    C{OSError} as they do, but nothing is found by a path once the folder is
    open: C{folder} is the descriptor of the folder that a C{name} is in.
    """

    def make_folder(self, path: str) -> None:
        """
        Make a folder in one that exists.
        """

    def open_folder(self, path: str) -> int:
        """
        Open a folder that is no symbolic link.

        @return: its descriptor.
        """

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        Open what is no symbolic link, without waiting if it is a pipe.

        @return: its descriptor.
        """

    def close(self, fd: int) -> None:
        """
        Give a descriptor back.
        """

    def fstat(self, fd: int) -> os.stat_result:
        """
        What is open there?
        """

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        What stands under that name, were it a symbolic link?
        """

    def lock(self, fd: int) -> bool:
        """
        Take the one lock of a file until it is closed.

        @return: C{False} if somebody else holds it.
        """

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        Give a file that size.
        """

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        Read at C{offset}; fewer bytes than asked for are possible, none means
        that the file ends there.
        """

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        Read at C{offset} without waiting for the disk.

        @return: the bytes, or C{None} if not all of them are in memory.
        @raise OSError: with C{EOPNOTSUPP} if the file system cannot tell.
        """

    def is_in_memory(self, fd: int) -> bool:
        """
        Does the whole file system live in memory?
        """

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        Write at C{offset}.

        @return: how many of the bytes were written.
        """

    def sync(self, fd: int) -> None:
        """
        Return when a file, or the names in a folder, are on the disk.
        """

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        Give a file of the folder another name there, in the place of what may
        have it.
        """

    def unlink(self, folder: int, name: str) -> None:
        """
        Remove a file of the folder.
        """


class SystemCalls:
    """
    The L{FileCalls} of the machine that we run on.
    """

    def make_folder(self, path: str) -> None:
        """
        See L{FileCalls}.
        """
        os.mkdir(path)

    def open_folder(self, path: str) -> int:
        """
        See L{FileCalls}.
        """
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        See L{FileCalls}.
        """
        # Opening a pipe to read it would wait for a writer.
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(name, flags, 0o666, dir_fd=folder)

    def close(self, fd: int) -> None:
        """
        See L{FileCalls}.
        """
        os.close(fd)

    def fstat(self, fd: int) -> os.stat_result:
        """
        See L{FileCalls}.
        """
        return os.fstat(fd)

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        See L{FileCalls}.
        """
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def lock(self, fd: int) -> bool:
        """
        See L{FileCalls}.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        See L{FileCalls}.
        """
        os.ftruncate(fd, size_bytes)

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        See L{FileCalls}.
        """
        return os.pread(fd, size_bytes, offset)

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        See L{FileCalls}.
        """
        if sys.platform != "linux":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        data = bytearray(size_bytes)
        try:
            count = os.preadv(fd, [data], offset, os.RWF_NOWAIT)
        except BlockingIOError:
            return None
        return data if count == size_bytes else None

    def is_in_memory(self, fd: int) -> bool:
        """
        See L{FileCalls}.
        """
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="replace")
        except OSError:
            return False
        return file_system_type(os.fstat(fd).st_dev, mounts) in ("tmpfs", "ramfs")

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        See L{FileCalls}.
        """
        return os.pwrite(fd, data, offset)

    def sync(self, fd: int) -> None:
        """
        See L{FileCalls}.
        """
        os.fsync(fd)

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        See L{FileCalls}.
        """
        os.rename(old_name, new_name, src_dir_fd=folder, dst_dir_fd=folder)

    def unlink(self, folder: int, name: str) -> None:
        """
        See L{FileCalls}.
        """
        os.unlink(name, dir_fd=folder)
