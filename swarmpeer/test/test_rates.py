"""
Tests of L{swarmpeer.core.rates}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.rates import RateTracker


class RateTrackerTests(SynchronousTestCase):
    """
    What each neighbour gave is counted by rounds.
    """

    def test_nothing(self) -> None:
        """
        Somebody who gave nothing, or is not known at all, counts 0, and may
        leave.
        """
        rates = RateTracker()
        rates.forget(1001)
        self.assertEqual(rates.received_bytes(1001), 0)

    def test_round(self) -> None:
        """
        Within a round all that a neighbour gives adds up; the next round
        starts from 0 for everybody.
        """
        rates = RateTracker()
        rates.credit(1001, 10)
        rates.credit(1002, 3)
        rates.credit(1001, 5)
        before = [rates.received_bytes(peer_id) for peer_id in (1001, 1002)]
        rates.begin_round()
        after = [rates.received_bytes(peer_id) for peer_id in (1001, 1002)]
        self.assertEqual((before, after), ([15, 3], [0, 0]))

    def test_comes_back(self) -> None:
        """
        One that leaves and comes back within a round starts from 0, and takes
        nothing from the others.
        """
        rates = RateTracker()
        rates.credit(1001, 10)
        rates.credit(1002, 3)
        rates.forget(1001)
        rates.credit(1001, 1)
        self.assertEqual(
            [rates.received_bytes(peer_id) for peer_id in (1001, 1002)], [1, 3]
        )

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(st.just("credit"), st.integers(1, 4), st.integers(0, 99))
            | st.tuples(st.just("forget"), st.integers(1, 4), st.just(0))
            | st.tuples(st.just("begin_round"), st.just(0), st.just(0))
        )
    )
    def test_sums(self, steps: list[tuple[str, int, int]]) -> None:
        """
        The count is always the sum of what was credited since the neighbour or
        the round began.
        """
        rates, sums = RateTracker(), dict.fromkeys(range(1, 5), 0)
        for step, peer_id, size in steps:
            if step == "credit":
                rates.credit(peer_id, size)
                sums[peer_id] += size
            elif step == "forget":
                rates.forget(peer_id)
                sums[peer_id] = 0
            else:
                rates.begin_round()
                sums = dict.fromkeys(sums, 0)
            self.assertEqual({peer: rates.received_bytes(peer) for peer in sums}, sums)
