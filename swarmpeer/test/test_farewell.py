"""
Tests for L{swarmpeer.net.farewell}.
"""

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.farewell import Farewell
from swarmpeer.net.limits import Limits
from swarmpeer.net.watch import Watch
from swarmpeer.net.write_gate import PORTION_BYTES, WriteGate
from swarmpeer.test.net_fixtures import TCPStringTransport, Unreturnable

LIMITS = Limits(drain_seconds=60, linger_seconds=1)


class FarewellTests(SynchronousTestCase):
    """
    The stages of an end, in virtual time.
    """

    def make(self, transport: StringTransport) -> None:
        """
        The end of a connection over C{transport}, with nothing written yet.
        """
        self.clock = Clock()
        self.gate = WriteGate(
            transport,
            self.clock,
            lambda: None,
            lambda: self.farewell.gate_opened(),
            self.fail,
        )
        watch = Watch(self.clock, lambda: self.farewell.deadlines())
        self.farewell = Farewell(transport, self.gate, watch, self.clock, LIMITS)

    def setUp(self) -> None:
        """
        The usual connection.
        """
        self.transport = TCPStringTransport()
        self.make(self.transport)

    def test_good_order(self) -> None:
        """
        Our end is closed first; when theirs is too, or after a while, the
        connection is.
        """
        self.farewell.begin()
        self.assertEqual(self.transport.closings, ["our end"])
        self.farewell.our_end_closed()
        self.clock.advance(0.9)
        self.assertEqual(self.transport.closings, ["our end"])
        self.clock.advance(0.1)
        self.assertEqual(self.transport.closings, ["our end", "flush and close"])
        self.farewell.over()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_flush_first(self) -> None:
        """
        What is written goes out before our end is closed.
        """
        self.gate.pauseProducing()
        self.gate.write_pieces((b"head",), (bytes(PORTION_BYTES + 1),))
        self.farewell.begin()
        self.assertEqual(self.transport.closings, [])
        self.gate.resumeProducing()
        self.assertEqual(len(self.transport.value()), 4 + PORTION_BYTES + 1)
        self.assertEqual(self.transport.closings, ["our end"])

    def test_takes_nothing(self) -> None:
        """
        A neighbour that takes nothing is waited for so long and no longer.
        """
        self.gate.pauseProducing()
        self.farewell.begin()
        self.clock.advance(59.9)
        self.assertEqual(self.transport.closings, [])
        self.clock.advance(0.1)
        self.assertEqual(self.transport.closings, ["abort"])
        self.farewell.over()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_only_forward(self) -> None:
        """
        Whoever asks for an earlier stage once more changes nothing.
        """
        self.farewell.begin()
        self.farewell.leave()
        self.farewell.our_end_closed()
        self.farewell.begin()
        self.farewell.abort()
        self.farewell.abort()
        self.farewell.leave()
        self.assertEqual(
            self.transport.closings, ["our end", "flush and close", "abort"]
        )

    def test_span_not_given_back(self) -> None:
        """
        The transport is closed also if what waits cannot be given back.
        """
        for end, closing in (
            (lambda: self.farewell.abort(), "abort"),
            (lambda: self.farewell.leave(), "flush and close"),
        ):
            transport = TCPStringTransport()
            self.make(transport)
            self.gate.pauseProducing()
            self.gate.write_pieces((b"head",), (Unreturnable(),))
            self.assertRaises(ZeroDivisionError, end)
            self.assertEqual(transport.closings, [closing])

    def test_no_half_closing(self) -> None:
        """
        A transport whose ends close together is closed when all is out.
        """
        transport = StringTransport()
        self.make(transport)
        self.farewell.begin()
        self.assertTrue(transport.disconnecting)
