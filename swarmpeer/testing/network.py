"""
A network in virtual time, with faults.
"""

from collections.abc import Callable
from random import Random

from swarmpeer.testing.connections import Connecting, Connection
from swarmpeer.testing.network_host import NetworkHost
from swarmpeer.testing.sockets import Socket
from swarmpeer.testing.virtual_time import VirtualTime

MOST_CLOGGED_SECONDS = 10.0
"""
How long a byte is under way at most because of a clog.  What was sent in a clog
arrives no sooner when that is over, nor does what follows it.
"""
Tap = Callable[[int, str, str, bytes], None]
"""
Told of what is written: the number of the connection, the names of the hosts that
speak and listen, the bytes.
"""


class SimulatedNetwork:
    """
    Hosts, and all that can happen between them.

    Who is cut off from whom, and all other faults, are told by the names of the
    hosts.  Each fault may be told twice.

    @ivar tap: told of all that is written to connections.
    @ivar jitter_seconds: how much longer than its latency a byte may take;
        those of one direction of a connection keep their order.
    @ivar ahead_bytes: see L{swarmpeer.testing.lines.Line}.
    """

    def __init__(
        self,
        time: VirtualTime,
        rng: Random,
        *,
        latency_seconds: float = 0.01,
        jitter_seconds: float = 0.0,
        ahead_bytes: int = 0,
    ) -> None:
        """
        @param rng: where all chance of the network comes from.
        @param latency_seconds: how long a byte is under way between two hosts.
        @param ahead_bytes: see L{swarmpeer.testing.lines.Line}.
        """
        self.ahead_bytes = ahead_bytes
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
        self._hosts[name].down_line.segment(max_bytes)

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
