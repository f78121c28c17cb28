"""
The folder of our own in the folder that the files go to: unfinished files, the
record and the lock.
"""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.folder import FolderLock
from swarmpeer.storage.transfers import sync, write_all
from swarmpeer.storage.verified.resume import Record

_LOCK = "lock"
RECORD_NAME = "resume"
"""
The record.
"""
MANIFEST_NAME = "manifest"
"""
A manifest that was fetched.
"""
_BAD_RECORD = "resume.bad"


class StateFolder:
    """
    That folder, taken, until C{close}.  Calls may come from any thread.

    @ivar fd: its descriptor.
    """

    def __init__(self, calls: FileCalls, top: int, fd: int, path: Path) -> None:
        """
        Take it.

        @param top: the folder that it is in.
        @param fd: its descriptor, which is closed with it.
        @param path: of it, for people.
        @raise OSError: if it cannot be locked.
        @raise StorageError: if another peer works in it.
        """
        self.fd = fd
        self._calls = calls
        self._top = top
        self._is_durable = False
        with ExitStack() as held:
            held.callback(calls.close, fd)
            lock = FolderLock(calls, fd, path, _LOCK)
            held.callback(lock.release)
            self._held = held.pop_all()

    def close(self) -> None:
        """
        Give it back.
        """
        with suppress(OSError):
            self._held.close()

    # Unfinished files.

    def find_part(self, number: int) -> os.stat_result | None:
        """
        What is there of the unfinished file of that number?
        """
        with suppress(FileNotFoundError):
            return self._calls.lstat(self.fd, part_name(number))
        return None

    def open_part(self, number: int, flags: int) -> int:
        """
        Open an unfinished file.

        @return: its descriptor.
        """
        return self._calls.open(self.fd, part_name(number), flags)

    def remove_part(self, number: int) -> None:
        """
        Remove an unfinished file if it is there.
        """
        with suppress(FileNotFoundError):
            self._calls.unlink(self.fd, part_name(number))

    def make_part_link(self, number: int, text: str) -> None:
        """
        Make a symbolic link in the place of an unfinished file.
        """
        self.remove_part(number)
        self._calls.make_link(self.fd, part_name(number), text)

    # The record.

    def read_record(self, longest: int) -> bytes | None:
        """
        What stands in the record; a little more than C{longest} bytes at most.

        @return: C{None} if there is none.
        """
        try:
            fd = self._calls.open(self.fd, RECORD_NAME, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            data = b""
            while more := self._calls.read(fd, longest + 1 - len(data), len(data)):
                data += more
            return data
        finally:
            self._calls.close(fd)

    def set_record_aside(self) -> None:
        """
        Keep the record for people, but under another name.
        """
        self._calls.rename(self.fd, RECORD_NAME, _BAD_RECORD)

    def save_record(self, record: Record) -> None:
        """
        Put the record in the place of the one before; it is durable then.

        @raise OSError: if that failed.  The one before is still there.
        """
        self.save(RECORD_NAME, record.encode())

    def save(self, name: str, data: bytes) -> None:
        """
        Put a file in the place of the one before of that name, so that at every
        moment one of them is there; it is durable then.

        @raise OSError: if that failed.  The one before is still there.
        """
        new = f"{name}.new"
        # What stands there is a leftover, or somebody's link to a place that is not
        # ours.
        with suppress(FileNotFoundError):
            self._calls.unlink(self.fd, new)
        fd = self._calls.open(self.fd, new, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            try:
                write_all(self._calls, fd, data, 0)
                sync(self._calls, fd)
            finally:
                self._calls.close(fd)
            self._calls.rename(self.fd, new, name)
        except OSError:
            with suppress(OSError):
                self._calls.unlink(self.fd, new)
            raise
        sync(self._calls, self.fd)
        if not self._is_durable:
            sync(self._calls, self._top)
            self._is_durable = True

    def remove_record(self) -> None:
        """
        Be without a record.

        @raise OSError: if it cannot be removed.
        """
        with suppress(FileNotFoundError):
            self._calls.unlink(self.fd, RECORD_NAME)
        sync(self._calls, self.fd)


def part_name(number: int) -> str:
    """
    What the unfinished file of that number is called.
    """
    return f"{number}.part"
