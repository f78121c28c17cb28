"""
One peer, put together: an ordinary Twisted service.

Everything that the peer needs of the world is handed in: the clock, chance, the
endpoints, the storage and the observers.  So C{twistd}, a C{.tac} file, an
embedding program and a simulated swarm start the same object.
"""

import random
from collections.abc import Callable, Iterable

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.config import Config, PeerInfo
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.guarding import guard_storage, make_choking
from swarmpeer.core.holdings import Holdings
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.node import PeerNode
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.progress import Progress
from swarmpeer.core.requests import BUDGET_BYTES, RequestManager
from swarmpeer.errors import ListenError, SwarmPeerError
from swarmpeer.events import (
    FilePlaced,
    ListeningStarted,
    SwarmCompleted,
    SwarmEvent,
)
from swarmpeer.fitting import checked
from swarmpeer.interfaces import (
    IChokingPolicy,
    IPeerService,
    IPieceStorage,
    ISwarmObserver,
)
from swarmpeer.listening import Listening, shown_address
from swarmpeer.milestone import Milestones
from swarmpeer.net.dialing import Dialer
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.net.throttle import Throttle
from swarmpeer.net.tuning import Marker
from swarmpeer.observing import logging_bus

ChokingPolicy = ChokingFactory
"""
The name under which embedding programs know it.
"""

DialEndpoint = Callable[[PeerInfo], IStreamClientEndpoint]
"""
Whom to call, to how.  Asked anew for every call, so that names are resolved
anew.
"""


@implementer(IPeerService)
class PeerService(MultiService):
    """
    One peer of one swarm.

    Starting it takes the folder, listens, calls the peers that are listed
    earlier and begins the choke rounds; stopping it flushes what is written,
    closes the conversations and gives the folder back.  It never stops the
    reactor: whoever embeds it decides what happens when the swarm is complete.

    @ivar config: what the peer was told.
    """

    _log = Logger()

    def __init__(
        self,
        config: Config,
        storage: IPieceStorage,
        *,
        clock: IReactorTime,
        listen_endpoint: IStreamServerEndpoint,
        dial_endpoint: DialEndpoint,
        rng: random.Random,
        observers: Iterable[ISwarmObserver] = (),
        limits: Limits = Limits(),  # noqa: B008 (a frozen value)
        lenient: bool = False,
        choking_policy: ChokingFactory = ChokingManager,
        request_window: int | None = None,
        budget_bytes: int = BUDGET_BYTES,
        rates: Rates = Rates(),  # noqa: B008 (a frozen value)
        dscp: int = 0,
    ) -> None:
        """
        @param clock: the time of everything here; monotonic, or choke rounds
            and time limits jump with it.
        @param listen_endpoint: where others call us.
        @param dial_endpoint: how to call one of the peers listed earlier.
        @param rng: where every draw comes from.
        @param lenient: take handshakes that write their numbers as text.
        @param choking_policy: asked at each start for who chooses whom to serve.
        @param request_window: so many requests are outstanding at one neighbour;
            C{None}: one, as the course protocol knows it.
        @param budget_bytes: what may be in flight and being stored, all neighbours
            together; one piece always may.
        @param rates: how fast it may be, until C{set_rates}.
        @param dscp: marks its packets for the network, 0 to 63; 0: as usual.
        @raise TypeError: if the storage, or an observer, lacks a method of its
            interface.
        """
        super().__init__()
        self.config = config
        self._layout = PieceLayout(
            config.common.file_size_bytes, config.common.piece_size_bytes
        )
        self._storage = guard_storage(
            checked(storage, IPieceStorage), self._layout, self._tell_fault
        )
        self._clock = clock
        self._dial_endpoint = dial_endpoint
        self._rng = rng
        self._limits = limits
        self._lenient = lenient
        self._choking_policy = choking_policy
        self._request_window = request_window
        self._budget_bytes = budget_bytes
        self._throttle = Throttle(clock, rates)
        self._marker = Marker(dscp)
        self._bus = logging_bus(self._log)
        self._set_milestones()
        for observer in observers:
            self.add_observer(observer)
        self._node: PeerNode | None = None
        self._factory: PeerFactory | None = None
        self._dialer: Dialer | None = None
        self._listening = Listening(
            listen_endpoint,
            lambda port: self._bus.publish(
                ListeningStarted(shown_address(port.getHost()))
            ),
            self._fail,
        )
        self._loops: list[LoopingCall] = []

    @property
    def infohash(self) -> bytes | None:
        """
        Of the manifest; C{None} in a classic swarm.
        """
        return None

    # What those see who look inside.

    @property
    def node(self) -> PeerNode | None:
        """
        The mind of this peer since its last start, to be looked at only.
        """
        return self._node

    @property
    def factory(self) -> PeerFactory | None:
        """
        Where its connections come from since its last start.
        """
        return self._factory

    # What the embedding program asks: IPeerService.

    def when_complete(self) -> Deferred[None]:
        """
        @return: a fresh Deferred that fires once the whole file is in place
            here, and fails with C{CancelledError} if the service is stopped
            before.
        """
        return self._milestones.placed.when()

    def when_swarm_complete(self) -> Deferred[None]:
        """
        @return: a fresh Deferred that fires once every peer of the list is
            known to hold the whole file and ours is in place; fails as that of
            L{when_complete} does.
        """
        return self._milestones.swarm_complete.when()

    def add_observer(
        self, observer: ISwarmObserver, *event_classes: type[SwarmEvent]
    ) -> None:
        """
        From now on C{observer} hears every event of these classes, or every
        event if none are given.

        @raise TypeError: if it is not as L{ISwarmObserver} says.
        """
        self._bus.add(checked(observer, ISwarmObserver), *event_classes)

    def remove_observer(self, observer: ISwarmObserver) -> None:
        """
        From now on C{observer} hears nothing.

        @raise ValueError: if it was not listening.
        """
        self._bus.remove(observer)

    def set_rates(self, rates: Rates) -> None:
        """
        From now on these hold, for the connections that are open, too.
        """
        self._throttle.set_rates(rates)

    def progress(self) -> Progress:
        """
        How far this peer is, now; before the start, as if it held nothing.
        """
        if self._node is not None:
            return self._node.progress()
        return Progress(
            peer_id=self.config.peer_id,
            held=0,
            piece_count=self._layout.piece_count,
            is_placed=False,
            optimistic=None,
            neighbors=(),
            incomplete=tuple(peer.peer_id for peer in self.config.others),
        )

    def holdings(self) -> Holdings | None:
        """
        Who holds what, now; C{None} before it is known what is here.
        """
        return None if self._node is None else self._node.holdings()

    # What Twisted asks: IService.

    def startService(self) -> None:
        """
        Take the folder, listen, call the others, begin the rounds.  A peer that
        was stopped, or could not start, may be started again.

        @raise StorageError: if the folder or the file cannot be used.
        @raise ListenError: if nobody could call us.
        @raise TypeError: if a storage of others does not know whether it is whole.
        """
        super().startService()
        try:
            self._begin()
        except (SwarmPeerError, TypeError):
            super().stopService()
            raise

    def _begin(self) -> None:
        self._storage.open()
        try:
            store = PieceStore(self._layout, self._storage)
            node = self._make_node(store)
            factory = self._make_factory(node, store)
            is_placed = self._storage.is_whole
            self._listening.begin(factory)
        except (ListenError, TypeError):
            self._storage.close(lambda: None)
            raise
        self._join(node, factory, is_placed=is_placed)

    def _make_node(self, store: PieceStore) -> PeerNode:
        return PeerNode(
            self.config,
            store,
            RequestManager(
                store,
                RandomPicker(store.bits, self._rng),
                request_window=self._request_window,
                budget_bytes=self._budget_bytes,
            ),
            self._choking(),
            self._bus,
        )

    def _make_factory(self, node: PeerNode, store: PieceStore) -> PeerFactory:
        return PeerFactory(
            node,
            store,
            node.registry,
            clock=self._clock,
            limits=self._limits,
            lenient=self._lenient,
            allowances=self._throttle.allowances,
            mark=self._marker.mark,
        )

    def _make_dialer(self, node: PeerNode, factory: PeerFactory) -> Dialer:
        return Dialer(
            self.config.earlier,
            factory,
            self._dial_endpoint,
            clock=self._clock,
            rng=self._rng,
            publish=node.publish,
        )

    def _choking(self, instead: ChokingFactory = ChokingManager) -> IChokingPolicy:
        """
        @param instead: takes the place of somebody else's policy if it fails.
        """
        return make_choking(
            self._choking_policy,
            self.config.common.preferred_neighbors,
            self._rng,
            self._bus.publish,
            instead,
        )

    def _join(self, node: PeerNode, factory: PeerFactory, *, is_placed: bool) -> None:
        """
        Call the others and begin the rounds.

        @param is_placed: did the whole file stand in place from the start?
        """
        self._node, self._factory = node, factory
        self._dialer = self._make_dialer(node, factory)
        if is_placed:
            self._milestones.placed.settle()
        node.start(is_placed=is_placed)
        self._dialer.start()
        common = self.config.common
        # In this order: where both are due, the optimistic neighbour is drawn
        # among those that were just not preferred.
        self._repeat(node.hold_preferred_round, common.unchoking_interval_seconds)
        self._repeat(
            node.hold_optimistic_round, common.optimistic_unchoking_interval_seconds
        )

    async def _stop(self) -> None:
        """
        From the outside in: no new rounds and conversations, then the ones
        there are, then the storage, and last what others hung below us.
        """
        for loop in self._loops:
            loop.stop()
        self._loops = []
        if self._dialer is not None:
            self._dialer.stop()
        await self._listening.end()
        if self._factory is not None:
            await self._factory.close_all("this peer stops")
        await _answered(self._storage.close)
        stopping = super().stopService()
        if isinstance(stopping, Deferred):
            await stopping
        milestones = self._milestones
        milestones.abandon()
        for milestone in (milestones.placed, milestones.swarm_complete):
            self.remove_observer(milestone)
        self._set_milestones()

    def _set_milestones(self) -> None:
        self._milestones = milestones = Milestones()
        self.add_observer(milestones.placed, FilePlaced)
        self.add_observer(milestones.swarm_complete, SwarmCompleted)

    def stopService(self) -> Deferred[None]:
        """
        Flush, close, give everything back.

        @return: fires when all is done, within seconds.
        """
        return Deferred.fromCoroutine(self._stop())

    def _tell_fault(self, fault: str) -> None:
        """
        Of a storage of others, where no event tells of it.
        """
        self._log.error("{fault}", fault=fault)

    def _fail(self, error: Exception) -> None:
        """
        We have begun, and now it turns out that we cannot go on.
        """
        self._log.critical("{error}", error=error)
        self._milestones.fail(Failure(error))

    def _repeat(self, act: Callable[[], object], interval_seconds: float) -> None:
        """
        Do it again and again, from one interval after now on, until the stop.
        """

        def tick() -> None:
            # A LoopingCall whose function raises never calls it again.
            with self._log.failuresHandled("a round failed"):
                act()

        loop = LoopingCall(tick)
        loop.clock = self._clock
        loop.start(interval_seconds, now=False)
        self._loops.append(loop)


def _answered(ask: Callable[[Callable[[], None]], None]) -> Deferred[None]:
    deferred: Deferred[None] = Deferred()
    ask(lambda: deferred.callback(None))
    return deferred
