"""
Tests of L{swarmpeer.core.showing_pace}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.showing_pace import (
    LEAST_BYTES,
    MOST_BYTES,
    QUICK_SECONDS,
    ShowingPace,
)

KIB = 1024


class ShowingPaceTests(SynchronousTestCase):
    """
    L{ShowingPace}.
    """

    def test_quick(self) -> None:
        """
        Whoever takes everything in no time soon has the most before it.
        """
        pace, now = ShowingPace(0.0), 0.0
        for _ in range(100):
            now += 0.001
            pace.sent(LEAST_BYTES, now)
        self.assertEqual(pace.ahead_bytes, MOST_BYTES)

    def test_slow_line(self) -> None:
        """
        On a slow line it stays the least.
        """
        pace, now = ShowingPace(0.0), 0.0
        for _ in range(100):
            now += 64 * KIB / 6.25e6
            pace.sent(64 * KIB, now)
        self.assertEqual(pace.ahead_bytes, LEAST_BYTES)

    def test_gets_slow(self) -> None:
        """
        It falls back to the least when the line becomes slow.
        """
        pace = ShowingPace(0.0)
        pace.sent(LEAST_BYTES, QUICK_SECONDS)
        self.assertEqual(pace.ahead_bytes, 2 * LEAST_BYTES)
        pace.sent(2 * LEAST_BYTES, 1.0)
        self.assertEqual(pace.ahead_bytes, LEAST_BYTES)
        pace.sent(LEAST_BYTES, 2.0)
        self.assertEqual(pace.ahead_bytes, LEAST_BYTES)

    def test_between(self) -> None:
        """
        What is neither quick nor slow changes nothing, nor does a part of it.
        """
        pace = ShowingPace(0.0)
        pace.sent(LEAST_BYTES - 1, 0.0)
        self.assertEqual(pace.ahead_bytes, LEAST_BYTES)
        pace.sent(1, 2 * QUICK_SECONDS)
        self.assertEqual(pace.ahead_bytes, LEAST_BYTES)

    @given(
        st.lists(
            st.tuples(st.integers(0, 2**24), st.floats(0.0, 10.0, allow_nan=False))
        )
    )
    def test_bounds(self, sent: list[tuple[int, float]]) -> None:
        """
        Whatever is sent when, it is between the least and the most.
        """
        pace, now = ShowingPace(0.0), 0.0
        for size_bytes, seconds in sent:
            now += seconds
            pace.sent(size_bytes, now)
            self.assertTrue(LEAST_BYTES <= pace.ahead_bytes <= MOST_BYTES)
