"""
Reading what any peer may send, and naming what is odd.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.conformance.entries import KEPT_BYTES, Entry, Kind
from swarmpeer.conformance.families import (
    CUT_BITFIELD,
    LENGTH_WITHOUT_TYPE,
    LOW_BIT_FIRST,
    MESSAGE_FIRST,
    PADDED_LAST_PIECE,
)
from swarmpeer.conformance.reading import TolerantReader
from swarmpeer.test.conformance_swarm import LAYOUT, Deviant, Line, Source, run_check
from swarmpeer.test.deviants.bitfields import LowBitFirst
from swarmpeer.test.deviants.framing import NinthType
from swarmpeer.test.deviants.handshakes import TextZeros
from swarmpeer.test.deviants.parts import (
    BITFIELD,
    CHOKE,
    COUNT,
    HAVE,
    LAST,
    PIECE,
    UNCHOKE,
    frame,
    indexed,
    is_handshake,
    kind_of,
    true_piece,
)
from swarmpeer.test.deviants.requests import PadsLast
from swarmpeer.wire.handshake import Handshake

BLANK = Entry(0.0, 1002, 1, Kind.ODD, is_ours=False)
GREETING = Handshake(1001).encode()


def reader() -> TolerantReader:
    """
    A reader of the usual file.
    """
    return TolerantReader(
        LAYOUT, lambda index, data: Source().piece(index) == data, BLANK
    )


def read(data: bytes) -> list[Entry]:
    """
    All that is in these bytes.
    """
    own = reader()
    return [*own.feed(data, 1.0), *own.rest(2.0)]


class ReadingTests(SynchronousTestCase):
    """
    The tolerant reader.
    """

    stream = b"".join(
        (
            GREETING,
            frame(BITFIELD, b"\x80\0"),
            indexed(HAVE, 3),
            true_piece(LAST),
            indexed(PIECE, 0, bytes(1000)),
            frame(42, b"abc"),
            frame(CHOKE),
        )
    )

    def test_stream(self) -> None:
        """
        A conversation is read message by message, with the place of each.
        """
        entries = read(self.stream)
        self.assertEqual(
            [entry.words() for entry in entries],
            [
                "handshake of 1001",
                "bitfield of 2 bytes",
                "have 3",
                "piece 9, 500 bytes, right ones",
                "piece 0, 1000 bytes, wrong ones",
                "message of unknown type 42, length 4",
                "choke",
            ],
        )
        self.assertEqual(entries[0].offset, 0)
        for entry, following in pairwise(entries):
            self.assertEqual(following.offset, entry.offset + entry.size)
        self.assertEqual(entries[-1].offset + entries[-1].size, len(self.stream))

    @given(cuts=st.lists(st.integers(1, 200)))
    def test_cut_anywhere(self, cuts: list[int]) -> None:
        """
        However the bytes are cut, the same is read.
        """
        own, rest, found = reader(), self.stream, []
        for size in cuts:
            found += own.feed(rest[:size], 1.0)
            rest = rest[size:]
        found += own.feed(rest, 1.0)
        self.assertEqual(found, read(self.stream))

    @given(data=st.binary(max_size=300), is_greeted=st.booleans())
    def test_any_bytes(self, data: bytes, is_greeted: bool) -> None:
        """
        Any bytes become entries that can be shown and that cover all of them, but
        for what follows once no sense can be made of it.
        """
        own = reader()
        data = GREETING + data if is_greeted else data
        entries = [*own.feed(data, 1.0), *own.rest(2.0)]
        covered = sum(entry.size for entry in entries)
        self.assertEqual(covered, len(data))
        for entry in entries:
            self.assertTrue(entry.words())
            self.assertTrue(all(line.isprintable() for line in entry.lines()))

    def test_bounded(self) -> None:
        """
        A length beyond all messages is odd at once, and nothing behind it is kept.
        """
        own = reader()
        (greeting, odd) = own.feed(GREETING + b"\x7f\xff\xff\xff" + bytes(99), 1.0)
        self.assertEqual(greeting.kind, Kind.HANDSHAKE)
        self.assertEqual((odd.kind, len(odd.data)), (Kind.ODD, KEPT_BYTES))
        self.assertTrue(own.is_lost)
        self.assertEqual(own.feed(bytes(2**20), 1.0), [])
        self.assertEqual(own.rest(1.0), [])

    def test_unfinished(self) -> None:
        """
        What breaks off is told at the end.
        """
        *_, last = read(GREETING + b"\0\0")
        self.assertEqual(
            last.words(), "2 bytes that are no message; it is not complete"
        )

    def test_evidence(self) -> None:
        """
        A happening is shown with its time, its way, its bytes at their offsets, and
        its meaning.
        """
        self.assertEqual(
            read(GREETING + indexed(HAVE, 3))[1].lines(),
            [
                "    1.000 s  #1 peer -> 1002: have 3",
                "    00000020  00 00 00 05 04 00 00 00 03",
            ],
        )
        *_, piece = read(GREETING + true_piece(LAST))[1].lines()
        self.assertTrue(piece.endswith("  ... 509 bytes in all"))


class _Saying(Deviant, ABC):
    """
    Says something else in place of each message.
    """

    @abstractmethod
    def instead(self, data: bytes) -> Iterable[bytes]:
        """
        What it says.
        """

    def says(self, line: Line, data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        That.
        """
        return self.instead(data)


class _JavaStream(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        return [bytes.fromhex("aced0005") + data]


class _TextId(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        return [data[:18] + b"0" * 10 + b"1002" if is_handshake(data) else data]


class _ShortLength(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        if is_handshake(data):
            return [data]
        return [(int.from_bytes(data[:4], "big") - 1).to_bytes(4, "big") + data[4:]]


class _CutBitfield(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        if kind_of(data) != BITFIELD:
            return [data]
        return [frame(BITFIELD, data[5:].rstrip(b"\0"))]


class _TextTypes(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        if is_handshake(data):
            return [data]
        return [data[:4] + b"%d" % data[4] + data[5:]]


class _HaveFirst(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        return [indexed(HAVE, 0) + data if is_handshake(data) else data]


class _LowerCase(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        return [data[:18].lower() + data[18:] if is_handshake(data) else data]


class _Repeats(_Saying):
    def instead(self, data: bytes) -> Iterable[bytes]:
        return [data, data] if kind_of(data) == UNCHOKE else [data]


class FamilyTests(SynchronousTestCase):
    """
    Known families of slips.
    """

    def test_each(self) -> None:
        """
        Each is named in words, with what shows it; and but for harmless ones the
        check fails.
        """
        for deviant, words in (
            (_JavaStream, "a stream of Java objects (ac ed 00 05)"),
            (TextZeros, "ten text zeros"),
            (_TextId, "the id as four text digits"),
            (_ShortLength, LENGTH_WITHOUT_TYPE),
            (_CutBitfield, CUT_BITFIELD),
            (LowBitFirst, LOW_BIT_FIRST),
            (PadsLast, PADDED_LAST_PIECE),
            (_TextTypes, "the type is the text digit '5'"),
            (NinthType, "type 8, which some programs take for 'done'"),
            (_HaveFirst, MESSAGE_FIRST),
            (_LowerCase, "the header is not in capitals"),
        ):
            report = run_check(deviant())
            named = [name for name in report.slips if words in name]
            self.assertEqual(len(named), 1, (words, report.slips))
            self.assertFalse(report.slips[named[0]].is_ours)
            self.assertFalse(report.is_good, words)

    def test_harmless(self) -> None:
        """
        What is said again is named and fails nothing.
        """
        report = run_check(_Repeats())
        (name,) = report.slips
        self.assertIn("harmless", name)
        self.assertTrue(report.is_good)

    def test_last_piece_only(self) -> None:
        """
        A longer piece that is not the last is no padded last piece.
        """
        long_piece = indexed(PIECE, 0, bytes(1001))
        self.assertEqual(read(GREETING + long_piece)[1].note, "")
        self.assertEqual(COUNT, 10)
