"""
Tests for L{swarmpeer.net.tuning}.
"""

from twisted.internet.interfaces import ISSLTransport, IUNIXTransport
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, providedBy

from swarmpeer.net.tuning import half_closing, tune
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
