"""
A peer of a verified swarm: L{swarmpeer.service.PeerService} with a manifest.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import Factory, Protocol

from swarmpeer.config import Config
from swarmpeer.core.choking import ChokingManager
from swarmpeer.core.layout import layout_of
from swarmpeer.core.node import PeerNode
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.verified_node import VerifiedNode
from swarmpeer.errors import ListenError, StorageError
from swarmpeer.events import CheckProgressed, FilePlaced, SwarmEvent
from swarmpeer.interfaces import ISwarmObserver, IVerifiedStorage
from swarmpeer.manifest import Manifest
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.net.verified_protocol import VerifiedTerms
from swarmpeer.service import ChokingPolicy, DialEndpoint, PeerService
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.handshake import Feature

REVIEW_SECONDS = 0.25
"""
How often it is looked whether a piece takes so long that it is asked of another
neighbour, too.
"""
RETRY_SECONDS = 2.0
"""
How often a disk that refused pieces is tried again.
"""
CHECK_PROGRESS_SECONDS = 5.0
"""
How often it is told how far the check of the files is.
"""


@dataclass(frozen=True, slots=True)
class Verification:
    """
    How strict a peer of a verified swarm is.

    @ivar allow_classic: may peers take part that speak the course protocol alone?
        What they send is checked like all else.
    @ivar classic_peers: the ids of those that are known to, and are called in
        their way.
    @ivar heals: is a piece that got lost on our disk fetched again?
    @ivar scrub_bytes_per_second: how fast pieces that are held are read and checked
        again, in turn; 0: they are not.
    """

    allow_classic: bool = False
    classic_peers: frozenset[int] = frozenset()
    heals: bool = True
    scrub_bytes_per_second: int = 2**20


class VerifiedPeerService(PeerService):
    """
    One peer of one verified swarm.

    It listens from the start, and turns callers away until it knows what is on
    the disk.
    """

    def __init__(
        self,
        config: Config,
        manifest: Manifest,
        storage: IVerifiedStorage,
        *,
        clock: IReactorTime,
        listen_endpoint: IStreamServerEndpoint,
        dial_endpoint: DialEndpoint,
        rng: random.Random,
        verification: Verification = Verification(),
        observers: Iterable[ISwarmObserver] = (),
        limits: Limits = Limits(),  # noqa: B008 (a frozen value)
        choking_policy: ChokingPolicy = ChokingManager,
    ) -> None:
        """
        See L{PeerService}.

        @param config: names the file or folder and its size as the manifest does.
        """
        super().__init__(
            config,
            storage,
            clock=clock,
            listen_endpoint=listen_endpoint,
            dial_endpoint=dial_endpoint,
            rng=rng,
            observers=observers,
            limits=limits,
            choking_policy=choking_policy,
        )
        self.manifest = manifest
        self._verified_storage = storage
        self._verification = verification
        self._layout = layout_of(manifest)
        self._told_check_at = clock.seconds()
        self._starts = 0
        storage.report_to(self._storage_told)

    def _begin(self) -> None:
        self._starts += 1
        self._storage.open()
        door = _Door()
        try:
            self._listen(door)
        except ListenError:
            self._storage.close(lambda: None)
            raise
        start = self._starts
        self._verified_storage.check(
            self._checking,
            partial(self._checked, start, door),
            partial(self._not_checked, start),
        )

    def stopService(self) -> Deferred[None]:
        """
        See L{PeerService.stopService}; a check that is under way is given up.
        """
        self._starts += 1
        return super().stopService()

    def _storage_told(self, event: SwarmEvent) -> None:
        if isinstance(self._node, VerifiedNode):
            self._node.storage_told(event)
        else:
            self._bus.publish(event)

    def _checking(self, done_bytes: int, total_bytes: int) -> None:
        now = self._clock.seconds()
        if now - self._told_check_at >= CHECK_PROGRESS_SECONDS:
            self._told_check_at = now
            self._bus.publish(CheckProgressed(done_bytes, total_bytes))

    def _checked(self, start: int, door: "_Door", held: Bitfield) -> None:
        if start != self._starts:
            # It was stopped meanwhile.
            return
        store = PieceStore(self._layout, self._storage, held)
        node = self._make_node(store)
        door.factory = self._make_factory(node, store)
        self._join(node, door.factory)
        if self._storage.is_whole:
            # It took a check to know.
            self._bus.publish(FilePlaced())
        self._repeat(node.review_requests, REVIEW_SECONDS)
        self._repeat(node.retry_storage, RETRY_SECONDS)
        self._begin_scrub(node)

    def _not_checked(self, start: int, error: StorageError) -> None:
        if start == self._starts:
            self._fail(error)

    def _begin_scrub(self, node: VerifiedNode) -> None:
        rate = self._verification.scrub_bytes_per_second
        if rate and self._layout.piece_count:
            # One piece at a time, so small ones are the slower for it.
            seconds = self._layout.piece_size_bytes / rate
            self._repeat(node.scrub_step, max(seconds, REVIEW_SECONDS))

    def _make_node(self, store: PieceStore) -> VerifiedNode:
        return VerifiedNode(
            self.config,
            store,
            bus=self._bus,
            rng=self._rng,
            verified_storage=self._verified_storage,
            manifest_bytes=cache(self.manifest.encode),
            seconds=self._clock.seconds,
            heals=self._verification.heals,
            choking=self._choking(),
        )

    def _make_factory(self, node: PeerNode, store: PieceStore) -> PeerFactory:
        return PeerFactory(
            node,
            store,
            node.registry,
            clock=self._clock,
            limits=self._limits,
            terms=VerifiedTerms(
                self.manifest.infohash,
                Feature.VERIFIED | Feature.MANIFEST,
                self._verification.allow_classic,
                self._verification.classic_peers,
            ),
        )


class _Door(Factory):
    """
    Turns callers away until there is somebody to answer.
    """

    noisy = False
    factory: PeerFactory | None = None

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """
        Pass the caller on.
        """
        return None if self.factory is None else self.factory.buildProtocol(addr)

    def logPrefix(self) -> str:
        """
        What Twisted's log calls it.
        """
        return PeerFactory.__name__
