"""
Tests of L{swarmpeer.testing.cached_folder}.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.cached_folder import CachedFolder, lose_names
from swarmpeer.testing.page_cache import CachedFile

Step = tuple[str, str, str]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "rename", "unlink", "sync"]),
        st.sampled_from("abc"),
        st.sampled_from("abc"),
    ),
    max_size=15,
)

TREE_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "folder", "move", "move", "sync"]),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    max_size=25,
)

KEPT = st.sampled_from([0.0, 0.5, 1.0])


def new_folder() -> tuple[CachedFolder, CachedFolder]:
    """
    The root of a disk, and a folder made by its path and durable there.
    """
    root = CachedFolder(0, is_by_path=True)
    folder = CachedFolder(1, is_by_path=True)
    root.adopt("peer", folder)
    folder.sync()
    return root, folder


def numbers(folder: CachedFolder) -> dict[str, int]:
    """
    The number of what is under each name.
    """
    return {name: node.number for name, node in folder.entries.items()}


def take(folder: CachedFolder, number: int, step: Step) -> None:
    """
    Do a step, if it can be done.
    """
    what, name, other = step
    node = folder.entries.get(name)
    if what == "create":
        folder.change((name, CachedFile(number)))
    elif what == "sync":
        folder.sync()
    elif what == "unlink" and node is not None:
        folder.change((name, None))
    elif what == "rename" and node is not None and name != other:
        folder.move(name, folder, other)


class CachedFolderTests(SynchronousTestCase):
    """
    The names in a folder of a simulated disk.
    """

    @given(steps=STEPS, seed=st.integers(), kept=KEPT)
    @settings(deadline=None)
    def test_loss_of_power(self, steps: list[Step], seed: int, kept: float) -> None:
        """
        After a loss of power the names are those of one moment since the last
        sync: a rename has happened or has not, nothing in between.  What is
        there then is durable, and how many changes were lost is told.
        """
        root, folder = new_folder()
        moments = [numbers(folder)]
        for number, step in enumerate(steps):
            before = numbers(folder)
            take(folder, number, step)
            if step[0] == "sync":
                moments = []
            elif numbers(folder) == before:
                continue
            moments.append(numbers(folder))
        lost = lose_names(root, Random(seed), kept)
        self.assertEqual(numbers(folder), moments[len(moments) - 1 - lost])
        if kept == 1.0:
            self.assertEqual(lost, 0)
        self.assertEqual(lose_names(root, Random(seed), 0.0), 0)

    def test_chance(self) -> None:
        """
        A change that was not synced may be kept and may be lost.
        """
        seen = set()
        for seed in range(20):
            root, folder = new_folder()
            folder.change(("part", CachedFile(2)))
            folder.sync()
            folder.move("part", folder, "whole")
            lose_names(root, Random(seed), 0.0)
            seen.add(tuple(folder.entries))
        self.assertEqual(sorted(seen), [("part",), ("whole",)])


class Tree:
    """
    Folders in folders, with files that are made and moved but never removed.

    @ivar places: all folders and names that each file had, the latest last.
    @ivar certain: the files that no loss of power can take: since they were made
        their folder was synced, and so were those on the way to it before that.
    """

    def __init__(self) -> None:
        """
        One folder, made by its path.
        """
        self.root, top = new_folder()
        self.folders = [top]
        self.places: dict[int, list[tuple[int, str]]] = {}
        self.certain: set[int] = set()
        self.next_number = 2

    def take(self, step: tuple[str, int, int]) -> None:
        """
        Do a step, if it can be done.
        """
        what, first, second = step
        folder = self.folders[first % len(self.folders)]
        if what == "sync":
            folder.sync()
            if folder.is_durable:
                self.certain.update(
                    number
                    for number, places in self.places.items()
                    if places[-1][0] == folder.number
                )
        elif what != "move":
            number = self.next_number
            self.next_number += 1
            if what == "create":
                folder.change((str(number), CachedFile(number)))
                self.places[number] = [(folder.number, str(number))]
            else:
                below = CachedFolder(number)
                folder.change((str(number), below))
                self.folders.append(below)
        elif self.places:
            number = list(self.places)[second % len(self.places)]
            source, name = self.places[number][-1]
            other_name = f"{name}'"
            [found] = [each for each in self.folders if each.number == source]
            found.move(name, folder, other_name)
            self.places[number].append((folder.number, other_name))

    def found(self) -> list[tuple[int, tuple[int, str]]]:
        """
        Each file that is there, and where.
        """
        return [
            (node.number, (folder.number, name))
            for _, folder in self.root.walk("")
            for name, node in folder.entries.items()
            if isinstance(node, CachedFile)
        ]


class TreeTests(SynchronousTestCase):
    """
    The names in folders of folders.
    """

    @given(steps=TREE_STEPS, seed=st.integers(), kept=KEPT)
    @settings(deadline=None)
    def test_loss_of_power(
        self, steps: list[tuple[str, int, int]], seed: int, kept: float
    ) -> None:
        """
        After a loss of power each file has one name that it once had, or none; but
        one that was durable somewhere is not lost by any move.  What is there then
        is durable.
        """
        tree = Tree()
        for step in steps:
            tree.take(step)
        before = tree.found()
        lost = lose_names(tree.root, Random(seed), kept)
        found = tree.found()
        self.assertEqual(len(dict(found)), len(found))
        for number, place in found:
            self.assertIn(place, tree.places[number])
        self.assertTrue(tree.certain <= dict(found).keys())
        if not lost:
            self.assertEqual(sorted(found), sorted(before))
        if kept == 1.0:
            self.assertEqual(lost, 0)
        self.assertEqual(lose_names(tree.root, Random(seed), 0.0), 0)
        self.assertEqual(tree.found(), found)

    @given(steps=TREE_STEPS, seed=st.integers())
    @settings(deadline=None)
    def test_synced(self, steps: list[tuple[str, int, int]], seed: int) -> None:
        """
        Once every folder was synced nothing is lost, in whatever order they were.
        """
        tree = Tree()
        for step in steps:
            tree.take(step)
        before = tree.found()
        folders = list(tree.folders)
        Random(seed).shuffle(folders)
        for folder in folders:
            folder.sync()
        self.assertTrue(all(folder.is_durable for folder in folders))
        self.assertEqual(lose_names(tree.root, Random(seed), 0.0), 0)
        self.assertEqual(tree.found(), before)

    def lose(self, *synced: str) -> list[str]:
        """
        Move a file from an old folder into a new one beside it, sync some, and lose
        the power, many times.

        @return: in which folders the file was found then.
        """
        seen = set()
        for seed in range(40):
            root, top = new_folder()
            old, new, file = CachedFolder(2), CachedFolder(3), CachedFile(4)
            top.change(("old", old))
            top.sync()
            old.change(("part", file))
            old.sync()
            top.change(("new", new))
            old.move("part", new, "whole")
            for name in synced:
                {"top": top, "old": old, "new": new}[name].sync()
            lose_names(root, Random(seed), 0.3)
            [place] = [
                path
                for path, folder in root.walk("")
                if file in folder.entries.values()
            ]
            seen.add(place)
        return sorted(seen)

    def test_move_into_new_folder(self) -> None:
        """
        A file that was moved to a new folder is where it was before if that folder
        is lost, even if it was synced; what makes the move durable is a sync of
        the folder that the new one is in, and of one of the two.
        """
        new, either = ["/peer/new"], ["/peer/new", "/peer/old"]
        self.assertEqual(self.lose(), either)
        for name in ("top", "old", "new"):
            self.assertEqual(self.lose(name), either)
        self.assertEqual(self.lose("old", "new"), either)
        for others in [("new", "top"), ("top", "old"), ("old", "top")]:
            self.assertEqual(self.lose(*others), new)

    def test_by_path(self) -> None:
        """
        A folder made by its path may be lost with all that is in it until it was
        synced itself; that counts as one change.
        """
        seen = set()
        for seed in range(40):
            root = CachedFolder(0, is_by_path=True)
            folder = CachedFolder(1, is_by_path=True)
            root.adopt("peer", folder)
            folder.change(("file", CachedFile(2)))
            lost = lose_names(root, Random(seed), 0.5)
            seen.add((lost, *root.entries, *(root.entries and folder.entries)))
        self.assertEqual(seen, {(1,), (1, "peer"), (0, "peer", "file")})
