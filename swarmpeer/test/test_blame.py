"""
Tests of L{swarmpeer.core.blame}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.blame import FIRST_SECONDS, LIMIT, MOST_SECONDS, Blame


class BlameTests(SynchronousTestCase):
    """
    Who is shut out, and for how long.
    """

    def setUp(self) -> None:
        """
        Nobody is blamed.
        """
        self.now = 0.0
        self.blame = Blame(lambda: self.now)

    def test_second_chance(self) -> None:
        """
        The first wrong piece is noted, the second shuts out, until the time is over;
        then it is counted anew.
        """
        self.assertIsNone(self.blame.note(1))
        self.assertFalse(self.blame.is_shut_out(1))
        self.assertEqual(self.blame.note(1), FIRST_SECONDS)
        self.now = FIRST_SECONDS - 0.1
        self.assertTrue(self.blame.is_shut_out(1))
        self.now = FIRST_SECONDS
        self.assertFalse(self.blame.is_shut_out(1))
        self.assertIsNone(self.blame.note(1))

    def test_while_shut_out(self) -> None:
        """
        What comes to light while a peer is shut out is not counted.
        """
        for _ in range(4):
            self.blame.note(1)
        self.now = FIRST_SECONDS
        self.assertIsNone(self.blame.note(1))
        self.assertFalse(self.blame.is_shut_out(1))

    def test_bystanders(self) -> None:
        """
        One peer's wrong pieces are not another's.
        """
        self.blame.note(1)
        self.assertIsNone(self.blame.note(2))
        self.blame.note(1)
        self.assertFalse(self.blame.is_shut_out(2))
        self.assertFalse(self.blame.is_shut_out(3))

    @given(st.lists(st.integers(1, 3), max_size=60))
    def test_back_off(self, senders: list[int]) -> None:
        """
        Each peer is shut out at every second of its own pieces, each time for twice
        as long as before, up to the longest time.
        """
        now = 0.0
        blame = Blame(lambda: now)
        counts = dict.fromkeys(senders, 0)
        for sender in senders:
            now += MOST_SECONDS
            counts[sender] += 1
            times, rest = divmod(counts[sender], LIMIT)
            expected = min(FIRST_SECONDS * 2 ** (times - 1), MOST_SECONDS)
            self.assertEqual(blame.note(sender), None if rest else expected)
