"""
Tests of L{swarmpeer.core.fleet_choking}.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.slots import MOST_SLOTS, SLOTS_AT_ONCE
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.interfaces import IChokingPolicy


class Fleet:
    """
    A policy, and what one peer tells it.
    """

    def __init__(self, preferred_count: int = 1) -> None:
        self.choking = FleetChoking(preferred_count, Random(0))
        self.here: set[int] = set()
        self.interested: set[int] = set()

    def candidates(self) -> list[Candidate]:
        """
        Those that are interested.
        """
        served = self.choking.is_unchoked
        return [Candidate(peer, 0, served(peer)) for peer in sorted(self.interested)]

    def want(self, *peer_ids: int, is_interested: bool = True) -> None:
        """
        The interest of some changes, one by one.
        """
        for peer in peer_ids:
            self.here.add(peer)
            (self.interested.add if is_interested else self.interested.discard)(peer)
            if self.choking.wants_review(peer, is_interested=is_interested):
                self.choking.review(self.candidates())

    def leave(self, peer_id: int) -> None:
        """
        One is gone.
        """
        self.here.discard(peer_id)
        self.interested.discard(peer_id)
        self.choking.forget(peer_id)
        if self.choking.wants_review(peer_id, is_interested=False):
            self.choking.review(self.candidates())

    def hold_round(self, *, pieces_each: int = 5, is_full: bool = True) -> None:
        """
        An interval is over in which each one that is served was sent so much.
        """
        served = self.served
        sent = dict.fromkeys(served, pieces_each)
        self.choking.note_uplink(len(served) if is_full else 0, sent)
        self.choking.hold_preferred_round(self.candidates(), by_rate=True)

    @property
    def served(self) -> set[int]:
        """
        Who is.
        """
        return set(self.choking.preferred)


class FleetChokingTests(SynchronousTestCase):
    """
    Whom a host of a fleet serves.
    """

    def test_interface(self) -> None:
        """
        It is a choking policy.
        """
        verifyObject(IChokingPolicy, FleetChoking(1, Random(0)))

    def test_at_once(self) -> None:
        """
        Whoever becomes interested is served without waiting for a round, whatever it
        gave.
        """
        fleet = Fleet()
        fleet.want(3, 1, 2)
        self.assertEqual(fleet.choking.preferred, (1, 2, 3))

    def test_free_place(self) -> None:
        """
        When one leaves, its place is somebody else's at once.
        """
        fleet = Fleet()
        fleet.want(*range(SLOTS_AT_ONCE + 1))
        (waiting,) = fleet.here - fleet.served
        fleet.leave(0)
        self.assertIn(waiting, fleet.served)

    def test_idle_makes_room(self) -> None:
        """
        One that wants nothing now keeps its place until somebody wants it, and then
        makes room, but not in the interval in which it got it.
        """
        fleet = Fleet()
        fleet.want(*range(SLOTS_AT_ONCE))
        fleet.want(5, is_interested=False)
        fleet.want(50)
        self.assertNotIn(50, fleet.served)
        fleet.want(50, is_interested=False)
        fleet.hold_round()
        fleet.hold_round()
        self.assertIn(5, fleet.served)
        fleet.want(50)
        self.assertEqual(fleet.here - fleet.served, {5})

    def test_newcomers_first(self) -> None:
        """
        In a round those that were never served come before those that were, and those
        that were served for the longest time go.
        """
        fleet = Fleet()
        fleet.want(*range(SLOTS_AT_ONCE))
        fleet.hold_round()
        fleet.want(*range(100, 104))
        fleet.hold_round()
        self.assertEqual(fleet.here - fleet.served, {0, 1, 2, 3})

    def test_whole_pieces(self) -> None:
        """
        A turn is not ended before there were two pieces, unless it takes for ever.
        """
        fleet = Fleet()
        fleet.want(*range(SLOTS_AT_ONCE))
        fleet.want(100)
        rounds = 0
        while 100 not in fleet.served:
            # The uplink is too slow, but there are no fewer places than these.
            fleet.choking.note_uplink(SLOTS_AT_ONCE, {0: 2 * SLOTS_AT_ONCE + 1})
            fleet.want(0, is_interested=rounds % 2 == 0)
            fleet.choking.hold_preferred_round(fleet.candidates(), by_rate=False)
            rounds += 1
        self.assertTrue(2 <= rounds <= 4, rounds)

    def test_rounds_are_told(self) -> None:
        """
        The preferred round tells who of the interested is served, and whether that is
        news; the optimistic one, who waits.
        """
        fleet = Fleet()
        fleet.want(*range(SLOTS_AT_ONCE + 2))
        waiting = tuple(sorted(fleet.here - fleet.served))
        optimistic = fleet.choking.hold_optimistic_round(fleet.candidates())
        self.assertEqual(optimistic, OptimisticRoundHeld(waiting, None, False))
        fleet = Fleet()
        fleet.want(1, 2)
        fleet.want(2, is_interested=False)
        told = [
            fleet.choking.hold_preferred_round(fleet.candidates(), by_rate=True)
            for _ in range(2)
        ]
        who = (Candidate(1, 0, True),)
        self.assertEqual(
            told,
            [
                PreferredRoundHeld(who, (1,), None, False, True),
                PreferredRoundHeld(who, (1,), None, False, False),
            ],
        )

    def test_everybody_gets_a_turn(self) -> None:
        """
        Where there are few places, each of many is served within as many rounds as it
        takes to pass the places on, and again and again.
        """
        fleet = Fleet(3)
        fleet.want(*range(40))
        for _ in range(3):
            seen: set[int] = set()
            for _ in range(40):
                # A full uplink that bears no more than these.
                served = fleet.served
                sent = dict.fromkeys(served, 3)
                fleet.choking.note_uplink(len(served), sent)
                fleet.choking.hold_preferred_round(fleet.candidates(), by_rate=True)
                self.assertLessEqual(len(fleet.served), SLOTS_AT_ONCE)
                seen |= fleet.served
            self.assertEqual(seen, fleet.here)

    @settings(deadline=None)
    @given(
        st.integers(1, 5),
        st.lists(
            st.one_of(
                st.tuples(st.just("want"), st.integers(0, 40)),
                st.tuples(st.just("idle"), st.integers(0, 40)),
                st.tuples(st.just("leave"), st.integers(0, 40)),
                st.tuples(st.just("round"), st.integers(0, 12)),
                st.tuples(st.just("quiet round"), st.integers(0, 1)),
            ),
            max_size=150,
        ),
    )
    def test_rules(self, preferred_count: int, steps: list[tuple[str, int]]) -> None:
        """
        In any history: nobody is served who is not here, never more than there may
        be, nobody waits while a place is free, and nobody is choked or unchoked twice
        within an interval.
        """
        fleet = Fleet(preferred_count)
        rounds = 0
        changed: dict[int, tuple[int, bool]] = {}
        for what, number in steps:
            before = fleet.served
            is_round = "round" in what
            if what == "want":
                fleet.want(number)
            elif what == "idle" and number in fleet.here:
                fleet.want(number, is_interested=False)
            elif what == "leave" and number in fleet.here:
                fleet.leave(number)
                changed.pop(number, None)
                before.discard(number)
            elif is_round:
                rounds += 1
                fleet.hold_round(pieces_each=number, is_full=what == "round")
            for peer in sorted(before ^ fleet.served):
                at, was_round = changed.get(peer, (-9, True))
                self.assertGreaterEqual(rounds - at, 1 if was_round else 2)
                changed[peer] = rounds, is_round
            self.assertLessEqual(fleet.served, fleet.here)
            self.assertLessEqual(len(fleet.served), MOST_SLOTS)
            waiting = fleet.interested - fleet.served
            settled = {
                peer
                for peer in waiting
                if rounds - changed.get(peer, (-9, True))[0] >= 2
            }
            if settled:
                self.assertGreaterEqual(len(fleet.served), preferred_count + 1)
