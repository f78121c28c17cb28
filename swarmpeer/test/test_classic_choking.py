"""
Tests of L{swarmpeer.core.classic_choking}.
"""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld


def candidates(**gave: int) -> list[Candidate]:
    """
    The interested neighbours and what they gave: C{p3=7} is neighbour 3.
    """
    return [
        Candidate(int(name[1:]), received_bytes, False)
        for name, received_bytes in gave.items()
    ]


def idle(*peer_ids: int) -> list[Candidate]:
    """
    Interested neighbours that gave nothing.
    """
    return [Candidate(peer_id, 0, False) for peer_id in peer_ids]


class PreferredRoundTests(SynchronousTestCase):
    """
    The preferred neighbours are those that gave most.
    """

    def test_best(self) -> None:
        """
        The k that gave most are chosen, and told by ascending id together with
        all that the choice was made from.
        """
        choking = ChokingManager(2, Random(0))
        who = candidates(p1=5, p2=70, p3=6, p4=80)
        self.assertEqual(
            choking.hold_preferred_round(who, by_rate=True),
            PreferredRoundHeld(tuple(who), (2, 4), None, True, True),
        )
        self.assertEqual(choking.preferred, (2, 4))
        self.assertEqual(
            [peer for peer in range(6) if choking.is_unchoked(peer)], [2, 4]
        )

    def test_few(self) -> None:
        """
        When no more than k are interested, all of them are chosen, whatever
        they gave; when nobody is, nobody.
        """
        choking = ChokingManager(3, Random(0))
        chosen = [
            choking.hold_preferred_round(who, by_rate=True).preferred
            for who in (idle(1, 2, 3), candidates(p2=9, p3=0), idle())
        ]
        self.assertEqual(chosen, [(1, 2, 3), (2, 3), ()])

    def test_ties(self) -> None:
        """
        Among equals the lot decides: who gave more is always in, who gave less
        never, and each of the tied ones about as often as the others.
        """
        choking = ChokingManager(3, Random(0))
        who = candidates(p1=0, p2=4, p3=4, p4=9, p5=4, p6=4)
        chosen = Counter(
            peer
            for _ in range(1000)
            for peer in choking.hold_preferred_round(who, by_rate=True).preferred
        )
        self.assertEqual((chosen[4], chosen[1]), (1000, 0))
        for peer in 2, 3, 5, 6:
            self.assertTrue(400 < chosen[peer] < 600, chosen)

    def test_by_lot(self) -> None:
        """
        With a complete file what they gave does not count: each is chosen about
        as often as the others.
        """
        choking = ChokingManager(2, Random(0))
        who = candidates(p1=0, p2=4, p3=1000, p4=9)
        chosen: Counter[int] = Counter()
        for _ in range(1000):
            plan = choking.hold_preferred_round(who, by_rate=False)
            chosen.update(plan.preferred)
            self.assertFalse(plan.by_rate)
        for peer in 1, 2, 3, 4:
            self.assertTrue(400 < chosen[peer] < 600, chosen)

    def test_repeatable(self) -> None:
        """
        The same seed gives the same lots in both kinds of round, another seed
        others.
        """

        def run(seed: int) -> list[tuple[tuple[int, ...], int | None]]:
            choking = ChokingManager(2, Random(seed))
            who = idle(*range(9))
            return [
                (
                    choking.hold_preferred_round(who, by_rate=True).preferred,
                    choking.hold_optimistic_round(who).optimistic,
                )
                for _ in range(20)
            ]

        self.assertEqual(run(5), run(5))
        self.assertNotEqual(run(5), run(6))

    def test_changed(self) -> None:
        """
        C{is_changed} compares with the set of the round before: the same set is
        no change, a smaller one is, and so is one that lacks a neighbour which
        left since.
        """
        choking = ChokingManager(2, Random(0))
        changed = [
            choking.hold_preferred_round(who, by_rate=True).is_changed
            for who in (idle(), idle(1, 2), candidates(p1=3, p2=8, p3=1), idle(2))
        ]
        choking.forget(2)
        for who in idle(), idle():
            changed.append(choking.hold_preferred_round(who, by_rate=True).is_changed)
        self.assertEqual(changed, [False, True, False, True, True, False])

    def test_leaves(self) -> None:
        """
        A preferred neighbour that leaves frees its place at once, and nobody
        takes it before the next preferred round.
        """
        choking = ChokingManager(2, Random(0))
        choking.hold_preferred_round(candidates(p1=3, p2=2, p3=1), by_rate=True)
        choking.forget(1)
        self.assertEqual(choking.preferred, (2,))
        self.assertFalse(choking.is_unchoked(1))
        plan = choking.hold_preferred_round(candidates(p2=2, p3=1), by_rate=True)
        self.assertEqual(plan.preferred, (2, 3))


class OptimisticRoundTests(SynchronousTestCase):
    """
    One neighbour more has its chance.
    """

    def draw(self, choking: ChokingManager, *interested: int) -> OptimisticRoundHeld:
        """
        Hold an optimistic round among C{interested}.
        """
        return choking.hold_optimistic_round(idle(*interested))

    def prefer(self, choking: ChokingManager, *interested: int) -> PreferredRoundHeld:
        """
        Hold a preferred round in which the first of C{interested} gave most.
        """
        gave = {peer: 100 - place for place, peer in enumerate(interested)}
        who = [Candidate(peer, gave[peer], False) for peer in sorted(interested)]
        return choking.hold_preferred_round(who, by_rate=True)

    def test_among(self) -> None:
        """
        It is drawn among those that are interested and choked: no preferred
        one, and not the one that had its chance; each is drawn at times.
        """
        choking = ChokingManager(1, Random(0))
        self.prefer(choking, 2, 1, 3, 4)
        drawn: set[int | None] = set()
        former = None
        for _ in range(50):
            plan = self.draw(choking, 1, 2, 3, 4)
            waiting = tuple(peer for peer in (1, 3, 4) if peer != former)
            self.assertEqual((plan.candidates, plan.is_changed), (waiting, True))
            self.assertIn(plan.optimistic, waiting)
            self.assertEqual(choking.optimistic, plan.optimistic)
            former = plan.optimistic
            drawn.add(former)
            unchoked = [peer for peer in (1, 2, 3, 4) if choking.is_unchoked(peer)]
            self.assertEqual({*unchoked}, {2, former})
        self.assertEqual(drawn, {1, 3, 4})

    def test_nobody(self) -> None:
        """
        When nobody is interested nobody is drawn, which is no change.
        """
        choking = ChokingManager(1, Random(0))
        self.assertEqual(self.draw(choking), OptimisticRoundHeld((), None, False))

    def test_both(self) -> None:
        """
        The optimistic neighbour may become preferred as well and stays
        optimistic, so the other preferred ones lose no place to it; at the next
        draw another one takes its chance.
        """
        choking = ChokingManager(2, Random(0))
        self.draw(choking, 3)
        plan = self.prefer(choking, 3, 1, 2)
        self.assertEqual((plan.preferred, plan.optimistic), ((1, 3), 3))
        plan_after = self.draw(choking, 1, 2, 3)
        self.assertEqual(plan_after, OptimisticRoundHeld((2,), 2, True))
        self.assertEqual(choking.preferred, (1, 3))

    def test_keeps_place(self) -> None:
        """
        While nobody else waits the optimistic neighbour keeps its place, also
        when it is preferred meanwhile.
        """
        choking = ChokingManager(2, Random(0))
        self.draw(choking, 3)
        self.assertEqual(self.draw(choking, 3), OptimisticRoundHeld((), 3, False))
        self.prefer(choking, 3, 1)
        self.assertEqual(self.draw(choking, 1, 3), OptimisticRoundHeld((), 3, False))

    def test_loses_interest_before_preferred_round(self) -> None:
        """
        An optimistic neighbour that lost interest loses its place at the next
        preferred round; the place stays free until the next draw.
        """
        choking = ChokingManager(1, Random(0))
        self.draw(choking, 3)
        plan = self.prefer(choking, 1, 2)
        self.assertEqual((plan.optimistic, choking.is_unchoked(3)), (None, False))
        self.assertEqual(self.draw(choking, 1, 2), OptimisticRoundHeld((2,), 2, True))

    def test_loses_interest_before_optimistic_round(self) -> None:
        """
        An optimistic neighbour that lost interest loses its place at the next
        draw, whether somebody waits for it or not.
        """
        seen = []
        for interested in (), (1,):
            choking = ChokingManager(1, Random(0))
            self.draw(choking, 3)
            seen.append((self.draw(choking, *interested), choking.is_unchoked(3)))
        self.assertEqual(
            seen,
            [
                (OptimisticRoundHeld((), None, True), False),
                (OptimisticRoundHeld((1,), 1, True), False),
            ],
        )

    def test_leaves(self) -> None:
        """
        An optimistic neighbour that leaves frees its place until the next draw,
        which a preferred round is not.  Back again, it has to wait for a draw
        like everybody else.
        """
        choking = ChokingManager(1, Random(0))
        self.draw(choking, 3)
        choking.forget(3)
        self.assertEqual((choking.optimistic, choking.is_unchoked(3)), (None, False))
        plan = self.prefer(choking, 1, 2, 3)
        self.assertEqual((plan.optimistic, choking.is_unchoked(3)), (None, False))
        self.assertEqual(self.draw(choking, 1, 2, 3).candidates, (2, 3))

    def test_stranger_leaves(self) -> None:
        """
        Nothing changes when one leaves that was not served.
        """
        choking = ChokingManager(1, Random(0))
        self.prefer(choking, 1)
        self.draw(choking, 1, 3)
        choking.forget(2)
        self.assertEqual((choking.preferred, choking.optimistic), ((1,), 3))

    def test_fair(self) -> None:
        """
        Over many draws everybody who waits gets its share.
        """
        choking = ChokingManager(2, Random(0))
        everybody = range(1, 11)
        self.prefer(choking, *everybody)
        turns = Counter(self.draw(choking, *everybody).optimistic for _ in range(1600))
        self.assertEqual(set(turns), set(range(3, 11)))
        self.assertGreater(min(turns.values()), 150)
        self.assertLess(max(turns.values()), 250)


PEER_IDS = st.integers(1, 7)
INTERESTED = st.dictionaries(PEER_IDS, st.integers(0, 3)).map(
    lambda gave: [Candidate(peer, gave[peer], False) for peer in sorted(gave)]
)


class ChokingInvariantsTests(SynchronousTestCase):
    """
    What holds after whatever sequence of rounds.
    """

    def check_preferred(
        self,
        plan: PreferredRoundHeld,
        places: int,
        who: list[Candidate],
        before: PreferredRoundHeld,
    ) -> None:
        """
        As many as there are places, the best of those who are interested, and
        a change exactly if it is not the set of the round C{before}.
        """
        gave = {candidate.peer_id: candidate.received_bytes for candidate in who}
        self.assertEqual(plan.candidates, tuple(who))
        self.assertEqual(plan.preferred, tuple(sorted(set(plan.preferred))))
        self.assertEqual(len(plan.preferred), min(places, len(who)))
        self.assertLessEqual(set(plan.preferred), set(gave))
        self.assertIs(plan.is_changed, plan.preferred != before.preferred)
        passed_over = set(gave) - set(plan.preferred)
        if plan.by_rate and plan.preferred and passed_over:
            self.assertGreaterEqual(
                min(gave[peer] for peer in plan.preferred),
                max(gave[peer] for peer in passed_over),
            )

    @settings(deadline=None)
    @given(
        st.integers(1, 4),
        st.integers(0, 2**32),
        st.lists(
            st.tuples(st.sampled_from(["by rate", "by lot", "draw"]), INTERESTED)
            | st.tuples(st.just("forget"), PEER_IDS),
            max_size=30,
        ),
    )
    def test_rounds(
        self, places: int, seed: int, steps: list[tuple[str, list[Candidate] | int]]
    ) -> None:
        """
        After each round at most k are preferred and at most one is optimistic,
        all of them interested at that moment; nobody else is served; and
        C{is_changed} is exact.
        """
        choking = ChokingManager(places, Random(seed))
        before = PreferredRoundHeld((), (), None, True, False)
        for step, who in steps:
            former = choking.optimistic
            served = {peer for peer in range(8) if choking.is_unchoked(peer)}
            if isinstance(who, int):
                choking.forget(who)
                after = {peer for peer in range(8) if choking.is_unchoked(peer)}
                self.assertEqual(after, served - {who})
                continue
            interested = {candidate.peer_id for candidate in who}
            if step == "draw":
                plan = choking.hold_optimistic_round(who)
                waiting = sorted(interested - served)
                self.assertEqual(plan.candidates, tuple(waiting))
                if waiting:
                    self.assertIn(plan.optimistic, waiting)
                else:
                    kept = former if former in interested else None
                    self.assertEqual(plan.optimistic, kept)
                self.assertIs(plan.is_changed, plan.optimistic != former)
            else:
                held = choking.hold_preferred_round(who, by_rate=step == "by rate")
                self.check_preferred(held, places, who, before)
                kept = former if former in interested else None
                self.assertEqual(held.optimistic, kept)
                before = held
            self.assertIn(choking.optimistic, {None, *interested})
            self.assertEqual(
                {peer for peer in range(8) if choking.is_unchoked(peer)},
                {*choking.preferred, choking.optimistic} - {None},
            )
