"""
The calls of the machine that we run on.
"""

import errno
import fcntl
import os
import sys
from pathlib import Path

from swarmpeer.manifest.paths import bytes_of, text_of
from swarmpeer.storage.system_errors import NOT_KNOWN
from swarmpeer.wire.messages import PieceData

_SAMPLE_BYTES = 64 * 1024
"""
One byte in so many tells whether they are in memory: what is read ahead comes in
runs that are longer, and what is written too.
"""

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


class SystemCalls:
    """
    The L{swarmpeer.storage.calls.FileCalls} of the machine that we run on.
    """

    def make_folder(self, path: str) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.mkdir(path)

    def open_folder(self, path: str) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.open(path, _FOLDER)

    def make_folder_in(self, folder: int, name: str) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.mkdir(bytes_of(name), dir_fd=folder)

    def open_folder_in(self, folder: int, name: str) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.open(bytes_of(name), _FOLDER, dir_fd=folder)

    def names(self, folder: int) -> list[str]:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        # An open folder is listed as text by the user's locale only.
        return sorted(text_of(os.fsencode(name)) for name in os.listdir(folder))

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        # Opening a pipe to read it would wait for a writer.
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(bytes_of(name), flags, 0o666, dir_fd=folder)

    def close(self, fd: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.close(fd)

    def fstat(self, fd: int) -> os.stat_result:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.fstat(fd)

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.stat(bytes_of(name), dir_fd=folder, follow_symlinks=False)

    def lock(self, fd: int) -> bool:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.ftruncate(fd, size_bytes)

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.pread(fd, size_bytes, offset)

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        if sys.platform != "linux":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        data = bytearray(size_bytes)
        try:
            count = os.preadv(fd, [data], offset, os.RWF_NOWAIT)
        except BlockingIOError:
            return None
        if count < size_bytes:
            del data[count:]
        return data or None

    def is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        if sys.platform != "linux":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        sample = [bytearray(1)]
        last = offset + size_bytes - 1
        try:
            # The last one first: it tells whether the file is long enough.
            if not os.preadv(fd, sample, last, os.RWF_NOWAIT):
                return False
            for place in range(offset, last, _SAMPLE_BYTES):
                os.preadv(fd, sample, place, os.RWF_NOWAIT)
        except BlockingIOError:
            return False
        return True

    def is_in_memory(self, fd: int) -> bool:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        try:
            mounts = Path("/proc/self/mountinfo").read_text(errors="replace")
        except OSError:
            return False
        return file_system_type(os.fstat(fd).st_dev, mounts) in ("tmpfs", "ramfs")

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return os.pwrite(fd, data, offset)

    def allocate(self, fd: int, size_bytes: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        if sys.platform != "linux":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        # The system takes no bytes at all for a mistake.
        if size_bytes:
            os.posix_fallocate(fd, 0, size_bytes)

    def next_data(self, fd: int, offset: int) -> int | None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        try:
            return os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            if error.errno not in NOT_KNOWN:
                raise
        return offset if offset < os.fstat(fd).st_size else None

    def next_hole(self, fd: int, offset: int) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        try:
            return os.lseek(fd, offset, os.SEEK_HOLE)
        except OSError as error:
            # There is none after the end.
            if error.errno not in (errno.ENXIO, *NOT_KNOWN):
                raise
        return max(offset, os.fstat(fd).st_size)

    def free_bytes(self, folder: int) -> int | None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        found = os.fstatvfs(folder)
        # Those that know nothing of room say that they have none at all.
        return found.f_bavail * found.f_frsize if found.f_blocks else None

    def set_mode(self, fd: int, mode: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.fchmod(fd, mode)

    def sync(self, fd: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.fsync(fd)

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        old, new = bytes_of(old_name), bytes_of(new_name)
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        old, new = bytes_of(old_name), bytes_of(new_name)
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=new_folder)

    def unlink(self, folder: int, name: str) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.unlink(bytes_of(name), dir_fd=folder)

    def link_text(self, folder: int, name: str) -> str:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        return text_of(os.readlink(bytes_of(name), dir_fd=folder))

    def make_link(self, folder: int, name: str, text: str) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        os.symlink(bytes_of(text), bytes_of(name), dir_fd=folder)
