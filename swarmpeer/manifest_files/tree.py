"""
What lies at a path of the disk: one file, or a folder with all that is in it.

Nothing here follows a symbolic link, but for those on the way to the path itself:
whatever becomes of the names later, only what is below it is touched.
"""

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from swarmpeer.manifest.paths import MAX_PATH_NAMES, Path, bytes_of, text_of

# A pipe in the place of a file must not keep us waiting.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_BELOW = _READ | os.O_NOFOLLOW
_FOLDER = _BELOW | os.O_DIRECTORY


class Kind(StrEnum):
    """
    What something on the disk is, in words.
    """

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a symbolic link"
    OTHER = "neither a file nor a folder"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Something on the disk as it was found.

    @ivar identity: what changes when a file's contents do: device, inode, size
        and time of the last change in nanoseconds.
    @ivar is_executable: may its owner run it?
    @ivar link_text: what stands in a link.
    @ivar fault: why it could not be looked into, or C{None}.
    """

    kind: Kind
    identity: tuple[int, ...] = ()
    size_bytes: int = 0
    is_executable: bool = False
    link_text: str | None = None
    fault: str | None = None


class Tree:
    """
    What lies at a path.  What it is made of is called by the way from there;
    C{()} is what lies at the path itself.

    A context that gives its descriptor back at the end.
    """

    def __init__(self, path: str | bytes | os.PathLike[str]) -> None:
        """
        @raise OSError: if it is not there, or must not be read.
        """
        self._fd = os.open(path, _READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def entries(self) -> dict[Path, Entry]:
        """
        Everything that is there, itself and folders included, as it is now.
        """
        found: dict[Path, Entry] = {}
        self._look(self._fd, (), found)
        return found

    def open(self, path: Path) -> int:
        """
        Open a file to be read.

        @return: its descriptor.
        @raise OSError: if it is not there, or must not be read, or if a link is on
            the way.
        """
        fd = os.dup(self._fd)
        for position, name in enumerate(path, 1):
            flags = _BELOW if position == len(path) else _FOLDER
            try:
                below = os.open(bytes_of(name), flags, dir_fd=fd)
            finally:
                os.close(fd)
            fd = below
        return fd

    def _look(self, fd: int, path: Path, found: dict[Path, Entry]) -> None:
        """
        Find out what is open as C{fd}, and what is below it.
        """
        entry = entry_of(os.fstat(fd))
        found[path] = entry
        if entry.kind is Kind.FOLDER:
            try:
                self._look_into(fd, path, found)
            except OSError as error:
                found[path] = Entry(Kind.FOLDER, fault=reason_of(error))

    def _look_into(self, fd: int, path: Path, found: dict[Path, Entry]) -> None:
        # The listing has the names as text by the user's locale.
        names = [os.fsencode(name) for name in os.listdir(fd)]
        if names and len(path) == MAX_PATH_NAMES:
            raise OSError(f"folders more than {MAX_PATH_NAMES} deep")
        for name in sorted(names):
            here = (*path, text_of(name))
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    found[here] = _entry_below(name, fd, status)
                    continue
                below = os.open(name, _FOLDER, dir_fd=fd)
            except FileNotFoundError:
                # It went while we looked.
                continue
            except OSError as error:
                found[here] = Entry(Kind.FOLDER, fault=reason_of(error))
                continue
            try:
                self._look(below, here, found)
            finally:
                os.close(below)


def entry_of(status: os.stat_result) -> Entry:
    """
    Something by its status; a link without its text.
    """
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return Entry(Kind.FOLDER)
    if not stat.S_ISREG(mode):
        return Entry(Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER)
    size = status.st_size
    identity = (status.st_dev, status.st_ino, size, status.st_mtime_ns)
    return Entry(Kind.FILE, identity, size, bool(mode & stat.S_IXUSR))


def _entry_below(name: bytes, fd: int, status: os.stat_result) -> Entry:
    entry = entry_of(status)
    if entry.kind is not Kind.LINK:
        return entry
    return Entry(Kind.LINK, link_text=text_of(os.readlink(name, dir_fd=fd)))


def reason_of(error: OSError) -> str:
    """
    Why a call failed, in words.
    """
    return error.strerror or str(error)
