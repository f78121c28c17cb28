"""
The end of a simulated connection that waits for calls.
"""

import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.task import deferLater
from zope.interface import implementer

from swarmpeer.testing.sockets import Socket
from swarmpeer.testing.transport import SimulatedServer

if TYPE_CHECKING:
    from swarmpeer.testing.process import Process


@implementer(IListeningPort)
class ListeningPort:
    """
    Where a process takes connections.

    @ivar backlog: how many may wait to be taken.
    """

    is_woken = False

    def __init__(
        self,
        process: "Process",
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
            self._take(socket)

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
