"""
Tests of L{swarmpeer.core.slots}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.slots import MOST_SLOTS, SLOTS_AT_ONCE, Slots

numbers = st.integers(0, 200)


class SlotsTests(SynchronousTestCase):
    """
    How many are served follows what the uplink did.
    """

    def test_at_once(self) -> None:
        """
        Before anything is known there are as many as are wanted, up to a bound.
        """
        slots = Slots(5)
        counts = [slots.count]
        for wanted in 3, 9, SLOTS_AT_ONCE + 1:
            slots.grow_at_once(wanted)
            counts.append(slots.count)
        self.assertEqual(counts, [5, 5, 9, SLOTS_AT_ONCE])

    def test_idle_uplink(self) -> None:
        """
        While most of those that are served take nothing, there are more from round to
        round, as long as somebody waits.
        """
        slots = Slots(5)
        counts = []
        for is_short in (True, False, True, *[True] * 9):
            slots.hold_round(busy=2, served=5, sent_pieces=0, is_short=is_short)
            counts.append(slots.count)
        self.assertEqual(counts[:3], [8, 8, 12])
        self.assertEqual(counts[-1], MOST_SLOTS)

    def test_scarce(self) -> None:
        """
        When the uplink is full and gives each a part of a piece only, there are as
        many as get two each; then no more come at once.
        """
        slots = Slots(2)
        slots.grow_at_once(12)
        slots.hold_round(busy=12, served=12, sent_pieces=11, is_short=True)
        self.assertEqual(slots.count, 5)
        slots.grow_at_once(9)
        self.assertEqual(slots.count, 5)
        slots.hold_round(busy=5, served=5, sent_pieces=0, is_short=True)
        self.assertEqual(slots.count, 2)

    def test_plenty(self) -> None:
        """
        When the uplink is full and each gets many pieces, more are served; when each
        gets some, the number stays.
        """
        slots = Slots(4)
        counts = []
        for sent_pieces in (16, 33, 48):
            slots.hold_round(busy=4, served=4, sent_pieces=sent_pieces, is_short=True)
            counts.append(slots.count)
        self.assertEqual(counts, [4, 6, 6])

    @given(
        st.integers(1, 100),
        st.lists(
            st.one_of(numbers, st.tuples(numbers, numbers, numbers, st.booleans()))
        ),
    )
    def test_bounds(
        self, least: int, steps: list[int | tuple[int, int, int, bool]]
    ) -> None:
        """
        Whatever happens there are never fewer than the least nor more than the most.
        """
        slots = Slots(least)
        for step in steps:
            if isinstance(step, int):
                slots.grow_at_once(step)
            else:
                busy, served, sent_pieces, is_short = step
                slots.hold_round(
                    busy=busy, served=served, sent_pieces=sent_pieces, is_short=is_short
                )
            self.assertTrue(min(least, MOST_SLOTS) <= slots.count <= MOST_SLOTS)
