"""
Twisted's own TCP transports over simulated sockets.

Buffering, producers, half-closed connections, the order and the reasons of all
endings are those of C{twisted.internet.tcp}, because it is the same code.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet import tcp
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from swarmpeer.testing.sockets import Socket

if TYPE_CHECKING:
    from swarmpeer.testing.process import Process


class _Transport(tcp.Connection):
    """
    What a transport has of the process that it is in, which watches its socket.
    """

    # These stand in for what Twisted's types ask for.
    socket: Socket  # type: ignore[assignment]
    reactor: "Process"  # type: ignore[assignment]
    is_reading = False
    is_writing = False
    is_woken = False

    def startReading(self) -> None:
        """
        Tell me of what comes.
        """
        if not self.is_reading:
            self.is_reading = True
            if self.socket.is_readable:
                self.reactor.wake(self)

    def stopReading(self) -> None:
        """
        Tell me nothing of what comes.
        """
        self.is_reading = False

    def startWriting(self) -> None:
        """
        Tell me when there is room.
        """
        if not self.is_writing:
            self.is_writing = True
            if self.socket.is_writable:
                self.reactor.wake(self)

    def stopWriting(self) -> None:
        """
        Tell me nothing of room.
        """
        self.is_writing = False

    def writeSomeData(self, data: bytes) -> int | ConnectionLost:
        """
        Write some, without the detour over a view of it.
        """
        if len(data) > self.SEND_LIMIT:
            data = data[: self.SEND_LIMIT]
        try:
            return self.socket.send(bytes(data))
        except BlockingIOError:
            return 0
        except OSError:
            return ConnectionLost()

    @property
    def buffered_bytes(self) -> int:
        """
        What is written and not yet in the socket.
        """
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def socket_readable(self) -> None:
        """
        There is something to read; this is an event of its own.
        """
        if not self.reactor.is_running:
            return
        socket = self.socket
        while self.is_reading and socket.is_readable:
            self._go(self.doRead, is_read=True)
        if self.is_writing and socket.has_failed:
            self._go(self.doWrite, is_read=False)

    def socket_writable(self) -> None:
        """
        There is room.
        """
        if self.is_writing:
            self.reactor.wake(self)

    def wake(self) -> None:
        """
        Look whether there is anything to do.
        """
        if self.wants_a_turn:
            self.reactor.wake(self)

    def look(self) -> None:
        """
        Do what can be done.
        """
        if self.is_reading and self.socket.is_readable:
            self._go(self.doRead, is_read=True)
        if self.is_writing and self.socket.is_writable:
            self._go(self.doWrite, is_read=False)
        self.wake()

    @property
    def wants_a_turn(self) -> bool:
        """
        Can anything be done?
        """
        return (self.is_reading and self.socket.is_readable) or (
            self.is_writing and self.socket.is_writable
        )

    def _go(self, act: Callable[[], object], *, is_read: bool) -> None:
        why = act()
        if why is None:
            return
        self.stopReading()
        if is_read and isinstance(why, ConnectionDone):
            self.readConnectionLost(Failure(ConnectionDone()))
            return
        self.stopWriting()
        if isinstance(why, Exception):
            self.connectionLost(Failure(why))


class SimulatedServer(_Transport, tcp.Server):
    """
    The transport of a connection that somebody else opened.
    """


class SimulatedClient(_Transport, tcp.Client):
    """
    The transport of a connection that we opened.
    """

    def createInternetSocket(self) -> Socket:
        """
        A socket of the simulated host.
        """
        made = self.reactor_of_connector().socket()
        made.owner = self
        return made

    def reactor_of_connector(self) -> "Process":
        """
        The process; asked before the transport knows it by itself.
        """
        process: Process = self.connector.reactor
        return process


class SimulatedConnector(tcp.Connector):
    """
    Makes the one and remembers it until it is connected.
    """

    def _makeTransport(self) -> SimulatedClient:
        return SimulatedClient(
            self.host, self.port, self.bindAddress, self, self.reactor
        )
