"""
The folder that the files of a manifest go to.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from swarmpeer.errors import StorageError
from swarmpeer.file_name import state_folder_name
from swarmpeer.manifest import Path as Names
from swarmpeer.manifest.paths import joined
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.folder import cannot, make_folder, open_folder
from swarmpeer.storage.system_errors import NO_FOLDER, NOT_ALLOWED
from swarmpeer.storage.transfers import sync
from swarmpeer.storage.verified.state_folder import StateFolder, part_name
from swarmpeer.text import printable


class DataFolder:
    """
    That folder, by its descriptor.  Names are looked up from there and no
    symbolic link is followed, so nothing outside is touched whatever becomes of
    the path.

    All calls but C{open} and C{close} may come from any thread.

    @ivar path: of the folder, for people.
    """

    def __init__(self, path: Path, infohash: bytes, calls: FileCalls) -> None:
        self.path = path
        self._calls = calls
        self._state_name = state_folder_name(infohash)
        self._state: StateFolder | None = None
        self._held = ExitStack()
        self._top = -1

    @property
    def is_writable(self) -> bool:
        """
        Is there a folder of our own?  If not, nothing is written.
        """
        return self._state is not None

    @property
    def state(self) -> StateFolder:
        """
        The folder of our own.

        @raise OSError: if there is none.
        """
        if self._state is None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return self._state

    def open(self, *, only_read: bool) -> None:
        """
        Take the folders and lock our own.

        @param only_read: there are files already, so the folder is not made, and
            if nothing may be written there, it is taken as it is.
        @raise StorageError: if one is missing, is none, or is in use.
        """
        if not only_read:
            make_folder(self._calls, self.path)
        with ExitStack() as held:
            self._top = open_folder(self._calls, self.path)
            held.callback(self._calls.close, self._top)
            try:
                self._take_state(held)
            except OSError as error:
                if not only_read or error.errno not in NOT_ALLOWED:
                    raise cannot(
                        "take the folder",
                        self.path / self._state_name,
                        error,
                        "let us make files in it",
                    ) from error
            self._held = held.pop_all()

    def close(self) -> None:
        """
        Give the folders back.
        """
        self._state = None
        with suppress(OSError):
            self._held.close()

    def shown(self, path: Names) -> str:
        """
        A path in the folder, for people.
        """
        return shown(self.path, path)

    # Names.

    @contextmanager
    def parent(self, path: Names, *, make: bool = False) -> Iterator[int]:
        """
        The folder that the last name of C{path} is in, open meanwhile.

        @param make: make the folders on the way that are missing?
        @raise FileNotFoundError: if one is missing.
        @raise StorageError: if something else is in the way of one.
        """
        fd = self._top
        try:
            for depth, name in enumerate(path[:-1], 1):
                below = self._below(fd, name, path[:depth], make)
                if fd != self._top:
                    self._calls.close(fd)
                fd = below
            yield fd
        finally:
            if fd != self._top:
                self._calls.close(fd)

    def find(self, path: Names) -> os.stat_result | None:
        """
        What stands there?
        """
        with suppress(FileNotFoundError), self.parent(path) as fd:
            return self._calls.lstat(fd, path[-1])
        return None

    def link_text(self, path: Names) -> str:
        """
        What stands in the symbolic link there.
        """
        with self.parent(path) as fd:
            return self._calls.link_text(fd, path[-1])

    def open_file(self, path: Names, flags: int) -> int:
        """
        Open a plain file that stands there.

        @return: its descriptor.
        @raise OSError: if there is none.
        """
        with self.parent(path) as parent:
            fd = self._calls.open(parent, path[-1], flags)
        try:
            if not stat.S_ISREG(self._calls.fstat(fd).st_mode):
                raise FileNotFoundError(errno.ENOENT, "it is no plain file any more")
        except BaseException:
            self._calls.close(fd)
            raise
        return fd

    def check_plain(self, path: Names, status: os.stat_result) -> None:
        """
        @raise StorageError: if what stands there is no plain file.
        """
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(
                f"{self.shown(path)} is a symbolic link, a folder or another thing "
                f"that is no plain file; remove it, or give this peer another folder"
            )

    def place_part(self, number: int, path: Names) -> None:
        """
        Give an unfinished file its final name, in the place of what has it.
        """
        with self.parent(path, make=True) as fd:
            self._calls.rename_to(self.state.fd, part_name(number), fd, path[-1])

    def sync_folders(self, paths: Iterable[Names]) -> None:
        """
        Bring the names of all C{paths} to the disk, and those of the folders on
        the way.
        """
        folders = {path[:length] for path in paths for length in range(len(path))}
        for folder in sorted(folders, key=len):
            with self.parent((*folder, "")) as fd:
                sync(self._calls, fd)
        if self._state is not None:
            sync(self._calls, self._state.fd)

    def free_bytes(self) -> int | None:
        """
        How much room there is, if that can be told.
        """
        with suppress(OSError):
            return self._calls.free_bytes(self._top)
        return None

    def _take_state(self, held: ExitStack) -> None:
        name = self._state_name
        with suppress(FileExistsError):
            self._calls.make_folder_in(self._top, name)
        fd = self._below(self._top, name, (name,))
        self._state = StateFolder(self._calls, self._top, fd, self.path / name)
        held.callback(self._state.close)

    def _below(self, fd: int, name: str, path: Names, make: bool = False) -> int:
        try:
            try:
                return self._calls.open_folder_in(fd, name)
            except FileNotFoundError:
                if not make:
                    raise
                with suppress(FileExistsError):
                    self._calls.make_folder_in(fd, name)
                return self._calls.open_folder_in(fd, name)
        except OSError as error:
            if error.errno not in NO_FOLDER:
                raise
            raise StorageError(
                f"{self.shown(path)} is not a folder or is a symbolic link; remove it, "
                f"or give this peer another folder"
            ) from error


def shown(folder: Path, path: Names) -> str:
    """
    A path in a folder, for people.
    """
    return printable(f"{folder}/{joined(path)}")
