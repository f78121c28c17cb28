"""
Tests for L{swarmpeer.net.framing}.
"""

import itertools
import struct
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.framing import FrameReader, Haves, Heard, Requests
from swarmpeer.seam import Piece
from swarmpeer.test.net_fixtures import CODEC, LAYOUT
from swarmpeer.testing.recorders import Call
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    PieceMessage,
    RequestMessage,
)


def _unknown(message_type: int, size: int) -> bytes:
    return struct.pack(">IB", 1 + size, message_type) + bytes(size)


FRAMES = [
    CODEC.encode(BitfieldMessage(Bitfield.full(3))),
    CODEC.encode(InterestedMessage()),
    CODEC.encode(HaveMessage(2)),
    CODEC.encode(PieceMessage(0, bytes(range(250)) * 4)),
    _unknown(8, 0),
    CODEC.encode(RequestMessage(2**32 - 1)),
    _unknown(255, 700),
    CODEC.encode(PieceMessage(2, b"x" * 500)),
    CODEC.encode(ChokeMessage()),
]


def _read(chunks: list[bytes], codec: MessageCodec = CODEC) -> list[Call]:
    """
    All that comes of the chunks, with the checks of pieces in their places.
    """
    seen: list[Call] = []
    reader = FrameReader(
        codec, lambda index: seen.append(("expect", index)), lambda _: None
    )
    for chunk in chunks:
        seen.extend(_told(heard) for heard in reader.feed(chunk))
    return seen


def _told(heard: Heard) -> Call:
    """
    What came: the pieces of haves or requests, or the payload that was on the wire.
    """
    match heard:
        case Haves(indexes):
            return ("haves", *indexes)
        case Requests(indexes):
            return ("requests", *indexes)
        case Piece(index, data):
            return ("frame", struct.pack(">BI", 7, index) + data)
        case _:
            return ("frame", bytes(heard))


def _singly(seen: list[Call]) -> list[Call]:
    """
    The same with haves and requests that came together one by one.
    """
    single: list[Call] = []
    for call in seen:
        kind, *indexes = call
        if kind in ("haves", "requests"):
            single += [(kind, index) for index in indexes]
        else:
            single.append(call)
    return single


def _cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges) if a < b]


class WholeStreamTests(SynchronousTestCase):
    """
    Where the reads end makes no difference.
    """

    def setUp(self) -> None:
        """
        One stream with every kind of frame, and what must come of it.
        """
        self.stream = b"".join(FRAMES)
        self.expected: list[Call] = []
        for frame in FRAMES:
            payload = frame[4:]
            if payload[0] == 7:
                self.expected.append(("expect", payload[4]))
            if payload[0] in (4, 6):
                kind = "haves" if payload[0] == 4 else "requests"
                self.expected.append((kind, int.from_bytes(payload[1:])))
            else:
                # Of an unknown type the type alone is passed on.
                told = payload[:1] if payload[0] > 7 else payload
                self.expected.append(("frame", told))

    def test_one_read(self) -> None:
        """
        All frames of one read come out in order.
        """
        self.assertEqual(_read([self.stream]), self.expected)

    def test_single_bytes(self) -> None:
        """
        A stream that drips byte by byte gives the same frames.
        """
        drip = [bytes([byte]) for byte in self.stream]
        self.assertEqual(_read(drip), self.expected)

    def test_cut_in_two_anywhere(self) -> None:
        """
        A cut at any one byte changes nothing.
        """
        for place in range(1, len(self.stream)):
            chunks = [self.stream[:place], self.stream[place:]]
            self.assertEqual(_read(chunks), self.expected)

    def test_cut_anywhere(self) -> None:
        """
        Any number of cuts changes nothing.
        """

        @given(st.lists(st.integers(0, len(self.stream)), max_size=12))
        @settings(deadline=None)
        def check(places: list[int]) -> None:
            self.assertEqual(_read(_cut(self.stream, places)), self.expected)

        check()

    def test_any_messages(self) -> None:
        """
        Any sequence of frames, cut anywhere, comes out as it went in, but for which
        haves and requests come together.
        """
        messages = st.lists(st.sampled_from(FRAMES), max_size=6)

        @given(messages, st.lists(st.integers(0, 3000), max_size=8))
        @settings(deadline=None)
        def check(frames: list[bytes], places: list[int]) -> None:
            stream = b"".join(frames)
            within = [place for place in places if place <= len(stream)]
            seen = _read(_cut(stream, within))
            self.assertEqual(_singly(seen), _singly(_read([stream])))

        check()

    def test_dropped(self) -> None:
        """
        A piece that is dropped on its way comes out without its data, and what follows
        it as ever.
        """
        piece = CODEC.encode(PieceMessage(2, b"x" * 500))
        reader = FrameReader(CODEC, lambda _: None, lambda _: None)
        self.assertEqual(list(reader.feed(piece[:100])), [])
        self.assertEqual(reader.held_piece, 2)
        reader.drop()
        self.assertEqual((reader.held_piece, reader.held_bytes), (None, 0))
        self.assertTrue(reader.is_mid_piece)
        frames = [_told(heard) for heard in reader.feed(piece[100:] + piece)]
        self.assertEqual(frames, [("frame", piece[4:9]), ("frame", piece[4:])])
        self.assertEqual(reader.piece_bytes, 2 * len(piece[4:]))

    def test_haves(self) -> None:
        """
        Haves that follow one another come as one, but no more than a hundred; one that
        is cut off comes by itself when it is whole.
        """
        have = CODEC.encode(HaveMessage(1))
        choke = CODEC.encode(ChokeMessage())
        stream = 150 * have + choke + 2 * have
        seen = _read([stream[:-1], stream[-1:]])
        self.assertEqual(
            seen,
            [
                ("haves", *(100 * [1])),
                ("haves", *(50 * [1])),
                ("frame", choke[4:]),
                ("haves", 1),
                ("haves", 1),
            ],
        )

    def test_no_such_piece(self) -> None:
        """
        Of haves that follow one another none is heard if there is no such piece; what
        came before them is.
        """
        have, choke = CODEC.encode(HaveMessage(2)), CODEC.encode(ChokeMessage())
        reader = FrameReader(CODEC, lambda _: None, lambda _: None)
        frames = reader.feed(choke + have + have[:-1] + b"\x03")
        self.assertEqual(next(frames), choke[4:])
        violation = self.assertRaises(ProtocolViolation, next, frames)
        self.assertEqual(violation.reason, ViolationReason.INDEX_OUT_OF_RANGE)

    def test_small_message_is_held_as_it_is(self) -> None:
        """
        A message that is no longer than the head of a piece takes its own bytes while
        it is not whole, and needs none of a piece's room.
        """
        have = CODEC.encode(HaveMessage(1))
        reader = FrameReader(CODEC, lambda _: None, lambda _: None)
        for size, byte in enumerate(have[:-1], 1):
            self.assertEqual(list(reader.feed(bytes([byte]))), [])
            self.assertEqual((reader.held_bytes, len(reader.rest)), (size, 0))
            self.assertTrue(reader.is_mid_frame)
        self.assertEqual(list(reader.feed(have[-1:])), [Haves([1])])
        self.assertFalse(reader.is_mid_frame)

    def test_requests(self) -> None:
        """
        So do requests, apart from haves.
        """
        have = CODEC.encode(HaveMessage(1))
        request = CODEC.encode(RequestMessage(2**32 - 1))
        seen = _read([101 * request + have + 2 * request])
        self.assertEqual(
            seen,
            [
                ("requests", *(100 * [2**32 - 1])),
                ("requests", 2**32 - 1),
                ("haves", 1),
                ("requests", 2**32 - 1, 2**32 - 1),
            ],
        )


class DataOwnershipTests(SynchronousTestCase):
    """
    A frame belongs to whoever received it.
    """

    def _pieces(self, cut: Callable[[bytes], list[bytes]]) -> list[bytes]:
        reader = FrameReader(CODEC, lambda _: None, lambda _: None)
        stream = b"".join(
            CODEC.encode(PieceMessage(index, bytes([65 + index]) * size))
            for index, size in [(0, 1000), (1, 1000), (2, 500)]
        )
        kept = [frame for chunk in cut(stream) for frame in reader.feed(chunk)]
        return [bytes(heard.data) for heard in kept if isinstance(heard, Piece)]

    def test_kept(self) -> None:
        """
        Frames that are kept do not change when more comes.
        """
        expected = [b"A" * 1000, b"B" * 1000, b"C" * 500]
        self.assertEqual(self._pieces(lambda stream: [stream]), expected)
        self.assertEqual(
            self._pieces(lambda stream: _cut(stream, [700, 1100])),
            expected,
        )


class BoundTests(SynchronousTestCase):
    """
    What a neighbour can make us hold.
    """

    def setUp(self) -> None:
        """
        A file of large pieces.
        """
        self.size = 2**20
        self.codec = MessageCodec(PieceLayout(10 * self.size, self.size))

    def _refused(self, stream: bytes) -> tuple[ViolationReason, int, int]:
        """
        Drip the stream until it is refused.

        @return: why, after how many bytes, and how much was held at most.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        held = 0
        for at in range(len(stream)):
            try:
                list(reader.feed(stream[at : at + 1]))
            except ProtocolViolation as violation:
                return violation.reason, at + 1, held
            held = max(held, reader.held_bytes)
        self.fail("not refused")

    def test_hostile_lengths(self) -> None:
        """
        A length that may not be is refused from the first bytes that tell.
        """
        for head, seen in [
            ("00000000", 4),
            ("ffffffff", 4),
            ("00000002 00", 5),
            ("00000000 00", 4),
            ("00000004 04", 5),
            ("00000006 06", 5),
            ("00000002 05", 5),
            ("00100000 01", 5),
            ("00000004 07", 5),
            ("00100006 07", 4),
            ("00100005 08", 5),
            ("00100001 08", 5),
            ("00100004 07 00000000", 9),
        ]:
            reason, after, held = self._refused(bytes.fromhex(head) + bytes(20))
            self.assertEqual((reason, after), (ViolationReason.BAD_LENGTH, seen), head)
            self.assertLess(held, 10)

    def test_index_out_of_range(self) -> None:
        """
        A piece that does not exist is refused from its head.
        """
        head = struct.pack(">IBI", 5 + self.size, 7, 10)
        self.assertEqual(
            self._refused(head + bytes(20)),
            (ViolationReason.INDEX_OUT_OF_RANGE, 9, 8),
        )

    def test_unasked_piece(self) -> None:
        """
        A piece that must not come is refused before there is room for it.
        """
        refusal = ProtocolViolation(ViolationReason.UNREQUESTED_PIECE, "no")

        def refuse(_: int) -> None:
            raise refusal

        reader = FrameReader(self.codec, refuse, lambda _: None)
        head = struct.pack(">IBI", 5 + self.size, 7, 3)
        caught = self.assertRaises(
            ProtocolViolation, list, reader.feed(head + bytes(1000))
        )
        self.assertIs(caught, refusal)
        self.assertEqual(reader.held_bytes, 0)

    def test_frames_before_a_refusal(self) -> None:
        """
        What came whole before a frame that may not come is given out.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        frames = reader.feed(bytes.fromhex("00000001 01 00000000"))
        self.assertEqual(next(frames), b"\x01")
        self.assertRaises(ProtocolViolation, next, frames)

    def test_stopped(self) -> None:
        """
        One that is stopped holds nothing and gives out nothing more, wherever the
        reads ended and whatever nobody had time for yet.
        """
        stream = b"".join(FRAMES)
        for end in range(len(stream)):
            reader = FrameReader(CODEC, lambda _: None, lambda _: None)
            feeding = reader.feed(stream[:end])
            for _ in feeding:
                if end % 2:
                    break
            reader.stop()
            feeding.close()
            self.assertEqual((reader.held_bytes, reader.is_mid_frame), (0, False))
            self.assertEqual(list(reader.feed(stream[end:])), [])
            self.assertEqual((reader.held_bytes, reader.is_mid_frame), (0, False))

    def test_unknown_type_is_not_held(self) -> None:
        """
        A long message of an unknown type costs no memory.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        stream = _unknown(9, 2**20 - 1)
        for at in range(0, len(stream), 4096):
            frames = list(reader.feed(stream[at : at + 4096]))
            self.assertEqual(reader.held_bytes, 0)
        self.assertEqual(frames, [b"\x09"])
        self.assertFalse(reader.is_mid_frame)

    def test_one_piece_is_held(self) -> None:
        """
        However small the reads are, a piece takes its own size.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        stream = self.codec.encode(PieceMessage(0, bytes(self.size)))
        for at in range(3000):
            list(reader.feed(stream[at : at + 1]))
            self.assertTrue(reader.is_mid_frame)
            self.assertLessEqual(reader.held_bytes, 5 + self.size)

    def test_mid_frame(self) -> None:
        """
        Between two frames there is no unfinished one.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        states = []
        for byte in bytes.fromhex("00000001 00 00000002 08 00"):
            list(reader.feed(bytes([byte])))
            states.append(reader.is_mid_frame)
        self.assertEqual(states, [*[True] * 4, False, *[True] * 5, False])

    def test_late_bitfield(self) -> None:
        """
        Nothing is kept of a bitfield that must not come.
        """

        def refuse(kind: int) -> None:
            raise ProtocolViolation(ViolationReason.LATE_BITFIELD, f"{kind}, too late")

        layout = PieceLayout(10_000, 1)
        codec = MessageCodec(layout)
        reader = FrameReader(codec, lambda _: None, refuse)
        frame = codec.encode(BitfieldMessage(Bitfield(layout.piece_count)))
        with self.assertRaises(ProtocolViolation) as caught:
            list(reader.feed(frame[:-1]))
        self.assertEqual(caught.exception.detail, "5, too late")
        self.assertLess(reader.held_bytes, 16)

    def test_gathered(self) -> None:
        """
        It is told how much of an unfinished payload is here; of one that is skipped
        it is nothing.
        """
        reader = FrameReader(self.codec, lambda _: None, lambda _: None)
        piece = self.codec.encode(PieceMessage(0, bytes(self.size)))
        seen = []
        for chunk in (piece[:100], piece[100:300], piece[300:], _unknown(9, 50)[:20]):
            list(reader.feed(chunk))
            seen.append(reader.gathered_bytes)
        self.assertEqual(seen, [96, 296, 0, 0])


class JudgeTests(SynchronousTestCase):
    """
    Who tells what may come.
    """

    def test_another(self) -> None:
        """
        From the moment it is told on, another codec decides.
        """
        reader = FrameReader(CODEC, lambda _: None, lambda _: None)
        reject = bytes.fromhex("00000005 09 00000001")
        frames = [_told(heard) for heard in reader.feed(reject)]
        reader.judge_by(ExtendedCodec(LAYOUT))
        frames += [_told(heard) for heard in reader.feed(reject)]
        self.assertEqual(frames, [("frame", reject[4:5]), ("frame", reject[4:])])
