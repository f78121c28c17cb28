"""
The sockets of a simulated host: what an operating system does for TCP, under
Twisted's own transports.
"""

import errno
import os
import socket
from typing import TYPE_CHECKING, Protocol

from swarmpeer.testing.inbox import Inbox
from swarmpeer.testing.silence import Silence
from swarmpeer.testing.streams import ROOMY_BYTES, WINDOW_BYTES, Stream

if TYPE_CHECKING:
    from swarmpeer.testing.connections import Connection
    from swarmpeer.testing.network_host import NetworkHost


class Owner(Protocol):
    """
    The process's side of a socket.
    """

    def socket_readable(self) -> None:
        """
        There is something to read, or an end.  Called from an event of its own.
        """

    def socket_writable(self) -> None:
        """
        There may be room to write.
        """

    def wake(self) -> None:
        """
        Look whether there is anything to do.
        """

    @property
    def buffered_bytes(self) -> int:
        """
        What is written and not yet in the socket.
        """


class Socket:
    """
    What a process has of a TCP connection, with as many of the methods of
    Python's own as Twisted calls.

    @ivar host: whose socket it is.
    @ivar out: the direction that it writes; C{None} until it is connected.
    @ivar into: the direction that it reads.
    @ivar owner: the transport that it is under; C{None} before and after.
    @ivar is_closed: did the process close it?
    @ivar has_vanished: is it closed, and the far end was never told?
    @ivar silence: whether the far end is heard.
    """

    __slots__ = (
        "_error",
        "_inbox",
        "_is_aborting",
        "_is_connected",
        "_is_connecting",
        "_is_end_sent",
        "_is_end_taken",
        "_is_ended",
        "_number",
        "_options",
        "connection",
        "has_vanished",
        "host",
        "into",
        "is_closed",
        "local",
        "out",
        "owner",
        "peer",
        "remote",
        "silence",
    )

    def __init__(self, host: "NetworkHost", number: int) -> None:
        """
        It is not connected.
        """
        self.host = host
        self.out: Stream | None = None
        self.into: Stream | None = None
        self.peer: Socket | None = None
        self.connection: Connection | None = None
        self.owner: Owner | None = None
        self.local = (host.address, 0)
        self.remote: tuple[str, int] | None = None
        self.is_closed = False
        self.silence = Silence(self)
        self.has_vanished = False
        self._number = number
        self._inbox = Inbox()
        self._error = 0
        self._is_connecting = False
        self._is_connected = False
        self._is_ended = False
        self._is_end_taken = False
        self._is_end_sent = False
        self._is_aborting = False
        self._options: dict[tuple[int, int], object] = {}

    # What a process asks.

    @property
    def is_readable(self) -> bool:
        """
        Would C{recv} answer?
        """
        if self._error:
            return True
        if not self._is_connected:
            # What comes before both ends know of each other waits.
            return False
        return bool(self._inbox) or (self._is_ended and not self._is_end_taken)

    @property
    def is_writable(self) -> bool:
        """
        Would C{send} take enough to be worth it?
        """
        if self._error:
            return True
        out = self.out
        return self._is_connected and out is not None and out.unread <= ROOMY_BYTES

    @property
    def has_failed(self) -> bool:
        """
        Was there an error that ended the connection?
        """
        return self._error != 0

    def setblocking(self, flag: bool) -> None:
        """
        It never blocks.
        """

    def fileno(self) -> int:
        """
        Its number.
        """
        return self._number

    def connect_ex(self, address: tuple[str, int]) -> int:
        """
        Begin to connect, or tell how far that is.

        @return: an error number.
        """
        if self._is_connected:
            return errno.EISCONN
        if not self._is_connecting:
            self._is_connecting = True
            self.remote = address
            self.local = (self.host.address, self.host.next_port())
            self.host.network.dial(self)
        return errno.EINPROGRESS

    def recv(self, size: int) -> bytes:
        """
        Read.

        @raise OSError: if there is nothing, or was an error.
        """
        if self._error:
            raise OSError(self._error, os.strerror(self._error))
        if not self._inbox:
            if self._is_ended:
                self._is_end_taken = True
                return b""
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        data = self._inbox.take(size)
        if self.into is not None:
            self.into.acknowledge(len(data))
        return data

    def send(self, data: bytes) -> int:
        """
        Write as much as there is room for.

        @return: how many bytes that is.
        @raise OSError: if there is no room, or was an error.
        """
        if self._error or self._is_end_sent or self.is_closed or self.out is None:
            number = self._error or errno.EPIPE
            raise OSError(number, os.strerror(number))
        if not data:
            return 0
        room = WINDOW_BYTES - self.out.unread
        if room <= 0:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        if len(data) > room:
            data = data[:room]
        tap = self.host.network.tap
        if tap is not None and self.connection is not None and self.peer is not None:
            tap(self.connection.number, self.host.name, self.peer.host.name, data)
        self.out.send(data)
        return len(data)

    def shutdown(self, how: int) -> None:
        """
        Close our end; what comes from the other is still kept.
        """
        if how != socket.SHUT_RD:
            self._send_end()

    def close(self) -> None:
        """
        Be done with it.  What was sent still arrives, unless something came
        that nobody read: then the far end is reset.
        """
        if self.is_closed:
            return
        self.is_closed = True
        self.owner = None
        if not self._error:
            if self._is_aborting or self._inbox:
                self.send_reset()
            else:
                self._send_end()
        self._over()

    def abort(self) -> None:
        """
        Be done with it, and reset the far end.
        """
        self._is_aborting = True
        self.close()

    def setsockopt(self, level: int, name: int, value: object) -> None:
        """
        Set an option.  That to linger tells that C{close} means a reset.
        """
        if level == socket.SOL_SOCKET and name == socket.SO_LINGER:
            self._is_aborting = True
        self._options[level, name] = value

    def getsockopt(self, level: int, name: int) -> int:
        """
        Tell an option; the error is forgotten with it.
        """
        if level == socket.SOL_SOCKET and name == socket.SO_ERROR:
            error, self._error = self._error, 0
            return error
        value = self._options.get((level, name))
        return value if isinstance(value, int) else int(value is not None)

    def getsockname(self) -> tuple[str, int]:
        """
        Where it is.
        """
        return self.local

    def getpeername(self) -> tuple[str, int]:
        """
        Where the far end is.

        @raise OSError: if there is none.
        """
        if self.remote is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self.remote

    # What comes over the network.

    def meet(self, peer: "Socket") -> None:
        """
        Another socket is the far end from now on, and this one is that of the
        other.
        """
        network = self.host.network
        self.peer, peer.peer = peer, self
        self.out = peer.into = Stream(network, self, peer)
        peer.out = self.into = Stream(network, peer, self)

    def connected(self) -> None:
        """
        Both ends know of each other.
        """
        self._is_connected = True
        if self.owner is not None:
            self.owner.socket_writable()

    def take(self, chunk: bytes) -> None:
        """
        This came, or the end.
        """
        if self.is_closed:
            if chunk:
                self.send_reset()
            return
        if self._error:
            return
        if chunk:
            self._inbox.append(chunk)
        else:
            self._is_ended = True
        if self.owner is not None:
            self.owner.socket_readable()

    def fail(self, error: int) -> None:
        """
        It is over, by an error that the process finds out.  What it did not read
        is lost, which is more than every operating system does.
        """
        if self.is_closed or self._error:
            return
        self._error = error
        self._inbox.clear()
        if self.out is not None:
            self.out.stop()
        if self.owner is not None:
            self.owner.socket_readable()

    def send_reset(self) -> None:
        """
        Tell the far end that there is nothing here any more.
        """
        if self.out is not None:
            self.out.stop()
            self.out.after_all(self._reset_arrives)

    def vanish(self) -> None:
        """
        It is gone, and nobody is told.
        """
        self.is_closed = self.has_vanished = True
        self.owner = None
        if self.out is not None:
            self.out.stop()
        self._over()

    def _reset_arrives(self) -> None:
        if self.peer is None or self.out is None:
            return
        if not self.out.is_blocked:
            self.peer.fail(errno.ECONNRESET)
        else:
            # It is sent only once, so nobody hears of it.
            self.has_vanished = True

    def _send_end(self) -> None:
        if self.out is not None and not self._is_end_sent and not self._error:
            self._is_end_sent = True
            self.out.send(b"")

    def _over(self) -> None:
        self._inbox.clear()
        self.host.forget(self)
        if self.connection is not None:
            self.connection.end_closed()
