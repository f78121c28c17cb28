"""
Tests for L{swarmpeer.storage.verified.file_state}.
"""

import os
import stat

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.verified.file_state import FileState, Place
from swarmpeer.storage.verified.resume import FileIdentity


def status(
    inode: int = 1, size: int = 100, mtime: int = 5, mode: int = stat.S_IFREG
) -> os.stat_result:
    """
    The status of a file.
    """
    known = (mode | 0o644, inode, 1, 1, 0, 0, size, 0, mtime, 0)
    return os.stat_result(known, {"st_mtime_ns": mtime})


class FileStateTests(SynchronousTestCase):
    """
    A file of three pieces.
    """

    def state(self, place: Place = Place.FINAL) -> FileState:
        """
        One that is known.
        """
        state = FileState(100, 3)
        state.place = place
        state.identity = FileIdentity.of(status())
        return state

    def seen(self, state: FileState) -> tuple[object, ...]:
        """
        All that is known.
        """
        suspects = [state.is_suspect(position) for position in range(3)]
        return state.place, state.changes, state.is_replaced, suspects

    def test_unchanged(self) -> None:
        """
        A file that is as it was is right.
        """
        state = self.state()
        self.assertTrue(state.meet(status()))
        self.assertEqual(self.seen(state), (Place.FINAL, 0, False, [False] * 3))

    def test_changed(self) -> None:
        """
        A file that was changed is suspect until each piece was looked at; each
        change counts once.
        """
        state = self.state()
        for _ in range(2):
            self.assertTrue(state.meet(status(mtime=6)))
        state.clear(1)
        self.assertEqual(self.seen(state), (Place.FINAL, 1, False, [True, False, True]))
        self.assertTrue(state.meet(status(mtime=7)))
        self.assertEqual(self.seen(state), (Place.FINAL, 2, False, [True] * 3))

    def test_other_size(self) -> None:
        """
        A file of another size counts as replaced, and stays so.
        """
        state = self.state()
        for size in (99, 100):
            self.assertTrue(state.meet(status(size=size)))
            self.assertTrue(state.is_replaced)

    def test_other_file(self) -> None:
        """
        Another file is not ours; if it takes our file's place and has its size, it
        is ours then, else ours is gone.
        """
        state = self.state()
        self.assertFalse(state.meet(status(inode=2)))
        self.assertEqual(state.changes, 0)
        state.replace(status(inode=2))
        self.assertTrue(state.meet(status(inode=2)))
        self.assertEqual(self.seen(state), (Place.FINAL, 1, True, [True] * 3))
        for found in (None, status(inode=3, size=7), status(3, mode=stat.S_IFDIR)):
            state = self.state()
            state.replace(found)
            self.assertEqual(self.seen(state), (Place.GONE, 1, True, [True] * 3))
            self.assertFalse(state.meet(status()))

    def test_back(self) -> None:
        """
        A file that was gone is taken for ours when it comes back, and looked at; as
        long as it does not, nothing more is told of it.
        """
        state = self.state()
        for _ in range(2):
            state.replace(None)
        state.replace(status(size=7))
        self.assertEqual(self.seen(state), (Place.GONE, 1, True, [True] * 3))
        state.replace(status())
        self.assertTrue(state.meet(status()))
        self.assertEqual(self.seen(state), (Place.FINAL, 2, True, [True] * 3))

    def test_part_removed(self) -> None:
        """
        Of a part that was removed every piece is suspect.
        """
        state = self.state(Place.PART)
        state.lose_part()
        self.assertIsNone(state.identity)
        self.assertEqual(self.seen(state), (Place.ABSENT, 1, False, [True] * 3))

    def test_part(self) -> None:
        """
        A part is not watched; but single pieces of it can be suspect.
        """
        state = self.state(Place.PART)
        self.assertTrue(state.meet(status(2, 3, 4)))
        state.suspect(2)
        self.assertEqual(self.seen(state), (Place.PART, 0, False, [False, False, True]))
        state.clear(2)
        self.assertFalse(state.is_suspect(2))
