"""
Tests for L{swarmpeer.net.factory}.
"""

from dataclasses import dataclass, field

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.events import ConnectionRefused
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.net_fixtures import (
    LAYOUT,
    THEIRS,
    RecordingNode,
    TCPStringTransport,
)


def _ipv4(host: str) -> IPv4Address:
    return IPv4Address("TCP", host, 40000)


def _ipv6(host: str) -> IPv6Address:
    return IPv6Address("TCP", host, 40000)


@dataclass
class Caller:
    """
    Somebody at the other end of an inbound connection.
    """

    protocol: PeerProtocol
    transport: TCPStringTransport = field(default_factory=TCPStringTransport)

    def __post_init__(self) -> None:
        """
        Connect.
        """
        self.protocol.makeConnection(self.transport)

    @property
    def is_refused(self) -> bool:
        """
        Were they cut off?
        """
        return "abort" in self.transport.closings

    def greet(self) -> None:
        """
        Send the handshake.
        """
        self.protocol.dataReceived(THEIRS)

    def go(self) -> None:
        """
        The connection is gone.
        """
        self.protocol.connectionLost(Failure(ConnectionDone()))


class FactoryCase(SynchronousTestCase):
    """
    A factory, and callers.
    """

    def setUp(self) -> None:
        """
        A factory with room for few.
        """
        self.node = RecordingNode()
        self.clock = Clock()
        self.store = PieceStore(LAYOUT, MemoryStorage(LAYOUT))
        self.registry = PeerRegistry(1001, [1001, 1002])
        self.factory = PeerFactory(
            self.node,
            self.store,
            self.registry,
            clock=self.clock,
            limits=Limits(max_pending=4, max_pending_per_address=2),
        )

    def call(self, address: IAddress) -> Caller:
        """
        Somebody calls.
        """
        protocol = self.factory.buildProtocol(address)
        assert protocol is not None
        return Caller(protocol)

    def refused(self) -> list[str]:
        """
        Why callers were refused since this was last asked.
        """
        return [
            call[2].reason
            for call in self.node.take()
            if isinstance(call[-1], ConnectionRefused)
            and isinstance(call[2], ConnectionRefused)
        ]


class BuildTests(FactoryCase):
    """
    What is made for each connection.
    """

    def test_quiet(self) -> None:
        """
        It is a factory that does not chat.
        """
        verifyObject(IProtocolFactory, self.factory)
        self.assertFalse(self.factory.noisy)
        self.assertFalse(self.factory.dialling(1002).noisy)

    def test_shared(self) -> None:
        """
        It holds what all connections share.
        """
        self.assertIs(self.factory.store, self.store)
        self.assertIs(self.factory.registry, self.registry)
        protocol = self.call(_ipv4("10.0.0.1")).protocol
        self.assertIs(protocol.factory, self.factory)

    def test_inbound(self) -> None:
        """
        Of a caller nothing is known yet.
        """
        protocol = self.call(_ipv4("10.0.0.1")).protocol
        self.assertEqual((protocol.is_dialled, protocol.peer_id), (False, None))

    def test_outbound(self) -> None:
        """
        Of whom we dial we know who it should be.
        """
        protocol = self.factory.dialling(1002).buildProtocol(_ipv4("10.0.0.1"))
        assert isinstance(protocol, PeerProtocol)
        self.assertEqual((protocol.is_dialled, protocol.peer_id), (True, 1002))

    def test_classic(self) -> None:
        """
        In a classic swarm nobody speaks more than the eight messages.
        """
        self.assertIs(type(self.call(_ipv4("10.0.0.1")).protocol), PeerProtocol)


class PendingTests(FactoryCase):
    """
    How many may be without a handshake.
    """

    def test_per_address(self) -> None:
        """
        One too many from an address pushes out its oldest.
        """
        callers = [self.call(_ipv4("10.0.0.1")) for _ in range(3)]
        self.assertEqual([c.is_refused for c in callers], [True, False, False])
        self.assertEqual(self.refused(), ["too many connections from 10.0.0.1"])

    def test_in_total(self) -> None:
        """
        One too many from anywhere pushes out the oldest of all.
        """
        callers = [self.call(_ipv4(f"10.0.0.{host}")) for host in range(1, 6)]
        self.assertEqual([c.is_refused for c in callers], [True] + [False] * 4)
        self.assertEqual(self.refused(), ["too many connections"])

    def test_greeted(self) -> None:
        """
        Whoever sent a handshake is not pushed out, and takes no room.
        """
        callers = [self.call(_ipv4("10.0.0.1")) for _ in range(2)]
        for caller in callers:
            caller.greet()
        later = [self.call(_ipv4("10.0.0.1")) for _ in range(2)]
        self.assertFalse(any(c.is_refused for c in [*callers, *later]))

    def test_left(self) -> None:
        """
        Whoever left takes no room.
        """
        for _ in range(9):
            self.call(_ipv4("10.0.0.1")).go()
        self.assertEqual(self.refused(), [])

    def test_closed(self) -> None:
        """
        Whoever was closed takes no room, though the line still stands.
        """
        for _ in range(9):
            self.call(_ipv4("10.0.0.1")).protocol.close()
        self.assertEqual(self.refused(), [])

    def test_crowd(self) -> None:
        """
        A crowd of silent callers does not keep an honest one out.
        """
        for _ in range(500):
            self.call(_ipv4("10.0.0.1"))
        honest = self.call(_ipv4("10.0.0.1"))
        self.call(_ipv4("10.0.0.1"))
        honest.greet()
        for _ in range(500):
            self.call(_ipv4("10.0.0.1"))
        self.assertFalse(honest.is_refused)

    def test_dialled_ones_do_not_count(self) -> None:
        """
        Whom we called does not wait among the callers.
        """
        dialled = []
        for _ in range(9):
            protocol = self.factory.dialling(1002).buildProtocol(_ipv4("10.0.0.1"))
            assert isinstance(protocol, PeerProtocol)
            dialled.append(Caller(protocol))
        self.assertFalse(any(c.is_refused for c in dialled))

    def test_other_families(self) -> None:
        """
        Addresses of any family are told apart.
        """
        for address, name in [
            (_ipv6("2001:db8::1"), "2001:db8::1"),
            (_ipv6("fe80::1%eth0"), "fe80::1%eth0"),
            (_ipv6("::ffff:10.0.0.9"), "10.0.0.9"),
            (UNIXAddress(None), "a local socket"),
        ]:
            callers = [self.call(address) for _ in range(3)]
            self.assertEqual([c.is_refused for c in callers], [True, False, False])
            self.assertEqual(self.refused(), [f"too many connections from {name}"])
            for caller in callers[1:]:
                caller.go()


class CloseTests(FactoryCase):
    """
    The end of all connections.
    """

    def test_nobody(self) -> None:
        """
        Without connections all are gone at once.
        """
        self.assertIsNone(self.successResultOf(self.factory.close_all("bye")))

    def test_all(self) -> None:
        """
        Every connection is closed, and the last to go ends the wait.
        """
        callers = [self.call(_ipv4(f"10.0.0.{host}")) for host in (1, 2, 3)]
        callers[0].greet()
        self.node.take()
        gone = self.factory.close_all("bye")
        self.assertEqual(
            self.node.take(), [("logic", "on_disconnect", "bye")] * len(callers)
        )
        for caller in callers:
            self.assertEqual(caller.transport.closings, ["our end"])
            self.assertNoResult(gone)
            caller.go()
        self.assertIsNone(self.successResultOf(gone))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_closing_already(self) -> None:
        """
        A connection that was closed before is waited for, too.
        """
        caller = self.call(_ipv4("10.0.0.1"))
        caller.protocol.close("first")
        gone = self.factory.close_all("bye")
        self.assertNoResult(gone)
        caller.go()
        self.assertIsNone(self.successResultOf(gone))

    def test_bounded(self) -> None:
        """
        A neighbour that takes nothing and stays is cut off within seconds.
        """
        caller = self.call(_ipv4("10.0.0.1"))
        self.factory.close_all("bye")
        self.clock.advance(4)
        self.assertTrue(caller.is_refused)

    def test_no_new_ones(self) -> None:
        """
        From then on there are no connections either way.
        """
        self.factory.close_all("bye")
        self.assertIsNone(self.factory.buildProtocol(_ipv4("10.0.0.1")))
        dialling = self.factory.dialling(1002)
        self.assertIsNone(dialling.buildProtocol(_ipv4("10.0.0.1")))
