"""
Tests of L{swarmpeer.status.recent}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.recent import RecentBytes


class RecentBytesTests(SynchronousTestCase):
    """
    L{RecentBytes}.
    """

    @given(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9**9)), max_size=40),
        st.integers(0, 12),
    )
    def test_mean(self, steps: list[tuple[int, int]], later: int) -> None:
        """
        The rate is the mean of what came within the last seconds, or since the first
        byte, and the total is of all time.
        """
        recent, now, came = RecentBytes(5.0), 0, []
        for step, size in steps:
            now += step
            recent.add(size, float(now))
            came.append((now, size))
        now += later
        lately = sum(size for at, size in came if at > now - 5)
        began_at = next((at for at, size in came if size), now)
        seconds = min(5, max(1, now - began_at))
        self.assertEqual(recent.rate(float(now)), lately / seconds)
        self.assertEqual(recent.total_bytes, sum(size for _, size in came))

    def test_first_seconds(self) -> None:
        """
        What comes evenly has the same rate from the first second on, whenever it is
        that it begins.
        """
        recent = RecentBytes(5.0)
        self.assertEqual(recent.rate(99.0), 0.0)
        for at in range(1, 80):
            recent.add(100, 100 + at / 10)
            if at >= 20:
                self.assertApproximates(recent.rate(100 + at / 10), 1000, 60)
        self.assertEqual(recent.rate(200.0), 0.0)

    def test_end(self) -> None:
        """
        After an end it is 0 at once; what comes after that has a rate of its own.
        """
        recent = RecentBytes(5.0)
        recent.add(100, 1.0)
        recent.end()
        self.assertEqual((recent.rate(1.0), recent.total_bytes), (0.0, 100))
        recent.add(50, 2.0)
        self.assertEqual((recent.rate(2.0), recent.total_bytes), (50.0, 150))
