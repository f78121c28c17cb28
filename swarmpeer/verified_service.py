"""
A peer of a verified swarm: L{swarmpeer.service.PeerService} with a manifest.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.protocol import Factory, Protocol

from swarmpeer.config import Config
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.core.bounded_node import BoundedNode
from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.core.guarding import guard_verified_storage, make_picker
from swarmpeer.core.layout import layout_of
from swarmpeer.core.node import PeerNode
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.requests import BUDGET_BYTES
from swarmpeer.core.verified_node import Equipment, VerifiedNode
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import ListenError, StorageError
from swarmpeer.events import CheckProgressed, FilePlaced, SwarmEvent
from swarmpeer.fitting import checked
from swarmpeer.interfaces import ISwarmObserver, IVerifiedStorage
from swarmpeer.manifest import Manifest
from swarmpeer.net.dialing import Dialer
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.net.sampling import SampleDialer
from swarmpeer.net.verified_factory import VerifiedFactory
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.service import DialEndpoint, PeerService
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.handshake import Feature

REVIEW_SECONDS = 0.25
"""
How often it is looked whether a piece takes so long that it is asked of another
neighbour, too; and how often something more of what is held is read and checked.
"""
RETRY_SECONDS = 2.0
"""
How often a disk that refused pieces is tried again.
"""
KEPT_SECONDS = 30.0
"""
How long the bytes of the manifest are kept after somebody asked for them.
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
        choking_policy: ChokingFactory = ChokingManager,
        piece_picker: PickerFactory = RarestPicker,
        request_window: int | None = None,
        budget_bytes: int = BUDGET_BYTES,
        rates: Rates = Rates(),  # noqa: B008 (a frozen value)
        dscp: int = 0,
    ) -> None:
        """
        See L{PeerService}.

        @param config: names the file or folder and its size as the manifest does.
        @param piece_picker: asked at each start for who chooses the next piece.
        @param request_window: so many requests are outstanding at one neighbour;
            C{None}: by what its line takes.
        """
        layout = layout_of(manifest)
        storage = guard_verified_storage(
            checked(storage, IVerifiedStorage), layout, self._tell_fault
        )
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
            request_window=request_window,
            budget_bytes=budget_bytes,
            rates=rates,
            dscp=dscp,
        )
        self.manifest = manifest
        self._verified_storage = storage
        self._verification = verification
        self._piece_picker = piece_picker
        self._layout = layout
        self._manifest_bytes = _Kept(manifest.encode, clock.seconds)
        self._told_check_at = clock.seconds()
        self._starts = 0
        self._tell: Callable[[SwarmEvent], None] = self._bus.publish
        storage.report_to(lambda event: self._tell(event))

    @property
    def infohash(self) -> bytes:
        """
        Of the manifest.
        """
        return self.manifest.infohash

    def _begin(self) -> None:
        self._starts += 1
        self._tell = self._bus.publish
        self._storage.open()
        door = _Door()
        try:
            self._listening.begin(door)
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

    def _checking(self, done_bytes: int, total_bytes: int) -> None:
        now = self._clock.seconds()
        if now - self._told_check_at >= CHECK_PROGRESS_SECONDS:
            self._told_check_at = now
            self._bus.publish(CheckProgressed(done_bytes, total_bytes))

    def _checked(self, start: int, door: "_Door", held: Bitfield) -> None:
        if start != self._starts:
            # It was stopped meanwhile.
            return
        try:
            self._open_door(door, held)
        except Exception as error:
            # Nobody else would hear of it, and whoever waits would wait for ever.
            self._log.failure("the peer cannot begin")
            self._fail(error)

    def _open_door(self, door: "_Door", held: Bitfield) -> None:
        """
        It is known what is here: take part.
        """
        is_placed = self._storage.is_whole
        store = VerifiedStore(self._layout, self._verified_storage, held)
        node = self._make_verified_node(store)
        door.factory = self._make_factory(node, store)
        self._tell = node.storage_told
        if is_placed:
            # It took a check to know.
            self._bus.publish(FilePlaced())
        self._join(node, door.factory, is_placed=is_placed)
        self._repeat(node.review_requests, REVIEW_SECONDS)
        self._repeat(node.retry_storage, RETRY_SECONDS)
        self._repeat(self._manifest_bytes.review, KEPT_SECONDS)
        self._begin_scrub(node)

    def _not_checked(self, start: int, error: StorageError) -> None:
        if start == self._starts:
            self._fail(error)

    def _begin_scrub(self, node: VerifiedNode) -> None:
        rate = self._verification.scrub_bytes_per_second
        if rate:
            size_bytes = max(1, round(rate * REVIEW_SECONDS))
            self._repeat(partial(node.scrub, size_bytes), REVIEW_SECONDS)

    def _make_verified_node(self, store: VerifiedStore) -> VerifiedNode:
        picker = make_picker(
            self._piece_picker, store.bits, self._rng, self._bus.publish
        )
        requests = VerifiedRequests(
            store,
            picker,
            self._clock.seconds,
            request_window=self._request_window,
            budget_bytes=self._budget_bytes,
        )
        choking = self._choking(FleetChoking)
        equipment = Equipment(
            self._bus,
            self._rng,
            self._clock.seconds,
            self._manifest_bytes,
            self._verification.heals,
        )
        parts = self.config, store, requests, choking, equipment
        if self._is_large:
            return BoundedNode(*parts, self._limits.neighbors)
        return VerifiedNode(*parts)

    def _make_factory(self, node: PeerNode, store: PieceStore) -> PeerFactory:
        return VerifiedFactory(
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
            allowances=self._throttle.allowances,
            mark=self._marker.mark,
        )

    @property
    def _is_large(self) -> bool:
        """
        Are there more others than we may have as neighbours?  Classic peers know of
        the end only from everybody, so where they may be, everybody has everybody.
        """
        others = len(self.config.others)
        return others > self._limits.neighbors and not self._verification.allow_classic

    def _make_dialer(self, node: PeerNode, factory: PeerFactory) -> Dialer:
        if isinstance(node, BoundedNode):
            return SampleDialer(
                self.config.others,
                factory,
                self._dial_endpoint,
                clock=self._clock,
                rng=self._rng,
                publish=node.publish,
                sought=node,
            )
        return Dialer(
            self.config.earlier,
            factory,
            self._dial_endpoint,
            clock=self._clock,
            rng=self._rng,
            publish=node.publish,
            may_call=lambda peer_id: not self._is_shut_out(peer_id),
        )

    def _is_shut_out(self, peer_id: int) -> bool:
        return isinstance(self._node, VerifiedNode) and self._node.is_shut_out(peer_id)


class _Kept:
    """
    Bytes that take long to make, and much room, kept as long as somebody asks for
    them now and then.
    """

    def __init__(self, make: Callable[[], bytes], seconds: Callable[[], float]) -> None:
        self._make = make
        self._seconds = seconds
        self._data: bytes | None = None
        self._asked_at = 0.0

    def __call__(self) -> bytes:
        self._asked_at = self._seconds()
        if self._data is None:
            self._data = self._make()
        return self._data

    def review(self) -> None:
        """
        Called now and then.
        """
        if self._seconds() - self._asked_at >= KEPT_SECONDS:
            self._data = None


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
