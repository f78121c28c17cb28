"""
Tests of L{swarmpeer.net.late_pieces}, and of what it is for.
"""

import random

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.node import PeerNode
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.requests import RequestManager
from swarmpeer.events import DuplicatePieceReceived
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.late_pieces import LatePieces
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.net_fixtures import TCPStringTransport
from swarmpeer.testing.recorders import RecordingObserver
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

PIECE = 16384
LAYOUT = PieceLayout(64 * PIECE, PIECE)
CODEC = MessageCodec(LAYOUT)
BUDGET = PIECE * 3 // 2
"""
Two pieces do not go into it.
"""
NEIGHBORS = 40
STALL_SECONDS = 2.0
LAST_BYTES = 100


class LatePiecesTests(SynchronousTestCase):
    """
    What is kept while there is room.
    """

    def setUp(self) -> None:
        """
        Room for 20 bytes.
        """
        self.spare = 20
        self.dropped: list[str] = []
        self.late = LatePieces(lambda: self.spare)
        self.drops = {
            name: lambda name=name: self.dropped.append(name) for name in "abc"
        }
        for name in "abc":
            self.late.keep(self.drops[name], 10)

    def test_longest_first(self) -> None:
        """
        That which is late the longest goes, and no more than have to.
        """
        self.late.make_room()
        self.late.make_room()
        self.assertEqual(self.dropped, ["a"])
        self.spare = 0
        self.late.make_room()
        self.assertEqual(self.dropped, ["a", "b", "c"])

    def test_forgotten(self) -> None:
        """
        What is whole, or waited for again, takes no room here.
        """
        self.late.forget(self.drops["a"])
        self.late.forget(self.drops["a"])
        self.late.make_room()
        self.assertEqual(self.dropped, [])

    def test_again(self) -> None:
        """
        One connection has one piece at most.
        """
        self.late.keep(self.drops["c"], 5)
        self.spare = 25
        self.late.make_room()
        self.assertEqual(self.dropped, [])


class Slow:
    """
    A neighbour that has everything and serves us, but for the end of each piece.
    """

    def __init__(self, protocol: PeerProtocol, peer_id: int) -> None:
        """
        Call, and unchoke.
        """
        self.protocol = protocol
        self.transport = TCPStringTransport()
        self.rest = b""
        protocol.makeConnection(self.transport)
        protocol.dataReceived(Handshake(peer_id).encode())
        self.say(BitfieldMessage(Bitfield.full(LAYOUT.piece_count)))
        self.say(UnchokeMessage())

    def say(self, message: BitfieldMessage | UnchokeMessage) -> None:
        """
        Send a message.
        """
        self.protocol.dataReceived(CODEC.encode(message))

    def begin_piece(self) -> bool:
        """
        Begin the answer to what we asked last.

        @return: were they asked for anything?
        """
        start = CODEC.encode(RequestMessage(0))[:5]
        _, asked, after = self.transport.value().rpartition(start)
        self.transport.clear()
        if self.rest or not asked:
            return False
        frame = CODEC.encode(
            PieceMessage(int.from_bytes(after[:4], "big"), bytes(PIECE))
        )
        self.protocol.dataReceived(frame[:-LAST_BYTES])
        self.rest = frame[-LAST_BYTES:]
        return True

    def drip(self, size: int = 1) -> None:
        """
        A little more of it.
        """
        drop, self.rest = self.rest[:size], self.rest[size:]
        if drop:
            self.protocol.dataReceived(drop)


class StallingTests(SynchronousTestCase):
    """
    Neighbours that begin a piece and do not go on.
    """

    def set_up(self, budget_bytes: int) -> None:
        """
        A peer that lacks everything.
        """
        self.clock = Clock()
        peers = tuple(
            PeerInfo(number, "localhost", 6000 + number, number > 1)
            for number in range(1, NEIGHBORS + 2)
        )
        common = CommonConfig(
            preferred_neighbors=1,
            unchoking_interval_seconds=5,
            optimistic_unchoking_interval_seconds=10,
            file_name="file",
            file_size_bytes=LAYOUT.file_size_bytes,
            piece_size_bytes=PIECE,
        )
        storage = MemoryStorage(LAYOUT)
        storage.open()
        store = PieceStore(LAYOUT, storage)
        self.observer = RecordingObserver([])
        bus = EventBus(lambda *_: None)
        bus.add(self.observer)
        rng = random.Random(1)
        picker = RandomPicker(store.bits, rng)
        self.node = PeerNode(
            Config(1, common, peers),
            store,
            RequestManager(store, picker, budget_bytes=budget_bytes),
            ChokingManager(1, rng),
            bus,
        )
        self.node.start(is_placed=False)
        self.factory = PeerFactory(
            self.node,
            store,
            self.node.registry,
            clock=self.clock,
            limits=Limits(stall_seconds=STALL_SECONDS, progress_bytes=64),
        )

    def call(self, peer_id: int) -> Slow:
        """
        Somebody calls.
        """
        protocol = self.factory.buildProtocol(IPv4Address("TCP", "::1", 1))
        assert protocol is not None
        return Slow(protocol, peer_id)

    def held_bytes(self, neighbors: list[Slow]) -> int:
        """
        What unfinished pieces take.
        """
        return sum(each.protocol.held_bytes for each in neighbors)

    def test_many(self) -> None:
        """
        However many they are, and whatever they drip, the pieces that they began take
        no more than the memory there is for pieces.
        """
        self.set_up(BUDGET)
        neighbors = [self.call(number) for number in range(2, NEIGHBORS + 2)]
        begun = most = 0
        for _ in range(int(NEIGHBORS * STALL_SECONDS) + 1):
            for each in neighbors:
                begun += each.begin_piece()
                most = max(most, self.held_bytes(neighbors))
                each.drip()
            self.clock.advance(1)
        self.assertEqual(begun, NEIGHBORS)
        self.assertLessEqual(most, BUDGET + 5)
        self.assertGreaterEqual(most, PIECE)

    def test_dropped(self) -> None:
        """
        A piece that was dropped on its way counts as come in vain, and who sent it is
        asked again.
        """
        self.set_up(BUDGET)
        slow = self.call(2)
        slow.begin_piece()
        self.clock.advance(STALL_SECONDS)
        other = self.call(3)
        self.assertEqual(slow.protocol.held_bytes, 0)
        slow.drip(LAST_BYTES)
        self.assertIn(
            (2, PIECE),
            [
                (event.peer_id, event.size_bytes)
                for event in self.observer.events
                if isinstance(event, DuplicatePieceReceived)
            ],
        )
        self.assertEqual(self.node.store.bits.count, 0)
        self.assertTrue(other.begin_piece())
        other.drip(LAST_BYTES)
        self.assertEqual(self.node.store.bits.count, 1)
        self.assertTrue(slow.begin_piece() or other.begin_piece())

    def test_honest(self) -> None:
        """
        One that is only slow, and the only one that has the file, gets through with
        each piece, with room for one or for many: nothing else is asked of it before.
        """
        for budget_bytes in (1, BUDGET, 64 * PIECE):
            self.set_up(budget_bytes)
            slow = self.call(2)
            for held in range(LAYOUT.piece_count):
                self.assertEqual(self.node.store.bits.count, held)
                self.assertTrue(slow.begin_piece())
                for _ in range(10):
                    self.clock.advance(STALL_SECONDS)
                    slow.drip(LAST_BYTES // 10)
            self.assertTrue(self.node.store.is_complete)

    def test_with_room(self) -> None:
        """
        Where there is room, what is late is kept while others are asked.
        """
        self.set_up(4 * PIECE)
        slow = self.call(2)
        slow.begin_piece()
        self.clock.advance(STALL_SECONDS)
        other = self.call(3)
        other.begin_piece()
        slow.drip(LAST_BYTES)
        other.drip(LAST_BYTES)
        self.assertEqual(self.node.store.bits.count, 2)

    def test_gone(self) -> None:
        """
        A neighbour that leaves leaves nothing behind that takes room.
        """
        self.set_up(3 * PIECE)
        for number in range(2, 6):
            slow = self.call(number)
            self.assertTrue(slow.begin_piece())
            self.clock.advance(STALL_SECONDS)
            slow.protocol.close()
        kept = self.call(6)
        kept.begin_piece()
        self.clock.advance(STALL_SECONDS)
        other = self.call(7)
        other.begin_piece()
        self.assertGreater(kept.protocol.held_bytes, PIECE)
