"""
Tests for L{swarmpeer.net.dialing}.
"""

from random import Random

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectingCancelledError,
    ConnectionDone,
)
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.config import PeerInfo
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.events import DialFailed, SwarmEvent
from swarmpeer.net.dialing import Dialer, hostname_endpoint
from swarmpeer.net.factory import PeerFactory
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.net_fixtures import (
    LAYOUT,
    THEIRS,
    RecordingNode,
    ScriptedEndpoint,
)

PEER = PeerInfo(1002, "two.example", 6008, has_file=True)
OTHER = PeerInfo(1003, "three.example", 6008, has_file=False)


class ScriptedRegistry(PeerRegistry):
    """
    A registry as the test wants it.
    """

    def __init__(self) -> None:
        super().__init__(1001, [1001, 1002])
        self.connected: set[int] = set()

    def is_connected(self, peer_id: int) -> bool:
        """
        As the test said.
        """
        return peer_id in self.connected


class DialerTests(SynchronousTestCase):
    """
    One conversation with each peer is kept alive.
    """

    def setUp(self) -> None:
        """
        A dialler in virtual time; nothing is dialled yet.
        """
        self.clock = Clock()
        self.registry = ScriptedRegistry()
        self.events: list[SwarmEvent] = []
        self.dials: list[ScriptedEndpoint] = []
        self.cancelled: list[int] = []
        self.spared: set[int] = set()
        self.factory = PeerFactory(
            RecordingNode(),
            PieceStore(LAYOUT, MemoryStorage(LAYOUT)),
            self.registry,
            clock=self.clock,
        )

    def _start(self, *peers: PeerInfo) -> Dialer:
        dialer = Dialer(
            peers or (PEER,),
            self.factory,
            self._endpoint_for,
            self.clock,
            Random(7),
            self.events.append,
            may_call=lambda peer_id: peer_id not in self.spared,
        )
        dialer.start()
        return dialer

    def _endpoint_for(self, peer: PeerInfo) -> ScriptedEndpoint:
        self.dials.append(ScriptedEndpoint(peer.peer_id, self.cancelled))
        return self.dials[-1]

    def _wait_for_dial(self) -> float:
        """
        @return: how long it took until the next attempt.
        """
        begin, count = self.clock.seconds(), len(self.dials)
        while len(self.dials) == count:
            (call,) = self.clock.getDelayedCalls()
            self.clock.advance(call.getTime() - self.clock.seconds())
        return self.clock.seconds() - begin

    def test_everybody_at_once(self) -> None:
        """
        Every peer is dialled as soon as the dialler runs.
        """
        self._start(PEER, OTHER)
        self.assertEqual([dial.peer_id for dial in self.dials], [1002, 1003])

    def test_back_off(self) -> None:
        """
        Each failure is told in one line and lengthens the wait, up to a cap.
        """
        self._start()
        waits = []
        for _ in range(12):
            self.dials[-1].refuse()
            waits.append(self._wait_for_dial())
        for place, wait in enumerate(waits):
            usual = min(0.25 * 1.5**place, 5.0)
            self.assertTrue(0.899 * usual <= wait <= 1.101 * usual, (place, wait))
        self.assertEqual(len(set(waits)), len(waits))
        event = self.events[0]
        assert isinstance(event, DialFailed)
        self.assertEqual(event.peer_id, 1002)
        self.assertEqual(event.reason, "connection refused")
        told = [e.retry_seconds for e in self.events if isinstance(e, DialFailed)]
        for said, waited in zip(told, waits, strict=True):
            self.assertAlmostEqual(said, waited)

    def test_for_ever(self) -> None:
        """
        It never gives up.
        """
        self._start()
        for _ in range(3000):
            self.dials[-1].refuse()
            self._wait_for_dial()
        self.assertEqual(len(self.events), 3000)

    def test_connected(self) -> None:
        """
        While the conversation lasts there is nothing to do.
        """
        self._start()
        protocol = self.dials[0].accept()
        protocol.dataReceived(THEIRS)
        self.clock.advance(10)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual((len(self.dials), self.events), (1, []))

    def test_lost(self) -> None:
        """
        A conversation that was lost is sought again soon.
        """
        self._start()
        for _ in range(6):
            self.dials[-1].refuse()
            self._wait_for_dial()
        protocol = self.dials[-1].accept()
        protocol.dataReceived(THEIRS)
        self.clock.advance(20)
        failed = len(self.events)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assertLess(self._wait_for_dial(), 0.3)
        self.assertEqual(len(self.events), failed)

    def test_lost_again_and_again(self) -> None:
        """
        Whoever leaves as soon as it is reached is not pestered.
        """
        self._start()
        waits = []
        for _ in range(10):
            protocol = self.dials[-1].accept()
            protocol.dataReceived(THEIRS)
            protocol.connectionLost(Failure(ConnectionDone()))
            waits.append(self._wait_for_dial())
        self.assertLess(waits[0], 0.3)
        self.assertGreater(waits[-1], 4.4)

    def test_turned_away(self) -> None:
        """
        To be dropped before the handshake is a failure.
        """
        self._start()
        protocol = self.dials[0].accept()
        self.assertEqual(self.events, [])
        protocol.connectionLost(Failure(ConnectionDone()))
        (event,) = self.events
        assert isinstance(event, DialFailed)
        self.assertEqual(event.reason, "closed by the neighbour")
        self._wait_for_dial()

    def test_silent(self) -> None:
        """
        So is a peer that never says who it is.
        """
        self._start()
        self.dials[0].accept()
        self.clock.advance(10)
        (event,) = self.events
        assert isinstance(event, DialFailed)
        self.assertEqual(event.reason, "no handshake within 10 seconds")

    def test_they_called(self) -> None:
        """
        A peer that called us is not called while that lasts.
        """
        self.registry.connected.add(1002)
        self._start()
        self.clock.pump([0.5] * 40)
        self.assertEqual(self.dials, [])
        self.registry.connected.clear()
        self._wait_for_dial()
        self.assertEqual(self.events, [])

    def test_crossed(self) -> None:
        """
        When their call is kept and ours is not, nothing failed.
        """
        self._start()
        protocol = self.dials[0].accept()
        self.registry.connected.add(1002)
        protocol.connectionLost(Failure(ConnectionDone()))
        self.clock.pump([0.5] * 20)
        self.assertEqual((len(self.dials), self.events), (1, []))

    def test_spared(self) -> None:
        """
        A peer that may not be called is not; once it may be, it is within a second.
        """
        self.spared = {1002}
        self._start()
        self.clock.pump([0.5] * 120)
        self.assertEqual((self.dials, self.events), ([], []))
        self.spared.clear()
        self.clock.pump([0.5] * 2)
        self.assertEqual([dial.peer_id for dial in self.dials], [1002])

    def test_spared_while_connected(self) -> None:
        """
        A peer that may not be called when it is lost is not called again at once.
        """
        self._start()
        protocol = self.dials[0].accept()
        protocol.dataReceived(THEIRS)
        self.spared = {1002}
        protocol.connectionLost(Failure(ConnectionDone()))
        self.clock.pump([0.5] * 119)
        self.assertEqual(len(self.dials), 1)

    def test_new_endpoint_each_time(self) -> None:
        """
        The way to a peer is found anew for each attempt.
        """
        self._start()
        self.dials[0].refuse()
        self._wait_for_dial()
        self.assertIsNot(self.dials[0], self.dials[1])

    def test_same_lot(self) -> None:
        """
        With the same lot the waits are the same.
        """

        def waits() -> list[float]:
            self._start()
            seen = []
            for _ in range(5):
                self.dials[-1].refuse()
                seen.append(self._wait_for_dial())
            return seen

        first = waits()
        self.setUp()
        self.assertEqual(waits(), first)

    def test_stop_while_connecting(self) -> None:
        """
        Stopping gives up the attempts under way, and says nothing of it.
        """
        self._start(PEER, OTHER).stop()
        self.assertEqual(self.cancelled, [1002, 1003])
        self.assertEqual((self.events, self.clock.getDelayedCalls()), ([], []))

    def test_stop_is_quiet(self) -> None:
        """
        However a call that is given up fails, it is no mistake of ours.
        """

        def give_up(call: Deferred[IProtocol]) -> None:
            call.errback(ConnectingCancelledError(IPv4Address("TCP", "10.0.0.2", 1)))

        @implementer(IStreamClientEndpoint)
        class Unanswered:
            def connect(self, _: IProtocolFactory) -> Deferred[IProtocol]:
                return Deferred(give_up)

        dialer = Dialer(
            [PEER],
            self.factory,
            lambda _: Unanswered(),
            self.clock,
            Random(7),
            self.events.append,
        )
        dialer.start()
        dialer.stop()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual((self.events, self.clock.getDelayedCalls()), ([], []))

    def test_stop_while_waiting(self) -> None:
        """
        Stopping gives up the waits.
        """
        dialer = self._start()
        self.dials[0].refuse()
        dialer.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_while_checking(self) -> None:
        """
        Stopping gives up looking after a peer that called us.
        """
        self.registry.connected.add(1002)
        self._start().stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_while_connected(self) -> None:
        """
        Stopping lets the conversations go on, and forgets them.
        """
        dialer = self._start()
        protocol = self.dials[0].accept()
        protocol.dataReceived(THEIRS)
        dialer.stop()
        protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual((len(self.dials), self.events), (1, []))

    def test_stop_twice(self) -> None:
        """
        It may be stopped again, and started again.
        """
        dialer = self._start()
        dialer.stop()
        dialer.stop()
        dialer.start()
        self.assertEqual(len(self.dials), 2)

    def test_broken_endpoint(self) -> None:
        """
        An endpoint that raises counts as a failure like any other.
        """

        def broken(_: PeerInfo) -> IStreamClientEndpoint:
            raise ValueError("no such transport")

        Dialer(
            [PEER],
            self.factory,
            broken,
            self.clock,
            Random(7),
            self.events.append,
        ).start()
        (event,) = self.events
        assert isinstance(event, DialFailed)
        self.assertEqual(event.reason, "no such transport")

    def test_own_mistake(self) -> None:
        """
        What fails by a mistake of our own is no call that failed: it is logged, and
        not done again.
        """

        def broken(_: int) -> Factory:
            raise RuntimeError("no connections")

        self.patch(self.factory, "dialling", broken)
        self._start()
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual((self.events, self.clock.getDelayedCalls()), ([], []))


class HostnameEndpointTests(SynchronousTestCase):
    """
    The usual way to a peer.
    """

    def test_resolved_at_each_connection(self) -> None:
        """
        A name is looked up each time that the peer is called.
        """
        reactor = MemoryReactorClock()
        endpoint = hostname_endpoint(reactor, PEER)
        for count in (1, 2):
            attempt = endpoint.connect(Factory.forProtocol(Protocol))
            self.assertEqual(len(reactor.tcpClients), count)
            self.assertEqual(reactor.tcpClients[-1][1], PEER.port)
            attempt.addErrback(lambda _: None).cancel()
