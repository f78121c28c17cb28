"""
Tests for L{swarmpeer.testing.network}, with C{connections} and C{streams} below
it.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import (
    CannotListenError,
    ConnectingCancelledError,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.internet.interfaces import (
    IListeningPort,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.service import PeerService
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.tcp_scripts import End, Side, SideFactory, stop_reading
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.network_host import NetworkHost
from swarmpeer.testing.silence import GIVE_UP_SECONDS
from swarmpeer.testing.streams import WINDOW_BYTES
from swarmpeer.testing.virtual_time import VirtualTime

LATENCY = 0.125
"""
A dyadic number, so that times are exact.
"""
PORT = 6001


class Machine:
    """
    A host with a process that listens.

    @ivar factory: makes the ends of those who call, and of those it calls.
    """

    def __init__(
        self, world: "World", name: str, side: Side, rate: float | None
    ) -> None:
        self.host: NetworkHost = world.network.host(name, up_rate=rate, down_rate=rate)
        self.clock = HostClock(world.time)
        self.factory = SideFactory(side, self.clock)
        self.listen()

    def listen(self) -> None:
        """
        Let others call.
        """
        self.host.listen_endpoint(self.clock, PORT).listen(self.factory)

    @property
    def end(self) -> End:
        """
        The last connection.
        """
        assert self.factory.made is not None
        return self.factory.made

    @property
    def told(self) -> list[str | int]:
        """
        What its connections met with since this was last asked.
        """
        told = self.factory.told[:]
        self.factory.told[:] = ["asked"]
        return told[1:] if told[:1] == ["asked"] else told


class World:
    """
    Two machines, C{a} and C{b}.
    """

    def __init__(
        self,
        a: Side | None = None,
        b: Side | None = None,
        *,
        rate: float | None = None,
        jitter_seconds: float = 0.0,
    ) -> None:
        self.time = VirtualTime()
        self.network = SimulatedNetwork(
            self.time,
            Random(0),
            latency_seconds=LATENCY,
            jitter_seconds=jitter_seconds,
        )
        self.a = Machine(self, "a", a or Side(), rate)
        self.b = Machine(self, "b", b or Side(), rate)

    def dial(self) -> list[object]:
        """
        Let C{a} call C{b}.

        @return: gets the result.
        """
        results: list[object] = []
        endpoint = self.a.host.dial_endpoint(self.a.clock, "b", PORT)
        endpoint.connect(self.a.factory).addErrback(
            lambda failure: failure.value
        ).addCallback(results.append)
        return results

    def run(self, seconds: float = 20.0) -> None:
        """
        Let everything happen that does within so many seconds.
        """
        end = self.time.seconds() + seconds
        while self.time.next_at is not None and self.time.next_at <= end:
            self.time.step()
        self.time.at(end, lambda: None)
        while self.time.seconds() < end:
            self.time.step()

    def connect(self) -> "World":
        """
        Both ends stand; what they met with so far is forgotten.
        """
        self.dial()
        self.run(1)
        assert (self.a.told, self.b.told) == (["made"], ["made"])
        for machine in (self.a, self.b):
            machine.end.tcp.setTcpKeepAlive(True)
        return self

    def send(self, size: int = 1) -> None:
        """
        Let C{a} write.
        """
        self.a.end.tcp.write(bytes(size))


class ConnectingTests(SynchronousTestCase):
    """
    How connections come to be, or not.
    """

    def test_interfaces(self) -> None:
        """
        The endpoints are what Twisted calls so.
        """
        world = World()
        listening = world.a.host.listen_endpoint(world.a.clock, 1)
        verifyObject(IStreamServerEndpoint, listening)
        dialling = world.a.host.dial_endpoint(world.a.clock, "b", 1)
        verifyObject(IStreamClientEndpoint, dialling)
        port = self.successResultOf(listening.listen(world.a.factory))
        verifyObject(IListeningPort, port)
        self.assertEqual(port.getHost(), IPv4Address("TCP", "0.0.0.0", 1))

    def test_connects(self) -> None:
        """
        The caller knows after the way there and back, the called one latency
        later.
        """
        world = World()
        results = world.dial()
        while not results:
            world.time.step()
        self.assertEqual(world.time.seconds(), 2 * LATENCY)
        self.assertEqual((world.a.told, world.b.told), (["made"], []))
        world.run()
        self.assertEqual(world.b.told, ["made"])
        for name in "ab":
            self.assertEqual(world.network.open_connections(name), 1)

    def test_crossed(self) -> None:
        """
        Both may call in the same moment, and get two connections.
        """
        world = World()
        world.dial()
        endpoint = world.b.host.dial_endpoint(world.b.clock, "a", PORT)
        endpoint.connect(world.b.factory)
        world.run()
        self.assertEqual(world.a.told, ["made", "made"])
        self.assertEqual(world.network.open_connections("a"), 2)

    def test_itself(self) -> None:
        """
        A host may call itself.
        """
        world = World()
        endpoint = world.a.host.dial_endpoint(world.a.clock, "a", PORT)
        endpoint.connect(world.a.factory)
        world.run()
        self.assertEqual(world.a.told, ["made", "made"])

    def test_nobody_listens(self) -> None:
        """
        Where nobody listens a call is refused.
        """
        world = World()
        endpoint = world.a.host.dial_endpoint(world.a.clock, "b", PORT + 1)
        made = endpoint.connect(world.a.factory)
        world.run()
        self.failureResultOf(made, ConnectionRefusedError)
        self.assertEqual(world.network.open_connections("a"), 0)

    def test_unknown_name(self) -> None:
        """
        A name that nobody has leads nowhere.
        """
        world = World()
        endpoint = world.a.host.dial_endpoint(world.a.clock, "c", PORT)
        made = endpoint.connect(world.a.factory)
        world.run()
        self.failureResultOf(made, DNSLookupError)

    def test_port_taken(self) -> None:
        """
        Two cannot listen at one port, until the first has stopped.
        """
        world = World()
        endpoint = world.a.host.listen_endpoint(world.a.clock, 1)
        port = self.successResultOf(endpoint.listen(world.a.factory))
        self.failureResultOf(endpoint.listen(world.a.factory), CannotListenError)
        stopped = maybeDeferred(port.stopListening)
        world.run()
        self.successResultOf(stopped)
        self.successResultOf(endpoint.listen(world.a.factory))

    def test_cancelled(self) -> None:
        """
        A call can be given up.
        """
        world = World()
        endpoint = world.a.host.dial_endpoint(world.a.clock, "b", PORT)
        made = endpoint.connect(world.a.factory)
        world.run(LATENCY)
        made.cancel()
        self.failureResultOf(made, ConnectingCancelledError)
        world.run()
        self.assertEqual((world.a.told, world.b.told), ([], []))
        self.assertEqual(world.network.open_connections("b"), 0)

    def test_refuses(self) -> None:
        """
        A host that refuses keeps the connections it has.
        """
        world = World().connect()
        world.network.refuse("b")
        world.network.refuse("b")
        results = world.dial()
        world.send()
        world.run()
        self.assertIsInstance(results[0], ConnectionRefusedError)
        self.assertEqual(world.b.told, [1])
        world.network.accept("b")
        results = world.dial()
        world.run()
        self.assertIs(results[0], world.a.end)

    def test_same_name(self) -> None:
        """
        Names are given once.
        """
        world = World()
        self.assertRaises(ValueError, world.network.host, "a")

    def test_many(self) -> None:
        """
        Every connection has a port of its own.
        """
        world = World()
        for _ in range(50):
            world.dial()
        world.run()
        hosts = world.b.host.sockets
        self.assertEqual(len({socket.getpeername() for socket in hosts}), 50)


class CutTests(SynchronousTestCase):
    """
    Nothing passes, for a while or for good.
    """

    def test_held(self) -> None:
        """
        What is sent meanwhile arrives afterwards, in its order.
        """
        world = World().connect()
        world.network.cut("a", "b")
        world.network.cut("b", "a")
        world.send(3)
        world.run(30)
        world.send(4)
        self.assertEqual((world.a.told, world.b.told), ([], []))
        world.network.heal("a", "b")
        world.network.heal("a", "b")
        world.run(2)
        self.assertEqual((world.a.told, world.b.told), ([], [7]))

    def test_one_way(self) -> None:
        """
        The other way is open, but nobody learns what arrived there.
        """
        world = World().connect()
        world.network.cut("b", "a", one_way=True)
        world.b.end.tcp.write(bytes(5))
        world.send(WINDOW_BYTES + 100)
        world.run(30)
        self.assertEqual((world.a.told, world.b.told), ([], [WINDOW_BYTES]))
        self.assertEqual(world.network.buffered_bytes("a"), 100)
        world.network.heal("b", "a")
        world.run(2)
        self.assertEqual((world.a.told, world.b.told), ([5], [100]))

    def test_dialling(self) -> None:
        """
        Who calls over a cut is not answered, unless it heals in time.
        """
        for one_way in (("a", "b"), ("b", "a")):
            world = World()
            world.network.cut(*one_way, one_way=True)
            results = world.dial()
            world.run(9)
            self.assertEqual(results, [])
            world.run(2)
            self.assertIsInstance(results[0], TimeoutError)
            results = world.dial()
            world.run(2)
            world.network.heal("a", "b")
            world.run(6)
            self.assertIs(results[0], world.a.end)

    def test_while_connecting(self) -> None:
        """
        A cut in the middle of an opening delays it.
        """
        for moments in range(1, 6):
            world = World()
            results = world.dial()
            world.run(moments * LATENCY / 2)
            world.network.cut("a", "b")
            world.run(1.5)
            world.network.heal("a", "b")
            world.run(8)
            self.assertIs(results[0], world.a.end)
            world.send(2)
            world.run()
            self.assertEqual(world.b.told, ["made", 2])

    def test_idle_for_long(self) -> None:
        """
        Two that say nothing notice after a minute.
        """
        world = World().connect()
        world.network.cut("a", "b")
        world.run(59)
        self.assertEqual((world.a.told, world.b.told), ([], []))
        world.run(2)
        lost = ["lost: ConnectionLost"]
        self.assertEqual((world.a.told, world.b.told), (lost, lost))

    def test_without_keep_alive(self) -> None:
        """
        Who asked for no keep-alive notices nothing.
        """
        world = World().connect()
        world.a.end.tcp.setTcpKeepAlive(False)
        world.network.cut("a", "b")
        world.run(2000)
        self.assertEqual((world.a.told, world.b.told), ([], ["lost: ConnectionLost"]))

    def test_sending_for_long(self) -> None:
        """
        Who has sent something goes on trying for a quarter of an hour.
        """
        world = World().connect()
        world.network.cut("a", "b")
        world.send()
        world.run(GIVE_UP_SECONDS - 10)
        self.assertEqual(world.a.told, [])
        world.run(100)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_short_cuts(self) -> None:
        """
        Cuts that heal in time do not add up.
        """
        world = World().connect()
        for _ in range(5):
            world.network.cut("a", "b")
            world.run(50)
            world.network.heal("a", "b")
            world.run(5)
        self.assertEqual((world.a.told, world.b.told), ([], []))

    def test_lost_reset(self) -> None:
        """
        A reset that is lost is heard of when something is sent afterwards.
        """
        world = World().connect()
        world.network.cut("a", "b")
        world.b.end.tcp.abortConnection()
        world.run(10)
        world.network.heal("a", "b")
        world.run(10)
        self.assertEqual(world.a.told, [])
        world.send()
        world.run(1)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_delayed_end(self) -> None:
        """
        The end is sent again until it arrives.
        """
        world = World().connect()
        world.network.cut("a", "b")
        world.b.end.tcp.loseConnection()
        world.run(10)
        self.assertEqual((world.a.told, world.b.told), ([], ["lost: ConnectionDone"]))
        world.network.heal("a", "b")
        world.run(2)
        self.assertEqual(world.a.told, ["lost: ConnectionDone"])


class FaultTests(SynchronousTestCase):
    """
    The other things that go wrong on the way.
    """

    def test_reset(self) -> None:
        """
        Both ends lose it, in steps of their own.
        """
        world = World().connect()
        world.network.reset("b", "a")
        world.network.reset("b", "a")
        self.assertEqual((world.a.told, world.b.told), ([], []))
        world.run()
        lost = ["lost: ConnectionLost"]
        self.assertEqual((world.a.told, world.b.told), (lost, lost))
        self.assertEqual(world.network.open_connections("a"), 0)

    def test_clog_unlimited(self) -> None:
        """
        Lines without a rate crawl, and the way is longer.
        """
        world = World().connect()
        world.network.clog("b", 10000)
        world.send(100000)
        world.run(11)
        self.assertEqual(world.b.told, [])
        # Eight seconds up, ten on the way, one down for the last of it.
        world.run(9)
        self.assertEqual(world.b.told, [100000])
        world.network.unclog("b")
        world.send(100000)
        world.run(1)
        self.assertEqual(world.b.told, [100000])

    def test_clog_rate(self) -> None:
        """
        Lines with a rate carry that much less.
        """
        world = World(rate=16384).connect()
        world.network.clog("a", 4)
        world.send(2 * 16384)
        # Four seconds up, half a one on the way, one down.
        world.run(5)
        self.assertEqual(world.b.told, [])
        world.run(1)
        self.assertEqual(world.b.told, [16384])
        world.run(3)
        self.assertEqual(world.b.told, [])
        world.run(1)
        self.assertEqual(world.b.told, [16384])

    def test_segment(self) -> None:
        """
        What comes to a host comes in small pieces; what it sends does not.
        """
        world = World().connect()
        world.network.segment("b", 3)
        sizes: list[int] = []
        received = world.b.end.dataReceived

        def note(data: bytes) -> None:
            sizes.append(len(data))
            received(data)

        world.b.end.dataReceived = note  # type: ignore[method-assign]
        world.send(100)
        world.run()
        self.assertEqual((sum(sizes), set(sizes[:-1])), (100, {1, 2, 3}))
        sizes.clear()
        world.network.segment("b", None)
        world.send(100)
        world.run()
        self.assertEqual(sizes, [100])

    def test_move(self) -> None:
        """
        Under a new address a host is found by its name; its old connections are
        dead, and nobody is told.
        """
        world = World().connect()
        self.assertEqual(world.network.move("b"), "10.0.0.3")
        self.assertEqual(world.b.host.address, "10.0.0.3")
        world.b.end.tcp.write(b"1")
        world.run(50)
        self.assertEqual((world.a.told, world.b.told), ([], []))
        results = world.dial()
        world.run(1)
        self.assertIs(results[0], world.a.end)
        self.assertEqual(world.a.end.tcp.getPeer().host, "10.0.0.3")
        self.assertEqual((world.a.told, world.b.told), (["made"], ["made"]))
        world.run(20)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_moved_while_called(self) -> None:
        """
        Who looked the name up too early is not answered.
        """
        world = World()
        results = world.dial()
        world.run(LATENCY / 2)
        world.network.move("b")
        world.run(11)
        self.assertIsInstance(results[0], TimeoutError)


class CrashTests(SynchronousTestCase):
    """
    Processes and machines that are suddenly gone.
    """

    def test_process(self) -> None:
        """
        The system closes what a killed process left, and what that sent still
        arrives; the process itself hears nothing.
        """
        world = World().connect()
        world.b.end.tcp.write(bytes(9))
        world.run(LATENCY / 2)
        world.b.clock.power_off()
        world.b.host.crash(silent=False)
        self.assertFalse(world.b.host.is_up)
        world.run()
        self.assertEqual(world.a.told, [9, "lost: ConnectionDone"])
        self.assertEqual(world.b.told, [])
        self.assertEqual(world.network.open_connections("b"), 0)

    def test_unsent(self) -> None:
        """
        What a killed process had not handed over is lost.
        """
        world = World().connect()
        world.b.end.tcp.write(bytes(WINDOW_BYTES + 1000))
        world.run(LATENCY / 2)
        world.b.host.crash(silent=False)
        world.run()
        self.assertEqual(world.a.told, [WINDOW_BYTES, "lost: ConnectionDone"])

    def test_unread(self) -> None:
        """
        If it had not read everything, the far end is reset.
        """
        world = World(b=Side(made=stop_reading)).connect()
        world.send()
        world.run(1)
        world.b.host.crash(silent=False)
        world.run()
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_calls_after_crash(self) -> None:
        """
        The machine refuses calls until a process listens again.
        """
        world = World()
        world.b.host.crash(silent=False)
        results = world.dial()
        world.run(1)
        self.assertIsInstance(results[0], ConnectionRefusedError)
        world.b.host.boot()
        world.b.clock = HostClock(world.time)
        world.b.listen()
        results = world.dial()
        world.run(1)
        self.assertIs(results[0], world.a.end)

    def test_silent_idle(self) -> None:
        """
        Of a machine without power nobody hears, until a minute is over.
        """
        world = World().connect()
        world.b.host.crash(silent=True)
        world.run(59)
        self.assertEqual(world.a.told, [])
        results = world.dial()
        world.run(9)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])
        world.run(2)
        self.assertIsInstance(results[0], TimeoutError)
        self.assertEqual(world.b.told, [])

    def test_silent_and_back(self) -> None:
        """
        A machine that is back does not know its old connections.
        """
        world = World().connect()
        world.b.host.crash(silent=True)
        world.run(5)
        world.b.host.boot()
        world.run(5)
        self.assertEqual(world.a.told, [])
        world.send()
        world.run(1)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_silent_and_back_idle(self) -> None:
        """
        Who says nothing to it finds out within the minute all the same.
        """
        world = World().connect()
        world.b.host.crash(silent=True)
        world.run(5)
        world.b.host.boot()
        world.run(57)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_sent_to_the_dead(self) -> None:
        """
        What was sent meanwhile is sent again, and answered with a reset.
        """
        world = World().connect()
        world.b.host.crash(silent=True)
        world.send()
        world.run(5)
        world.b.host.boot()
        world.run(2)
        self.assertEqual(world.a.told, ["lost: ConnectionLost"])

    def test_within_its_own_turn(self) -> None:
        """
        A host may crash while its process does something.
        """
        world = World().connect()

        def crash(data: bytes) -> None:  # noqa: ARG001
            world.b.host.crash(silent=False)

        world.b.end.dataReceived = crash  # type: ignore[method-assign]
        world.send()
        world.run()
        self.assertEqual(world.a.told, ["lost: ConnectionDone"])
        self.assertEqual(world.b.told, [])


class FreezeTests(SynchronousTestCase):
    """
    Processes that stand still.
    """

    def freeze(self, world: World) -> None:
        """
        Stop the process of C{b}.
        """
        world.b.host.freeze()
        world.b.clock.freeze()

    def thaw(self, world: World) -> None:
        """
        Let it go on.
        """
        world.b.host.thaw()
        world.b.clock.thaw()

    def test_buffers(self) -> None:
        """
        The system takes what fits into its buffers, and the process reads it
        afterwards.
        """
        world = World().connect()
        self.freeze(world)
        world.send(WINDOW_BYTES + 7)
        world.run(100)
        self.assertEqual((world.a.told, world.b.told), ([], []))
        self.assertEqual(world.network.buffered_bytes("a"), 7)
        self.thaw(world)
        self.assertEqual(world.b.told, [])
        world.run(1)
        self.assertEqual(world.b.told, [WINDOW_BYTES + 7])

    def test_accepts(self) -> None:
        """
        The system takes calls, and the process learns of them afterwards.
        """
        world = World()
        self.freeze(world)
        results = world.dial()
        world.run(1)
        world.send(3)
        world.run(10)
        self.assertIs(results[0], world.a.end)
        self.assertEqual(world.b.told, [])
        self.thaw(world)
        world.run(1)
        self.assertEqual(world.b.told, ["made", 3])

    def test_backlog(self) -> None:
        """
        It does not take any number of them.
        """
        world = World()
        self.freeze(world)
        early = [world.dial() for _ in range(51)]
        world.run(1)
        late = [world.dial() for _ in range(9)]
        world.run(11)
        self.assertEqual({type(one[0]) for one in early}, {End})
        self.assertEqual({type(one[0]) for one in late}, {TimeoutError})
        self.thaw(world)
        world.run(1)
        self.assertEqual(world.b.told, ["made"] * 51)

    def test_writes(self) -> None:
        """
        What the process wrote in its last turn leaves afterwards.
        """
        world = World().connect()
        world.b.end.tcp.write(bytes(4))
        self.freeze(world)
        world.run(10)
        self.assertEqual(world.a.told, [])
        self.thaw(world)
        world.run(1)
        self.assertEqual(world.a.told, [4])

    def test_ends(self) -> None:
        """
        It learns of ends and resets afterwards.
        """
        for end in ("loseConnection", "abortConnection"):
            world = World().connect()
            self.freeze(world)
            getattr(world.a.end.tcp, end)()
            world.run(10)
            self.assertEqual(world.b.told, [])
            self.thaw(world)
            world.run(1)
            reason = "Done" if end == "loseConnection" else "Lost"
            self.assertEqual(world.b.told, [f"lost: Connection{reason}"])

    def test_killed(self) -> None:
        """
        It can be killed as it stands.
        """
        world = World().connect()
        self.freeze(world)
        world.send()
        world.run(1)
        world.b.clock.power_off()
        world.b.host.crash(silent=False)
        world.run()
        self.assertEqual((world.a.told, world.b.told), (["lost: ConnectionLost"], []))


class OrderTests(SynchronousTestCase):
    """
    Bytes keep their order.
    """

    @settings(deadline=None, max_examples=60)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        "cut",
                        "one way",
                        "heal",
                        "clog",
                        "unclog",
                        "segment",
                        "whole",
                        "freeze",
                        "thaw",
                        "write",
                        "write",
                        "write much",
                    ]
                ),
                st.sampled_from([0.0, 0.05, 0.125, 1.0, 10.0]),
            ),
            max_size=30,
        ),
        st.sampled_from([None, 1e6]),
        st.sampled_from([0.0, 0.1]),
    )
    def test_any_history(
        self, history: list[tuple[str, float]], rate: float | None, jitter: float
    ) -> None:
        """
        Whatever goes wrong for a while, in the end everything that was written
        has arrived, in its order and once.
        """
        world = World(rate=rate, jitter_seconds=jitter)
        world.dial()
        world.run(5)
        network, host = world.network, world.b.host
        got = bytearray()
        world.b.end.dataReceived = got.extend  # type: ignore[assignment,method-assign]
        sent = b""
        for number, (act, pause) in enumerate(history):
            match act:
                case "cut":
                    network.cut("a", "b")
                case "one way":
                    network.cut("b", "a", one_way=True)
                case "heal":
                    network.heal("a", "b")
                case "clog":
                    network.clog("b", 100)
                case "unclog":
                    network.unclog("b")
                case "segment":
                    network.segment("b", 5000)
                case "whole":
                    network.segment("b", None)
                case "freeze":
                    host.freeze()
                case "thaw":
                    host.thaw()
                case _:
                    data = bytes([number]) * (100000 if "much" in act else 5)
                    sent += data
                    world.a.end.tcp.write(data)
            # What is cut off for more than a minute may give up.
            world.run(min(pause, 50.0 / len(history)))
        network.heal("a", "b")
        network.unclog("b")
        network.segment("b", None)
        host.thaw()
        world.run(60)
        self.assertTrue(bytes(got) == sent)
        self.assertEqual((world.a.told, world.b.told), (["made"], ["made"]))
        self.assertEqual(world.network.buffered_bytes("a"), 0)


class Swarm:
    """
    Peers that exchange a file over the simulated network.
    """

    def __init__(self, count: int, *, seed: int = 0, rate: float | None = None) -> None:
        self.time = VirtualTime()
        self.network = SimulatedNetwork(self.time, Random(seed), jitter_seconds=0.001)
        layout = PieceLayout(20 * 1024 - 7, 1024)
        self.data = Random(1).randbytes(layout.file_size_bytes)
        common = CommonConfig(
            2, 5.0, 10.0, "file", layout.file_size_bytes, layout.piece_size_bytes
        )
        peers = tuple(
            PeerInfo(1001 + number, f"host{number}", PORT, has_file=number == 0)
            for number in range(count)
        )
        self.storages: list[MemoryStorage] = []
        self.services: list[PeerService] = []
        self.clocks: list[HostClock] = []
        self.complete: list[float] = []
        for peer in peers:
            host = self.network.host(peer.host, up_rate=rate, down_rate=rate)
            clock = HostClock(self.time)
            storage = MemoryStorage(layout, self.data if peer.has_file else None)

            def dial(
                other: PeerInfo, host: NetworkHost = host, clock: HostClock = clock
            ) -> IStreamClientEndpoint:
                return host.dial_endpoint(clock, other.host, other.port)

            service = PeerService(
                Config(peer.peer_id, common, peers),
                storage,
                clock=clock,
                listen_endpoint=host.listen_endpoint(clock, PORT),
                dial_endpoint=dial,
                rng=Random(peer.peer_id),
            )
            self.storages.append(storage)
            self.services.append(service)
            self.clocks.append(clock)

    def run_all(self) -> None:
        """
        Let everybody become complete, and stop.
        """
        for service in self.services:
            service.when_swarm_complete().addCallback(
                lambda _: self.complete.append(self.time.seconds())
            )
            service.startService()
        while len(self.complete) < len(self.services) and self.time.seconds() < 600:
            self.time.step()
        stopped: list[object] = []
        for service in self.services:
            service.stopService().addBoth(stopped.append)
        while len(stopped) < len(self.services) and self.time.step():
            pass


class PeerTests(SynchronousTestCase):
    """
    The real peers over it.
    """

    def check(self, swarm: Swarm) -> None:
        """
        Everybody gets the file, stops cleanly and leaves nothing behind.
        """
        swarm.run_all()
        self.assertEqual(len(swarm.complete), len(swarm.services))
        for storage in swarm.storages:
            self.assertEqual(storage.contents(), swarm.data)
        for number, clock in enumerate(swarm.clocks):
            self.assertEqual(clock.pending, 0)
            self.assertEqual(swarm.network.open_connections(f"host{number}"), 0)

    def test_two(self) -> None:
        """
        Two peers exchange a file.
        """
        self.check(Swarm(2))

    def test_with_rates(self) -> None:
        """
        Lines with rates make it slower, and no more than that.
        """
        swarm = Swarm(3, rate=10000)
        self.check(swarm)
        # The seed has to send the file once, through its own line.
        self.assertGreater(swarm.complete[0], 2)

    def test_byte_by_byte(self) -> None:
        """
        Two peers to whom every byte comes by itself exchange a file.
        """
        swarm = Swarm(2)
        for number in range(2):
            swarm.network.segment(f"host{number}", 1)
        self.check(swarm)

    def test_reset_all_the_time(self) -> None:
        """
        Peers whose connections are reset again and again get there.
        """
        swarm = Swarm(3, rate=20000)
        for moment in range(1, 20):
            swarm.time.at(moment * 0.5, lambda: swarm.network.reset("host0", "host1"))
        self.check(swarm)

    def test_same_seed(self) -> None:
        """
        Two runs from the same seed are the same, and from another are not.
        """

        def times(seed: int) -> tuple[int, list[float]]:
            swarm = Swarm(4, seed=seed)
            swarm.run_all()
            return swarm.time.steps, swarm.complete

        self.assertEqual(times(1), times(1))
        self.assertNotEqual(times(1), times(2))
