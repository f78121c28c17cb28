"""
The calls to the operating system that a storage on disk makes.
"""

import errno
import fcntl
import os
import sys
from pathlib import Path
from typing import Protocol

from swarmpeer.manifest.paths import bytes_of, text_of
from swarmpeer.wire.messages import PieceData

# What is said of a place where nothing can be found out about holes.
_CANNOT_TELL = (errno.EINVAL, errno.EOPNOTSUPP)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


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

    A name is text by UTF-8, whatever the user's locale; a byte that is no UTF-8 is
    half a character, as L{swarmpeer.manifest.paths} has it.
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

    def make_folder_in(self, folder: int, name: str) -> None:
        """
        Make a folder in an open one.
        """

    def open_folder_in(self, folder: int, name: str) -> int:
        """
        Open a folder in an open one, if it is no symbolic link.

        @return: its descriptor.
        """

    def names(self, folder: int) -> list[str]:
        """
        All names in a folder, sorted.
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

    def allocate(self, fd: int, size_bytes: int) -> None:
        """
        Take the room for so many bytes from the start of a file on, which is at
        least as long then.  What was never written reads as zeros.

        @raise OSError: with C{ENOSPC} if there is not so much room, with
            C{EOPNOTSUPP} if the system knows no such thing.
        """

    def next_data(self, fd: int, offset: int) -> int | None:
        """
        Where the first byte may be, at C{offset} or after, that was ever written.

        @return: its offset, which is C{offset} itself if the file system cannot
            tell; C{None} if nothing but zeros comes up to the end.
        """

    def next_hole(self, fd: int, offset: int) -> int:
        """
        Where the first byte is, at C{offset} or after, that was never written; the
        end of the file if there is none before it.
        """

    def free_bytes(self, folder: int) -> int | None:
        """
        How many bytes more the file system of a folder takes from us; C{None} if
        it cannot tell.
        """

    def set_mode(self, fd: int, mode: int) -> None:
        """
        Say who may read, write and run a file.

        @param mode: the bits of permission, as in C{st_mode}.
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

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """
        Move a file to a name in another folder of the same file system, in the
        place of what may have it.
        """

    def unlink(self, folder: int, name: str) -> None:
        """
        Remove a file or a symbolic link of the folder.
        """

    def link_text(self, folder: int, name: str) -> str:
        """
        Where a symbolic link leads to, as it stands in it.

        @raise OSError: with C{EINVAL} if it is no link.
        """

    def make_link(self, folder: int, name: str, text: str) -> None:
        """
        Make a symbolic link where nothing has that name.
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
        return os.open(path, _FOLDER)

    def make_folder_in(self, folder: int, name: str) -> None:
        """
        See L{FileCalls}.
        """
        os.mkdir(bytes_of(name), dir_fd=folder)

    def open_folder_in(self, folder: int, name: str) -> int:
        """
        See L{FileCalls}.
        """
        return os.open(bytes_of(name), _FOLDER, dir_fd=folder)

    def names(self, folder: int) -> list[str]:
        """
        See L{FileCalls}.
        """
        # An open folder is listed as text by the user's locale only.
        return sorted(text_of(os.fsencode(name)) for name in os.listdir(folder))

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        See L{FileCalls}.
        """
        # Opening a pipe to read it would wait for a writer.
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(bytes_of(name), flags, 0o666, dir_fd=folder)

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
        return os.stat(bytes_of(name), dir_fd=folder, follow_symlinks=False)

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

    def allocate(self, fd: int, size_bytes: int) -> None:
        """
        See L{FileCalls}.
        """
        if sys.platform != "linux":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        # The system takes no bytes at all for a mistake.
        if size_bytes:
            os.posix_fallocate(fd, 0, size_bytes)

    def next_data(self, fd: int, offset: int) -> int | None:
        """
        See L{FileCalls}.
        """
        try:
            return os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            if error.errno not in _CANNOT_TELL:
                raise
        return offset if offset < os.fstat(fd).st_size else None

    def next_hole(self, fd: int, offset: int) -> int:
        """
        See L{FileCalls}.
        """
        try:
            return os.lseek(fd, offset, os.SEEK_HOLE)
        except OSError as error:
            # There is none after the end.
            if error.errno not in (errno.ENXIO, *_CANNOT_TELL):
                raise
        return max(offset, os.fstat(fd).st_size)

    def free_bytes(self, folder: int) -> int | None:
        """
        See L{FileCalls}.
        """
        found = os.fstatvfs(folder)
        # Those that know nothing of room say that they have none at all.
        return found.f_bavail * found.f_frsize if found.f_blocks else None

    def set_mode(self, fd: int, mode: int) -> None:
        """
        See L{FileCalls}.
        """
        os.fchmod(fd, mode)

    def sync(self, fd: int) -> None:
        """
        See L{FileCalls}.
        """
        os.fsync(fd)

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        See L{FileCalls}.
        """
        old, new = bytes_of(old_name), bytes_of(new_name)
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """
        See L{FileCalls}.
        """
        old, new = bytes_of(old_name), bytes_of(new_name)
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=new_folder)

    def unlink(self, folder: int, name: str) -> None:
        """
        See L{FileCalls}.
        """
        os.unlink(bytes_of(name), dir_fd=folder)

    def link_text(self, folder: int, name: str) -> str:
        """
        See L{FileCalls}.
        """
        return text_of(os.readlink(bytes_of(name), dir_fd=folder))

    def make_link(self, folder: int, name: str, text: str) -> None:
        """
        See L{FileCalls}.
        """
        os.symlink(bytes_of(text), bytes_of(name), dir_fd=folder)
