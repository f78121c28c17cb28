"""
Tests of L{swarmpeer.core.showing_plan}.
"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.showing_plan import ShowingPlan
from swarmpeer.wire.bitfield import Bitfield


def bits(size: int, *held: int) -> Bitfield:
    """
    These pieces of so many.
    """
    made = Bitfield(size)
    for index in held:
        made.add(index)
    return made


class ShowingPlanTests(SynchronousTestCase):
    """
    Each piece goes to one neighbour first.
    """

    def test_once(self) -> None:
        """
        Each piece is given out once, from the start on and around, whoever asks.
        """
        plan = ShowingPlan(5, 3)
        taken = [plan.take(1 + turn % 2) for turn in range(6)]
        self.assertEqual(taken, [3, 4, 0, 1, 2, None])
        self.assertEqual((plan.pending_count(1), plan.pending_count(2)), (3, 2))

    def test_over(self) -> None:
        """
        It is over when each piece was sent to somebody, not before.
        """
        plan = ShowingPlan(2, 0)
        plan.take(1)
        plan.take(2)
        plan.sent(1, 0)
        self.assertFalse(plan.is_over)
        plan.sent(2, 1)
        self.assertTrue(plan.is_over)

    def test_told(self) -> None:
        """
        What a neighbour says to hold need not be shown, nor is it waited for.
        """
        plan = ShowingPlan(4, 0)
        self.assertEqual(plan.take(1), 0)
        plan.note_holdings([bits(4, 0, 1, 3), bits(4)])
        self.assertEqual(plan.pending_count(1), 0)
        self.assertEqual((plan.take(2), plan.take(2)), (2, None))
        plan.note_holdings([bits(4), bits(4, 2)])
        self.assertTrue(plan.is_over)

    def test_put_back(self) -> None:
        """
        What was shown to one that is choked is shown to others, before anything new.
        """
        plan = ShowingPlan(9, 0)
        for _ in range(3):
            plan.take(1)
        plan.sent(1, 1)
        plan.put_back(1)
        self.assertEqual([plan.take(2) for _ in range(3)], [0, 2, 3])

    def test_left(self) -> None:
        """
        Who leaves takes along what it was sent and nobody else has: that is shown
        again.
        """
        plan = ShowingPlan(3, 0)
        for index in range(3):
            plan.take(1)
            plan.sent(1, index)
        self.assertTrue(plan.is_over)
        plan.left(1, [bits(3, 1)])
        self.assertEqual([plan.take(2) for _ in range(3)], [0, 2, None])

    def test_take_over(self) -> None:
        """
        When there is nothing new, one that is idle gets what another one was shown
        last and did not ask for; from whom most is pending; in need what it asked for.
        """
        plan = ShowingPlan(5, 0)
        for peer in (1, 1, 1, 2, 2):
            plan.take(peer)
        asked = {1: [2, 0], 2: [3, 4]}
        taken = [plan.take_over(3, asked.__getitem__) for _ in range(3)]
        self.assertEqual(taken, [1, 2, 4])
        self.assertEqual(plan.pending_count(3), 3)
        self.assertIsNone(ShowingPlan(5, 0).take_over(3, asked.__getitem__))

    def test_kept(self) -> None:
        """
        A piece is kept by whom it was sent to until half of the neighbours, two at
        least, hold it.
        """
        plan = ShowingPlan(2, 0)
        plan.sent(1, plan.take(1) or 0)
        holdings = [bits(2) for _ in range(5)]
        self.assertTrue(plan.is_receiving(1, holdings[0]))
        counts = []
        for theirs in holdings[:3]:
            theirs.add(0)
            plan.note_holdings(holdings)
            counts.append(plan.kept_count(1))
        self.assertEqual(counts, [1, 1, 0])
        self.assertFalse(plan.is_receiving(1, holdings[0]))

    @settings(deadline=None)
    @given(
        st.integers(1, 40),
        st.data(),
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["take", "take over", "send", "tell", "put back", "leave"]
                ),
                st.integers(0, 3),
            ),
            max_size=120,
        ),
    )
    def test_nothing_is_forgotten(
        self, count: int, data: st.DataObject, steps: list[tuple[str, int]]
    ) -> None:
        """
        In any history: a piece that is given out was pending nowhere, neither sent nor
        told of by those that are here; and whatever happened, all that is left can be
        given out, and then it is over.
        """
        plan = ShowingPlan(count, data.draw(st.integers(0, count - 1)))
        shown: dict[int, set[int]] = {peer: set() for peer in range(4)}
        held = {peer: Bitfield(count) for peer in range(4)}
        sent: dict[int, set[int]] = {peer: set() for peer in range(4)}
        for what, peer in steps:
            pending = set().union(*shown.values())
            if what == "take":
                index = plan.take(peer)
                if index is not None:
                    self.assertNotIn(index, pending)
                    self.assertFalse(any(index in sent[each] for each in sent))
                    shown[peer].add(index)
            elif what == "take over":
                index = plan.take_over(peer, lambda _: ())
                if index is not None:
                    self.assertIn(index, pending - shown[peer])
                    for each in shown.values():
                        each.discard(index)
                    shown[peer].add(index)
            elif what == "send" and shown[peer]:
                index = min(shown[peer])
                plan.sent(peer, index)
                shown[peer].discard(index)
                sent[peer].add(index)
            elif what == "tell":
                for index in sent[peer]:
                    held[peer].add(index)
                plan.note_holdings(list(held.values()))
                for each in shown.values():
                    each.difference_update(set(held[peer]))
            elif what == "put back":
                plan.put_back(peer)
                shown[peer].clear()
            elif what == "leave":
                held[peer] = Bitfield(count)
                plan.left(peer, list(held.values()))
                shown[peer].clear()
                sent[peer].clear()
            self.assertEqual(
                {peer: plan.pending_count(peer) for peer in shown},
                {peer: len(pieces) for peer, pieces in shown.items()},
            )
        for peer in range(4):
            plan.put_back(peer)
        given = Counter(iter(lambda: plan.take(9), None))
        self.assertLessEqual(max(given.values(), default=1), 1)
        for index in given:
            plan.sent(9, index)
        self.assertTrue(plan.is_over)
