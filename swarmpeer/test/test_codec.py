"""
Tests of L{swarmpeer.wire.codec}.
"""

import struct
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import (
    LENGTH_SIZE,
    MAX_INDEX,
    MAX_PIECE_COUNT,
    MAX_PIECE_SIZE_BYTES,
    MAX_UNKNOWN_LENGTH,
    PIECE_HEAD_SIZE,
    FrameKind,
    MessageCodec,
)
from swarmpeer.wire.extension import KeepAliveMessage, RejectMessage
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    MessageType,
    NotInterestedMessage,
    PieceData,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

SAMPLE = PieceLayout(10_000_232, 32_768)
"""
306 pieces, the last of 5992 bytes.
"""
EMPTY = PieceLayout(0, 32_768)
LAST_DATA = bytes(range(256)) * 23 + bytes(104)

VECTORS: tuple[tuple[Message, bytes], ...] = (
    (ChokeMessage(), bytes.fromhex("00000001 00")),
    (UnchokeMessage(), bytes.fromhex("00000001 01")),
    (InterestedMessage(), bytes.fromhex("00000001 02")),
    (NotInterestedMessage(), bytes.fromhex("00000001 03")),
    (HaveMessage(5), bytes.fromhex("00000005 04 00000005")),
    (
        BitfieldMessage(Bitfield.full(306)),
        bytes.fromhex("00000028 05") + b"\xff" * 38 + b"\xc0",
    ),
    (BitfieldMessage(Bitfield(306)), bytes.fromhex("00000028 05") + bytes(39)),
    (RequestMessage(305), bytes.fromhex("00000005 06 00000131")),
    (
        PieceMessage(305, LAST_DATA),
        bytes.fromhex("0000176d 07 00000131") + LAST_DATA,
    ),
)

LAYOUTS = st.builds(PieceLayout, st.integers(0, 400), st.integers(1, 60)) | st.builds(
    PieceLayout.of_files, st.lists(st.integers(0, 90), max_size=8), st.integers(1, 60)
)


@st.composite
def messages(draw: st.DrawFn, layout: PieceLayout) -> Message:
    """
    Any message that may be sent about a file of this layout.
    """
    empty = st.sampled_from(
        [ChokeMessage(), UnchokeMessage(), InterestedMessage(), NotInterestedMessage()]
    )
    kinds: list[st.SearchStrategy[Message]] = [
        empty,
        st.builds(RequestMessage, st.integers(0, MAX_INDEX)),
        st.sets(st.integers(0, max(0, layout.piece_count - 1))).map(
            lambda held: _bitfield(layout.piece_count, held)
        ),
    ]
    if layout.piece_count:
        indexes = st.integers(0, layout.piece_count - 1)
        kinds.append(indexes.map(HaveMessage))
        kinds.append(
            indexes.flatmap(
                lambda index: st.builds(
                    PieceMessage,
                    st.just(index),
                    st.binary(min_size=layout.size(index), max_size=layout.size(index)),
                )
            )
        )
    return draw(st.one_of(kinds))


def _bitfield(size: int, held: set[int]) -> BitfieldMessage:
    bits = Bitfield(size)
    for index in held:
        if index < size:
            bits.add(index)
    return BitfieldMessage(bits)


@st.composite
def hostile_payloads(draw: st.DrawFn, layout: PieceLayout) -> bytes:
    """
    Bytes that come near to a message: a type, perhaps an index about the number
    of pieces, and a tail of about the right length.
    """
    count = layout.piece_count
    type_byte = draw(st.integers(0, 9) | st.integers(0, 255))
    index = draw(
        st.sampled_from([0, max(0, count - 1), count, MAX_INDEX]) | st.integers(0, 9)
    )
    near = draw(
        st.sampled_from(
            [0, 4, layout.bitfield_size_bytes, 4 + layout.piece_size_bytes]
            + [4 + layout.size(each) for each in (0, count - 1) if count]
        )
    )
    size = max(0, near + draw(st.sampled_from([0, 0, 0, -1, 1])))
    body = (struct.pack(">I", index) + draw(st.binary(max_size=8)) * 50)[:size]
    return bytes([type_byte]) + body.ljust(size, b"\0")


@dataclass(frozen=True)
class HugeGeometry:
    """
    A file beyond what the wire can say.
    """

    piece_count: int
    piece_size_bytes: int
    short_sizes: dict[int, int] = field(default_factory=dict)

    @property
    def bitfield_size_bytes(self) -> int:
        """
        As many bytes as bits make.
        """
        return -(-self.piece_count // 8)


class RoundTripTests(SynchronousTestCase):
    """
    Messages survive the way to bytes and back.
    """

    def test_vectors(self) -> None:
        """
        Each kind has exactly these bytes.
        """
        codec = MessageCodec(SAMPLE)
        for message, frame in VECTORS:
            self.assertEqual(codec.encode(message), frame)
            self.assertEqual(codec.decode(frame[LENGTH_SIZE:]), message)

    @settings(deadline=None)
    @given(st.data(), LAYOUTS)
    def test_round_trip(self, data: st.DataObject, layout: PieceLayout) -> None:
        """
        Whatever may be sent comes back equal, from any type of bytes, and its
        length counts all but itself.
        """
        codec = MessageCodec(layout)
        message = data.draw(messages(layout))
        frame = codec.encode(message)
        (length,) = struct.unpack_from(">I", frame)
        self.assertEqual(length, len(frame) - LENGTH_SIZE)
        for payload in (frame[4:], bytearray(frame[4:]), memoryview(frame)[4:]):
            self.assertEqual(codec.decode(payload), message)

    def test_piece_head(self) -> None:
        """
        The head of a piece and its data together are its frame.
        """
        codec = MessageCodec(SAMPLE)
        [head] = codec.encode_piece_heads((305,), (5992,))
        self.assertEqual(head, bytes.fromhex("0000176d 07 00000131"))
        for data in (LAST_DATA, bytearray(LAST_DATA), memoryview(LAST_DATA)):
            self.assertEqual(codec.encode(PieceMessage(305, data)), head + LAST_DATA)

    def test_data_is_a_slice(self) -> None:
        """
        The data of a piece are a view into the payload if that is a view, and
        bytes of their own otherwise.
        """
        codec = MessageCodec(PieceLayout(3, 3))
        payload = bytearray(codec.encode(PieceMessage(0, b"abc"))[LENGTH_SIZE:])
        views = codec.decode(memoryview(payload))
        owner = codec.decode(bytes(payload))
        payload[-1:] = b"X"
        self.assertEqual(views, PieceMessage(0, b"abX"))
        self.assertEqual(owner, PieceMessage(0, b"abc"))

    def test_short_pieces(self) -> None:
        """
        The last piece of each of several files has its own length, wherever it
        stands among the others.
        """
        codec = MessageCodec(PieceLayout.of_files((1, 0, 5, 4, 2), 4))
        sizes = (1, 4, 1, 4, 2)
        self.assertEqual(
            codec.encode_piece_heads(range(5), sizes),
            [
                struct.pack(">IBI", 5 + size, MessageType.PIECE, each)
                for each, size in enumerate(sizes)
            ],
        )
        for index, size in enumerate(sizes):
            payload = struct.pack(">BI", MessageType.PIECE, index) + bytes(size)
            self.assertEqual(codec.decode(payload), PieceMessage(index, bytes(size)))
            self.assertRaises(ProtocolViolation, codec.decode, payload + b"x")
            self.assertRaises(ProtocolViolation, codec.decode, payload[:-1])
            wrong = (0, index), (1, size + 1)
            self.assertRaises(ValueError, codec.encode_piece_heads, *wrong)

    def test_no_pieces(self) -> None:
        """
        A file without pieces has a bitfield without bytes, and neither haves
        nor pieces.
        """
        codec = MessageCodec(EMPTY)
        self.assertEqual(
            codec.encode(BitfieldMessage(Bitfield(0))), bytes.fromhex("00000001 05")
        )
        self.assertEqual(codec.decode(b"\x05"), BitfieldMessage(Bitfield(0)))
        for payload in (b"\x04\0\0\0\0", b"\x07\0\0\0\0"):
            violation = self.assertRaises(ProtocolViolation, codec.decode, payload)
            self.assertEqual(violation.reason, ViolationReason.INDEX_OUT_OF_RANGE)

    def test_haves(self) -> None:
        """
        Haves that follow one another are read together, and one of a piece that there
        is not makes all of them wrong.
        """
        codec = MessageCodec(SAMPLE)
        for indexes in ([305], [0, 305], [7, 7, 2]):
            frames = codec.encode_haves(indexes)
            self.assertEqual(list(codec.have_indexes(frames)), indexes)
            wrong = frames + b"\0\0\0\5\4" + (306).to_bytes(4, "big") + frames
            with self.assertRaises(ProtocolViolation) as raised:
                codec.have_indexes(wrong)
            self.assertEqual(
                raised.exception.reason, ViolationReason.INDEX_OUT_OF_RANGE
            )

    def test_requests(self) -> None:
        """
        Requests that follow one another are read together, whatever they ask for.
        """
        codec = MessageCodec(SAMPLE)
        for indexes in ([305], [0, 2**32 - 1], [7, 7, 2]):
            frames = codec.encode_requests(indexes)
            self.assertEqual(
                frames, b"".join(codec.encode(RequestMessage(i)) for i in indexes)
            )
            self.assertEqual(list(codec.request_indexes(frames)), indexes)
        self.assertRaises(ValueError, codec.encode_requests, [1, 2**32])


class OwnMistakesTests(SynchronousTestCase):
    """
    What the other side would have to refuse is never sent.
    """

    def test_does_not_fit(self) -> None:
        """
        Messages of another geometry are not encoded, nor are those that only
        verified swarms have.
        """
        codec = MessageCodec(SAMPLE)
        for message in (
            HaveMessage(306),
            HaveMessage(-1),
            RequestMessage(-1),
            RequestMessage(2**32),
            BitfieldMessage(Bitfield(305)),
            PieceMessage(305, bytes(32_768)),
            PieceMessage(0, bytes(5_992)),
            PieceMessage(306, bytes(32_768)),
            PieceMessage(-1, bytes(5_992)),
            KeepAliveMessage(),
            RejectMessage(5),
        ):
            self.assertRaises(ValueError, codec.encode, message)

    def test_beyond_the_wire(self) -> None:
        """
        There is no codec for more pieces, or longer ones, than the numbers of
        the wire can tell.
        """
        most, largest = MAX_PIECE_COUNT, MAX_PIECE_SIZE_BYTES
        MessageCodec(HugeGeometry(most, largest))
        self.assertRaises(ValueError, MessageCodec, HugeGeometry(most + 1, 1))
        self.assertRaises(ValueError, MessageCodec, HugeGeometry(1, largest + 1))

    def test_nothing_but_short_pieces(self) -> None:
        """
        What counts is the longest piece that there is, and not how long one could
        be: for the limits, and for what is refused by its length alone.
        """
        codec = MessageCodec(PieceLayout.of_files((3, 0, 9), 2**40))
        self.assertIs(codec.check_frame(14, b"\x07\0\0\0\1"), FrameKind.PIECE)
        self.assertIs(codec.check_frame(14, b"\x07"), FrameKind.UNDECIDED)
        self.assertRaises(ProtocolViolation, codec.check_frame, 15, b"\x07")
        self.assertEqual(codec.max_length, MAX_UNKNOWN_LENGTH)
        huge = PieceLayout.of_files((2**31, 1), 2**31)
        self.assertRaises(ValueError, MessageCodec, huge)


class HostileTests(SynchronousTestCase):
    """
    Any bytes either become messages or are a violation.
    """

    def refused(
        self, reason: ViolationReason, layout: PieceLayout, length: int, head: PieceData
    ) -> str:
        """
        Why a frame is refused that says this length and begins like this.
        """
        codec = MessageCodec(layout)
        violation = self.assertRaises(
            ProtocolViolation, codec.check_frame, length, head
        )
        self.assertEqual(violation.reason, reason)
        return str(violation.detail)

    @settings(deadline=None)
    @given(st.data(), LAYOUTS)
    def test_any_bytes(self, data: st.DataObject, layout: PieceLayout) -> None:
        """
        What can be decoded encodes to the same bytes again; of the rest it is
        told that they break the rules.
        """
        codec = MessageCodec(layout)
        payload = data.draw(hostile_payloads(layout) | st.binary(max_size=80))
        try:
            message = codec.decode(payload)
        except ProtocolViolation:
            return
        self.assertEqual(codec.encode(message)[LENGTH_SIZE:], payload)

    @settings(deadline=None)
    @given(
        st.data(),
        LAYOUTS,
        st.integers(0, 2**32 - 1) | st.integers(0, 70),
    )
    def test_judged_early(
        self, data: st.DataObject, layout: PieceLayout, length: int
    ) -> None:
        """
        The first bytes decide about a frame as soon as they can, and more bytes
        never change the answer.
        """
        codec = MessageCodec(layout)
        head = data.draw(hostile_payloads(layout))
        answers = [self.answer(codec, length, head[:end]) for end in range(7)]
        self.assertIn(answers[0], (FrameKind.UNDECIDED, ViolationReason.BAD_LENGTH))
        if head[0] != MessageType.PIECE:
            self.assertNotEqual(answers[1], FrameKind.UNDECIDED)
        if len(head) >= PIECE_HEAD_SIZE:
            self.assertNotEqual(answers[PIECE_HEAD_SIZE], FrameKind.UNDECIDED)
        decided = [each for each in answers if each is not FrameKind.UNDECIDED]
        self.assertLessEqual(len(set(decided)), 1)
        self.assertEqual(decided, answers[len(answers) - len(decided) :])

    def answer(
        self, codec: MessageCodec, length: int, head: PieceData
    ) -> FrameKind | ViolationReason:
        """
        What is said about a frame, be it good or bad.
        """
        try:
            return codec.check_frame(length, head)
        except ProtocolViolation as violation:
            return violation.reason

    @settings(deadline=None)
    @given(st.data(), LAYOUTS)
    def test_good_frames(self, data: st.DataObject, layout: PieceLayout) -> None:
        """
        The frame of any message passes, whether or not the next one follows in
        the same read.
        """
        codec = MessageCodec(layout)
        message = data.draw(messages(layout))
        frame = codec.encode(message)
        head = frame[LENGTH_SIZE:] + data.draw(st.binary(max_size=9))
        kind = codec.check_frame(len(frame) - LENGTH_SIZE, head)
        if isinstance(message, PieceMessage):
            self.assertEqual(kind, FrameKind.PIECE)
            self.assertEqual(codec.piece_index(head), message.index)
        else:
            self.assertEqual(kind, FrameKind.MESSAGE)

    def test_length_alone(self) -> None:
        """
        Nothing of the payload is needed to refuse no byte at all, or more than
        any frame has.
        """
        bad = ViolationReason.BAD_LENGTH
        self.assertEqual(self.refused(bad, SAMPLE, 0, b""), "a frame of 0 bytes")
        self.refused(bad, SAMPLE, 0xFFFFFFFF, b"")
        self.refused(bad, SAMPLE, MAX_UNKNOWN_LENGTH + 1, b"")

    def test_long_frames_of_large_pieces(self) -> None:
        """
        A piece may be longer than any unknown frame, and so may a bitfield.
        """
        pieces = MessageCodec(PieceLayout(2**30, 2**24))
        self.assertIs(pieces.check_frame(2**24 + 5, b"\x07\0\0\0\1"), FrameKind.PIECE)
        bits = MessageCodec(PieceLayout(2**24, 1))
        self.assertIs(bits.check_frame(2**21 + 1, b"\x05"), FrameKind.MESSAGE)

    def test_wrong_length(self) -> None:
        """
        A type with a length that is not its own is told with both.
        """
        bad = ViolationReason.BAD_LENGTH
        for length, head, detail in (
            (2, b"\x00", "CHOKE of 2 bytes instead of 1"),
            (5, b"\x03", "NOT_INTERESTED of 5 bytes instead of 1"),
            (4, b"\x04", "HAVE of 4 bytes instead of 5"),
            (39, b"\x05", "BITFIELD of 39 bytes instead of 40"),
            (1, b"\x05", "BITFIELD of 1 bytes instead of 40"),
            (13, b"\x06", "REQUEST of 13 bytes instead of 5"),
            (4, b"\x07", "PIECE of 4 bytes"),
            (32_774, b"\x07", "PIECE of 32774 bytes"),
            (32_772, b"\x07\0\0\0\0", "PIECE 0 of 32772 bytes instead of 32773"),
            (32_773, b"\x07\0\0\x01\x31", "PIECE 305 of 32773 bytes instead of 5997"),
        ):
            self.assertEqual(self.refused(bad, SAMPLE, length, head), detail)

    def test_indexes(self) -> None:
        """
        A piece and a have must be about a piece that exists; a request may ask
        for anything.
        """
        codec = MessageCodec(SAMPLE)
        beyond = b"\0\0\x01\x32"
        out = ViolationReason.INDEX_OUT_OF_RANGE
        self.assertEqual(
            self.refused(out, SAMPLE, 32_773, b"\x07" + beyond),
            "PIECE 306, but there are 306 pieces",
        )
        violation = self.assertRaises(ProtocolViolation, codec.decode, b"\x04" + beyond)
        self.assertEqual(
            str(violation), "index-out-of-range: HAVE 306, but there are 306 pieces"
        )
        self.assertEqual(codec.decode(b"\x06" + beyond), RequestMessage(306))

    def test_spare_bits(self) -> None:
        """
        A bitfield with a set bit behind the last piece is a violation.
        """
        payload = b"\x05" + b"\xff" * 39
        violation = self.assertRaises(
            ProtocolViolation, MessageCodec(SAMPLE).decode, payload
        )
        self.assertEqual(violation.reason, ViolationReason.SPARE_BITS_SET)

    @settings(deadline=None)
    @given(st.integers(8, 255), st.integers(1, MAX_UNKNOWN_LENGTH))
    @example(8, MAX_UNKNOWN_LENGTH)
    def test_unknown_types(self, type_byte: int, length: int) -> None:
        """
        A frame of an unknown type is to be dropped as it comes, up to a limit
        that holds for large pieces too; it is no message.
        """
        head = bytes([type_byte])
        codec = MessageCodec(SAMPLE)
        self.assertGreaterEqual(type_byte, codec.first_unknown_type)
        self.assertIs(codec.check_frame(length, head), FrameKind.UNKNOWN)
        violation = self.assertRaises(ProtocolViolation, codec.decode, head)
        self.assertEqual(violation.reason, ViolationReason.UNKNOWN_TYPE)
        self.assertEqual(
            self.refused(
                ViolationReason.BAD_LENGTH,
                PieceLayout(2**30, 2**24),
                MAX_UNKNOWN_LENGTH + length,
                head,
            ),
            f"unknown type {type_byte} of {MAX_UNKNOWN_LENGTH + length} bytes",
        )
