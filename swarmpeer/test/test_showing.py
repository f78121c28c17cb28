"""
Tests of L{swarmpeer.core.showing}.
"""

from collections.abc import Iterable
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core import showing_pace
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.events import SwarmCompleted
from swarmpeer.simulate.run_figures import RunFigures
from swarmpeer.test.test_verified_node import ALL, PIECES, World
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate


class Seed:
    """
    A seed that shows its pieces, among recorders.
    """

    def __init__(self) -> None:
        self.world = World(ALL, choking=FleetChoking(1, Random(0)))

    def join(
        self, peer_id: int, held: Iterable[int] = (), *, wants: bool = True
    ) -> VerifiedConnection:
        """
        A neighbour connects, and may want what it is shown.
        """
        conversation = self.world.join(peer_id, held)
        if wants:
            conversation.on_interested()
        return conversation

    def haves(self, peer_id: int) -> list[int]:
        """
        What a neighbour was told of so far, in that order.
        """
        return [
            index
            for name, _, index in self.world.sent("send_have")
            if name == str(peer_id) and isinstance(index, int)
        ]

    def review(self) -> None:
        """
        A quarter of a second is over.
        """
        self.world.node.review_requests()


class ShowingTests(SynchronousTestCase):
    """
    What a seed says to hold.
    """

    def test_lure(self) -> None:
        """
        Each that comes is told of nothing first, and then of one piece, a different
        one each.
        """
        seed = Seed()
        shown = []
        for peer_id in (1, 3, 4):
            seed.join(peer_id, wants=False)
            calls = [call[1:] for call in seed.world.calls if call[0] == str(peer_id)]
            self.assertEqual(calls[1], ("send_have_none",))
            shown += seed.haves(peer_id)
        self.assertEqual(len(set(shown)), 3)

    def test_once(self) -> None:
        """
        Who is served is shown some pieces that nobody else is, and one more with each
        that it is sent; when all were sent to somebody, everybody is told the rest.
        """
        seed = Seed()
        one, three = seed.join(1), seed.join(3)
        self.assertFalse(set(seed.haves(1)) & set(seed.haves(3)))
        while seed.world.node.is_showing:
            for conversation in one, three:
                sent = {
                    call[2]
                    for call in seed.world.sent("send_piece")
                    if call[0] == str(conversation.peer_id)
                }
                fresh = [
                    index
                    for index in seed.haves(conversation.peer_id)
                    if index not in sent
                ]
                if seed.world.node.is_showing:
                    conversation.on_requests([fresh[0]])
        pieces = [call[2] for call in seed.world.sent("send_piece")]
        self.assertEqual(sorted(pieces), sorted(ALL))
        for peer_id in 1, 3:
            self.assertEqual(sorted(seed.haves(peer_id)), sorted(ALL))

    def test_run(self) -> None:
        """
        Who asks for several at once is sent each, once, and shown as many more.
        """
        seed = Seed()
        one = seed.join(1)
        before: list[int] = []
        while seed.world.node.is_showing:
            shown = seed.haves(1)
            one.on_requests(shown[len(before) :])
            before = shown
        pieces = [call[2] for call in seed.world.sent("send_piece")]
        self.assertEqual(pieces, seed.haves(1))
        self.assertEqual(sorted(pieces), sorted(ALL))

    def test_held_elsewhere(self) -> None:
        """
        When the neighbours say to hold all pieces among them, everybody is told at
        the next look; who comes later is told of everything at once.
        """
        seed = Seed()
        seed.join(1, [0, 1, 2])
        seed.join(3, [3, 4, 5])
        self.assertTrue(seed.world.node.is_showing)
        seed.review()
        self.assertFalse(seed.world.node.is_showing)
        self.assertEqual(sorted(seed.haves(1)), sorted(ALL))
        seed.world.forget()
        seed.join(4)
        self.assertEqual(seed.world.sent("send_have_all"), [("4", "send_have_all")])

    def test_who_leaves(self) -> None:
        """
        What was shown to one that left is shown to others.
        """
        seed = Seed()
        one = seed.join(1)
        gone = set(seed.haves(1))
        one.on_disconnect("gone")
        three = seed.join(3)
        while seed.world.node.is_showing:
            asked = {call[2] for call in seed.world.sent("send_piece")}
            three.on_requests([next(i for i in seed.haves(3) if i not in asked)])
        self.assertLess(gone, set(seed.haves(3)))

    def test_who_comes_again(self) -> None:
        """
        Who left and came again is served no more: it keeps what it is lured with while
        others are served, which are shown something else.
        """
        seed = Seed()
        seed.join(1).on_disconnect("gone")
        seed.world.forget()
        seed.join(1, wants=False)
        [lure] = seed.haves(1)
        seed.join(3)
        self.assertNotIn(lure, seed.haves(3))

    def test_who_never_asks(self) -> None:
        """
        One that never asks for what it is shown keeps nobody waiting.
        """
        seed = Seed()
        seed.join(1)
        three = seed.join(3)
        for _ in range(PIECES):
            for index in seed.haves(3):
                if seed.world.node.is_showing:
                    three.on_requests([index])
            seed.review()
        self.assertFalse(seed.world.node.is_showing)

    def test_nobody_wants(self) -> None:
        """
        When nobody wants what it is shown for two seconds, as among seeds that were
        all started anew, everybody is told everything.
        """
        seed = Seed()
        for peer_id in 1, 3:
            seed.join(peer_id, wants=False)
        for _ in range(7):
            seed.review()
            self.assertTrue(seed.world.node.is_showing)
        seed.review()
        self.assertFalse(seed.world.node.is_showing)
        for peer_id in 1, 3:
            self.assertEqual(sorted(seed.haves(peer_id)), sorted(ALL))

    def test_end(self) -> None:
        """
        When everybody has everything, everybody is told the rest before the swarm is
        said to be complete: who was told a part only would wait for us for ever.
        """
        seed = Seed()
        others = [seed.join(peer_id) for peer_id in (1, 3, 4, 5)]
        for other in others:
            self.assertEqual(seed.world.events.count(SwarmCompleted()), 0)
            other.on_haves(sorted(ALL))
        self.assertEqual(seed.world.events[-1], SwarmCompleted())
        for other in others:
            self.assertEqual(sorted(seed.haves(other.peer_id)), sorted(ALL))

    def test_not_shown(self) -> None:
        """
        A piece that they were not shown is not theirs to ask for.
        """
        seed = Seed()
        one = seed.join(1)
        other = min(ALL - set(seed.haves(1)))
        one.on_requests([other])
        self.assertEqual(seed.world.sent("send_piece"), [])
        self.assertEqual(seed.world.sent("send_reject"), [("1", "send_reject", other)])

    def test_loss(self) -> None:
        """
        A seed that loses a piece is like any other from then on.
        """
        seed = Seed()
        seed.join(1)
        lost = min(ALL - set(seed.haves(1)))
        seed.world.node.healing.lose(lost, "rotten")
        self.assertEqual(seed.world.sent("send_withdrawal"), [])
        seed.review()
        self.assertEqual(sorted(seed.haves(1)), sorted(ALL - {lost}))
        seed.join(3)
        self.assertEqual(len(seed.world.sent("send_bitfield")), 1)

    def test_classic_policy(self) -> None:
        """
        With a policy that does not ask for it, a seed tells of everything at once, as
        does a peer that was no seed when it started.
        """
        world = World(ALL)
        world.join(1)
        self.assertEqual(len(world.sent("send_have_all")), 1)
        fleet = World(ALL - {0}, choking=FleetChoking(1, Random(0)))
        self.assertFalse(fleet.node.is_showing)


class QuickLineTests(SynchronousTestCase):
    """
    A seed whose line takes more than it shows at first.
    """

    def test_more_ahead(self) -> None:
        """
        It shows more ahead, so that all have the file sooner.
        """
        scenario = Scenario(
            peers=3,
            policy="fleet",
            files=1,
            file_size_bytes=32 * 1024 * 1024,
            piece_size_bytes=256 * 1024,
            up_rate=1e9,
            on_disk=False,
        )

        def seconds() -> float:
            figures = RunFigures.of(simulate(scenario))
            assert figures.distribution_seconds is not None
            return figures.distribution_seconds

        usual = seconds()
        self.patch(showing_pace, "MOST_BYTES", showing_pace.LEAST_BYTES)
        self.assertLess(usual, 0.9 * seconds())
