"""
Tests for L{swarmpeer.net.fast.send_queue}.
"""

import os
import socket
from collections.abc import Iterable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.fast.send_queue import SendQueue
from swarmpeer.net.spans import SpanBroken
from swarmpeer.seam import PieceContent

HEAD = b"head of "
MORE: int = getattr(socket, "MSG_MORE", 0)
_ITEMS = st.lists(
    st.tuples(st.sampled_from(["small", "bytes", "span"]), st.binary(max_size=300)),
    max_size=20,
)


class FileSpan:
    """
    A piece in a file of its own.

    @ivar returned: how often it was given back.
    """

    offset = 0

    def __init__(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self.fd = os.open(path, os.O_RDONLY)
        # The next one has the name to itself.
        path.unlink()
        self.size_bytes = len(data)
        self.returned = 0

    def read(self, at: int, size: int) -> bytes:
        """
        What is there.
        """
        return os.pread(self.fd, size, at)

    def give_back(self) -> None:
        """
        Close the file.
        """
        if not self.returned:
            os.close(self.fd)
        self.returned += 1


class FlagSocket(socket.socket):
    """
    Remembers how it was told to send.

    @ivar flags: those of each call.
    """

    flags: "list[int]"

    # The queue gives them fewer kinds of buffers than a socket takes.

    def send(self, data: bytes | memoryview, flags: int = 0, /) -> int:  # type: ignore[override]
        """
        Remember, and send.
        """
        self.flags.append(flags)
        return super().send(data, flags)

    def sendmsg(  # type: ignore[override]
        self,
        parts: Iterable[bytes | memoryview],
        control: tuple[()] = (),
        flags: int = 0,
        /,
    ) -> int:
        """
        The same.
        """
        self.flags.append(flags)
        return super().sendmsg(parts, control, flags)


class SendQueueTests(SynchronousTestCase):
    """
    A queue before one end of a pair of sockets.
    """

    def setUp(self) -> None:
        """
        The pair.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.open_queue()
        self.addCleanup(self.close)

    def open_queue(self) -> None:
        """
        An empty queue, and who hears it.
        """
        here, self.there = socket.socketpair()
        self.here = FlagSocket(fileno=here.detach())
        self.here.flags = []
        self.here.setblocking(False)
        self.there.setblocking(False)
        self.queue = SendQueue(self.here)

    def close(self) -> None:
        """
        Both ends.
        """
        self.here.close()
        self.there.close()

    def span(self, data: bytes) -> FileSpan:
        """
        A piece in a file.
        """
        return FileSpan(self.folder / "piece", data)

    def heard(self) -> bytes:
        """
        What came at the other end.
        """
        try:
            return self.there.recv(2**20)
        except BlockingIOError:
            return b""

    def test_small_messages(self) -> None:
        """
        Small messages and bytes of pieces leave in one call, in order.
        """
        self.queue.add(b"one ")
        self.queue.add_pieces((HEAD,), (b"piece",))
        self.queue.add(b" two")
        self.assertEqual(self.queue.waits_bytes, 21)
        self.assertEqual(self.queue.send(100), (21, 21))
        self.assertEqual(self.heard(), b"one head of piece two")
        self.assertFalse(self.queue)
        self.assertEqual(self.queue.waits_bytes, 0)

    def test_no_more_than_may(self) -> None:
        """
        As much is sent as may be, and the rest of a message behind it.
        """
        self.queue.add(b"one ")
        self.queue.add(b"two")
        self.assertEqual(self.queue.send(5), (5, 5))
        self.assertEqual(self.queue.waits_bytes, 2)
        self.assertEqual(self.queue.send(5), (2, 2))
        self.assertEqual(self.heard(), b"one two")

    def test_span(self) -> None:
        """
        A span is sent from its file after what is before it, and given back once.
        """
        span = self.span(b"from a file")
        self.queue.add_pieces((HEAD,), (span,))
        self.queue.add(b".")
        self.assertEqual(self.queue.send(100), (8, 8))
        self.assertEqual(self.queue.send(5), (5, 5))
        self.assertEqual(span.returned, 0)
        self.assertEqual(self.queue.send(100), (6, 6))
        self.assertEqual(span.returned, 1)
        self.assertEqual(self.queue.send(100), (1, 1))
        self.assertEqual(self.heard(), HEAD + b"from a file.")

    def test_follows_at_once(self) -> None:
        """
        The system is told that more follows at once only where a span may go, too:
        what ends with what may go leaves by itself, since the rest may have to wait.
        """
        for before in (b"", b"one "):
            ahead_bytes = len(before + HEAD)
            for may_bytes in range(1, ahead_bytes + 3):
                self.open_queue()
                self.addCleanup(self.close)
                if before:
                    self.queue.add(before)
                self.queue.add_pieces((HEAD,), (self.span(b"from a file"),))
                self.queue.send(may_bytes)
                flags = MORE if may_bytes > ahead_bytes else 0
                self.assertEqual(self.here.flags, [flags], may_bytes)
                self.queue.drop_pieces()

    def test_short_file(self) -> None:
        """
        A file that ends before its piece is told of.
        """
        span = self.span(b"short")
        span.size_bytes = 10
        self.queue.add_pieces((b"",), (span,))
        self.assertEqual(self.queue.send(100)[0], 5)
        self.assertRaises(SpanBroken, self.queue.send, 100)
        self.assertEqual(self.queue.waits_bytes, 5)
        self.queue.drop_pieces()
        self.assertEqual(span.returned, 1)

    def test_no_room(self) -> None:
        """
        What the system does not take stays.
        """
        self.queue.add_pieces((HEAD,), (bytes(2**24),))
        sent, asked = self.queue.send(2**24)
        self.assertLess(sent, asked)
        self.assertRaises(BlockingIOError, self.queue.send, 2**24)
        self.assertEqual(self.queue.waits_bytes, 2**24 + len(HEAD) - sent)

    def test_drop_pieces(self) -> None:
        """
        Without its pieces there is left what was before the first, less what is sent.
        """
        for content in (b"piece", self.span(b"piece")):
            self.open_queue()
            self.addCleanup(self.close)
            self.queue.add(b"one ")
            self.queue.add_pieces((HEAD,), (content,))
            self.queue.add(b"two")
            self.queue.send(2)
            self.queue.drop_pieces()
            self.assertEqual(self.queue.waits_bytes, 2)
            self.assertEqual(self.queue.send(100), (2, 2))
            self.assertEqual(self.heard(), b"one ")
            self.assertFalse(self.queue)

    def test_drop_half_a_piece(self) -> None:
        """
        Of a piece that is under way nothing is left either.
        """
        for cut in (3, len(HEAD), len(HEAD) + 2):
            self.open_queue()
            self.addCleanup(self.close)
            self.queue.add_pieces((HEAD,), (b"piece",))
            self.queue.send(cut)
            self.queue.drop_pieces()
            self.assertFalse(self.queue)
            self.assertEqual(self.queue.waits_bytes, 0)

    @settings(deadline=None, max_examples=50)
    @given(_ITEMS, st.lists(st.integers(1, 400), min_size=1))
    def test_any(self, items: list[tuple[str, bytes]], portions: list[int]) -> None:
        """
        Whatever is written, and however much of it goes at a time, comes in order, and
        no span is kept.
        """
        self.open_queue()
        spans: list[FileSpan] = []
        expected = b""
        for kind, data in items:
            if kind == "small":
                if data:
                    self.queue.add(data)
                expected += data
                continue
            content: PieceContent = data
            if kind == "span":
                spans.append(self.span(data))
                content = spans[-1]
            self.queue.add_pieces((HEAD,), (content,))
            expected += HEAD + data
        came = b""
        turn = 0
        while self.queue:
            may = portions[turn % len(portions)]
            turn += 1
            sent, asked = self.queue.send(may)
            self.assertLessEqual(asked, may)
            self.assertEqual(sent, asked)
            came += self.heard()
            self.assertEqual(self.queue.waits_bytes, len(expected) - len(came))
        self.assertEqual(came, expected)
        self.assertEqual([span.returned for span in spans], [1] * len(spans))
        self.close()
