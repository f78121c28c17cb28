"""
Tests for L{swarmpeer.net.tuning}.
"""

import errno
import socket

from twisted.internet.interfaces import ISSLTransport, ISystemHandle, IUNIXTransport
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer, providedBy

from swarmpeer.net.tuning import Marker, half_closing, tune
from swarmpeer.test.net_fixtures import TCPStringTransport


class TuningTests(SynchronousTestCase):
    """
    What a connection is asked to do, by its kind.
    """

    def make(self, *more: type) -> TCPStringTransport:
        """
        A TCP connection that provides these interfaces too.
        """
        transport = TCPStringTransport()
        directlyProvides(transport, providedBy(transport), *more)
        return transport

    def test_tcp(self) -> None:
        """
        A TCP connection sends at once, is watched by the system, and can close
        one end by itself; one over TLS cannot, for its layers pass the method
        through without its meaning.
        """
        for transport, is_half_closing in (
            (self.make(), True),
            (self.make(ISSLTransport), False),
        ):
            tune(transport)
            self.assertEqual(
                transport.options, [("no delay", True), ("keep alive", True)]
            )
            self.assertIs(
                half_closing(transport), transport if is_half_closing else None
            )

    def test_local(self) -> None:
        """
        A local socket has the methods of a TCP connection and no use for them.
        """
        transport = self.make(IUNIXTransport)
        tune(transport)
        self.assertEqual(transport.options, [])

    def test_other(self) -> None:
        """
        A transport that knows nothing of TCP is left as it is.
        """
        transport = StringTransport()
        tune(transport)
        self.assertIsNone(half_closing(transport))


class FussySocket:
    """
    Takes some options, and says no to the others.
    """

    def __init__(self, family: int, refused: tuple[int, ...] = ()) -> None:
        self.family = family
        self.refused = refused
        self.options: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, name: int, value: int) -> None:
        """
        Remember, or say no.
        """
        if level in self.refused:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        self.options.append((level, name, value))


@implementer(ISystemHandle)
class SocketTransport(TCPStringTransport):
    """
    A TCP connection over such a socket.
    """

    def __init__(self, link: FussySocket | socket.socket) -> None:
        super().__init__()
        self.link = link

    def getHandle(self) -> FussySocket | socket.socket:
        """
        The socket.
        """
        return self.link


TOS = (socket.IPPROTO_IP, socket.IP_TOS, 8 << 2)
TRAFFIC_CLASS = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 8 << 2)


class MarkerTests(SynchronousTestCase):
    """
    Tests for L{Marker}.
    """

    def marked(self, family: int, *refused: int, dscp: int = 8) -> FussySocket:
        """
        A socket after two connections of it were marked.
        """
        link = FussySocket(family, refused)
        marker = Marker(dscp)
        marker.mark(SocketTransport(link))
        marker.mark(SocketTransport(link))
        return link

    def test_families(self) -> None:
        """
        Packets of both families are marked, as an IPv6 socket may send either; the two
        bits of the congestion control stay alone.
        """
        self.assertEqual(self.marked(socket.AF_INET).options, [TOS] * 2)
        self.assertEqual(self.marked(socket.AF_INET6).options, [TOS, TRAFFIC_CLASS] * 2)

    def test_no_mark(self) -> None:
        """
        Without a mark nothing is asked of the system; nor for what is no TCP.
        """
        self.assertEqual(self.marked(socket.AF_INET, dscp=0).options, [])
        link = FussySocket(socket.AF_INET)
        local = SocketTransport(link)
        directlyProvides(local, providedBy(local), IUNIXTransport)
        Marker(8).mark(local)
        Marker(8).mark(TCPStringTransport())
        self.assertEqual(link.options, [])

    def test_refused(self) -> None:
        """
        A system that does not mark is told of once, and marks as far as it does.
        """
        with capturedLogs() as events:
            link = self.marked(socket.AF_INET6, socket.IPPROTO_IP)
        lines = [formatEvent(event) for event in events]
        self.assertEqual(link.options, [TRAFFIC_CLASS] * 2)
        self.assertEqual(
            lines,
            ["this system does not mark packets with DSCP 8: Protocol not available"],
        )

    def test_real_sockets(self) -> None:
        """
        A real socket of this system takes it.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as link:
            transport = SocketTransport(link)
            Marker(46).mark(transport)
            value = link.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
        self.assertEqual(value, 46 << 2)
