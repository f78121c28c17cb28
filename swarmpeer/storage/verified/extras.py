"""
What a manifest tells of beside the bytes: empty files and symbolic links.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from swarmpeer.errors import StorageError
from swarmpeer.manifest import Manifest, ManifestFile, Path
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.verified import modes
from swarmpeer.storage.verified.data_folder import DataFolder


def place_of(manifest: Manifest, file: ManifestFile) -> Path:
    """
    Where a file of the manifest goes, from the data folder on.
    """
    if manifest.is_single_file:
        return file.path
    return (manifest.name, *file.path)


def link_text(link: Path, target: Path) -> str:
    """
    What stands in a link that leads to C{target}; both are paths of the manifest.
    """
    folder = link[:-1]
    shared = 0
    while (
        folder[shared:] and folder[shared : shared + 1] == target[shared : shared + 1]
    ):
        shared += 1
    up = [".."] * (len(folder) - shared)
    return "/".join([*up, *target[shared:]]) or "."


class Extras:
    """
    All files of a manifest without pieces.  Calls may come from any thread, one at
    a time.
    """

    def __init__(
        self, manifest: Manifest, folder: DataFolder, calls: FileCalls
    ) -> None:
        self._folder = folder
        self._calls = calls
        self._files = {
            number: (place_of(manifest, file), file)
            for number, file in enumerate(manifest.files)
            if not file.size_bytes
        }

    def are_in_place(self) -> bool:
        """
        Are they all there and right?

        @raise OSError: if that cannot be found out.
        @raise StorageError: if something else is in the way of one.
        """
        # Of every one it is to be known whether something is in its way.
        found = [self._is_right(path, file) for path, file in self._files.values()]
        return all(found)

    def wrong(self) -> list[tuple[Path, bool]]:
        """
        Those that are missing or have other contents, and of each whether something
        is there.

        @raise OSError: if that cannot be found out.
        @raise StorageError: if something else is in the way of one.
        """
        return [
            (path, self._folder.find(path) is not None)
            for path, file in self._files.values()
            if not self._is_same(path, file)
        ]

    def put_in_place(self) -> None:
        """
        Make what is not right.

        @raise OSError: if it cannot be made.
        @raise StorageError: if something else is in the way.
        """
        for number, (path, file) in self._files.items():
            if not self._is_right(path, file):
                self._make(number, file)
                self._folder.place_part(number, path)

    def paths(self) -> list[Path]:
        """
        Where they all go.
        """
        return [path for path, _ in self._files.values()]

    def _is_right(self, path: Path, file: ManifestFile) -> bool:
        if not self._is_same(path, file):
            return False
        status = self._folder.find(path)
        return file.link_target is not None or (
            status is not None and modes.is_right(status, file.is_executable)
        )

    def _is_same(self, path: Path, file: ManifestFile) -> bool:
        status = self._folder.find(path)
        if status is None:
            return False
        if file.link_target is None:
            self._folder.check_plain(path, status)
            return not status.st_size
        if not stat.S_ISLNK(status.st_mode):
            raise StorageError(
                f"{self._folder.shown(path)} is no symbolic link, but it is to be one; "
                f"remove it, or give this peer another folder"
            )
        return self._folder.link_text(path) == link_text(file.path, file.link_target)

    def _make(self, number: int, file: ManifestFile) -> None:
        state = self._folder.state
        if file.link_target is not None:
            state.make_part_link(number, link_text(file.path, file.link_target))
            return
        state.remove_part(number)
        with self._opened(number) as fd:
            modes.set_right(self._calls, fd, file.is_executable)

    @contextmanager
    def _opened(self, number: int) -> Iterator[int]:
        fd = self._folder.state.open_part(number, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            yield fd
        finally:
            self._calls.close(fd)
