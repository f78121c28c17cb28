"""
Tests for L{swarmpeer.joining}, on a clock and a network of the tests' own.
"""

import random
from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.config.rate_schedule import Rates
from swarmpeer.core.progress import Progress
from swarmpeer.errors import ListenError, StorageError
from swarmpeer.events import (
    DialFailed,
    FilePlaced,
    ListeningStarted,
    ManifestFetched,
    PieceStored,
    SwarmEvent,
)
from swarmpeer.interfaces import IPeerService, ISwarmObserver
from swarmpeer.joining import JoiningService
from swarmpeer.manifest import Manifest
from swarmpeer.net.manifest_fetch import ManifestFetcher
from swarmpeer.service import PeerService
from swarmpeer.test.test_service import Endpoint
from swarmpeer.test.verified_peers import PIECES, VerifiedPeers
from swarmpeer.testing.recorders import RecordingObserver
from swarmpeer.verified_service import VerifiedPeerService

_BEFORE = Progress(
    peer_id=2,
    held=0,
    piece_count=0,
    is_placed=False,
    optimistic=None,
    neighbors=(),
    incomplete=(1,),
)


class JoiningTests(SynchronousTestCase):
    """
    Peer 2 knows only the infohash; peer 1 has everything.
    """

    def setUp(self) -> None:
        """
        Nobody is started yet.
        """
        self.swarm = VerifiedPeers(2)
        self.seed = self.swarm.peer(1)
        self.fetchers = 0
        self.manifests: list[Manifest] = []
        self.observer = RecordingObserver()
        self.joining = self.make(self.observer)

    def make(self, *observers: ISwarmObserver) -> JoiningService:
        """
        Peer 2.
        """
        return JoiningService(
            self.make_fetcher, self.make_peer, before=_BEFORE, observers=observers
        )

    def make_fetcher(self, publish: Callable[[SwarmEvent], None]) -> ManifestFetcher:
        """
        The usual one.
        """
        self.fetchers += 1
        return ManifestFetcher(
            self.swarm.content.manifest.infohash,
            2,
            self.swarm.infos[:1],
            lambda peer: Endpoint(self.swarm.network, peer.port),
            self.swarm.clock,
            random.Random(2),
            publish,
        )

    def make_peer(self, manifest: Manifest) -> PeerService:
        """
        The usual one.
        """
        self.manifests.append(manifest)
        return self.swarm.peer(2)

    def count(self, observer: RecordingObserver, kind: type[SwarmEvent]) -> int:
        """
        How often C{observer} heard of something.
        """
        return sum(isinstance(event, kind) for event in observer.events)

    def test_interface(self) -> None:
        """
        It is what an embedding program holds.
        """
        verifyObject(IPeerService, self.joining)

    def test_joins(self) -> None:
        """
        It gets the manifest, then the file, and says so to whoever waits; who
        listens from the start hears each thing once.
        """
        early = self.joining.when_complete()
        self.joining.startService()
        self.swarm.run(0.5)
        self.assertEqual(self.joining.progress(), _BEFORE)
        self.assertGreater(self.count(self.observer, DialFailed), 0)
        self.assertNotIn(6002, self.swarm.network.factories)
        self.seed.startService()
        self.swarm.run(10)
        self.successResultOf(early)
        self.successResultOf(self.joining.when_complete())
        self.successResultOf(self.joining.when_swarm_complete())
        self.successResultOf(self.seed.when_swarm_complete())
        self.assertEqual(self.manifests, [self.swarm.content.manifest])
        self.assertEqual(self.joining.progress().held, PIECES)
        for kind, times in (
            (ManifestFetched, 1),
            (ListeningStarted, 1),
            (PieceStored, PIECES),
            (FilePlaced, 1),
        ):
            self.assertEqual(self.count(self.observer, kind), times, kind)

    def test_says_so(self) -> None:
        """
        Who has no manifest says at each start what it waits for.
        """
        words = "peer 2: has no manifest yet and asks the others for it"
        with capturedLogs() as logs:
            self.joining.startService()
        self.assertEqual(list(map(formatEvent, logs)), [words])
        self.seed.startService()
        self.swarm.run(10)
        self.joining.stopService()
        self.swarm.run(5)
        with capturedLogs() as logs:
            self.joining.startService()
            self.swarm.run(1)
        self.assertNotIn(words, list(map(formatEvent, logs)))

    def test_rates(self) -> None:
        """
        Rates that were set before there is a peer hold for it, as later ones do.
        """
        told: list[Rates] = []

        def note(_peer: VerifiedPeerService, rates: Rates) -> None:
            told.append(rates)

        self.patch(VerifiedPeerService, "set_rates", note)
        self.seed.startService()
        self.joining.set_rates(Rates(up=5000))
        self.joining.startService()
        self.assertEqual(told, [])
        self.swarm.run(10)
        self.assertEqual(told, [Rates(up=5000)])
        self.joining.set_rates(Rates())
        self.assertEqual(told, [Rates(up=5000), Rates()])

    def test_observers(self) -> None:
        """
        Observers may come and go before there is a peer and after, and choose what
        they hear; what is none is refused.
        """
        gone, late, choosy = (RecordingObserver() for _ in range(3))
        self.joining.add_observer(gone)
        self.joining.add_observer(choosy, ManifestFetched, FilePlaced)
        self.joining.remove_observer(gone)
        self.assertRaises(ValueError, self.joining.remove_observer, gone)
        self.seed.startService()
        self.joining.startService()
        self.swarm.network.settle()
        self.joining.add_observer(late)
        self.joining.remove_observer(self.observer)
        heard = len(self.observer.events)
        self.swarm.run(10)
        self.assertEqual(gone.events, [])
        self.assertEqual(len(self.observer.events), heard)
        self.assertEqual(self.count(late, PieceStored), PIECES)
        self.assertEqual(self.count(late, ManifestFetched), 0)
        size = len(self.swarm.content.manifest.encode())
        self.assertEqual(choosy.events, [ManifestFetched(1, size), FilePlaced()])
        with self.assertRaises(TypeError):
            self.joining.add_observer(object())  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            self.make().add_observer(object())  # type: ignore[arg-type]

    def test_stopped_before_the_manifest(self) -> None:
        """
        A peer that is stopped while it asks leaves nothing behind; it may be
        started again.
        """
        self.joining.startService()
        self.swarm.run(0.5)
        waiting = [self.joining.when_complete(), self.joining.when_swarm_complete()]
        self.successResultOf(self.joining.stopService())
        for each in waiting:
            self.failureResultOf(each, CancelledError)
        self.assertEqual(self.swarm.clock.getDelayedCalls(), [])
        self.seed.startService()
        self.joining.startService()
        self.swarm.run(10)
        self.successResultOf(self.joining.when_complete())

    def test_stopped_while_it_keeps_the_manifest(self) -> None:
        """
        A stop waits until the manifest is kept, and then nothing begins.
        """
        kept: Deferred[None] = Deferred()
        self.joining = JoiningService(
            self.make_fetcher, self.make_peer, before=_BEFORE, keep=lambda _: kept
        )
        self.seed.startService()
        self.joining.startService()
        self.swarm.run(5)
        stopped = self.joining.stopService()
        self.assertNoResult(stopped)
        kept.callback(None)
        self.successResultOf(stopped)
        self.assertIsNone(self.joining.peer)
        self.assertEqual(self.manifests, [])

    def test_again(self) -> None:
        """
        Once it has the manifest it does not ask for it again; those who waited
        during the first run hear of its end, and others of the second.
        """
        self.seed.startService()
        self.joining.startService()
        self.swarm.run(0.5)
        peer = self.joining.peer
        self.assertIsNotNone(peer)
        waiting = self.joining.when_complete()
        stopped = self.joining.stopService()
        self.swarm.run(5)
        self.successResultOf(stopped)
        self.failureResultOf(waiting, CancelledError)
        later = self.joining.when_complete()
        self.joining.startService()
        self.swarm.run(10)
        self.successResultOf(later)
        self.assertIs(self.joining.peer, peer)
        self.assertEqual(self.fetchers, 1)
        self.assertEqual(self.count(self.observer, ManifestFetched), 1)

    def test_no_peer(self) -> None:
        """
        If there can be no peer, those who wait for it hear why.
        """
        error = StorageError("no place for the manifest")

        def make_peer(_: Manifest) -> PeerService:
            raise error

        joining = JoiningService(self.make_fetcher, make_peer, before=_BEFORE)
        self.seed.startService()
        joining.startService()
        waiting = joining.when_complete()
        self.swarm.network.settle()
        self.assertIs(self.failureResultOf(waiting, StorageError).value, error)
        self.failureResultOf(joining.when_swarm_complete(), StorageError)
        self.successResultOf(joining.stopService())

    def test_peer_cannot_start(self) -> None:
        """
        If the peer cannot start, those who wait hear why; when it is started again
        and can, it is the same one.
        """
        self.swarm.network.factories[6002] = Factory()
        self.seed.startService()
        self.joining.startService()
        waiting = self.joining.when_complete()
        self.swarm.network.settle()
        self.failureResultOf(waiting, ListenError)
        self.successResultOf(self.joining.stopService())
        del self.swarm.network.factories[6002]
        self.joining.startService()
        self.swarm.run(10)
        self.successResultOf(self.joining.when_complete())
        self.assertEqual((self.fetchers, len(self.manifests)), (1, 1))

    def test_nobody_waits(self) -> None:
        """
        A failure that nobody waits for is no more than a line in the log.
        """
        self.swarm.network.factories[6002] = Factory()
        self.seed.startService()
        self.joining.startService()
        self.swarm.network.settle()
        self.successResultOf(self.joining.stopService())
        self.assertEqual(self.flushLoggedErrors(), [])
