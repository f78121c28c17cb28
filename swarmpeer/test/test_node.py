"""
Tests for L{swarmpeer.core.node}.
"""

import random
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.node import PeerNode
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.requests import RequestManager
from swarmpeer.errors import ProtocolViolation
from swarmpeer.events import (
    Candidate,
    ChokedBy,
    DuplicatePieceReceived,
    FileCompleted,
    FilePlaced,
    GivenBackReason,
    NeighborConnected,
    NeighborDisconnected,
    PeerCompleted,
    PieceStored,
    PieceStoreFailed,
    PreferredRoundHeld,
    RequestGivenBack,
    SwarmCompleted,
)
from swarmpeer.interfaces import IChokingPolicy, IPieceStorage
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.five_peers import five_peers
from swarmpeer.testing.recorders import (
    Call,
    RecordingNetwork,
    RecordingObserver,
)
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.bitfield import Bitfield

PIECE = 4


class World:
    """
    A node in the middle of recorders; peer 2 of the peers 1 to 5.

    @ivar calls: all that the node sent to anybody.
    @ivar events: all that it published.
    """

    def __init__(
        self,
        pieces: int = 4,
        data: bytes | None = None,
        preferred: int = 2,
        *,
        is_held: bool = False,
        choking: IChokingPolicy | None = None,
    ) -> None:
        """
        @param is_held: do the answers of the storage wait for the test?
        """
        layout = PieceLayout(pieces * PIECE, PIECE)
        self.memory = MemoryStorage(layout, data)
        self.held = HeldStorage(self.memory)
        storage: IPieceStorage = self.held if is_held else self.memory
        storage.open()
        self.calls: list[Call] = []
        self.observer = RecordingObserver([])
        self.events = self.observer.events
        bus = EventBus(self._note_failure)
        bus.add(self.observer)
        store, rng = PieceStore(layout, storage), random.Random(1)
        self.node = PeerNode(
            five_peers(layout, preferred),
            store,
            RequestManager(store, RandomPicker(store.bits, rng)),
            choking or ChokingManager(preferred, rng),
            bus,
        )
        self.node.start(is_placed=self.memory.is_whole)
        self.pieces = pieces

    def _note_failure(self, *failure: object) -> None:
        raise AssertionError(failure)

    def join(
        self, peer_id: int, held: set[int] | None = None, *, dialled: bool = False
    ) -> PeerConnection:
        """
        A neighbour connects, with these pieces.
        """
        network = RecordingNetwork(str(peer_id), self.calls, is_dialled=dialled)
        conversation = self.node.open_conversation(network, None)
        conversation.on_connect()
        conversation.on_handshake(peer_id)
        if held is not None:
            bits = Bitfield(self.pieces)
            for index in held:
                bits.add(index)
            conversation.on_bitfield(bits)
        return conversation

    def forget(self) -> None:
        """
        Look only at what comes from now on.
        """
        self.calls.clear()
        self.events.clear()


class RateWitness(ChokingManager):
    """
    Remembers whether it was to rank by what they gave.
    """

    def __init__(self) -> None:
        super().__init__(2, random.Random(0))
        self.by_rate: list[bool] = []

    def hold_preferred_round(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Remember.
        """
        self.by_rate.append(by_rate)
        return super().hold_preferred_round(candidates, by_rate=by_rate)


class LotWitness(RateWitness):
    """
    The same, and does not want it.
    """

    ranks_by_rate = False


class DownloadTests(SynchronousTestCase):
    """
    The way of a received piece.
    """

    def test_whole_way(self) -> None:
        """
        A piece that arrives is followed by the next request to its sender, then
        by a have to everybody, the sender too, and is told last.
        """
        world = World(pieces=2)
        seed = world.join(1, {0, 1})
        world.join(3, set())
        seed.on_unchoke()
        asked = world.calls[-1]
        first = asked[2]
        assert isinstance(first, int)
        world.forget()
        seed.on_pieces([Piece(first, b"abcd")])
        self.assertEqual(
            world.calls,
            [
                ("1", "send_request", 1 - first),
                ("1", "send_have", first),
                ("3", "send_have", first),
            ],
        )
        self.assertIn(PieceStored(1, first, 4, 1), world.events)

    def test_request_that_fails(self) -> None:
        """
        A piece is kept even if we fail to ask for the next one.
        """
        world = World(pieces=2)
        seed = world.join(1, {0, 1})
        seed.on_unchoke()
        first = world.calls[-1][2]
        assert isinstance(first, int)

        def fail(*_: object) -> None:
            raise ZeroDivisionError

        self.patch(world.node.requests, "choose", fail)
        with self.assertRaises(ZeroDivisionError):
            seed.on_pieces([Piece(first, b"abcd")])
        self.assertIn(first, world.node.store.bits)
        self.assertEqual(world.node.requests.unsettled_bytes, 0)

    def test_last_piece(self) -> None:
        """
        After the last piece the neighbours hear the have, then those with
        nothing left that we lack hear that we are not interested, and the file
        is put in place.
        """
        world = World(pieces=1)
        seed = world.join(1, {0})
        seed.on_unchoke()
        world.forget()
        seed.on_pieces([Piece(0, b"abcd")])
        self.assertEqual(
            world.calls, [("1", "send_have", 0), ("1", "send_not_interested")]
        )
        self.assertEqual(world.memory.contents(), b"abcd")
        self.assertTrue(world.node.is_placed)
        order = [type(event) for event in world.events]
        self.assertLess(order.index(PieceStored), order.index(FileCompleted))
        self.assertLess(order.index(FileCompleted), order.index(FilePlaced))

    def test_choke_gives_back(self) -> None:
        """
        A choke withdraws the request, and another holder is asked at once.
        """
        world = World(pieces=1)
        first, second = world.join(1, {0}), world.join(3, {0})
        first.on_unchoke()
        second.on_unchoke()
        world.forget()
        first.on_choke()
        self.assertEqual(world.calls, [("1", "stop_waiting"), ("3", "send_request", 0)])
        self.assertIn(RequestGivenBack(1, 0, GivenBackReason.CHOKE), world.events)
        self.assertIn(ChokedBy(1), world.events)

    def test_late_piece(self) -> None:
        """
        A piece that comes after the choke is taken; the other one's, which
        comes later still, is dropped, and nobody is asked a third time.
        """
        world = World(pieces=1)
        first, second = world.join(1, {0}), world.join(3, {0})
        first.on_unchoke()
        second.on_unchoke()
        first.on_choke()
        first.on_pieces([Piece(0, b"late")])
        world.forget()
        second.on_pieces([Piece(0, b"more")])
        self.assertEqual(world.calls, [])
        self.assertEqual(world.events, [DuplicatePieceReceived(3, 0, 4)])
        self.assertEqual(world.memory.contents(), b"late")

    def test_close_gives_back(self) -> None:
        """
        A lost connection withdraws its request, and another holder is asked.
        """
        world = World(pieces=1)
        first, second = world.join(1, {0}), world.join(3, {0})
        first.on_unchoke()
        second.on_unchoke()
        world.forget()
        first.on_disconnect("gone")
        self.assertIn(("3", "send_request", 0), world.calls)
        self.assertIn(NeighborDisconnected(1, "gone"), world.events)

    def test_stall_prefers_others(self) -> None:
        """
        A stalled piece is asked of another holder; the silent one is asked
        again only if nobody else can serve.
        """
        world = World(pieces=1)
        first = world.join(1, {0})
        first.on_unchoke()
        world.forget()
        first.on_stall()
        self.assertEqual(world.calls, [("1", "stop_waiting"), ("1", "send_request", 0)])
        second = world.join(3, {0})
        world.forget()
        second.on_unchoke()
        self.assertEqual(
            world.calls,
            [("3", "send_request", 0)],
            "the piece is taken over from the one that does not answer",
        )

    def test_storage_failure(self) -> None:
        """
        A piece that cannot be kept is not announced; fetching pauses until the
        next preferred round, then goes on.
        """
        world = World(pieces=1, is_held=True)
        seed = world.join(1, {0})
        seed.on_unchoke()
        world.forget()
        seed.on_pieces([Piece(0, b"abcd")])
        world.held.fail("no space left")
        self.assertEqual(world.calls, [])
        self.assertIn(PieceStoreFailed(1, 0, "no space left"), world.events)
        self.assertTrue(world.node.progress().is_paused)
        world.node.hold_preferred_round()
        self.assertFalse(world.node.progress().is_paused)
        self.assertEqual(world.calls, [("1", "send_request", 0)])
        seed.on_pieces([Piece(0, b"abcd")])
        world.held.release_all()
        self.assertTrue(world.node.store.is_complete)


class ChokingTests(SynchronousTestCase):
    """
    The rounds.
    """

    def test_difference_only(self) -> None:
        """
        A round sends choke and unchoke only to those for whom it changes.
        """
        world = World(data=bytes(16))
        for peer_id in (1, 3):
            world.join(peer_id, set()).on_interested()
        world.forget()
        world.node.hold_preferred_round()
        self.assertEqual(world.calls, [("1", "send_unchoke"), ("3", "send_unchoke")])
        world.forget()
        world.node.hold_preferred_round()
        self.assertEqual(world.calls, [])

    def test_giver_preferred(self) -> None:
        """
        While we lack pieces, who gave more in the last round is served; the
        count starts anew each round.
        """
        world = World(pieces=4, preferred=1)
        giver, other = world.join(1, {0, 1, 2, 3}), world.join(3, set())
        giver.on_interested()
        other.on_interested()
        giver.on_unchoke()
        for _ in range(2):
            (index,) = giver.neighbor.requested
            giver.on_pieces([Piece(index, b"abcd")])
            world.node.hold_preferred_round()
            self.assertEqual(world.node.choking.preferred, (1,))
        held = [e for e in world.events if isinstance(e, PreferredRoundHeld)]
        self.assertEqual([event.candidates[0].received_bytes for event in held], [4, 4])
        self.assertEqual([event.is_changed for event in held], [True, False])

    def test_by_rate(self) -> None:
        """
        What they gave counts if the policy wants it to, and until the file is complete.
        """
        for data, choking, by_rate in (
            (None, RateWitness(), True),
            (bytes(16), RateWitness(), False),
            (None, LotWitness(), False),
        ):
            World(data=data, choking=choking).node.hold_preferred_round()
            self.assertEqual(choking.by_rate, [by_rate])

    def test_chokes_first(self) -> None:
        """
        When the places change hands, the choke is sent before the unchoke.
        """
        world = World(data=bytes(16), preferred=1)
        first = world.join(1, set())
        first.on_interested()
        world.node.hold_preferred_round()
        first.on_not_interested()
        world.join(3, set()).on_interested()
        world.forget()
        world.node.hold_preferred_round()
        self.assertEqual(world.calls, [("1", "send_choke"), ("3", "send_unchoke")])

    def test_optimistic(self) -> None:
        """
        The optimistic round unchokes one more, and the next one chokes it again
        unless it became preferred.
        """
        world = World(data=bytes(16), preferred=1)
        for peer_id in (1, 3, 4):
            world.join(peer_id, set()).on_interested()
        world.node.hold_preferred_round()
        world.node.hold_optimistic_round()
        former = world.node.choking.optimistic
        world.forget()
        world.node.hold_optimistic_round()
        present = world.node.choking.optimistic
        self.assertEqual(
            world.calls,
            [(str(former), "send_choke"), (str(present), "send_unchoke")],
        )


class SwarmTests(SynchronousTestCase):
    """
    Who takes part, and the end.
    """

    def test_end(self) -> None:
        """
        The swarm is complete when every peer of the list is known to hold
        everything, those that left complete included.
        """
        world = World(pieces=1, data=b"abcd")
        world.join(1, {0}).on_disconnect("done")
        world.join(3, {0})
        world.join(4, {0})
        last = world.join(5, set())
        self.assertNotIn(SwarmCompleted(), world.events)
        last.on_haves([0])
        self.assertEqual(world.events[-2:], [PeerCompleted(5), SwarmCompleted()])

    def test_return_with_nothing(self) -> None:
        """
        A peer that was complete and comes back with nothing is waited for.
        """
        world = World(pieces=1, data=b"abcd")
        for peer_id in (1, 3, 4):
            world.join(peer_id, {0})
        world.join(1, set())
        world.join(5, {0})
        self.assertEqual(world.node.registry.incomplete, (1,))
        self.assertNotIn(SwarmCompleted(), world.events)

    def test_no_bitfield(self) -> None:
        """
        A peer that comes back and says something else first holds nothing.
        """
        world = World(pieces=1, data=b"abcd")
        world.join(1, {0})
        world.join(1).on_interested()
        self.assertIn(1, world.node.registry.incomplete)

    def test_empty_file(self) -> None:
        """
        A file without a byte is complete and in place at once, and the swarm is
        as soon as everybody is there.
        """
        world = World(pieces=0)
        self.assertEqual(world.events[:2], [FileCompleted(), FilePlaced()])
        for peer_id in (1, 3, 4, 5):
            world.join(peer_id)
        self.assertEqual(world.events[-1], SwarmCompleted())

    def test_replaced(self) -> None:
        """
        A peer that calls again while it is here is heard, and its old
        conversation is closed.
        """
        world = World(pieces=1)
        world.join(3, set())
        world.forget()
        world.join(3, set())
        self.assertEqual(
            world.calls[:3],
            [
                ("3", "send_handshake", 2),
                ("3", "close", "replaced by a new connection"),
                ("3", "stop_waiting"),
            ],
        )
        self.assertEqual(
            [type(event) for event in world.events[:2]],
            [NeighborDisconnected, NeighborConnected],
        )

    def test_strangers(self) -> None:
        """
        Our own id and ids that are not in the list are refused, and nothing of
        them stays.
        """
        for peer_id in (2, 77):
            world = World()
            with self.assertRaises(ProtocolViolation):
                world.join(peer_id)
            self.assertEqual(world.node.registry.conversations, ())
            self.assertEqual(world.calls, [(str(peer_id), "send_handshake", 2)])

    def test_progress(self) -> None:
        """
        The progress tells what we and the neighbours hold and who is not done.
        """
        world = World(pieces=2)
        world.join(1, {0, 1})
        progress = world.node.progress()
        self.assertEqual((progress.held, progress.piece_count), (0, 2))
        self.assertEqual(progress.incomplete, (3, 4, 5))
        (seed,) = progress.neighbors
        self.assertEqual((seed.peer_id, seed.held, seed.am_interested), (1, 2, True))
