"""
Tests of L{swarmpeer.testing.figures}.
"""

import math

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.figures import fluid_bound, jain, most_and_least

_SHARES = st.lists(st.floats(0, 1e15), min_size=1, max_size=20)


class JainTests(SynchronousTestCase):
    """
    L{jain}.
    """

    def test_known(self) -> None:
        """
        All the same is 1, all at one of n is 1/n, and half of them at half is
        what the formula says.
        """
        for values, expected in (
            ([5.0, 5.0, 5.0], 1.0),
            ([0.0, 0.0, 7.0, 0.0], 0.25),
            ([1.0, 2.0], 0.9),
            ([], 1.0),
            ([0.0, 0.0], 1.0),
        ):
            self.assertAlmostEqual(jain(values), expected)

    @given(_SHARES, st.floats(0.001, 1000))
    def test_bounds(self, values: list[float], factor: float) -> None:
        """
        It is from 1/n to 1, and does not ask for the unit.
        """
        index = jain(values)
        self.assertTrue(1 / len(values) - 1e-9 <= index <= 1 + 1e-9, index)
        self.assertAlmostEqual(jain(v * factor for v in values), index, places=5)

    def test_huge_and_tiny(self) -> None:
        """
        No value is too large or too small.
        """
        for value in (1e300, 1e-300):
            self.assertAlmostEqual(jain([value, value]), 1.0)


class FluidBoundTests(SynchronousTestCase):
    """
    L{fluid_bound}.
    """

    def test_each_term(self) -> None:
        """
        Each of the three terms decides where it is the largest.
        """
        for seeds, leechers, downs, expected in (
            # The seed sends the file once.
            ([10.0], [1000.0, 1000.0], [None, None], 100.0),
            # The slowest receives it.
            ([100.0], [100.0, 100.0], [None, 5.0], 200.0),
            # All that is received is sent: 3 x 1000 by 20 + 3 x 10.
            ([20.0], [10.0, 10.0, 10.0], [None, None, None], 60.0),
            # Two seeds share the first.
            ([10.0, 10.0], [1000.0], [None], 50.0),
            # Who serves nothing helps nobody: 2 x 1000 by 10 + 10 + 0.
            ([10.0], [10.0, 0.0], [None, None], 100.0),
            ([20.0], [0.0, 0.0], [None, None], 100.0),
        ):
            self.assertEqual(fluid_bound(1000, seeds, leechers, downs), expected)

    def test_no_limits(self) -> None:
        """
        What has no limit does not bound.
        """
        self.assertIsNone(fluid_bound(1000, [None], [None, 3.0], [None, None]))
        self.assertEqual(fluid_bound(1000, [None], [None], [10.0]), 100.0)
        self.assertEqual(fluid_bound(1000, [10.0], [None], [None]), 100.0)

    def test_nobody(self) -> None:
        """
        Nobody who fetches needs no time, and without anybody who sends it never
        ends.
        """
        self.assertIsNone(fluid_bound(1000, [10.0], [], []))
        self.assertEqual(fluid_bound(1000, [], [0.0], [None]), math.inf)
        self.assertEqual(fluid_bound(0, [], [0.0], [None]), 0.0)

    @given(
        st.integers(1, 10**12),
        st.lists(st.floats(1, 1e9), min_size=1, max_size=5),
        st.lists(st.tuples(st.floats(0, 1e9), st.floats(1, 1e9)), min_size=1),
    )
    def test_faster_is_not_later(
        self, size: int, seeds: list[float], leechers: list[tuple[float, float]]
    ) -> None:
        """
        Twice the rates is half the time.
        """
        ups, downs = zip(*leechers, strict=True)
        bound = fluid_bound(size, seeds, ups, downs)
        twice = fluid_bound(
            size, [2 * r for r in seeds], [2 * r for r in ups], [2 * r for r in downs]
        )
        assert bound is not None and twice is not None
        self.assertAlmostEqual(twice / bound, 0.5)


class WindowTests(SynchronousTestCase):
    """
    L{most_and_least}, in any ten seconds.
    """

    def test_steady(self) -> None:
        """
        A steady flow is the same in all of them, but for the ends of the portions.
        """
        passed = [(at / 4, 25) for at in range(200)]
        self.assertEqual(most_and_least(passed, 10.0, 40.0), (1000, 975))

    def test_burst_and_gap(self) -> None:
        """
        A burst is in the fullest one, and a gap in the emptiest.
        """
        passed = [(at / 4, 25) for at in range(200) if not 100 <= at < 120]
        passed.append((20.1, 500))
        self.assertEqual(most_and_least(passed, 0.0, 50.0), (1500, 475))

    def test_shorter(self) -> None:
        """
        What passes in less than ten seconds is in one window, and what passes outside
        of the two times in none.
        """
        passed = [(9.0, 7), (1.0, 5), (4.0, 3), (20.0, 1)]
        self.assertEqual(most_and_least(passed, 0.5, 9.5), (15, 15))
