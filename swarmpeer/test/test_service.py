"""
Tests for L{swarmpeer.service}, on a clock and a network of the tests' own.
"""

import random
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import CannotListenError, ConnectionRefusedError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.internet.task import Clock
from twisted.test.iosim import FakeTransport, IOPump
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ListenError, StorageError
from swarmpeer.events import PieceRequested, RequestIgnored, SwarmEvent, UnchokedBy
from swarmpeer.interfaces import IPeerService, IPieceStorage, ISwarmObserver
from swarmpeer.service import PeerService
from swarmpeer.storage import MemoryStorage
from swarmpeer.testing.recorders import RecordingObserver

DATA = bytes(range(250))
PIECE_SIZE = 20


@implementer(IListeningPort)
class Port:
    """
    A place where a factory listens.
    """

    def __init__(self, network: "Network", number: int) -> None:
        self._network = network
        self._number = number

    def startListening(self) -> None:
        """
        It does already.
        """

    def stopListening(self) -> Deferred[None]:
        """
        Nobody can call there any more.
        """
        del self._network.factories[self._number]
        return succeed(None)

    def getHost(self) -> IPv4Address:
        """
        Where it is.
        """
        return IPv4Address("TCP", "127.0.0.1", self._number)


class End(FakeTransport):
    """
    One end of a connection inside this process, which knows no half-closed
    state.
    """

    def loseWriteConnection(self) -> None:
        """
        Close, once what was written is out.
        """
        self.loseConnection()


class Network:
    """
    Connections inside this process.
    """

    def __init__(self) -> None:
        self.factories: dict[int, IProtocolFactory] = {}
        self.pumps: list[IOPump] = []

    def connect(self, client: IProtocolFactory, number: int) -> IProtocol:
        """
        Join a client and a server.
        """
        address = IPv4Address("TCP", "127.0.0.1", number)
        caller = client.buildProtocol(address)
        called = self.factories[number].buildProtocol(address)
        assert caller is not None
        assert called is not None
        caller_end, called_end = End(caller, False), End(called, True)
        self.pumps.append(IOPump(caller, called, caller_end, called_end, False))
        called.makeConnection(called_end)
        caller.makeConnection(caller_end)
        return caller

    def settle(self) -> None:
        """
        Carry bytes until there are none.
        """
        while any([pump.pump() for pump in self.pumps]):
            pass


@implementer(IStreamServerEndpoint, IStreamClientEndpoint)
class Endpoint:
    """
    One place in a L{Network}.
    """

    def __init__(self, network: Network, number: int) -> None:
        self._network = network
        self._number = number

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """
        Listen there, if nobody does.
        """
        if self._number in self._network.factories:
            taken = OSError(98, "Address already in use")
            return fail(CannotListenError("127.0.0.1", self._number, taken))
        self._network.factories[self._number] = protocolFactory
        port: IListeningPort = Port(self._network, self._number)
        return succeed(port)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Call there, if somebody listens.
        """
        if self._number not in self._network.factories:
            return fail(ConnectionRefusedError())
        return succeed(self._network.connect(protocolFactory, self._number))


@implementer(IPieceStorage)
class KnowsLate:
    """
    A storage of others, which knows whether it is whole while it is open.

    @ivar is_at_a_loss: does it know not even then?
    """

    __module__ = "theirs"

    def __init__(self) -> None:
        self._storage = MemoryStorage(PieceLayout(len(DATA), PIECE_SIZE), DATA)
        self.read = self._storage.read
        self.write = self._storage.write
        self.finish = self._storage.finish
        self.is_open = self.is_at_a_loss = False

    @property
    def is_whole(self) -> bool:
        """
        For who asks in time.
        """
        if self.is_at_a_loss or not self.is_open:
            raise RuntimeError("ask later")
        return self._storage.is_whole

    def open(self) -> None:
        """
        From now on it knows.
        """
        self._storage.open()
        self.is_open = True

    def close(self, done: Callable[[], None]) -> None:
        """
        From now on it does not.
        """
        self.is_open = False
        self._storage.close(done)


class Swarm:
    """
    Peers 1 to C{count}, of which the first has the file.
    """

    def __init__(self, count: int = 3) -> None:
        self.clock = Clock()
        self.network = Network()
        self.infos = tuple(
            PeerInfo(i, "127.0.0.1", 6000 + i, i == 1) for i in range(1, count + 1)
        )
        self.storages: dict[int, MemoryStorage] = {}
        self.events: dict[int, list[SwarmEvent]] = {}

    def peer(
        self,
        peer_id: int,
        *observers: ISwarmObserver,
        request_window: int = 1,
        storage: IPieceStorage | None = None,
    ) -> PeerService:
        """
        A peer, not started yet.
        """
        common = CommonConfig(1, 1.0, 2.0, "file", len(DATA), PIECE_SIZE)
        layout = PieceLayout(len(DATA), PIECE_SIZE)
        own = MemoryStorage(layout, DATA if peer_id == 1 else None)
        self.storages[peer_id] = own
        recorder = RecordingObserver()
        self.events[peer_id] = recorder.events
        return PeerService(
            Config(peer_id, common, self.infos),
            storage or own,
            clock=self.clock,
            listen_endpoint=Endpoint(self.network, 6000 + peer_id),
            dial_endpoint=lambda peer: Endpoint(self.network, peer.port),
            rng=random.Random(peer_id),
            observers=[recorder, *observers],
            request_window=request_window,
        )

    def run(self, seconds: float) -> None:
        """
        Let time pass.
        """
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(0.125)
            self.network.settle()


class PeerServiceTests(SynchronousTestCase):
    """
    L{PeerService}, whole.
    """

    def test_interface(self) -> None:
        """
        It is what an embedding program holds.
        """
        verifyObject(IPeerService, Swarm().peer(1))

    def test_whole_swarm(self) -> None:
        """
        Three peers end with the same file, and each says so to whoever waits,
        before or after it happened.
        """
        swarm = Swarm()
        peers = [swarm.peer(i) for i in (1, 2, 3)]
        early = [peer.when_complete() for peer in peers]
        for peer in peers:
            peer.startService()
        swarm.run(40)
        for deferred in early:
            self.successResultOf(deferred)
        for peer in peers:
            self.successResultOf(peer.when_complete())
            self.successResultOf(peer.when_swarm_complete())
        for storage in swarm.storages.values():
            self.assertEqual(storage.contents(), DATA)

    def test_first_unchoke(self) -> None:
        """
        Nobody is unchoked before the first round, one interval after the start.
        """
        swarm = Swarm(2)
        for i in (1, 2):
            swarm.peer(i).startService()
        swarm.run(0.875)
        self.assertNotIn(UnchokedBy(1), swarm.events[2])
        swarm.run(0.25)
        self.assertIn(UnchokedBy(1), swarm.events[2])

    def test_request_window(self) -> None:
        """
        As many pieces as the option says are asked of a neighbour at once, and a peer
        that itself asks for one at a time answers each.
        """
        for window in (1, 2):
            swarm = Swarm(2)
            peers = [swarm.peer(1), swarm.peer(2, request_window=window)]
            for peer in peers:
                peer.startService()
            swarm.run(10)
            events = swarm.events[2]
            at_once = events[: events.index(UnchokedBy(1))]
            requested = [each for each in at_once if isinstance(each, PieceRequested)]
            self.assertEqual(len(requested), window)
            self.assertFalse(
                any(isinstance(each, RequestIgnored) for each in swarm.events[1])
            )
            self.successResultOf(peers[1].when_complete())
            self.assertEqual(swarm.storages[2].contents(), DATA)

    def test_seed_is_complete(self) -> None:
        """
        A peer that starts with the file is complete at once; the swarm is not.
        """
        peer = Swarm().peer(1)
        peer.startService()
        self.successResultOf(peer.when_complete())
        self.assertNoResult(peer.when_swarm_complete())

    def test_stop(self) -> None:
        """
        A stop gives everything back: no timer, no connection, no port is left,
        and whoever still waits hears that it is over.
        """
        swarm = Swarm(2)
        peers = [swarm.peer(i) for i in (1, 2)]
        for peer in peers:
            peer.startService()
        swarm.run(0.5)
        waiting = peers[1].when_swarm_complete()
        stopped = [peer.stopService() for peer in peers]
        swarm.run(5)
        for deferred in stopped:
            self.successResultOf(deferred)
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(swarm.clock.getDelayedCalls(), [])
        self.assertEqual(swarm.network.factories, {})

    def test_stopped_before_start(self) -> None:
        """
        A peer that never started can be stopped.
        """
        self.successResultOf(Swarm().peer(1).stopService())

    def test_restart(self) -> None:
        """
        A leecher that is stopped and a new one with its id, started in its
        place, end the swarm.
        """
        swarm = Swarm(2)
        seed, first = swarm.peer(1), swarm.peer(2)
        seed.startService()
        first.startService()
        swarm.run(1.5)
        stopped = first.stopService()
        swarm.run(2)
        self.successResultOf(stopped)
        second = swarm.peer(2)
        second.startService()
        swarm.run(20)
        self.successResultOf(second.when_complete())
        self.successResultOf(seed.when_swarm_complete())

    def test_start_again(self) -> None:
        """
        A peer that was stopped, or that could not start, may be started again,
        and then ends the swarm.
        """
        swarm = Swarm(2)
        seed, leecher = swarm.peer(1), swarm.peer(2)
        seed.startService()
        in_the_way = swarm.network.factories[6002] = swarm.network.factories[6001]
        self.assertRaises(ListenError, leecher.startService)
        self.assertFalse(leecher.running)
        del in_the_way, swarm.network.factories[6002]
        leecher.startService()
        swarm.run(0.5)
        early = leecher.when_complete()
        leecher.stopService()
        swarm.run(2)
        self.failureResultOf(early, CancelledError)
        leecher.startService()
        late = leecher.when_complete()
        swarm.run(20)
        self.successResultOf(late)
        self.assertEqual(swarm.storages[2].contents(), DATA)

    def test_children(self) -> None:
        """
        What hangs below the peer starts before it and stops after it.
        """
        swarm = Swarm(1)
        seed = swarm.peer(1)
        seen: list[object] = []

        class Child(Service):
            def startService(self) -> None:
                seen.append(("start", dict(swarm.network.factories)))

            def stopService(self) -> None:
                seen.append(("stop", dict(swarm.network.factories)))

        Child().setServiceParent(seed)
        seed.startService()
        self.successResultOf(seed.stopService())
        self.assertEqual(seen, [("start", {}), ("stop", {})])

    def test_port_taken(self) -> None:
        """
        A peer that nobody could call does not start, says where, and keeps
        nothing.
        """
        swarm = Swarm()
        swarm.peer(1).startService()
        with self.assertRaises(ListenError) as raised:
            swarm.peer(1).startService()
        self.assertIn("127.0.0.1:6001", str(raised.exception))
        self.assertIn("Address already in use", str(raised.exception))

    def test_storage_fails(self) -> None:
        """
        A peer whose storage cannot be opened does not start and does not
        listen.
        """
        swarm = Swarm()
        peer = swarm.peer(1)
        swarm.storages[1].open = self._refuse  # type: ignore[method-assign]
        self.assertRaises(StorageError, peer.startService)
        self.assertEqual(swarm.network.factories, {})

    def _refuse(self) -> None:
        raise StorageError("no")

    def test_knows_late(self) -> None:
        """
        A storage of others is asked whether it is whole once it is open.
        """
        peer = Swarm().peer(1, storage=KnowsLate())
        peer.startService()
        self.assertTrue(peer.progress().is_placed)
        self.successResultOf(peer.stopService())

    def test_never_knows(self) -> None:
        """
        A peer whose storage does not know even then does not start, says so, does not
        listen and gives the storage back.  It can be started again.
        """
        swarm = Swarm()
        storage = KnowsLate()
        storage.is_at_a_loss = True
        peer = swarm.peer(1, storage=storage)
        error = self.assertRaises(TypeError, peer.startService)
        reason = "the storage theirs:KnowsLate raised RuntimeError: ask later ("
        self.assertTrue(str(error).startswith(reason), error)
        self.assertTrue(str(error).endswith(" in is_whole"), error)
        self.assertEqual(swarm.network.factories, {})
        self.assertFalse(peer.running or storage.is_open)
        storage.is_at_a_loss = False
        peer.startService()
        self.assertTrue(storage.is_open)
        self.successResultOf(peer.stopService())

    def test_forgets(self) -> None:
        """
        Nor does one whose storage knew it once, and then does not any more.
        """

        class Forgets(KnowsLate):
            __module__ = "theirs"

            @property
            def is_whole(self) -> bool:
                is_whole = super().is_whole
                self.is_at_a_loss = True
                return is_whole

        swarm = Swarm()
        storage = Forgets()
        peer = swarm.peer(1, storage=storage)
        self.assertRaises(TypeError, peer.startService)
        self.assertEqual(swarm.network.factories, {})
        self.assertFalse(peer.running or storage.is_open)

    def test_observer_fails(self) -> None:
        """
        An observer that raises is logged, and the swarm ends all the same.
        """

        @implementer(ISwarmObserver)
        class Broken:
            def observe(self, event: SwarmEvent) -> None:
                raise RuntimeError(event)

        swarm = Swarm(2)
        seed, leecher = swarm.peer(1), swarm.peer(2, Broken())
        seed.startService()
        leecher.startService()
        swarm.run(20)
        self.successResultOf(leecher.when_swarm_complete())
        self.assertNotEqual(self.flushLoggedErrors(RuntimeError), [])

    def test_round_fails(self) -> None:
        """
        A choke round that raises is logged, and the next one is held.
        """
        swarm = Swarm(2)
        seed = swarm.peer(1)
        seed.startService()
        rounds: list[float] = []

        def hold(manager: ChokingManager, *_: object, **__: object) -> None:
            rounds.append(swarm.clock.seconds())
            raise ZeroDivisionError(manager)

        self.patch(ChokingManager, "hold_preferred_round", hold)
        swarm.run(3)
        self.assertEqual(rounds, [1.0, 2.0, 3.0])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_no_observer(self) -> None:
        """
        Only what provides the interface may observe.
        """
        with self.assertRaises(TypeError):
            Swarm().peer(1).add_observer(object())  # type: ignore[arg-type]

    def test_progress(self) -> None:
        """
        The progress can be asked at any time.
        """
        swarm = Swarm(2)
        seed, leecher = swarm.peer(1), swarm.peer(2)
        self.assertEqual(leecher.progress().held, 0)
        self.assertEqual(leecher.progress().incomplete, (1,))
        seed.startService()
        leecher.startService()
        swarm.run(20)
        self.assertEqual(leecher.progress().held, 13)
        self.assertEqual(leecher.progress().incomplete, ())
