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

    def test_second_chance(self) -> None:
        """
        The first wrong piece is noted, the second shuts out, and then it is counted
        anew.
        """
        blame = Blame()
        self.assertIsNone(blame.note(1))
        self.assertEqual(blame.bad_pieces(1), 1)
        self.assertEqual(blame.note(1), FIRST_SECONDS)
        self.assertEqual(blame.bad_pieces(1), 0)
        self.assertIsNone(blame.note(1))

    def test_bystanders(self) -> None:
        """
        One peer's wrong pieces are not another's.
        """
        blame = Blame()
        blame.note(1)
        self.assertIsNone(blame.note(2))
        self.assertEqual(blame.bad_pieces(3), 0)

    @given(st.lists(st.integers(1, 3), max_size=60))
    def test_back_off(self, senders: list[int]) -> None:
        """
        Each peer is shut out at every second of its own pieces, each time for twice
        as long as before, up to the longest time.
        """
        blame = Blame()
        counts = dict.fromkeys(senders, 0)
        for sender in senders:
            counts[sender] += 1
            times, rest = divmod(counts[sender], LIMIT)
            expected = min(FIRST_SECONDS * 2 ** (times - 1), MOST_SECONDS)
            self.assertEqual(blame.note(sender), None if rest else expected)
