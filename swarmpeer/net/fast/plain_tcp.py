"""
Which transports the short way is for, and how it takes them over.
"""

import os
import socket
from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet import tcp
from twisted.internet.interfaces import ITransport


class PlainTCP(Protocol):
    """
    A transport of Twisted over a TCP socket, with what its reactor calls.

    C{doRead} and C{doWrite} may be replaced in an instance: reactors look them up at
    each event, and C{abortConnection} of Twisted replaces them, too.

    @ivar socket: not there any more once the connection is lost.
    @ivar connected: is it not lost yet?
    @ivar disconnecting: is it to be closed once all is sent?
    @ivar doRead: called when something can be read; returns why it is over, if it is.
    @ivar doWrite: called when something can be written; the same.
    """

    socket: socket.socket
    connected: int
    disconnecting: int
    doRead: Callable[[], object]
    doWrite: Callable[[], object]

    def startWriting(self) -> None:
        """
        Call C{doWrite} whenever something can be written.
        """

    def stopWriting(self) -> None:
        """
        Do not call it any more.
        """


def plain_tcp(transport: ITransport) -> PlainTCP | None:
    """
    The transport as one that the short way is for; C{None} for TLS, local sockets,
    simulated connections, and wherever the system lacks what it takes.
    """
    # A class derived from one of these may do anything.
    if type(transport) not in (tcp.Server, tcp.Client) or not _IS_SUPPORTED:
        return None
    plain = cast(PlainTCP, transport)
    return plain if isinstance(plain.socket, socket.socket) else None


#: Not every system sends from a file, or reads into more than one place.
_IS_SUPPORTED = hasattr(os, "sendfile") and hasattr(socket.socket, "recvmsg_into")
