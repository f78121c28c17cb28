"""
Tests for L{swarmpeer.net.backoff}.
"""

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.backoff import JITTER, Backoff, jittered


class Middle(Random):
    """
    Chance that is always in the middle.
    """

    def uniform(self, a: float, b: float) -> float:
        """
        Neither longer nor shorter.
        """
        return (a + b) / 2


class BackoffTests(SynchronousTestCase):
    """
    Tests for L{Backoff}.
    """

    def test_waits(self) -> None:
        """
        Each wait is so many times as long as the one before, up to the last.
        """
        backoff = Backoff(1.0, 2.0, 30.0)
        waits = [backoff.wait_after(failures, Middle()) for failures in range(1, 8)]
        self.assertEqual(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0])

    @given(st.integers(1, 10**9), st.integers())
    def test_bounds(self, failures: int, seed: int) -> None:
        """
        However often it failed, a wait is a number between the first and the last,
        give or take the jitter.
        """
        wait = Backoff(0.25, 1.5, 5.0).wait_after(failures, Random(seed))
        self.assertGreaterEqual(wait, 0.25 * (1 - JITTER))
        self.assertLessEqual(wait, 5.0 * (1 + JITTER))

    @given(st.integers())
    def test_jitter(self, seed: int) -> None:
        """
        Of two tries that failed together the next ones are apart.
        """
        rng = Random(seed)
        self.assertNotEqual(jittered(1.0, rng), jittered(1.0, rng))
