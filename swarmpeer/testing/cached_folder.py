"""
What memory shows of folders, and what a loss of power leaves of the names in them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TypeAlias

from swarmpeer.testing.page_cache import CachedFile

_moments = count()


@dataclass(frozen=True, slots=True)
class Link:
    """
    A symbolic link.

    @ivar number: nothing else on the disk has the same.
    @ivar text: where it leads to.
    """

    number: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """
    What happens to names in one step: each name stands for something else from
    then on, or for nothing.

    @ivar moment: when it happened; later ones have a larger number.
    """

    names: "tuple[tuple[CachedFolder, str, Node | None], ...]"
    moment: int = field(default_factory=_moments.__next__)

    def folders(self) -> "list[CachedFolder]":
        """
        Those that the names are in, each once.
        """
        return list(dict.fromkeys(folder for folder, _, _ in self.names))

    def nodes(self) -> "list[Node]":
        """
        All that gets a name.
        """
        return [node for _, _, node in self.names if node is not None]


class CachedFolder:
    """
    The names in one folder, and the folder's own name, which it keeps for ever.

    @ivar number: nothing else on the disk has the same.
    @ivar entries: what stands under each name now.
    @ivar is_durable: does its own name survive a loss of power?
    """

    __slots__ = (
        "_changes",
        "_durable",
        "_is_by_path",
        "_kept",
        "entries",
        "is_durable",
        "number",
    )

    def __init__(self, number: int, *, is_by_path: bool = False) -> None:
        """
        @param is_by_path: was it made by its path?  Whoever does that need not have
            the folder open that it is in, so its own sync makes its name durable;
            else that of the other one does.
        """
        self.number = number
        self.is_durable = False
        self.entries: dict[str, Node] = {}
        self._is_by_path = is_by_path
        self._durable: dict[str, Node] = {}
        self._changes: list[Change] = []
        # So many of them, from the first on, will outlast any loss of power that
        # the folders outlast.
        self._kept = 0

    def walk(self, path: str) -> "Iterator[tuple[str, CachedFolder]]":
        """
        This folder and all below it, each after the one that it is in.

        @param path: what this one is called.
        """
        yield path, self
        for name, node in self.entries.items():
            if isinstance(node, CachedFolder):
                yield from node.walk(f"{path}/{name}")

    def adopt(self, name: str, folder: "CachedFolder") -> None:
        """
        Have a folder that was made by its path.
        """
        self.entries[name] = self._durable[name] = folder

    def change(self, *names: "tuple[str, Node | None]") -> None:
        """
        Let names of this folder stand for something else, or for nothing, in one
        step.
        """
        self._take(Change(tuple((self, name, node) for name, node in names)))

    def move(self, name: str, other: "CachedFolder", other_name: str) -> None:
        """
        Let what has a name here have one in another folder instead, in one step.
        """
        moved = self.entries[name]
        self._take(Change(((self, name, None), (other, other_name, moved))))

    def sync(self) -> None:
        """
        Make all names in it durable.
        """
        if self._is_by_path:
            self.is_durable = True
        self._keep(len(self._changes))
        self._settle()

    @staticmethod
    def _take(change: Change) -> None:
        for folder in change.folders():
            folder._changes.append(change)
        for folder, name, node in change.names:
            _let_stand(folder.entries, name, node)

    def _keep(self, count: int) -> None:
        """
        Let so many changes outlast a loss of power.  What one of them did in
        another folder, and all that was done there before, does so as well.
        """
        new = self._changes[self._kept : count]
        self._kept = max(self._kept, count)
        for change in new:
            for folder in change.folders():
                if folder is not self:
                    folder._keep(folder._changes.index(change) + 1)

    def _settle(self) -> None:
        """
        Be done with changes that nothing can undo, here and in other folders.
        """
        while self._kept:
            change = self._changes[0]
            folders = change.folders()
            for folder in folders:
                # What came before it there; it may be done with at the same time.
                if folder is not self and folder._changes[0] is not change:
                    folder._settle()
            if change not in self._changes[:1]:
                continue
            if not all(
                folder.is_durable and folder._changes[0] is change for folder in folders
            ):
                return
            for folder in folders:
                del folder._changes[0]
                folder._kept -= 1
            _make_durable(change)
            for node in change.nodes():
                if isinstance(node, CachedFolder):
                    node.is_durable = True
                    node._settle()
            for folder in folders:
                if folder is not self:
                    folder._settle()

    def _keep_some(self, rng: Random, kept: float) -> None:
        """
        Of the changes since the last sync, in their order, let chance keep those
        up to some one.
        """
        count = len(self._changes) - self._kept
        survivors = count if rng.random() < kept else rng.randint(0, count)
        self._keep(self._kept + survivors)

    def _kept_folders(self) -> "Iterator[CachedFolder]":
        """
        Those in it that are there if it is, and if they were not made by their path
        and lost.
        """
        nodes = list(self._durable.values())
        for change in self._changes[: self._kept]:
            nodes += change.nodes()
        for node in nodes:
            if isinstance(node, CachedFolder):
                yield node

    def _recover(self, there: "set[CachedFolder]") -> None:
        """
        Have what is durable.

        @param there: all folders that outlasted the loss of power.
        """
        self._durable = {
            name: node
            for name, node in self._durable.items()
            if not isinstance(node, CachedFolder) or node in there
        }
        self.entries = dict(self._durable)
        self.is_durable = True
        self._changes.clear()
        self._kept = 0


Node: TypeAlias = CachedFile | CachedFolder | Link
"""
What a name may stand for.
"""


def _let_stand(entries: dict[str, Node], name: str, node: Node | None) -> None:
    if node is None:
        entries.pop(name, None)
    else:
        entries[name] = node


def _make_durable(change: Change) -> None:
    for folder, name, node in change.names:
        _let_stand(folder._durable, name, node)


def lose_names(root: CachedFolder, rng: Random, kept: float) -> int:
    """
    Keep what is durable of all names below a folder that only has others made by
    their path, and of the changes in each folder since its last sync, in their
    order, those up to one that chance takes.

    A step that concerns two folders has happened in both or in neither.  It has not
    if one of them is lost, and then neither has what became of that file later.

    @param kept: how likely a folder made by its path is kept, or all changes in one.
    @return: how many changes were lost.
    """
    folders = [folder for _, folder in root.walk("") if folder is not root]
    gone = set()
    for folder in folders:
        if folder._is_by_path and not folder.is_durable and rng.random() >= kept:
            gone.add(folder)
        else:
            folder._keep_some(rng, kept)
    there = {root}
    for folder in (root, *folders):
        if folder in there:
            there.update(set(folder._kept_folders()) - gone)
    lost_changes = _replay(there)
    for folder in there:
        folder._recover(there)
    return len(gone) + lost_changes


def _replay(there: set[CachedFolder]) -> int:
    """
    Make those changes durable that are to be kept and can be.

    @return: how many others there are.
    """
    kept: set[Change] = set()
    changes: set[Change] = set()
    for folder in there:
        kept.update(folder._changes[: folder._kept])
        changes.update(folder._changes)
    lost = 0
    undone: set[Node] = set()
    for change in sorted(changes, key=lambda change: change.moment):
        nodes = change.nodes()
        if (
            change in kept
            and there.issuperset(change.folders())
            and undone.isdisjoint(nodes)
        ):
            _make_durable(change)
        else:
            lost += 1
            undone.update(nodes)
    return lost
