"""
Tests of L{swarmpeer.core.neighbor}.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.neighbor import LATE_LIMIT, NeighborState
from swarmpeer.wire.bitfield import Bitfield


class NeighborFactsTests(SynchronousTestCase):
    """
    What is known about a neighbour.
    """

    def test_start(self) -> None:
        """
        Before anything was said both sides choke, neither is interested, they
        hold nothing, and nothing is asked either way.
        """
        neighbor = NeighborState(1002, 5)
        self.assertEqual(
            (neighbor.peer_id, neighbor.bits, neighbor.useful, neighbor.is_snubbed),
            (1002, Bitfield(5), 0, False),
        )
        self.assertEqual(
            [neighbor.am_choking, neighbor.peer_choking],
            [True, True],
        )
        self.assertEqual(
            [neighbor.am_interested, neighbor.peer_interested],
            [False, False],
        )
        self.assertEqual(
            (neighbor.requested, list(neighbor.wanted_from_us)), (set(), [])
        )

    def test_changes(self) -> None:
        """
        Each of the facts that we act upon tells whether it changed, and is the
        last value told.
        """
        neighbor = NeighborState(1002, 5)
        for start, change, read in (
            (True, neighbor.change_am_choking, lambda: neighbor.am_choking),
            (False, neighbor.change_am_interested, lambda: neighbor.am_interested),
            (True, neighbor.change_peer_choking, lambda: neighbor.peer_choking),
        ):
            seen = [
                (change(value), read())
                for value in (start, not start, not start, start)
            ]
            self.assertEqual(
                seen,
                [(False, start), (True, not start), (False, not start), (True, start)],
            )

    @settings(deadline=None)
    @given(st.integers(1, 20), st.data())
    def test_useful(self, count: int, data: st.DataObject) -> None:
        """
        C{useful} is always the number of pieces that they told of and we lack,
        in whatever order they tell and we get them; a C{have} is news once.
        """
        indexes = st.integers(0, count - 1)
        own, neighbor = Bitfield(count), NeighborState(1002, count)
        for index in data.draw(st.sets(indexes)):
            own.add(index)
        theirs = Bitfield(count)
        for index in data.draw(st.sets(indexes)):
            theirs.add(index)
        if data.draw(st.booleans()):
            neighbor.learn_bits(theirs, own)
            self.assertEqual(neighbor.bits, theirs)
        steps = st.lists(st.tuples(st.booleans(), indexes))
        for is_theirs, index in data.draw(steps):
            if is_theirs:
                is_news = index not in neighbor.bits
                self.assertEqual(neighbor.learn_haves([index], own), [index] * is_news)
                self.assertIn(index, list(neighbor.bits))
            elif own.add(index):
                neighbor.note_needless([index])
            self.assertEqual(neighbor.useful, own.count_missing_from(neighbor.bits))


class RequestsOfNeighborTests(SynchronousTestCase):
    """
    Which pieces they may send.
    """

    def setUp(self) -> None:
        """
        A neighbour of whom nothing was asked.
        """
        self.neighbor = NeighborState(1002, 1000)

    def expected(self) -> list[int]:
        """
        The pieces that they may send.
        """
        return [index for index in range(1000) if self.neighbor.may_send(index)]

    def test_nothing(self) -> None:
        """
        They may send nothing that was not asked of them.
        """
        self.assertEqual((self.expected(), self.neighbor.withdraw_requests()), ([], []))

    def test_asked(self) -> None:
        """
        What was asked of them they may send, once.
        """
        self.neighbor.requested.update({5, 7})
        before = self.expected()
        self.neighbor.settle([5])
        self.assertEqual((before, self.expected()), ([5, 7], [7]))
        self.assertEqual(self.neighbor.requested, {7})

    def test_withdrawn(self) -> None:
        """
        What was withdrawn is not waited for, but may still come, once.
        """
        self.neighbor.requested.update({7, 5})
        self.assertEqual(self.neighbor.withdraw_requests(), [5, 7])
        self.assertEqual((self.neighbor.requested, self.expected()), (set(), [5, 7]))
        self.neighbor.settle([7])
        self.assertEqual(self.expected(), [5])
        self.assertEqual(self.neighbor.withdraw_requests(), [])

    def test_expect_late(self) -> None:
        """
        One piece can be given to another, and may still come too.
        """
        self.neighbor.requested.update({7, 5})
        self.neighbor.expect_late(5)
        self.assertEqual((self.neighbor.requested, self.expected()), ({7}, [5, 7]))

    def test_asked_again(self) -> None:
        """
        What was asked, withdrawn and asked again may be answered twice, since
        a slow neighbour is right to answer both, and not a third time.
        """
        self.neighbor.requested.add(5)
        self.neighbor.withdraw_requests()
        self.neighbor.requested.add(5)
        may_send = []
        for _ in range(2):
            may_send.append(self.neighbor.may_send(5))
            self.neighbor.settle([5])
        may_send.append(self.neighbor.may_send(5))
        self.assertEqual(may_send, [True, True, False])
        self.assertEqual(self.neighbor.requested, set())

    def test_run(self) -> None:
        """
        Of several that they send together each is told whether it was waited for, as
        far as they were asked for; from the first that was not none is settled.
        """
        self.neighbor.requested.update({5, 7, 9})
        self.neighbor.expect_late(7)
        self.assertEqual(self.neighbor.settle([5, 7, 5, 9]), [True, False])
        self.assertEqual((self.neighbor.requested, self.expected()), ({9}, [9]))
        self.assertEqual(self.neighbor.settle([]), [])

    def test_bounded(self) -> None:
        """
        Only the latest of many withdrawn requests are remembered, so that a
        neighbour which chokes us again and again gains nothing.
        """
        for index in range(1000):
            self.neighbor.requested.add(index)
            self.neighbor.withdraw_requests()
        self.assertEqual(self.expected(), list(range(1000 - LATE_LIMIT, 1000)))

    def test_latest_stays(self) -> None:
        """
        A request that was withdrawn early and again just now is among the
        latest.
        """
        for index in [0, *range(1, LATE_LIMIT), 0, LATE_LIMIT]:
            self.neighbor.requested.add(index)
            self.neighbor.withdraw_requests()
        self.assertTrue(self.neighbor.may_send(0))

    def test_not_snubbed(self) -> None:
        """
        Who sends a piece does not stand as one that leaves us waiting.
        """
        self.neighbor.requested.add(5)
        self.neighbor.is_snubbed = True
        self.neighbor.settle([5])
        self.assertFalse(self.neighbor.is_snubbed)


class UsefulTests(SynchronousTestCase):
    """
    What they hold that we lack, where pieces get lost.
    """

    @given(st.data())
    @settings(deadline=None)
    def test_any_order(self, data: st.DataObject) -> None:
        """
        However pieces come and go on both sides, it is known how many are of use to
        us.
        """
        own, neighbor = Bitfield(5), NeighborState(1002, 5)
        indexes = st.integers(0, 4)
        for index in data.draw(st.sets(indexes)):
            own.add(index)
        neighbor.learn_bits(Bitfield(5), own)
        for _ in range(data.draw(st.integers(0, 30))):
            index = data.draw(indexes)
            match data.draw(st.sampled_from(["have", "lack", "hold", "lose"])):
                case "have":
                    neighbor.learn_haves([index], own)
                case "lack":
                    neighbor.note_lacking(index, own)
                case "hold":
                    if own.add(index):
                        neighbor.note_needless([index])
                case _:
                    if own.discard(index):
                        neighbor.note_wanted(index)
            self.assertEqual(neighbor.useful, own.count_missing_from(neighbor.bits))
