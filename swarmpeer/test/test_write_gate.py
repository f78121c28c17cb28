"""
Tests for L{swarmpeer.net.write_gate}.
"""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.net.write_gate import PORTION_BYTES, Outlet, WriteGate
from swarmpeer.testing.recorders import Call


class PausingOutlet:
    """
    A transport that has enough as soon as it holds more than C{limit} bytes.

    @ivar sent: all that was taken, in order.
    """

    def __init__(self, calls: list[Call], limit: int) -> None:
        self.calls = calls
        self.limit = limit
        self.held = 0
        self.sent = b""
        self.largest = 0
        self.is_paused = False
        self.producer: IPushProducer | None = None

    def writeSequence(self, data: Iterable[bytes], /) -> None:
        """
        Hold it, and say so if that is enough.
        """
        added = b"".join(data)
        self.largest = max(self.largest, len(added))
        self.held += len(added)
        self.sent += added
        if self.held > self.limit and self.producer is not None:
            self.is_paused = True
            self.producer.pauseProducing()

    def write(self, data: bytes, /) -> None:
        """
        Hold it, and say so if that is enough.
        """
        self.writeSequence([data])

    def registerProducer(self, producer: IPushProducer, streaming: bool, /) -> None:
        """
        Remember.
        """
        self.calls.append(("outlet", "register", streaming))
        self.producer = producer

    def unregisterProducer(self) -> None:
        """
        Remember.
        """
        self.calls.append(("outlet", "unregister"))
        self.producer = None

    def drain(self) -> bool:
        """
        Get rid of everything.

        @return: was somebody waiting for that?
        """
        self.held = 0
        was_paused, self.is_paused = self.is_paused, False
        if was_paused and self.producer is not None:
            self.producer.resumeProducing()
        return was_paused


def fits_outlet(outlet: PausingOutlet) -> Outlet:
    """
    mypy proves that the recorder is what it stands for.
    """
    return outlet


class WriteGateTests(SynchronousTestCase):
    """
    The order of what is written, and when more is welcome.
    """

    def setUp(self) -> None:
        """
        A gate before a transport that pauses as Twisted's do.
        """
        self.calls: list[Call] = []
        self.clock = Clock()
        self.outlet = PausingOutlet(self.calls, 2**16)
        self.gate = WriteGate(
            self.outlet,
            self.clock,
            lambda: self.calls.append(("gate", "closed")),
            lambda: self.calls.append(("gate", "opened")),
            lambda reason: self.calls.append(("gate", "broken", reason)),
        )

    def test_streaming_producer(self) -> None:
        """
        It is a streaming producer, so the transport says when to pause.
        """
        verifyObject(IPushProducer, self.gate)
        self.assertEqual(self.calls, [("outlet", "register", True)])
        self.assertIs(self.outlet.producer, self.gate)

    def test_small_writes(self) -> None:
        """
        Small writes go through, and leave the gate open.
        """
        self.gate.write(b"a")
        self.gate.write_pieces((b"b",), (bytearray(b"cd"),))
        self.gate.write_pieces((b"",), (memoryview(b"e"),))
        self.assertEqual(self.outlet.sent, b"abcde")
        self.assertTrue(self.gate.is_open)

    def test_bytes_are_not_copied(self) -> None:
        """
        What is bytes already reaches the transport as it is.
        """
        seen: list[bytes] = []
        self.outlet.writeSequence = seen.extend  # type: ignore[method-assign]
        head, data = b"head", bytes(16384)
        self.gate.write_pieces((head,), (data,))
        self.assertIs(seen[0], head)
        self.assertIs(seen[1], data)

    def test_run(self) -> None:
        """
        Small pieces of a run leave in one go, one behind the other, also behind what is
        larger than goes at once.
        """
        heads, small = (b"a", b"b"), bytes(1000)
        self.gate.write_pieces(heads, (small, memoryview(small)))
        self.assertEqual(self.outlet.largest, 2002)
        large = bytes(PORTION_BYTES + 1)
        self.gate.write_pieces((b"c", b"d", b"e"), (small, large, small))
        while self.outlet.drain():
            pass
        one, other = b"a" + small, b"b" + small
        rest = b"c" + small + b"d" + large + b"e" + small
        self.assertEqual(self.outlet.sent, one + other + rest)

    def test_room(self) -> None:
        """
        There is room for as much as is handed over in one go while the gate is open.
        """
        self.assertEqual(self.gate.room_bytes, PORTION_BYTES)
        self.gate.write_pieces((b"",), (bytes(PORTION_BYTES + 1),))
        self.assertEqual(self.gate.room_bytes, 0)
        while self.outlet.drain():
            pass
        self.assertEqual(self.gate.room_bytes, PORTION_BYTES)

    def test_large_write_closes(self) -> None:
        """
        A large piece closes the gate until all of it was taken.
        """
        piece = bytes(range(256)) * 4096
        self.calls.clear()
        self.gate.write_pieces((b"head",), (piece,))
        self.assertFalse(self.gate.is_open)
        self.assertEqual(self.calls, [("gate", "closed")])
        self.gate.write(b"tail")
        while self.outlet.drain():
            pass
        self.assertEqual(self.outlet.sent, b"head" + piece + b"tail")
        self.assertLessEqual(self.outlet.largest, PORTION_BYTES)
        self.assertEqual(self.calls[-1], ("gate", "opened"))
        self.assertEqual(self.calls.count(("gate", "opened")), 1)
        self.assertTrue(self.gate.is_open)

    def test_order(self) -> None:
        """
        Whatever is written, drained or not, leaves in the order of writing.
        """
        sizes = st.sampled_from([1, 9, 5000, 70000, PORTION_BYTES, 300000])

        @given(st.lists(st.tuples(sizes, st.booleans()), max_size=12))
        @settings(deadline=None, max_examples=50)
        def check(writes: list[tuple[int, bool]]) -> None:
            outlet = PausingOutlet([], 2**16)
            gate = WriteGate(outlet, Clock(), lambda: None, lambda: None, self.fail)
            expected = b""
            for place, (size, is_drained) in enumerate(writes):
                data = bytes([place]) * size
                expected += data
                if size < 10000:
                    gate.write(data)
                else:
                    gate.write_pieces((b"",), (data,))
                if is_drained:
                    outlet.drain()
            while outlet.drain():
                pass
            self.assertEqual(outlet.sent, expected)
            self.assertTrue(gate.is_open)

        check()

    def test_progress(self) -> None:
        """
        The time of progress is that of the closing and of each portion taken.
        """
        self.clock.advance(5)
        self.gate.write_pieces((b"",), (bytes(4 * PORTION_BYTES),))
        self.assertEqual(self.gate.progressed_at, 5)
        self.clock.advance(7)
        # More to send is no progress.
        self.gate.write(b"have")
        self.assertEqual(self.gate.progressed_at, 5)
        self.outlet.drain()
        self.assertEqual(self.gate.progressed_at, 12)
        self.assertFalse(self.gate.is_open)

    def test_more_while_paused_is_no_progress(self) -> None:
        """
        A transport that repeats that it has enough made no progress.
        """
        self.gate.write_pieces((b"",), (bytes(PORTION_BYTES),))
        self.clock.advance(9)
        self.gate.write(b"have")
        self.assertEqual(self.gate.progressed_at, 0)

    def test_finish(self) -> None:
        """
        After the end new writes are dropped; what was written still leaves.
        """
        self.gate.write_pieces((b"",), (bytes(3 * PORTION_BYTES),))
        self.gate.finish()
        self.gate.write(b"too late")
        while self.outlet.drain():
            pass
        self.assertEqual(self.outlet.sent, bytes(3 * PORTION_BYTES))

    def test_retire(self) -> None:
        """
        A retired gate holds nothing, and is unregistered once.
        """
        self.gate.write_pieces((b"",), (bytes(3 * PORTION_BYTES),))
        self.calls.clear()
        self.gate.retire()
        self.gate.retire()
        self.gate.write(b"too late")
        self.assertEqual(self.calls, [("outlet", "unregister")])
        self.assertEqual(self.outlet.sent, bytes(PORTION_BYTES))

    def test_transport_is_gone(self) -> None:
        """
        With the transport all that waits is forgotten.
        """
        self.gate.write_pieces((b"",), (bytes(3 * PORTION_BYTES),))
        self.gate.stopProducing()
        self.outlet.drain()
        self.assertEqual(self.outlet.sent, bytes(PORTION_BYTES))
