"""
Tests for L{swarmpeer.verified_service}, on a clock and a network of the tests' own.
"""

from collections.abc import Iterable

from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.verified_node import VerifiedNode
from swarmpeer.core.window import LEAST_PIECES
from swarmpeer.errors import ListenError, StorageError
from swarmpeer.events import (
    CheckProgressed,
    FetchingResumed,
    FileChanged,
    FilePlaced,
    PieceHealed,
    PieceRequested,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordSaved,
    SwarmCompleted,
    UnchokedBy,
    ViolationSeen,
)
from swarmpeer.interfaces import IPeerService
from swarmpeer.test.verified_fixtures import PIECE
from swarmpeer.test.verified_peers import NO_SCRUB, PIECES, SlowMemory, VerifiedPeers
from swarmpeer.verified_service import (
    CHECK_PROGRESS_SECONDS,
    RETRY_SECONDS,
    REVIEW_SECONDS,
    Verification,
)

_CALLER = IPv4Address("TCP", "127.0.0.1", 9)


class KnowsLate(SlowMemory):
    """
    A storage of others, which is told by the test whether it is whole.
    """

    __module__ = "theirs"

    def __init__(self, layout: PieceLayout, whole: bytes, held: Iterable[int]) -> None:
        super().__init__(layout, whole, held)
        del self.is_whole


class WholeSwarmTests(SynchronousTestCase):
    """
    Peers that run undisturbed.
    """

    def test_interface(self) -> None:
        """
        It is what an embedding program holds.
        """
        verifyObject(IPeerService, VerifiedPeers().peer(1))

    def test_whole_swarm(self) -> None:
        """
        Three peers end with the same file, and each says so once to whoever waits,
        before or after it happened.
        """
        swarm = VerifiedPeers()
        peers = [swarm.peer(i) for i in (1, 2, 3)]
        early = [peer.when_complete() for peer in peers]
        for peer in peers:
            peer.startService()
        swarm.run(20)
        for peer_id, peer in enumerate(peers, 1):
            self.successResultOf(early[peer_id - 1])
            self.successResultOf(peer.when_swarm_complete())
            self.assertTrue(swarm.is_right(peer_id))
            self.assertEqual(len(swarm.told(peer_id, FilePlaced)), 1)
            self.assertEqual(len(swarm.told(peer_id, SwarmCompleted)), 1)
            self.assertEqual(peer.progress().held, PIECES)

    def test_some_pieces_are_there(self) -> None:
        """
        What the check found is not fetched.
        """
        swarm = VerifiedPeers(2)
        seed, leecher = swarm.peer(1), swarm.peer(2, held=[0, 2])
        seed.startService()
        leecher.startService()
        self.assertEqual(leecher.progress().held, 2)
        swarm.run(10)
        self.successResultOf(leecher.when_swarm_complete())
        self.assertEqual(len(swarm.told(2, PieceStored)), 2)

    def test_again(self) -> None:
        """
        A peer that was stopped may be started again, and nothing is left of a run:
        no timer, no port.
        """
        swarm = VerifiedPeers(2)
        seed, leecher = swarm.peer(1), swarm.peer(2)
        for _ in range(2):
            seed.startService()
            leecher.startService()
            swarm.run(10)
            self.successResultOf(leecher.when_swarm_complete())
            stopped = [seed.stopService(), leecher.stopService()]
            swarm.run(5)
            for each in stopped:
                self.successResultOf(each)
            self.assertEqual(swarm.clock.getDelayedCalls(), [])
            self.assertEqual(swarm.network.factories, {})
        self.assertEqual([swarm.memories[i].closed for i in (1, 2)], [2, 2])

    def test_classic_peer(self) -> None:
        """
        A peer of the classic protocol is turned away, or served where that is
        allowed.
        """
        for is_allowed in (False, True):
            swarm = VerifiedPeers(2)
            strictness = Verification(is_allowed, scrub_bytes_per_second=0)
            swarm.peer(1, verification=strictness).startService()
            classic = swarm.classic_peer(2)
            classic.startService()
            swarm.run(10)
            self.assertEqual(classic.progress().held, PIECES * is_allowed)
            reasons = [
                event.reason
                for event in swarm.told(1, ViolationSeen)
                if isinstance(event, ViolationSeen)
            ]
            self.assertEqual(set(reasons), set() if is_allowed else {"classic-peer"})


class CheckTests(SynchronousTestCase):
    """
    What is on the disk is looked at when a peer starts.
    """

    def setUp(self) -> None:
        """
        A seed whose check takes its time.
        """
        self.swarm = VerifiedPeers(2)
        self.peer = self.swarm.peer(1)
        self.memory = self.swarm.memories[1]
        self.memory.is_slow = True

    def test_meanwhile(self) -> None:
        """
        Until the check is done it listens and turns callers away; it holds nothing,
        calls nobody and is not complete.  After that it takes callers.
        """
        self.peer.startService()
        door = self.swarm.network.factories[6001]
        self.assertIsNone(door.buildProtocol(_CALLER))
        self.assertIsNone(self.peer.node)
        self.assertEqual(self.peer.progress().held, 0)
        self.assertEqual(self.swarm.clock.getDelayedCalls(), [])
        waiting = self.peer.when_complete()
        self.assertNoResult(waiting)
        ((_, done, _),) = self.memory.checks
        done(self.memory.held())
        self.successResultOf(waiting)
        self.assertIsNotNone(door.buildProtocol(_CALLER))
        self.assertEqual(self.peer.progress().held, PIECES)
        self.assertEqual(self.swarm.told(1, FilePlaced), [FilePlaced()])

    def test_failure(self) -> None:
        """
        A check that fails, fails those who wait for the peer, and it can be
        stopped.
        """
        self.peer.startService()
        waiting = [self.peer.when_complete(), self.peer.when_swarm_complete()]
        ((_, _, failed),) = self.memory.checks
        error = StorageError("it is not there")
        failed(error)
        for each in waiting:
            self.assertIs(self.failureResultOf(each, StorageError).value, error)
        self.successResultOf(self.peer.stopService())
        self.assertEqual(self.memory.closed, 1)

    def test_knows_late(self) -> None:
        """
        A storage of others is asked whether it is whole once its check is done.  One
        that does not know even then fails those who wait.
        """
        peer = self.swarm.peer(1, memory_type=KnowsLate)
        memory = self.swarm.memories[1]
        memory.is_slow = True
        peer.startService()
        waiting = peer.when_complete()
        memory.checks[0][1](memory.held())
        error = self.failureResultOf(waiting, TypeError).value
        self.assertIn(
            "the storage theirs:KnowsLate raised AttributeError: ", str(error)
        )
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.successResultOf(peer.stopService())
        peer.startService()
        waiting = peer.when_complete()
        memory.is_whole = True
        memory.checks[1][1](memory.held())
        self.successResultOf(waiting)
        self.successResultOf(peer.stopService())

    def test_stopped(self) -> None:
        """
        An answer that comes after the stop, whatever it is, is heard by nobody; nor
        is it when the next run is under way.
        """
        self.peer.startService()
        waiting = self.peer.when_complete()
        self.successResultOf(self.peer.stopService())
        self.failureResultOf(waiting, CancelledError)
        ((_, done, failed),) = self.memory.checks
        failed(StorageError("it is closed"))
        done(self.memory.held())
        self.assertIsNone(self.peer.node)
        self.peer.startService()
        again = self.peer.when_complete()
        failed(StorageError("it is closed"))
        done(self.memory.held())
        self.assertNoResult(again)
        self.assertEqual(self.swarm.clock.getDelayedCalls(), [])
        self.memory.checks[1][1](self.memory.held())
        self.successResultOf(again)

    def test_progress(self) -> None:
        """
        How far a long check is is told every few seconds.
        """
        self.peer.startService()
        ((progress, _, _),) = self.memory.checks
        told = []
        for second in range(12):
            self.swarm.clock.advance(1)
            progress(second, 100)
            told.append(len(self.swarm.told(1, CheckProgressed)))
        self.assertEqual(CHECK_PROGRESS_SECONDS, 5.0)
        self.assertEqual(told, [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
        self.assertEqual(
            self.swarm.told(1, CheckProgressed)[0], CheckProgressed(4, 100)
        )

    def test_port_taken(self) -> None:
        """
        A peer that nobody could call does not start, does not look at its files,
        and gives them back.
        """
        self.swarm.network.factories[6001] = Factory()
        self.assertRaises(ListenError, self.peer.startService)
        self.assertEqual((self.memory.checks, self.memory.closed), ([], 1))


class DriveTests(SynchronousTestCase):
    """
    What the service has the node do from time to time.
    """

    def times(
        self, method: str, strictness: Verification, seconds: float
    ) -> list[float]:
        """
        When a seed's node is told to do something.
        """
        swarm = VerifiedPeers(2)
        times: list[float] = []
        self.patch(VerifiedNode, method, lambda _: times.append(swarm.clock.seconds()))
        swarm.peer(1, verification=strictness).startService()
        swarm.run(seconds)
        return times

    def test_review(self) -> None:
        """
        Requests are reviewed four times a second.
        """
        times = self.times("review_requests", NO_SCRUB, 1)
        self.assertEqual(times, [0.25, 0.5, 0.75, 1.0])
        self.assertEqual(REVIEW_SECONDS, 0.25)

    def test_retry(self) -> None:
        """
        The disk is tried again every two seconds.
        """
        times = self.times("retry_storage", NO_SCRUB, 5)
        self.assertEqual(times, [2.0, 4.0])
        self.assertEqual(RETRY_SECONDS, 2.0)

    def test_scrub(self) -> None:
        """
        What is held is read again at the rate that is wanted, or never.
        """
        allowed: list[int] = []
        self.patch(VerifiedNode, "scrub", lambda _, size: allowed.append(size))
        for rate in (PIECE // 2, PIECE, 100 * PIECE, 0):
            swarm = VerifiedPeers(2)
            strictness = Verification(scrub_bytes_per_second=rate)
            swarm.peer(1, verification=strictness).startService()
            swarm.run(4)
            self.assertEqual(sum(allowed), 4 * rate)
            allowed.clear()


class DamageTests(SynchronousTestCase):
    """
    What is told, and what becomes of it.
    """

    def rot(self, strictness: Verification) -> VerifiedPeers:
        """
        A swarm of two holders, of which one has a piece that rots while it runs.
        """
        swarm = VerifiedPeers(3)
        swarm.peer(1, verification=strictness).startService()
        swarm.peer(2, held=range(PIECES)).startService()
        swarm.run(1)
        swarm.memories[1].rot(2)
        return swarm

    def test_healed(self) -> None:
        """
        The scrub finds a rotten piece, which is withdrawn and fetched from another
        holder.
        """
        swarm = self.rot(Verification(scrub_bytes_per_second=PIECE))
        swarm.run(3 * PIECES)
        self.assertEqual(
            swarm.told(1, PieceWithdrawn, PieceHealed),
            [PieceWithdrawn(2, "the scrub found it wrong"), PieceHealed(2)],
        )
        self.assertTrue(swarm.is_right(1))

    def test_not_healed(self) -> None:
        """
        Where pieces are not to be healed, it is withdrawn only.
        """
        swarm = self.rot(Verification(heals=False, scrub_bytes_per_second=PIECE))
        swarm.run(3 * PIECES)
        self.assertEqual(
            swarm.told(1, PieceWithdrawn, PieceHealed),
            [PieceWithdrawn(2, "the scrub found it wrong")],
        )
        self.assertFalse(swarm.is_right(1))

    def test_put_right_again(self) -> None:
        """
        A piece that somebody puts right on the disk is held again, whoever else
        has it.
        """
        swarm = self.rot(Verification(heals=False, scrub_bytes_per_second=PIECE))
        swarm.run(3 * PIECES)
        swarm.memories[1].pieces[2] = swarm.memories[1].right(2)
        swarm.run(RETRY_SECONDS)
        self.assertEqual(swarm.told(1, PieceHealed), [PieceHealed(2)])

    def test_request_window(self) -> None:
        """
        So many pieces are asked of a neighbour at once as the option says; without it
        one until a piece came.
        """
        for window, asked in (3, 3), (None, 1):
            swarm = VerifiedPeers(2)
            swarm.peer(1).startService()
            swarm.peer(2, request_window=window).startService()
            swarm.run(3)
            events = swarm.events[2]
            at_once = events[: events.index(UnchokedBy(1))]
            requested = [each for each in at_once if isinstance(each, PieceRequested)]
            self.assertEqual(len(requested), asked)

    def test_disk_full(self) -> None:
        """
        When the disk takes nothing, fetching pauses; when it does again, fetching
        goes on by itself within a few seconds.
        """
        swarm = VerifiedPeers(2)
        seed, leecher = swarm.peer(1), swarm.peer(2)
        swarm.memories[2].failure = StorageError("no space left")
        seed.startService()
        leecher.startService()
        swarm.run(2)
        # What was on its way already comes, too.
        before = len(swarm.told(2, PieceStoreFailed))
        self.assertLessEqual(before, 2 + 1 + LEAST_PIECES)
        swarm.run(7)
        self.assertTrue(leecher.progress().is_paused)
        # One piece at each preferred round, and at each look at the disk.
        self.assertLessEqual(len(swarm.told(2, PieceStoreFailed)), before + 7 + 4)
        swarm.memories[2].failure = None
        swarm.run(RETRY_SECONDS + 0.5)
        self.assertEqual(swarm.told(2, FetchingResumed), [FetchingResumed()])
        self.assertTrue(swarm.is_right(2))
        self.assertFalse(leecher.progress().is_paused)

    def test_storage_tells(self) -> None:
        """
        What the storage tells is published, before there is a node and after; what
        is recorded is in the progress.
        """
        swarm = VerifiedPeers(2)
        peer = swarm.peer(1)
        memory = swarm.memories[1]
        memory.is_slow = True
        peer.startService()
        told = FileChanged("a", False)
        memory.publish(told)
        self.assertIsNone(peer.progress().recorded)
        memory.checks[0][1](memory.held())
        memory.publish(told)
        memory.publish(RecordSaved(3))
        self.assertEqual(
            swarm.told(1, FileChanged, RecordSaved), [told, told, RecordSaved(3)]
        )
        self.assertEqual(peer.progress().recorded, 3)
