"""
Tests for L{swarmpeer.testing.transport}, with C{process} and C{sockets} below it.
"""

from collections.abc import Mapping
from random import Random

from twisted.internet import tcp
from twisted.internet.interfaces import (
    IConsumer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.net.tuning import half_closing, tune
from swarmpeer.test.tcp_scripts import (
    MUCH,
    SCRIPTS,
    Script,
    Side,
    SideFactory,
    Told,
    abort,
    all_of,
    lose,
    register,
    stop_reading,
    write,
)
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.streams import WINDOW_BYTES
from swarmpeer.testing.virtual_time import VirtualTime

ENDINGS: Mapping[str, tuple[Told, Told]] = {
    "flush and close": (
        ["made", "lost: ConnectionDone"],
        ["made", 300000, "lost: ConnectionDone"],
    ),
    "closed by the called": (
        ["made", 300000, "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
    "answer behind the end": (
        ["made", "write lost", 50, "read lost", "lost: ConnectionDone"],
        ["made", 10, "read lost", "lost: ConnectionDone"],
    ),
    "half closed towards a simple end": (
        ["made", "write lost", "read lost", "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
    "both half closed": (
        ["made", "write lost", "read lost", "lost: ConnectionDone"],
        ["made", "read lost", "write lost", "lost: ConnectionDone"],
    ),
    "nothing is written behind the end": (
        ["made", "write lost", "read lost", "lost: ConnectionDone"],
        ["made", 7, "lost: ConnectionDone"],
    ),
    "abort": (
        ["made", "lost: ConnectionLost"],
        ["made", 10, "lost: ConnectionAborted"],
    ),
    "abort at once": (
        ["made", "lost: ConnectionAborted"],
        ["made", "lost: ConnectionLost"],
    ),
    "abort drops what was written": (
        ["made", "lost: ConnectionAborted"],
        ["made", "lost: ConnectionLost"],
    ),
    "abort after abort": (
        ["made", "lost: ConnectionAborted"],
        ["made", "lost: ConnectionLost"],
    ),
    "closed with bytes unread": (
        ["made", "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
    "closed, and more comes": (
        ["made", "read lost", "lost: ConnectionLost"],
        ["made", "lost: ConnectionDone"],
    ),
    "both close": (
        ["made", "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
    "both talk and close": (
        ["made", "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
    "nobody is taken": (["made", "lost: ConnectionDone"], []),
    "producer": (
        ["made", "pause", "resume", "lost: ConnectionDone"],
        ["made", 65537, "lost: ConnectionDone"],
    ),
    "producer with little": (
        ["made", "lost: ConnectionDone"],
        ["made", 65536, "lost: ConnectionDone"],
    ),
    "not closed while there is a producer": (
        ["made", "pause", "resume", "lost: ConnectionDone"],
        ["made", 100000, "lost: ConnectionDone"],
    ),
    "producer of a lost connection": (
        ["made", "stop", "lost: ConnectionLost"],
        ["made", "lost: ConnectionAborted"],
    ),
    "producer registered too late": (
        ["made", "lost: ConnectionLost", "stop"],
        ["made", "lost: ConnectionAborted"],
    ),
    "slow reader": (
        ["made", "pause", "resume", "lost: ConnectionDone"],
        ["made", MUCH, "lost: ConnectionDone"],
    ),
    "reset while not reading": (
        ["made", "lost: ConnectionLost"],
        ["made", "lost: ConnectionAborted"],
    ),
    "closed while not reading": (
        ["made", 5, "lost: ConnectionDone"],
        ["made", "lost: ConnectionDone"],
    ),
}
"""
What both ends meet with in each dialogue.
"""


class Pair:
    """
    Two hosts, one of which calls the other.
    """

    def __init__(
        self,
        script: Script,
        *,
        latency_seconds: float = 0.001,
        rate: float | None = None,
        max_bytes: int | None = None,
    ) -> None:
        """
        @param rate: that of the caller's line, in bytes per second.
        @param max_bytes: the largest segment that comes to either host.
        """
        self.time = VirtualTime()
        self.network = SimulatedNetwork(
            self.time, Random(0), latency_seconds=latency_seconds
        )
        caller = self.network.host("caller", up_rate=rate)
        called = self.network.host("called")
        if max_bytes is not None:
            self.network.segment("caller", max_bytes)
            self.network.segment("called", max_bytes)
        self.clock = HostClock(self.time)
        self.caller = SideFactory(script.caller, self.clock)
        self.called = SideFactory(script.called, self.clock)
        called.listen_endpoint(self.clock, 6001).listen(self.called)
        endpoint = caller.dial_endpoint(self.clock, "called", 6001)
        endpoint.connect(self.caller)

    def transport(self) -> tcp.Connection:
        """
        The caller's, once nothing happens any more.
        """
        self.told()
        assert self.caller.made is not None
        return self.caller.made.connection

    def told(self) -> tuple[Told, Told]:
        """
        What both ends met with, when nothing happens any more.
        """
        while self.time.step():
            pass
        return self.caller.told, self.called.told


class DialogueTests(SynchronousTestCase):
    """
    Each dialogue ends as it does with real sockets.
    """

    def test_all(self) -> None:
        """
        Both ends of each meet with what they should, and nothing is left.
        """
        self.assertEqual(list(ENDINGS), list(SCRIPTS))
        for name, script in SCRIPTS.items():
            pair = Pair(script)
            self.assertEqual(pair.told(), ENDINGS[name], name)
            for host in ("caller", "called"):
                self.assertEqual(pair.network.open_connections(host), 0, name)
                self.assertEqual(pair.network.buffered_bytes(host), 0, name)
            self.assertEqual(pair.clock.pending, 0, name)

    def test_slowly(self) -> None:
        """
        The same over a line with a rate, but for bytes that were on their way to
        somebody who closed.
        """
        for name in ("flush and close", "answer behind the end", "slow reader"):
            pair = Pair(SCRIPTS[name], rate=10e6)
            self.assertEqual(pair.told()[1], ENDINGS[name][1], name)

    def test_byte_by_byte(self) -> None:
        """
        The same if the bytes come one by one.
        """
        for name in ("answer behind the end", "nothing is written behind the end"):
            pair = Pair(SCRIPTS[name], max_bytes=1)
            self.assertEqual(pair.told(), ENDINGS[name], name)


class Raising(Protocol):
    """
    Fails at the first bytes.
    """

    def __init__(self, told: Told) -> None:
        """
        @param told: where it tells.
        """
        self._told = told

    def dataReceived(self, data: bytes) -> None:  # noqa: ARG002
        """
        Fail.
        """
        raise ZeroDivisionError

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Tell why.
        """
        self._told.append(type(reason.value).__name__)


class TransportTests(SynchronousTestCase):
    """
    What protocols ask of their transport.
    """

    def test_interfaces(self) -> None:
        """
        It is a TCP transport and a consumer, and no TLS.
        """
        pair = Pair(Script())
        transport = pair.transport()
        verifyObject(ITCPTransport, transport)
        verifyObject(IConsumer, transport)
        self.assertFalse(ISSLTransport.providedBy(transport))
        self.assertIsNotNone(half_closing(transport))
        verifyObject(IReactorTime, transport.reactor)

    def test_options(self) -> None:
        """
        It remembers what was asked of the operating system.
        """
        pair = Pair(Script())
        transport = pair.transport()
        self.assertFalse(transport.getTcpNoDelay())
        self.assertFalse(transport.getTcpKeepAlive())
        tune(transport)
        self.assertTrue(transport.getTcpNoDelay())
        self.assertTrue(transport.getTcpKeepAlive())

    def test_addresses(self) -> None:
        """
        Each end knows the addresses of both.
        """
        pair = Pair(Script())
        here = pair.transport()
        self.assertEqual(here.getHost().host, "10.0.0.1")
        self.assertEqual((here.getPeer().host, here.getPeer().port), ("10.0.0.2", 6001))
        self.assertIn("SimulatedClient", repr(here))

    def test_nothing_within_write(self) -> None:
        """
        What is written leaves when the turn is over, all at once, and arrives
        after the latency.
        """
        pair = Pair(Script())
        transport = pair.transport()
        began_at, steps = pair.time.seconds(), pair.time.steps
        transport.write(b"one")
        transport.writeSequence([b"two", b"three"])
        self.assertEqual(pair.network.buffered_bytes("caller"), 11)
        pair.time.step()
        self.assertEqual(pair.network.buffered_bytes("caller"), 0)
        self.assertEqual(pair.called.told, ["made"])
        pair.time.step()
        self.assertEqual(pair.called.told, ["made", 11])
        self.assertAlmostEqual(pair.time.seconds() - began_at, 0.001)
        self.assertEqual(pair.time.steps - steps, 2)

    def test_window(self) -> None:
        """
        To somebody who does not read, no more is sent than fits into the
        buffers; the rest is counted.
        """
        size = WINDOW_BYTES + 500
        pair = Pair(Script(Side(made=write(size)), Side(made=stop_reading)))
        pair.told()
        self.assertEqual(pair.network.buffered_bytes("caller"), 500)

    def test_rate(self) -> None:
        """
        Over a line with a rate the last byte arrives when it can have.
        """
        pair = Pair(Script(Side(made=all_of(write(500000), lose))), rate=1e6)
        while pair.called.told[-1:] != [500000]:
            pair.time.step()
        self.assertAlmostEqual(pair.time.seconds(), 0.002 + 0.001 + 0.5)

    def test_failing_protocol(self) -> None:
        """
        What a protocol raises comes out of the step: it is a mistake of ours.
        """
        pair = Pair(Script())
        factory = Factory.forProtocol(lambda: Raising([]))
        factory.noisy = False
        host = pair.network.host("failing")
        host.listen_endpoint(pair.clock, 6002).listen(factory)
        side = SideFactory(Side(made=write(1)), pair.clock)
        host.dial_endpoint(pair.clock, "failing", 6002).connect(side)
        self.assertRaises(ZeroDivisionError, pair.told)

    def test_pausing_again(self) -> None:
        """
        A producer is told to pause at each write that finds the buffer full, and
        to go on once it is empty.
        """
        act = all_of(register, write(70000), abort)
        pair = Pair(Script(Side(made=act)))
        self.assertEqual(
            pair.told()[0], ["made", "pause", "stop", "lost: ConnectionAborted"]
        )
