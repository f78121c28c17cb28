"""
Tests for L{swarmpeer.storage.spans}.
"""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.seam import PieceSpan
from swarmpeer.storage.spans import (
    SCRATCH_BYTES,
    FileSpan,
    LentDescriptor,
    read_through,
)
from swarmpeer.storage.system_calls import SystemCalls


class SpanTests(SynchronousTestCase):
    """
    Ten bytes of a file, from its second on.
    """

    def setUp(self) -> None:
        """
        There is a file.
        """
        path = Path(self.mktemp())
        path.write_bytes(b"0123456789abcdef")
        self.fd = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, self.fd)
        self.returned: list[str] = []

    def span(self) -> PieceSpan:
        """
        The span.
        """
        return FileSpan(
            SystemCalls(), self.fd, 1, 10, lambda: self.returned.append("returned")
        )

    def test_read(self) -> None:
        """
        What is read is of the piece, and never more than there is of it.
        """
        span = self.span()
        self.assertEqual((span.fd, span.offset, span.size_bytes), (self.fd, 1, 10))
        self.assertEqual(span.read(0, 3), b"123")
        self.assertEqual(span.read(8, 3), b"9a")
        self.assertEqual(span.read(10, 3), b"")
        os.ftruncate(self.fd, 5)
        self.assertEqual(span.read(2, 8), b"34")

    def test_give_back(self) -> None:
        """
        It is given back once; whoever does it twice hears of it, since he could close
        what others use.
        """
        span = self.span()
        span.give_back()
        self.assertRaises(RuntimeError, span.give_back)
        self.assertEqual(self.returned, ["returned"])


class ReadThroughTests(SynchronousTestCase):
    """
    A piece that is read chunk by chunk.
    """

    def test_chunks(self) -> None:
        """
        The chunks are the piece, none longer than the scratch; where the file ends,
        they end.
        """
        data = os.urandom(2 * SCRATCH_BYTES + 5)
        path = Path(self.mktemp())
        path.write_bytes(b"xy" + data)
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        for size in (1, SCRATCH_BYTES, len(data), len(data) + SCRATCH_BYTES):
            chunks = list(read_through(SystemCalls(), fd, size, 2))
            self.assertEqual(b"".join(chunks), data[:size])
            self.assertLessEqual({len(each) for each in chunks[:-1]}, {SCRATCH_BYTES})
            self.assertLessEqual(len(chunks[-1]), SCRATCH_BYTES)


class LentDescriptorTests(SynchronousTestCase):
    """
    A descriptor that several use.
    """

    def test_closed_by_the_last(self) -> None:
        """
        Whoever is the last to be done closes it; that this fails hurts nobody.
        """
        closed: list[int] = []

        def close(fd: int) -> None:
            closed.append(fd)
            raise OSError(fd)

        lent = LentDescriptor(7, close)
        lent.borrow()
        lent.borrow()
        for _ in range(2):
            lent.give_back()
            self.assertEqual(closed, [])
        lent.give_back()
        self.assertEqual(closed, [7])
