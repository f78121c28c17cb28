"""
Tests of L{swarmpeer.net.fast.waking}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.fast.waking import (
    LEAST_GATHERED_BYTES,
    MOST_GATHERED_BYTES,
    Waking,
)


class Woken:
    """
    A L{Waking}, its clock, and what the system was told.

    @ivar told: all of it.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.told = [1]
        self.waking = Waking(self.clock.seconds, self.told.append)

    def after(self, seconds: float, got: int, rest: int | None) -> int:
        """
        So much was read after so long.

        @param rest: how much is missing of the piece; C{None} between two.
        @return: for how many bytes the system wakes us.
        """
        self.clock.advance(seconds)
        self.waking.choose(got, rest or 0, is_mid_piece=rest is not None)
        return self.told[-1]


class WakingTests(SynchronousTestCase):
    """
    For how many bytes we are woken.
    """

    def test_between_pieces(self) -> None:
        """
        Between two pieces any byte wakes us, however fast the last one came.
        """
        woken = Woken()
        self.assertEqual(woken.after(0.1, 20000, None), 1)
        self.assertGreater(woken.after(0.1, 20000, 10**6), 1)
        self.assertEqual(woken.after(0.1, 20000, None), 1)

    def test_soon(self) -> None:
        """
        As much is gathered as comes in a quarter of a second.
        """
        woken = Woken()
        self.assertEqual(woken.after(0.5, 20000, 10**6), 10000)
        self.assertEqual(woken.after(0.5, 10000, 10**6), 5000)

    def test_not_worth_while(self) -> None:
        """
        A little is not gathered, be it that it comes slowly or that it is all.
        """
        woken = Woken()
        self.assertEqual(woken.after(1, 4 * LEAST_GATHERED_BYTES - 4, 10**6), 1)
        self.assertEqual(woken.after(0.01, 20000, LEAST_GATHERED_BYTES - 1), 1)

    def test_large_portions(self) -> None:
        """
        Where so much comes at once the system need not gather.
        """
        woken = Woken()
        self.assertEqual(woken.after(0.01, MOST_GATHERED_BYTES, 10**6), 1)
        self.assertEqual(woken.after(0.01, 20000, 10**6), MOST_GATHERED_BYTES)

    def test_piece_before(self) -> None:
        """
        The first bytes of a piece come after a pause, which tells nothing.
        """
        woken = Woken()
        woken.after(0.1, 10000, 10**6)
        woken.after(0.1, 10000, None)
        self.assertEqual(woken.after(9, 2000, 10**6), 25000)

    def test_any(self) -> None:
        """
        Whoever cannot wait is woken for anything from then on; the system is told
        nothing that it knows.
        """
        woken = Woken()
        self.assertTrue(woken.waking.is_for_any)
        woken.after(0.1, 10000, 10**6)
        woken.after(0.1, 10000, 10**6 - 10000)
        self.assertFalse(woken.waking.is_for_any)
        for _ in range(2):
            woken.waking.wake_for_any()
            self.assertTrue(woken.waking.is_for_any)
        self.assertEqual(woken.told, [1, 25000, 1])

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.floats(0, 10),
                st.integers(0, 2**20),
                st.none() | st.integers(0, 2**20),
            )
        )
    )
    def test_never_deaf(self, reads: list[tuple[float, int, int | None]]) -> None:
        """
        However it comes, we are never to wait for more than is missing.
        """
        woken = Woken()
        for seconds, got, rest in reads:
            least = woken.after(seconds, got, rest)
            self.assertLessEqual(least, max(1, rest or 0))
            self.assertLessEqual(least, MOST_GATHERED_BYTES)
