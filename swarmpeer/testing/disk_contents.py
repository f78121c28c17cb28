"""
What is on a simulated disk, and what becomes of that when nobody makes a call.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from random import Random

from swarmpeer.file_name import LOCK_NAME
from swarmpeer.testing.cached_folder import CachedFolder, Node, lose_names
from swarmpeer.testing.descriptors import Descriptors
from swarmpeer.testing.disk_faults import DiskEvent, DiskFaults
from swarmpeer.testing.page_cache import PAGE_BYTES, CachedFile

# How likely any one thing is on the disk already when the power goes: a loss is
# one of these, so that all and nothing are not rare.
_KEPT = (0.0, 0.5, 0.9, 1.0)


class DiskContents(DiskFaults):
    """
    Folders and all that is in them.

    @ivar capacity_bytes: how much the disk holds, in whole pages of 4 KiB;
        C{None}: no limit.
    @ivar rotten: the folder, the name at that time and the offset of each byte
        in which a bit was flipped.
    @ivar edited: the folder and the name of each file that somebody else wrote into.
    """

    def __init__(self, rng: Random, capacity_bytes: int | None) -> None:
        """
        Nothing is on it.
        """
        super().__init__(rng)
        self.capacity_bytes = capacity_bytes
        self._descriptors = Descriptors()
        self._next_number = 1
        self._next_moment_ns = 1
        self._root = self._new_folder(is_by_path=True)
        self._root.sync()
        self.rotten: list[tuple[str, str, int]] = []
        self.edited: set[tuple[str, str]] = set()

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
        self._count(DiskEvent.NAME_LOST, lose_names(self._root, self._rng, kept))
        for _, _, file in self._files():
            torn, dropped = file.lose_power(self._rng, kept)
            self._count(DiskEvent.TORN, torn)
            self._count(DiskEvent.DROPPED, dropped)

    def rot(self, is_meant: Callable[[str, str], bool] | None = None) -> bool:
        """
        Flip a bit of what was written to some file, on the disk and in memory;
        nothing else about the file changes.  Locks are spared, since nothing in
        them means anything.

        @param is_meant: may it be in the file of that folder and name?
        @return: C{False} if there is no such bit.
        """
        written = [
            (path, name, file)
            for path, name, file in self._files()
            if file.is_written
            and not file.was_locked
            and name != LOCK_NAME
            and (is_meant is None or is_meant(path, name))
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
        Have a durable file there that is not in memory, and its folder.  It takes
        the place of one that has the name.
        """
        inside = self._made(names_on(folder))
        file = self._new_file()
        file.write(data, 0)
        file.sync()
        file.cool()
        inside.change((name, file))
        inside.sync()

    def edit(
        self, folder: str | os.PathLike[str], name: str, data: bytes, offset: int
    ) -> None:
        """
        Let somebody else write into a file that is there.

        @raise KeyError: if it is not.
        """
        file = self._look_up(folder, name)
        if not isinstance(file, CachedFile):
            raise KeyError(name)
        self.edited.add((str(folder), name))
        self._touch(file)
        file.write(data, offset)

    def content(self, folder: str | os.PathLike[str], name: str) -> bytes | None:
        """
        What a process would read from that file now; C{None} if there is none.
        """
        file = self._look_up(folder, name)
        return _whole(file) if isinstance(file, CachedFile) else None

    def names_in(self, folder: str | os.PathLike[str]) -> list[str]:
        """
        What is in that folder, sorted.
        """
        found = self._look_up(folder)
        return sorted(found.entries) if isinstance(found, CachedFolder) else []

    def contents_below(self, folder: str | os.PathLike[str]) -> dict[str, bytes]:
        """
        What a process would read now from each file in that folder and those in
        it, by the path from there.
        """
        found = self._look_up(folder)
        if not isinstance(found, CachedFolder):
            return {}
        return {
            f"{path}/{name}".removeprefix("/"): _whole(node)
            for path, inside in found.walk("")
            for name, node in inside.entries.items()
            if isinstance(node, CachedFile)
        }

    def _files(self) -> Iterator[tuple[str, str, CachedFile]]:
        """
        All files, each with its folder's path and its name.
        """
        for path, folder in self._root.walk(""):
            for name, node in folder.entries.items():
                if isinstance(node, CachedFile):
                    yield path, name, node

    def _look_up(self, folder: str | os.PathLike[str], *names: str) -> Node | None:
        node: Node | None = self._root
        for name in (*names_on(folder), *names):
            if not isinstance(node, CachedFolder):
                return None
            node = node.entries.get(name)
        return node

    def _made(self, names: Iterable[str]) -> CachedFolder:
        """
        The folder there, made durably with those that it is in if it is not.
        """
        folder = self._root
        for name in names:
            below = folder.entries.get(name)
            if not isinstance(below, CachedFolder):
                below = self._new_folder(is_by_path=True)
                below.sync()
                folder.adopt(name, below)
            folder = below
        return folder

    def _new_folder(self, *, is_by_path: bool) -> CachedFolder:
        return CachedFolder(self._take_number(), is_by_path=is_by_path)

    def _new_file(self) -> CachedFile:
        return CachedFile(self._take_number(), self._take_moment_ns())

    def _touch(self, file: CachedFile) -> None:
        """
        The file is about to be changed.
        """
        file.modified_ns = self._take_moment_ns()

    def _room_pages(self) -> int:
        if self._is_full or self.capacity_bytes is None:
            return 0
        # A removed file takes room until it is closed.
        files = {file.number: file for file in self._descriptors.files()}
        files.update((file.number, file) for _, _, file in self._files())
        used_pages = sum(file.page_count for file in files.values())
        return max(0, self.capacity_bytes // PAGE_BYTES - used_pages)

    def _take_number(self) -> int:
        number = self._next_number
        self._next_number += 1
        return number

    def _take_moment_ns(self) -> int:
        """
        A time that was never taken before.  The disk knows no clock, and who reads
        times of files only compares them.
        """
        moment_ns = self._next_moment_ns
        self._next_moment_ns += 1
        return moment_ns


def names_on(path: str | os.PathLike[str]) -> list[str]:
    """
    The names on a path.  Those that begin nowhere begin at the root.
    """
    whole = PurePath(path)
    return [name for name in whole.parts if name != whole.anchor]


def _whole(file: CachedFile) -> bytes:
    return file.read(file.size_bytes, 0)
