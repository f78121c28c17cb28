"""
What the process on a simulated disk has open.
"""

import errno
from collections.abc import Collection
from typing import NoReturn

from swarmpeer.testing.cached_folder import CachedFolder
from swarmpeer.testing.disk_faults import ProcessGone, os_error
from swarmpeer.testing.page_cache import CachedFile

_FIRST = 1_000_000_000


class Descriptors:
    """
    Numbers for open folders and files.  None of them is ever another's, and none
    means anything to the real system.

    Whoever asks for what is not open is refused: by C{EBADF}, and if a process
    that died had it open, by L{ProcessGone}.
    """

    def __init__(self) -> None:
        """
        Nothing is open.
        """
        self._folders: dict[int, CachedFolder] = {}
        self._files: dict[int, CachedFile] = {}
        # Those of them that may be written to.
        self._writable: dict[int, CachedFile] = {}
        self._next = _FIRST
        # Those below were of processes that died.
        self._first_alive = _FIRST

    def open_folder(self, folder: CachedFolder) -> int:
        """
        @return: a number for that folder.
        """
        fd = self._take_next()
        self._folders[fd] = folder
        return fd

    def open_file(self, file: CachedFile, *, is_writable: bool) -> int:
        """
        @return: a number for that file.
        """
        fd = self._take_next()
        self._files[fd] = file
        if is_writable:
            self._writable[fd] = file
        return fd

    def close(self, fd: int) -> None:
        """
        Be done with it, and with the lock that it holds.
        """
        if self._folders.pop(fd, None) is not None:
            return
        file = self.file(fd)
        if file.lock_holder == fd:
            file.lock_holder = None
        del self._files[fd]
        self._writable.pop(fd, None)

    def end_all(self) -> None:
        """
        The process died.
        """
        self._folders.clear()
        for file in self._files.values():
            file.lock_holder = None
        self._files.clear()
        self._writable.clear()
        self._first_alive = self._next

    def is_folder(self, fd: int) -> bool:
        """
        Is a folder open there?
        """
        return fd in self._folders

    def may_write(self, fd: int) -> bool:
        """
        Is a file open there, and not only to be read?
        """
        return fd in self._writable

    def folder(self, fd: int) -> CachedFolder:
        """
        The folder that is open there.
        """
        folder = self._folders.get(fd)
        if folder is None:
            self._refuse(fd)
        return folder

    def file(self, fd: int) -> CachedFile:
        """
        The file that is open there.
        """
        file = self._files.get(fd)
        if file is None:
            self._refuse(fd)
        return file

    def writable(self, fd: int) -> CachedFile:
        """
        The file that is open there, if it may be written to.
        """
        file = self._writable.get(fd)
        if file is None:
            self._refuse(fd)
        return file

    def files(self) -> Collection[CachedFile]:
        """
        All files that are open; one that was opened twice is there twice.
        """
        return self._files.values()

    def _take_next(self) -> int:
        fd = self._next
        self._next += 1
        return fd

    def _refuse(self, fd: int) -> NoReturn:
        """
        Nothing of that kind is open there.
        """
        if _FIRST <= fd < self._first_alive:
            raise ProcessGone
        raise os_error(errno.EBADF)
