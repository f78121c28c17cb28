"""
A host of a simulated network, and what befalls it.
"""

from typing import TYPE_CHECKING

from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.lines import Line
from swarmpeer.testing.listening import ListeningPort
from swarmpeer.testing.process import Process
from swarmpeer.testing.sockets import Socket

if TYPE_CHECKING:
    from swarmpeer.testing.network import SimulatedNetwork

CONNECT_SECONDS = 10.0
"""
How long a connection may take to stand.
"""
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
        time, rng, ahead_bytes = network.time, network.rng, network.ahead_bytes
        self.up_line = Line(time, rng, up_rate, ahead_bytes=ahead_bytes)
        self.down_line = Line(time, rng, down_rate, ahead_bytes=ahead_bytes)
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
