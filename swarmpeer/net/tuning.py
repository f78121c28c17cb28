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
    if not ITCPTransport.providedBy(transport) or IUNIXTransport.providedBy(transport):
        return
    tcp = ITCPTransport(transport)
    tcp.setTcpNoDelay(True)
    tcp.setTcpKeepAlive(True)
    if not ISystemHandle.providedBy(transport):
        return
    link = ISystemHandle(transport).getHandle()
    if not isinstance(link, _Socket):
        return
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            # The system's own times will do where it does not take ours.
            with suppress(OSError):
                link.setsockopt(socket.IPPROTO_TCP, option, value)


def half_closing(transport: ITransport) -> ITCPTransport | None:
    """
    The transport as one whose writing end can be closed by itself, or C{None}.
    TLS has no such thing, though it passes the method through to the transport
    beneath it.
    """
    if ISSLTransport.providedBy(transport) or not ITCPTransport.providedBy(transport):
        return None
    return ITCPTransport(transport)
