"""
Tests for L{swarmpeer.storage.verified.open_files}.
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.verified.open_files import OpenFile, OpenFiles


class OpenFilesTests(SynchronousTestCase):
    """
    Descriptors are kept, up to a number, and closed once.
    """

    def test_kept(self) -> None:
        """
        A file that was given back is there for the next one; the one that nobody
        asked for the longest gives way.
        """
        closed: list[int] = []
        files = OpenFiles(closed.append, limit=2)
        for number in (1, 2):
            files.give_back(files.put(number, number * 10))
        first = files.take(1)
        assert first is not None
        files.give_back(first)
        files.give_back(files.put(3, 30))
        self.assertEqual(closed, [20])
        self.assertIsNone(files.take(2))
        files.drop_all()
        self.assertEqual(closed, [20, 10, 30])

    def test_in_use(self) -> None:
        """
        A file that somebody has is not closed, whatever becomes of its number.
        """
        closed: list[int] = []
        files = OpenFiles(closed.append, limit=1)
        first, second = files.put(1, 10), files.put(2, 20)
        self.assertEqual(closed, [])
        third = files.put(1, 11)
        files.give_back(third)
        self.assertEqual(closed, [])
        files.give_back(first)
        self.assertEqual(closed, [10])
        files.drop(2)
        self.assertEqual(closed, [10])
        files.give_back(second)
        self.assertEqual(closed, [10, 20])

    def test_apart(self) -> None:
        """
        A descriptor that is for one alone is closed when he gives it back, and given
        to nobody else.
        """
        closed: list[int] = []
        files = OpenFiles(closed.append)
        file = files.apart(10)
        self.assertIsNone(files.take(10))
        files.drop_all()
        self.assertEqual(closed, [])
        files.give_back(file)
        self.assertEqual(closed, [10])

    def test_close_fails(self) -> None:
        """
        A descriptor that fails when it is closed is closed all the same.
        """

        def close(fd: int) -> None:
            raise OSError(fd)

        files = OpenFiles(close, limit=1)
        for number in (1, 2):
            files.give_back(files.put(number, number))
        self.assertIsNone(files.take(1))
        files.drop_all()
        self.assertIsNone(files.take(2))

    @given(
        st.lists(
            st.tuples(st.sampled_from(["get", "back", "drop"]), st.integers(0, 4)),
            max_size=60,
        )
    )
    @settings(deadline=None, max_examples=100)
    def test_any_order(self, steps: list[tuple[str, int]]) -> None:
        """
        Whatever happens, every descriptor is closed once, none of them in use, and
        no more than the limit stay open with nobody having them.
        """
        closed: Counter[int] = Counter()
        files = OpenFiles(lambda fd: closed.update([fd]), limit=2)
        had: list[OpenFile] = []
        opened = 0
        for step, number in steps:
            if step == "get":
                file = files.take(number)
                if file is None:
                    file = files.put(number, opened)
                    opened += 1
                had.append(file)
            elif step == "drop":
                files.drop(number)
            elif had:
                files.give_back(had.pop(number % len(had)))
            in_use = {file.fd for file in had}
            self.assertFalse(in_use & closed.keys())
        for file in had:
            files.give_back(file)
        files.drop_all()
        self.assertEqual(closed, Counter(range(opened)))
