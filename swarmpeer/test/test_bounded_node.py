"""
Tests of L{swarmpeer.core.bounded_node}.
"""

import random
from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.bounded_node import BOTH_COMPLETE, FULL, BoundedNode
from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_node import Equipment
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import ProtocolViolation
from swarmpeer.events import NeighborDisconnected, SwarmCompleted
from swarmpeer.seam import Piece
from swarmpeer.test.five_peers import five_peers
from swarmpeer.test.test_verified_node import ALL, PIECES, World
from swarmpeer.wire.extension import GoodbyeCode


class LargeWorld(World):
    """
    A node that may have two of the four others as neighbours.
    """

    node: BoundedNode

    def __init__(
        self, held: Iterable[int] = (), *, most: int = 2, shows: bool = False
    ) -> None:
        """
        @param shows: if we are a seed, do we show each piece to one neighbour first?
        """
        super().__init__(held)
        layout = PieceLayout(PIECES, 1)
        bus = EventBus(self._note_failure)
        bus.add(self.observer)
        store = VerifiedStore(layout, self.memory, self.memory.held())
        rng = random.Random(1)
        self.node = BoundedNode(
            five_peers(layout),
            store,
            VerifiedRequests(store, RarestPicker(store.bits, rng), lambda: self.now),
            (FleetChoking if shows else ChokingManager)(2, rng),
            Equipment(bus, rng, lambda: self.now, lambda: b"manifest"),
            most,
        )
        self.node.start(is_placed=self.memory.is_whole)
        self.forget()

    def neighbors(self) -> list[int]:
        """
        Who is here.
        """
        return [each.peer_id for each in self.node.registry.conversations]

    def sought(self) -> list[int]:
        """
        Who is to be called, if anybody is.
        """
        return [peer for peer in (1, 3, 4, 5) if self.node.is_sought(peer)]

    def leave(self, conversation: VerifiedConnection) -> None:
        """
        A neighbour goes.
        """
        conversation.on_disconnect("gone")


class PlaceTests(SynchronousTestCase):
    """
    There are only so many places.
    """

    def test_full(self) -> None:
        """
        Who calls while all places are taken is told so and turned away.
        """
        world = LargeWorld()
        world.join(1)
        world.join(3)
        self.assertIn(
            ("4", "close", FULL, GoodbyeCode.FULL),
            world.calling(4),
        )
        self.assertEqual(world.neighbors(), [1, 3])
        self.assertEqual(world.told(NeighborDisconnected), [])

    def test_room_again(self) -> None:
        """
        When one leaves there is a place.
        """
        world = LargeWorld()
        first = world.join(1)
        world.join(3)
        world.leave(first)
        world.join(4)
        self.assertEqual(world.neighbors(), [3, 4])

    def test_called(self) -> None:
        """
        Whom we called has a place in any case.
        """
        world = LargeWorld()
        world.join(1)
        world.join(3)
        world.join(4, dialled=True)
        self.assertEqual(world.neighbors(), [1, 3, 4])

    def test_who_calls_again(self) -> None:
        """
        Who is here and calls again takes the place that they have.
        """
        world = LargeWorld()
        world.join(1)
        world.join(3)
        world.join(3)
        self.assertEqual(world.neighbors(), [1, 3])

    def test_strangers(self) -> None:
        """
        Who is no member is told that, and not that there is no place.
        """
        world = LargeWorld()
        world.join(1)
        world.join(3)
        with self.assertRaises(ProtocolViolation):
            world.calling(77)

    def test_half_is_called(self) -> None:
        """
        Others are called until there are half as many neighbours as there may be, if
        those are few.
        """
        world = LargeWorld(most=3)
        self.assertEqual(world.node.wanted_calls, 2)
        world.join(1)
        self.assertEqual(world.node.wanted_calls, 1)
        self.assertEqual(world.sought(), [3, 4, 5])
        world.join(3)
        world.join(4)
        self.assertEqual(world.node.wanted_calls, 0)

    def test_a_third_is_called(self) -> None:
        """
        Of many that there may be only a third is called, but never fewer than four.
        """
        wanted = [LargeWorld(most=most).node.wanted_calls for most in (8, 12, 20, 40)]
        self.assertEqual(wanted, [4, 4, 7, 14])


class PartingTests(SynchronousTestCase):
    """
    Two that hold everything have nothing to give to each other.
    """

    def test_both_complete(self) -> None:
        """
        They part, and remember it of each other.
        """
        world = LargeWorld(ALL)
        world.join(1, ALL)
        self.assertEqual(
            world.sent("close"), [("1", "close", BOTH_COMPLETE, GoodbyeCode.COMPLETE)]
        )
        self.assertEqual((world.neighbors(), world.sought()), ([], [3, 4, 5]))

    def test_they_become_complete(self) -> None:
        """
        With their last piece.
        """
        world = LargeWorld(ALL)
        conversation = world.join(1, range(PIECES - 1))
        self.assertEqual(world.neighbors(), [1])
        conversation.on_haves([PIECES - 1])
        self.assertEqual((world.neighbors(), world.sought()), ([], [3, 4, 5]))

    def test_we_become_complete(self) -> None:
        """
        With ours; who lacks something stays.
        """
        world = LargeWorld(range(PIECES - 1))
        world.join(3)
        source = world.join(1, ALL, serves=True)
        world.answer(source)
        self.assertEqual(
            world.sent("send_have", "close"),
            [
                ("1", "send_have", PIECES - 1),
                ("3", "send_have", PIECES - 1),
                ("1", "close", BOTH_COMPLETE, GoodbyeCode.COMPLETE),
            ],
        )
        self.assertEqual(world.neighbors(), [3])

    def test_incomplete_keep_complete(self) -> None:
        """
        As long as we lack something we keep who has it.
        """
        world = LargeWorld(range(3))
        world.join(1, ALL)
        world.join(3, range(4))
        self.assertEqual(world.neighbors(), [1, 3])


class EndTests(SynchronousTestCase):
    """
    All are complete when each was met that says so, and that was told that we are.
    """

    def test_all_met(self) -> None:
        """
        When the last one was met it is told.
        """
        world = LargeWorld(ALL)
        for peer_id in (1, 3, 4):
            world.join(peer_id, ALL)
        self.assertEqual(world.told(SwarmCompleted), [])
        world.join(5, ALL)
        self.assertEqual(world.told(SwarmCompleted), [SwarmCompleted()])
        self.assertEqual(world.sought(), [])

    def test_met_before(self) -> None:
        """
        Who was complete before we were, and does not know that we are, is met again.
        """
        world = LargeWorld(range(PIECES - 1))
        world.leave(world.join(3, ALL))
        world.answer(world.join(1, ALL, serves=True))
        self.assertEqual(world.sought(), [3, 4, 5])
        world.join(4, ALL)
        world.join(5, ALL)
        self.assertEqual(world.told(SwarmCompleted), [])
        world.join(3, ALL)
        self.assertEqual(world.told(SwarmCompleted), [SwarmCompleted()])

    def test_lost_meanwhile(self) -> None:
        """
        Who left while we lacked a piece again is told anew.
        """
        world = LargeWorld(ALL)
        world.join(1, ALL)
        world.join(3, ALL)
        world.memory.rot(2)
        world.node.scrub(PIECES)
        self.assertEqual(world.sought(), [1, 3, 4, 5])
        world.answer(world.join(1, ALL, serves=True))
        self.assertEqual(world.sought(), [3, 4, 5])

    def test_showing(self) -> None:
        """
        Who was told only of some of our pieces does not know that we hold everything,
        until it is told the rest.
        """
        world = LargeWorld(ALL, shows=True)
        world.join(1)
        world.join(3, ALL)
        self.assertEqual((world.neighbors(), world.sought()), ([1, 3], [4, 5]))
        world.node.review_requests()
        self.assertEqual((world.neighbors(), world.sought()), ([1], [4, 5]))
        self.assertEqual(
            world.sent("close"), [("3", "close", BOTH_COMPLETE, GoodbyeCode.COMPLETE)]
        )

    def test_shut_out(self) -> None:
        """
        Who is shut out is not called.
        """
        world = LargeWorld()
        conversation = world.join(1, ALL, serves=True)
        for _ in range(2):
            index = min(conversation.neighbor.requested)
            conversation.on_pieces([Piece(index, b"x")])
        self.assertEqual(world.sought(), [3, 4, 5])
