"""
A network in virtual time, with faults.
"""

from collections.abc import Callable
from random import Random

from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

from swarmpeer.testing.connections import Connecting, Connection
from swarmpeer.testing.lines import Line
from swarmpeer.testing.process import ListeningPort, Process
from swarmpeer.testing.sockets import Socket
from swarmpeer.testing.virtual_time import HostClock, VirtualTime

CONNECT_SECONDS = 10.0
"""
How long a connection may take to stand.
"""
MOST_CLOGGED_SECONDS = 10.0
"""
How long a byte is under way at most because of a clog.  What was sent in a clog
arrives no sooner when that is over, nor does what follows it.
"""
Tap = Callable[[int, str, str, bytes], None]
_FIRST_EPHEMERAL_PORT = 32768
_PORTS = 28232


class NetworkHost:
    """
    A host: its address, its lines, its operating system's part of TCP.

    @ivar name: by which others call it.
    @ivar address: that which it has now.
    @ivar up_rate: bytes per second that it can send; C{None}: no limit.
    @ivar down_rate: the same for what it can receive.
    @ivar is_up: may a process run here?
    @ivar has_power: does the machine answer?
    """

    def __init__(
        self,
        network: "SimulatedNetwork",
        name: str,
        address: str,
        up_rate: float | None,
        down_rate: float | None,
    ) -> None:
        """
        It is up.
        """
        self.network = network
        self.name = name
        self.address = address
        self.up_rate = up_rate
        self.down_rate = down_rate
        self.up_line = Line(network.time, network.rng, up_rate)
        self.down_line = Line(network.time, network.rng, down_rate)
        self.is_up = True
        self.has_power = True
        self.is_refusing = False
        self.clog_factor = 1.0
        self._processes: list[Process] = []
        self._ports: dict[int, ListeningPort] = {}
        self._sockets: dict[Socket, None] = {}
        self._opened = 0
        self._dialled = 0

    # For the process.

    def listen_endpoint(self, clock: HostClock, port: int) -> IStreamServerEndpoint:
        """
        Where others call this host.

        @param clock: that of the process.
        """
        endpoint: IStreamServerEndpoint = TCP4ServerEndpoint(self._process(clock), port)
        return endpoint

    def dial_endpoint(
        self, clock: HostClock, name: str, port: int
    ) -> IStreamClientEndpoint:
        """
        The way to another host; its name is looked up at each connection.

        @param clock: that of the process.
        """
        endpoint: IStreamClientEndpoint = TCP4ClientEndpoint(
            self._process(clock), name, port, timeout=CONNECT_SECONDS
        )
        return endpoint

    # What befalls it.

    def crash(self, *, silent: bool) -> None:
        """
        Whatever runs here is gone, without a word to itself.

        @param silent: is the power gone too?  Then nobody is told.  Else the
            operating system closes what the process left, as it does for each.
        """
        self.is_up = False
        for process in self._processes:
            process.end()
        self._processes.clear()
        ports = list(self._ports.values())
        self._ports.clear()
        sockets = list(self._sockets)
        if silent:
            self.has_power = False
            for socket in sockets:
                socket.vanish()
            self.network.review()
        else:
            for port in ports:
                port.abandon()
            for socket in sockets:
                socket.close()

    def boot(self) -> None:
        """
        A process may run here again.
        """
        self.is_up = True
        if not self.has_power:
            self.has_power = True
            self.network.review()

    def freeze(self) -> None:
        """
        The processes stand still.  The operating system takes what fits.
        """
        for process in self._processes:
            process.freeze()

    def thaw(self) -> None:
        """
        They go on.
        """
        for process in self._processes:
            process.thaw()
        for socket in list(self._sockets):
            if socket.owner is not None:
                socket.owner.wake()

    # For sockets and processes.

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """
        Those that processes here have open.
        """
        return tuple(self._sockets)

    def open_socket(self) -> Socket:
        """
        A new one.
        """
        self._opened += 1
        socket = Socket(self, self._opened)
        self._sockets[socket] = None
        return socket

    def forget(self, socket: Socket) -> None:
        """
        It is closed.
        """
        self._sockets.pop(socket, None)

    def next_port(self) -> int:
        """
        A port for a connection that is opened from here.
        """
        self._dialled += 1
        return _FIRST_EPHEMERAL_PORT + self._dialled % _PORTS

    def bind(self, port: int, listening: ListeningPort) -> bool:
        """
        Listen there.

        @return: was the port free?
        """
        return self._ports.setdefault(port, listening) is listening

    def release(self, port: int, listening: ListeningPort) -> None:
        """
        Listen there no more.
        """
        if self._ports.get(port) is listening:
            del self._ports[port]

    def port(self, number: int) -> ListeningPort | None:
        """
        Who listens there for new connections.
        """
        return None if self.is_refusing else self._ports.get(number)

    def _process(self, clock: HostClock) -> Process:
        for process in self._processes:
            if process.clock is clock:
                return process
        process = Process(self, clock)
        self._processes.append(process)
        return process


class SimulatedNetwork:
    """
    Hosts, and all that can happen between them.

    Who is cut off from whom, and all other faults, are told by the names of the
    hosts.  Each fault may be told twice.

    @ivar tap: told what is written to a connection: its number, the names of the
        hosts that speak and listen, the bytes.
    @ivar jitter_seconds: how much longer than its latency a byte may take;
        those of one direction of a connection keep their order.
    """

    def __init__(
        self,
        time: VirtualTime,
        rng: Random,
        *,
        latency_seconds: float = 0.01,
        jitter_seconds: float = 0.0,
    ) -> None:
        """
        @param rng: where all chance of the network comes from.
        @param latency_seconds: how long a byte is under way between two hosts.
        """
        self.time = time
        self.rng = rng
        self.latency_seconds = latency_seconds
        self.jitter_seconds = jitter_seconds
        self._hosts: dict[str, NetworkHost] = {}
        self._by_address: dict[str, NetworkHost] = {}
        self._addresses = 0
        self._cuts: dict[tuple[str, str], None] = {}
        self._connections: dict[Connection, None] = {}
        self._made = 0
        self.tap: Tap | None = None

    def host(
        self,
        name: str,
        *,
        up_rate: float | None = None,
        down_rate: float | None = None,
    ) -> NetworkHost:
        """
        A new host.

        @param up_rate: bytes per second that it can send; C{None}: no limit.
        @param down_rate: the same for what it can receive.
        @raise ValueError: if there is one of that name.
        """
        if name in self._hosts:
            raise ValueError(f"there is a host {name!r} already")
        host = NetworkHost(self, name, self._next_address(), up_rate, down_rate)
        self._hosts[name] = host
        self._by_address[host.address] = host
        return host

    # Faults.

    def reset(self, a: str, b: str) -> bool:
        """
        Both ends of every connection between two hosts are told that it is
        over.

        @return: was there one?
        """
        found = [each for each in self._connections if each.is_between(a, b)]
        for connection in found:
            connection.reset()
        return bool(found)

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """
        Nothing passes from C{a} to C{b}, nor back.

        @param one_way: the way back is open.
        """
        self._cuts[a, b] = None
        if not one_way:
            self._cuts[b, a] = None
        self.review()

    def heal(self, a: str, b: str) -> None:
        """
        Everything passes between these two again.
        """
        self._cuts.pop((a, b), None)
        self._cuts.pop((b, a), None)
        self.review()

    def clog(self, name: str, factor: float) -> None:
        """
        The lines of a host carry one C{factor}th, and take as much longer.
        """
        host = self._hosts[name]
        host.clog_factor = factor
        host.up_line.clog(factor)
        host.down_line.clog(factor)
        self.review()

    def unclog(self, name: str) -> None:
        """
        They carry what they did before.
        """
        self.clog(name, 1.0)

    def refuse(self, name: str) -> None:
        """
        A host refuses all new connections.
        """
        self._hosts[name].is_refusing = True

    def accept(self, name: str) -> None:
        """
        It takes them again.
        """
        self._hosts[name].is_refusing = False

    def segment(self, name: str, max_bytes: int | None) -> None:
        """
        What comes to a host arrives in pieces of 1 to C{max_bytes} bytes, or as
        it was sent.
        """
        self._hosts[name].down_line.crumble(max_bytes)

    def move(self, name: str) -> str:
        """
        A host gets another address.  Its connections are dead, and nobody is
        told.

        @return: the address.
        """
        host = self._hosts[name]
        for connection in self._connections:
            if connection.touches(name):
                connection.is_severed = True
        del self._by_address[host.address]
        host.address = self._next_address()
        self._by_address[host.address] = host
        self.review()
        return host.address

    # Gauges.

    def open_connections(self, name: str) -> int:
        """
        How many connections the processes of a host have open, or begin.
        """
        sockets = self._hosts[name].sockets
        return sum(socket.owner is not None for socket in sockets)

    def buffered_bytes(self, name: str) -> int:
        """
        What the processes of a host have written that its operating system did
        not take yet.
        """
        return sum(
            socket.owner.buffered_bytes
            for socket in self._hosts[name].sockets
            if socket.owner is not None
        )

    # For hosts and sockets.

    def address_of(self, name: str) -> str | None:
        """
        Where a name leads to.
        """
        host = self._hosts.get(name)
        return None if host is None else host.address

    def host_at(self, address: str) -> NetworkHost | None:
        """
        Who has an address.
        """
        return self._by_address.get(address)

    def dial(self, socket: Socket) -> None:
        """
        Begin to connect a socket to its C{remote} address.
        """
        Connecting(self, socket).begin()

    def latency(self, source: NetworkHost, target: NetworkHost) -> float:
        """
        How long a byte is under way, but for the jitter, in seconds.
        """
        factor = max(source.clog_factor, target.clog_factor)
        usual = self.latency_seconds
        return min(usual * factor, max(usual, MOST_CLOGGED_SECONDS))

    def passes(self, source: NetworkHost, target: NetworkHost) -> bool:
        """
        Does anything come from one host to another?
        """
        if not (source.has_power and target.has_power):
            return False
        return (source.name, target.name) not in self._cuts

    def next_number(self) -> int:
        """
        The number of a new connection.
        """
        self._made += 1
        return self._made

    def add(self, connection: Connection) -> None:
        """
        There is another connection.
        """
        self._connections[connection] = None

    def remove(self, connection: Connection) -> None:
        """
        It is closed at both ends.
        """
        self._connections.pop(connection, None)

    def review(self) -> None:
        """
        Something about hosts or ways has changed.
        """
        for connection in list(self._connections):
            connection.review()

    def _next_address(self) -> str:
        self._addresses += 1
        number = self._addresses
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
