"""
A peer that knows its swarm by the infohash alone: it asks the others for the
manifest first, and is an ordinary peer from then on.
"""

from collections.abc import Awaitable, Callable, Iterable

from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.config import Config
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.core.holdings import Holdings
from swarmpeer.core.progress import Progress
from swarmpeer.errors import SwarmPeerError
from swarmpeer.events import SwarmEvent
from swarmpeer.fitting import checked
from swarmpeer.interfaces import IPeerService, ISwarmObserver
from swarmpeer.manifest import Manifest
from swarmpeer.milestone import Milestones
from swarmpeer.net.manifest_fetch import ManifestFetcher
from swarmpeer.observing import logging_bus
from swarmpeer.service import PeerService

MakeFetcher = Callable[[Callable[[SwarmEvent], None]], ManifestFetcher]
"""
Who hears of what happens, to who fetches the manifest.  Asked at each start.
"""
KeepManifest = Callable[[Manifest], Awaitable[None]]
"""
Keeps the manifest for later starts.
"""
MakePeer = Callable[[Manifest], PeerService]
"""
The manifest, to the peer, which is not started.

It may raise L{SwarmPeerError}.
"""


@implementer(IPeerService)
class JoiningService(MultiService):
    """
    Fetches the manifest, then runs the peer.

    @ivar infohash: of the manifest.
    @ivar peer: the peer, once there is one; it stays for later starts.
    """

    _log = Logger()

    def __init__(
        self,
        make_fetcher: MakeFetcher,
        make_peer: MakePeer,
        *,
        before: Progress,
        infohash: bytes = b"",
        keep: KeepManifest | None = None,
        observers: Iterable[ISwarmObserver] = (),
    ) -> None:
        """
        @param before: what is told of the progress as long as there is no peer.
        @param infohash: of the manifest.
        """
        super().__init__()
        self.peer: PeerService | None = None
        self.infohash = infohash
        self._make_fetcher = make_fetcher
        self._keep = keep
        self._make_peer = make_peer
        self._before = before
        self._joining: Deferred[None] | None = None
        self._is_keeping = False
        self._rates: Rates | None = None
        self._bus = logging_bus(self._log)
        self._observers: list[tuple[ISwarmObserver, tuple[type[SwarmEvent], ...]]] = []
        self._milestones = Milestones()
        for observer in observers:
            self.add_observer(observer)

    # What the embedding program asks: IPeerService.

    def when_complete(self) -> Deferred[None]:
        """
        See L{PeerService.when_complete}.
        """
        return self._milestones.placed.when()

    def when_swarm_complete(self) -> Deferred[None]:
        """
        See L{PeerService.when_swarm_complete}.
        """
        return self._milestones.swarm_complete.when()

    def add_observer(
        self, observer: ISwarmObserver, *event_classes: type[SwarmEvent]
    ) -> None:
        """
        See L{PeerService.add_observer}.
        """
        self._bus.add(checked(observer, ISwarmObserver), *event_classes)
        if self.peer is not None:
            self.peer.add_observer(observer, *event_classes)
        self._observers.append((observer, event_classes))

    def remove_observer(self, observer: ISwarmObserver) -> None:
        """
        See L{PeerService.remove_observer}.
        """
        self._bus.remove(observer)
        # By identity, as there.
        self._observers = [wish for wish in self._observers if wish[0] is not observer]
        if self.peer is not None:
            self.peer.remove_observer(observer)

    def set_rates(self, rates: Rates) -> None:
        """
        See L{PeerService.set_rates}.  They do not hold for the fetch of the manifest.
        """
        self._rates = rates
        if self.peer is not None:
            self.peer.set_rates(rates)

    def progress(self) -> Progress:
        """
        How far this peer is, now.
        """
        return self._before if self.peer is None else self.peer.progress()

    def holdings(self) -> Holdings | None:
        """
        Who holds what, now; C{None} before it is known what is here.
        """
        return None if self.peer is None else self.peer.holdings()

    @property
    def config(self) -> Config | None:
        """
        What the peer was told; C{None} as long as there is none.
        """
        return None if self.peer is None else self.peer.config

    # What Twisted asks: IService.

    def startService(self) -> None:
        """
        Ask for the manifest, or, if it is here from an earlier start, begin.

        @raise SwarmPeerError: see L{PeerService.startService}.
        """
        if self.peer is not None:
            self._follow(self.peer)
        super().startService()
        if self.peer is None:
            self._log.info(
                "peer {peer}: has no manifest yet and asks the others for it",
                peer=self._before.peer_id,
            )
            self._joining = Deferred.fromCoroutine(self._join())
            self._joining.addErrback(self._give_up)

    def stopService(self) -> Deferred[None]:
        """
        Stop what is under way.

        @return: fires when all is done.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        # First of all, so that what is under way goes no further.
        stopped = super().stopService()
        if self._joining is not None:
            if self._is_keeping:
                # What a thread has begun cannot be called off.
                await _over(self._joining)
            self._joining.cancel()
        if isinstance(stopped, Deferred):
            await stopped
        self._milestones.abandon()
        self._milestones = Milestones()

    async def _join(self) -> None:
        manifest = await self._make_fetcher(self._bus.publish).start()
        if self._keep is not None:
            self._is_keeping = True
            try:
                await self._keep(manifest)
            finally:
                self._is_keeping = False
        if not self.running:
            raise CancelledError
        self.peer = peer = self._make_peer(manifest)
        for observer, event_classes in self._observers:
            peer.add_observer(observer, *event_classes)
        if self._rates is not None:
            peer.set_rates(self._rates)
        self._follow(peer)
        # It starts with this, since we run.
        peer.setServiceParent(self)

    def _follow(self, peer: PeerService) -> None:
        peer.when_complete().addBoth(self._milestones.placed.settle)
        peer.when_swarm_complete().addBoth(self._milestones.swarm_complete.settle)

    def _give_up(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(SwarmPeerError):
            self._log.critical("{error}", error=failure.value)
        else:
            self._log.failure("joining the swarm failed", failure)
        self._milestones.fail(failure)


def _over(deferred: Deferred[None]) -> Deferred[None]:
    """
    @return: fires when that one has.
    """
    over: Deferred[None] = Deferred()
    deferred.addBoth(lambda _: over.callback(None))
    return over
