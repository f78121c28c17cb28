"""
What is asked of the operating system for each connection.
"""

import socket
from contextlib import suppress
from typing import Protocol, runtime_checkable

from twisted.internet.interfaces import (
    ISSLTransport,
    ISystemHandle,
    ITCPTransport,
    ITransport,
    IUNIXTransport,
)
from twisted.logger import Logger

_OPTIONS = {
    "TCP_KEEPIDLE": 20,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 60_000,
}
"""
A host that vanished is noticed after 20 + 4 * 10 seconds, and also if something
was on its way to it: by itself the system sends that again for a quarter of an
hour.  The protocol has no keep-alive message, so nothing but the system can tell
such a host from a silent one.
"""


@runtime_checkable
class _Socket(Protocol):
    """
    What is asked of a handle: that of TLS, or of a simulated connection, need be
    no C{socket.socket}.
    """

    def setsockopt(self, level: int, name: int, value: int) -> None:
        """
        Set an option.
        """


def tune(transport: ITransport) -> None:
    """
    Send small messages at once, and notice a host that vanished.  What is no
    TCP connection stays as it is.
    """
    if not _is_tcp(transport):
        return
    tcp = ITCPTransport(transport)
    tcp.setTcpNoDelay(True)
    tcp.setTcpKeepAlive(True)
    link = _socket_of(transport)
    if link is None:
        return
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            # The system's own times will do where it does not take ours.
            with suppress(OSError):
                link.setsockopt(socket.IPPROTO_TCP, option, value)


class Marker:
    """
    Marks the packets of connections, so that the network can tell them from those of
    others.

    @ivar dscp: the mark; 0 for none.
    """

    _log = Logger()

    def __init__(self, dscp: int) -> None:
        self.dscp = dscp
        self._has_told = False

    def mark(self, transport: ITransport) -> None:
        """
        Mark what goes over this connection from now on, if it is one of TCP.  A
        system that does not want to is told of once.
        """
        link = _socket_of(transport) if self.dscp and _is_tcp(transport) else None
        if link is None:
            return
        # Two bits beside it are the system's own.
        value = self.dscp << 2
        faults = [
            fault
            for level, option in _marks_of(link)
            if (fault := _fault_of(link, level, option, value)) is not None
        ]
        if faults and not self._has_told:
            self._has_told = True
            self._log.warn(
                "this system does not mark packets with DSCP {dscp}: {reason}",
                dscp=self.dscp,
                reason=faults[0].strerror or faults[0],
            )


def _is_tcp(transport: ITransport) -> bool:
    return ITCPTransport.providedBy(transport) and not IUNIXTransport.providedBy(
        transport
    )


def _socket_of(transport: ITransport) -> _Socket | None:
    if not ISystemHandle.providedBy(transport):
        return None
    link = ISystemHandle(transport).getHandle()
    return link if isinstance(link, _Socket) else None


def _marks_of(link: _Socket) -> list[tuple[int, int]]:
    """
    The options that hold a mark: over an IPv6 socket, packets of either family may
    leave.
    """
    marks = [(socket.IPPROTO_IP, socket.IP_TOS)]
    if getattr(link, "family", None) == socket.AF_INET6:
        marks.append((socket.IPPROTO_IPV6, socket.IPV6_TCLASS))
    return marks


def _fault_of(link: _Socket, level: int, option: int, value: int) -> OSError | None:
    try:
        link.setsockopt(level, option, value)
    except OSError as error:
        return error
    return None


def half_closing(transport: ITransport) -> ITCPTransport | None:
    """
    The transport as one whose writing end can be closed by itself, or C{None}.
    TLS has no such thing, though it passes the method through to the transport
    beneath it.
    """
    if ISSLTransport.providedBy(transport) or not ITCPTransport.providedBy(transport):
        return None
    return ITCPTransport(transport)
