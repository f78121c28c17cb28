"""
Tests of L{swarmpeer.testing.cached_folder}.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.cached_folder import CachedFolder
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


def numbers(folder: CachedFolder) -> dict[str, int]:
    """
    The number of the file under each name.
    """
    return {name: file.number for name, file in folder.files.items()}


def take(folder: CachedFolder, number: int, step: Step) -> None:
    """
    Do a step, if it can be done.
    """
    what, name, other = step
    file = folder.files.get(name)
    if what == "create":
        folder.change((name, CachedFile(number)))
    elif what == "sync":
        folder.sync()
    elif what == "unlink" and file is not None:
        folder.change((name, None))
    elif what == "rename" and file is not None and name != other:
        folder.change((name, None), (other, file))


class CachedFolderTests(SynchronousTestCase):
    """
    The names in a folder of a simulated disk.
    """

    @given(steps=STEPS, seed=st.integers(), kept=st.sampled_from([0.0, 0.5, 1.0]))
    @settings(deadline=None)
    def test_loss_of_power(self, steps: list[Step], seed: int, kept: float) -> None:
        """
        After a loss of power the names are those of one moment since the last
        sync: a rename has happened or has not, nothing in between.  What is
        there then is durable, and how many changes were lost is told.
        """
        folder = CachedFolder(1)
        moments = [numbers(folder)]
        for number, step in enumerate(steps):
            before = numbers(folder)
            take(folder, number, step)
            if step[0] == "sync":
                moments = []
            elif numbers(folder) == before:
                continue
            moments.append(numbers(folder))
        lost = folder.lose_power(Random(seed), kept)
        self.assertEqual(numbers(folder), moments[len(moments) - 1 - lost])
        if kept == 1.0:
            self.assertEqual(lost, 0)
        self.assertEqual(folder.lose_power(Random(seed), 0.0), 0)

    def test_chance(self) -> None:
        """
        A change that was not synced may be kept and may be lost.
        """
        seen = set()
        for seed in range(20):
            folder = CachedFolder(1)
            file = CachedFile(2)
            folder.change(("part", file))
            folder.sync()
            folder.change(("part", None), ("whole", file))
            folder.lose_power(Random(seed), 0.0)
            seen.add(tuple(folder.files))
        self.assertEqual(sorted(seen), [("part",), ("whole",)])
