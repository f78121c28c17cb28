"""
Tests of L{swarmpeer.status.watch}.
"""

from dataclasses import replace
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import Config
from swarmpeer.core.holdings import Holdings
from swarmpeer.core.progress import Progress
from swarmpeer.events import (
    Candidate,
    CheckProgressed,
    ChokedBy,
    DialFailed,
    DiskShort,
    FileCompleted,
    FilesChecked,
    ListeningStarted,
    NeighborConnected,
    NeighborDisconnected,
    PeerShutOut,
    PieceSent,
    PieceStored,
    PieceStoreFailed,
    PreferredRoundHeld,
    SwarmCompleted,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.status.encoding import decode_status, encode
from swarmpeer.status.shape import (
    Missing,
    State,
)
from swarmpeer.status.watch import StatusWatch
from swarmpeer.test.statuses import FETCHING, complete, neighbor, progress_of
from swarmpeer.wire.bitfield import Bitfield

_CONFIG = Config.parse(
    1001,
    "NumberOfPreferredNeighbors 2\nUnchokingInterval 5\n"
    "OptimisticUnchokingInterval 15\nFileName data\nFileSize 100\nPieceSize 10\n",
    "1001 localhost 6001 0\n1002 localhost 6002 1\n1003 localhost 6003 0\n",
)


class FakePeer:
    """
    What is watched, as it is told.
    """

    def __init__(self) -> None:
        self.config: Config | None = None
        self.infohash: bytes | None = b"\xaa" * 32
        self.told = progress_of()
        self.held: Holdings | None = None

    def progress(self) -> Progress:
        """
        How far it is.
        """
        return self.told

    def holdings(self) -> Holdings | None:
        """
        Who holds what.
        """
        return self.held


class StatusWatchTests(SynchronousTestCase):
    """
    L{StatusWatch}, through the life of a peer.
    """

    def setUp(self) -> None:
        """
        A peer that asks others for the manifest.
        """
        self.now = 100.0
        self.peer = FakePeer()
        self.watch = StatusWatch(self.peer, lambda: self.now)

    def at(self, now: float, *events: SwarmEvent) -> None:
        """
        They happen then.
        """
        self.now = now
        for event in events:
            self.watch.observe(event)

    def test_life(self) -> None:
        """
        It joins, starts, checks, fetches, puts in place, is complete, and fetches
        again what it lost.
        """
        peer = self.peer
        self.assertIs(self.watch.status().state, State.JOINING)
        self.assertEqual(self.watch.picture().map, "")
        peer.config = _CONFIG
        self.assertIs(self.watch.status().state, State.STARTING)
        self.at(101.0, ListeningStarted("x"), CheckProgressed(25, 100))
        status = self.watch.status()
        self.assertEqual((status.state, status.checked_share), (State.CHECKING, 0.25))
        self.at(102.0, FilesChecked(5, 5, 10))
        own = Bitfield(10)
        own.add_range(0, 4)
        peer.held = Holdings(own, {}, {})
        status = self.watch.status(with_pieces=True)
        self.assertIs(status.state, State.FETCHING)
        self.assertEqual((status.checked_share, status.pieces), (None, "+AA="))
        self.assertEqual([one.code for one in status.problems], ["no-neighbor"])
        peer.held = Holdings(Bitfield.full(10), {}, {})
        peer.told = progress_of(held=10)
        self.assertIs(self.watch.status().state, State.PLACING)
        peer.told = replace(peer.told, is_placed=True)
        self.assertTrue(self.watch.status().is_done)
        peer.held = Holdings(own, {}, {})
        self.assertIs(self.watch.status().state, State.FETCHING)
        self.assertFalse(self.watch.status().is_done)

    def test_traffic(self) -> None:
        """
        Bytes, rates and times are of the pieces that went, with all and with each.
        """
        self.peer.config = _CONFIG
        own = Bitfield(10)
        theirs = Bitfield.full(10)
        self.peer.held = Holdings(own, {1002: theirs}, {1003: theirs})
        self.peer.told = progress_of(neighbor(1002, peer_choking=False), held=0)
        self.at(110.0, NeighborConnected(1002, True), NeighborConnected(1003, True))
        self.at(112.0, NeighborDisconnected(1003, "gone"))
        self.at(113.0, PieceStored(1002, 0, 10, 1), PieceSent(1002, 0, 10))
        self.now = 114.0
        status = self.watch.status()
        self.assertEqual((status.received_bytes, status.sent_bytes), (10, 10))
        self.assertEqual((status.receive_rate, status.send_rate), (10.0, 10.0))
        self.assertEqual(status.expected_seconds, 100 / 10.0)
        self.assertEqual((status.last_piece_seconds, status.up_seconds), (1.0, 14.0))
        (one,) = status.neighbors
        self.assertEqual((one.received_bytes, one.connected_seconds), (10, 4.0))
        self.assertTrue(one.holds_all)
        self.assertEqual(status.missing, Missing(10, 0, (), ()))
        self.now = 130.0
        self.assertIsNone(self.watch.status().expected_seconds)
        self.assertEqual(set(self.watch.picture().neighbor_maps), {1002})
        self.assertEqual(self.watch.picture(after=10**6).happenings, ())

    def test_end_of_traffic(self) -> None:
        """
        Who has everything receives nothing from then on, and who is of a complete
        swarm sends nothing.
        """
        self.peer.told = progress_of(neighbor(1002))
        self.at(110.0, NeighborConnected(1002, True))
        self.at(110.0, PieceStored(1002, 0, 10, 1), PieceSent(1002, 0, 10))

        def rates() -> list[float]:
            status = self.watch.status()
            (one,) = status.neighbors
            return [
                status.receive_rate,
                one.receive_rate,
                status.send_rate,
                one.send_rate,
            ]

        self.assertEqual(rates(), [10.0] * 4)
        self.at(110.0, FileCompleted())
        self.assertEqual(rates(), [0.0, 0.0, 10.0, 10.0])
        self.at(110.0, SwarmCompleted())
        self.assertEqual(rates(), [0.0] * 4)
        self.assertEqual(self.watch.status().received_bytes, 10)

    def test_replaced(self) -> None:
        """
        A conversation that takes the place of another is as old as itself.
        """
        self.peer.told = progress_of(neighbor(1002))
        self.at(110.0, NeighborConnected(1002, True))
        self.at(115.0, NeighborDisconnected(1002, "x"), NeighborConnected(1002, True))
        self.now = 116.0
        self.assertEqual(self.watch.status().neighbors[0].connected_seconds, 1.0)

    def test_holds_all(self) -> None:
        """
        Everything is held by who tells so, and by a seed of the list that tells of
        its pieces one by one: nothing is nowhere as long as it is here.
        """
        self.peer.told = progress_of(
            neighbor(1002), neighbor(1003), neighbor(1004, held=10)
        )
        some = Bitfield(10)
        self.peer.held = Holdings(Bitfield(10), {1002: some, 1003: some}, {})

        def who() -> list[int]:
            neighbors = self.watch.status().neighbors
            return [one.peer_id for one in neighbors if one.holds_all]

        self.assertEqual(who(), [1004])
        self.assertEqual(self.watch.status().missing.nowhere, 10)
        self.peer.config = _CONFIG
        self.assertEqual(who(), [1002, 1004])
        self.assertEqual(self.watch.status().missing, Missing(10, 0, (), ()))

    def test_round(self) -> None:
        """
        The last choice is told, with who was chosen.
        """
        candidates = (Candidate(1002, 30, True), Candidate(1003, 10, False))
        held = PreferredRoundHeld(candidates, (1002,), None, True, True)
        self.at(120.0, held, held)
        self.now = 121.0
        told = self.watch.status().preferred_round
        assert told is not None
        self.assertEqual((told.number, told.held_seconds, told.by_rate), (2, 1.0, True))
        self.assertEqual([one.is_chosen for one in told.candidates], [True, False])

    def test_always_fits(self) -> None:
        """
        Whatever happens in whatever order, the status can be told and read.
        """
        events: list[SwarmEvent] = [
            ListeningStarted("x"),
            CheckProgressed(0, 0),
            FilesChecked(0, 0, 0),
            NeighborConnected(1002, True),
            NeighborDisconnected(1002, "gone"),
            DialFailed(1003, "no", 1.0),
            PieceStored(1002, 1, 10, 6),
            ChokedBy(1002),
            UnchokedBy(1002),
            PieceStoreFailed(1002, 1, "full"),
            DiskShort(1, 0),
            PeerShutOut(1002, 3, 60.0),
        ]
        chance = Random(1)
        for _ in range(300):
            self.at(self.now + chance.choice((0.0, 0.5, 20.0)), chance.choice(events))
            status = self.watch.status()
            self.assertEqual(decode_status(encode(status)), status)

    def test_readers(self) -> None:
        """
        The states of the statuses of these tests are as a peer has them.
        """
        self.assertTrue(complete().is_done)
        self.assertFalse(FETCHING.is_done)
