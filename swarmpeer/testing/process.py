"""
A process on a simulated host: as much of a reactor as Twisted's TCP asks for.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError, DNSLookupError
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IListeningPort,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.sockets import Socket
from swarmpeer.testing.transport import SimulatedConnector, SimulatedServer

if TYPE_CHECKING:
    from swarmpeer.testing.network_host import NetworkHost


class Woken(Protocol):
    """
    What a process looks after when its turn is over.

    @ivar is_woken: is it going to?
    """

    is_woken: bool

    def look(self) -> None:
        """
        Do what can be done.
        """


@implementer(IReactorTime)
class Process:
    """
    What the transports of one process are in.

    @ivar is_running: is there a process, and does it not stand still?
    """

    def __init__(self, host: "NetworkHost", clock: HostClock) -> None:
        """
        @param clock: the time of this process.
        """
        self.host = host
        self.clock = clock
        self._woken: list[Woken] = []
        self._is_turn_due = False
        self.is_running = True

    # IReactorTime and IReactorTCP.

    def seconds(self) -> float:
        """
        What time it is.
        """
        return self.clock.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """
        See L{IReactorTime.callLater}.
        """
        return self.clock.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        See L{IReactorTime.getDelayedCalls}.
        """
        return self.clock.getDelayedCalls()

    def resolve(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: ARG002
        """
        The address that a name has now.
        """
        address = self.host.network.address_of(name)
        if address is None:
            return fail(DNSLookupError(f"nobody is called {name!r}"))
        return succeed(address)

    def listenTCP(
        self,
        port: int,
        factory: IProtocolFactory,
        backlog: int = 50,
        interface: str = "",
    ) -> IListeningPort:
        """
        Listen.

        @raise CannotListenError: if the port is taken.
        """
        listening = ListeningPort(self, port, factory, backlog, interface)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory,
        timeout: float = 30,
        bindAddress: None = None,
    ) -> IConnector:
        """
        Begin to connect.
        """
        connector = SimulatedConnector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

    # For transports.

    def socket(self) -> Socket:
        """
        A new one.
        """
        return self.host.open_socket()

    def wake(self, woken: Woken) -> None:
        """
        Look at this when the turn is over.
        """
        if woken.is_woken:
            return
        woken.is_woken = True
        self._woken.append(woken)
        if not self._is_turn_due:
            self._is_turn_due = True
            time = self.clock.time
            time.at(time.seconds(), self._end_turn)

    def report(self, failure: Failure) -> None:
        """
        A protocol failed.
        """
        self.clock.time.report(failure)

    # For the host.

    def freeze(self) -> None:
        """
        Do nothing.
        """
        self.is_running = False

    def thaw(self) -> None:
        """
        Go on, with all that came meanwhile.
        """
        self.is_running = True
        woken, self._woken = self._woken, []
        for one in woken:
            one.is_woken = False
            self.wake(one)

    def end(self) -> None:
        """
        There is no process any more.
        """
        self.is_running = False
        self._woken.clear()

    def _end_turn(self) -> None:
        self._is_turn_due = False
        if not self.is_running:
            return
        woken, self._woken = self._woken, []
        for one in woken:
            one.is_woken = False
            if self.is_running:
                one.look()


@implementer(IListeningPort)
class ListeningPort:
    """
    Where a process takes connections.

    @ivar backlog: how many may wait to be taken.
    """

    is_woken = False

    def __init__(
        self,
        process: Process,
        port: int,
        factory: IProtocolFactory,
        backlog: int,
        interface: str,
    ) -> None:
        """
        It does not listen yet.
        """
        self._process = process
        self._port = port
        self._factory = factory
        self._interface = interface
        self._waiting: deque[Socket] = deque()
        self._taken = 0
        self._is_listening = False
        self.backlog = backlog

    @property
    def is_full(self) -> bool:
        """
        Do so many wait that nobody else can?
        """
        return len(self._waiting) > self.backlog

    def startListening(self) -> None:
        """
        Listen.

        @raise CannotListenError: if the port is taken.
        """
        if not self._process.host.bind(self._port, self):
            number = errno.EADDRINUSE
            error = OSError(number, os.strerror(number))
            raise CannotListenError(self._interface, self._port, error)
        self._is_listening = True
        self._factory.doStart()

    def stopListening(self) -> Deferred[None] | None:
        """
        Listen no more; who waits is reset.
        """
        if not self._is_listening:
            return None
        self._is_listening = False
        return deferLater(self._process, 0, self._close)

    def getHost(self) -> IPv4Address:
        """
        Where it listens.
        """
        return IPv4Address("TCP", self._interface or "0.0.0.0", self._port)

    @property
    def is_listening(self) -> bool:
        """
        May anybody call?
        """
        return self._is_listening

    def arrive(self, socket: Socket) -> None:
        """
        Somebody connected; this is an event of its own.
        """
        self._waiting.append(socket)
        self.look()

    def look(self) -> None:
        """
        Take everybody who waits.
        """
        if not self._process.is_running:
            self._process.wake(self)
            return
        while self._waiting and self._is_listening:
            socket = self._waiting.popleft()
            try:
                self._take(socket)
            except Exception:
                self._process.report(Failure())

    def abandon(self) -> None:
        """
        There is no process any more that listens.
        """
        self._is_listening = False
        for socket in self._waiting:
            socket.abort()
        self._waiting.clear()

    def _close(self) -> None:
        self._process.host.release(self._port, self)
        self.abandon()
        self._factory.doStop()

    def _take(self, socket: Socket) -> None:
        client = socket.getpeername()
        protocol = self._factory.buildProtocol(IPv4Address("TCP", *client))
        if protocol is None:
            socket.close()
            return
        self._taken += 1
        # Twisted's types know its own sockets, ports and reactors only.
        make = cast(Any, SimulatedServer)
        transport: SimulatedServer = make(
            socket, protocol, client, None, self._taken, self._process
        )
        transport.repstr = f"<{type(protocol).__name__} #{self._taken} on {self._port}>"
        socket.owner = transport
        protocol.makeConnection(transport)
        if transport.is_reading:
            transport.is_reading = False
            transport.startReading()
