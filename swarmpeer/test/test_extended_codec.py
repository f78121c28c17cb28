"""
Tests of L{swarmpeer.wire.extended_codec}.
"""

import struct

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.test import test_codec
from swarmpeer.test.test_codec import EMPTY, LAYOUTS, SAMPLE
from swarmpeer.wire.codec import (
    LENGTH_SIZE,
    MAX_INDEX,
    MAX_UNKNOWN_LENGTH,
    PIECE_HEAD_SIZE,
    FrameKind,
    Geometry,
    MessageCodec,
)
from swarmpeer.wire.extended_codec import (
    MANIFEST_HEAD_SIZE,
    ExtendedCodec,
    encode_manifest_head,
)
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_GOODBYE_BYTES,
    MAX_MANIFEST_BYTES,
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    ExtensionType,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
    manifest_part_size,
)
from swarmpeer.wire.messages import HaveMessage, Message, MessageType, PieceData

MANIFEST = bytes(range(256)) * 257
"""
One part and 256 bytes.
"""

VECTORS: tuple[tuple[ExtensionMessage, bytes], ...] = (
    (KeepAliveMessage(), bytes.fromhex("00000001 08")),
    (RejectMessage(5), bytes.fromhex("00000005 09 00000005")),
    (RejectMessage(MAX_INDEX), bytes.fromhex("00000005 09 ffffffff")),
    (CancelMessage(305), bytes.fromhex("00000005 0a 00000131")),
    (HaveAllMessage(), bytes.fromhex("00000001 0b")),
    (HaveNoneMessage(), bytes.fromhex("00000001 0c")),
    (WithdrawMessage(5), bytes.fromhex("00000005 0d 00000005")),
    (BadPieceMessage(305), bytes.fromhex("00000005 0e 00000131")),
    (GoodbyeMessage(GoodbyeCode.OTHER, ""), bytes.fromhex("00000002 0f 00")),
    (
        GoodbyeMessage(GoodbyeCode.STOPPING, "stopped"),
        bytes.fromhex("00000009 0f 01 73746f70706564"),
    ),
    (GoodbyeMessage(200, "\N{EURO SIGN}"), bytes.fromhex("00000005 0f c8 e282ac")),
    (ManifestRequestMessage(1), bytes.fromhex("00000005 10 00000001")),
    (
        ManifestPartMessage(MANIFEST_PART_BYTES + 256, 1, bytes(range(256))),
        bytes.fromhex("00000109 11 00010100 00000001") + bytes(range(256)),
    ),
    (
        ManifestPartMessage(MANIFEST_PART_BYTES + 256, 0, MANIFEST[:-256]),
        bytes.fromhex("00010009 11 00010100 00000000") + MANIFEST[:-256],
    ),
)

NUMBERS = st.integers(0, MAX_INDEX)


@st.composite
def manifest_parts(draw: st.DrawFn) -> ManifestPartMessage:
    """
    Parts of manifests of any length, most of them short or the last.
    """
    parts = draw(st.integers(0, 3) | st.integers(0, MAX_MANIFEST_BYTES >> 16))
    beyond = draw(st.integers(0, 200))
    total = parts * MANIFEST_PART_BYTES + beyond
    assume(1 <= total <= MAX_MANIFEST_BYTES)
    part = parts if beyond else parts - 1
    if parts and draw(st.integers(0, 9)) == 0:
        part = draw(st.integers(0, parts - 1))
    size = manifest_part_size(total, part)
    return ManifestPartMessage(total, part, (draw(st.binary()) + b"x" * size)[:size])


def extensions(piece_count: int) -> st.SearchStrategy[ExtensionMessage]:
    """
    Any of the further messages that may be sent in a swarm of so many pieces.
    """
    kinds: list[st.SearchStrategy[ExtensionMessage]] = [
        st.sampled_from([KeepAliveMessage(), HaveAllMessage(), HaveNoneMessage()]),
        st.builds(RejectMessage, NUMBERS),
        st.builds(CancelMessage, NUMBERS),
        st.builds(ManifestRequestMessage, NUMBERS),
        st.builds(GoodbyeMessage.saying, st.integers(0, 255), st.text()),
        manifest_parts(),
    ]
    if piece_count:
        indexes = st.integers(0, piece_count - 1)
        kinds += [st.builds(WithdrawMessage, indexes), indexes.map(BadPieceMessage)]
    return st.one_of(kinds)


@st.composite
def hostile_payloads(draw: st.DrawFn) -> bytes:
    """
    Bytes that come near to one of the further messages.
    """
    kind = draw(st.sampled_from(ExtensionType))
    total = draw(
        st.sampled_from(
            [0, 1, 3, 65_536, 65_537, 65_539, MAX_MANIFEST_BYTES, MAX_INDEX]
        )
    )
    number = draw(st.integers(0, 3) | st.sampled_from([305, 306]) | NUMBERS)
    tail = draw(st.binary(max_size=5))
    body = {
        ExtensionType.GOODBYE: tail * draw(st.sampled_from([1, 9, 50])),
        ExtensionType.MANIFEST_PART: struct.pack(">II", total, number) + tail,
    }.get(kind, draw(st.sampled_from([b"", struct.pack(">I", number)])))
    return bytes([kind]) + body + draw(st.sampled_from([b"", b"", b"", b"x"]))


def is_fit(words: bytes) -> bool:
    """
    Are these words one printable line as they are?
    """
    try:
        return words.decode().isprintable()
    except UnicodeDecodeError:
        return False


class RoundTripTests(SynchronousTestCase):
    """
    The further messages survive the way to bytes and back.
    """

    def test_vectors(self) -> None:
        """
        Each kind has exactly these bytes, asked for by either name.
        """
        codec = ExtendedCodec(SAMPLE)
        for message, frame in VECTORS:
            self.assertEqual(codec.encode_extension(message), frame)
            self.assertEqual(codec.encode(message), frame)
            self.assertEqual(codec.decode(frame[LENGTH_SIZE:]), message)
        self.assertEqual({message.type for message, _ in VECTORS}, set(ExtensionType))

    @settings(deadline=None)
    @given(st.data(), LAYOUTS)
    def test_round_trip(self, data: st.DataObject, geometry: Geometry) -> None:
        """
        Whatever may be sent comes back equal, from any type of bytes; its frame
        passes by its first bytes, whether or not the next one follows.
        """
        codec = ExtendedCodec(geometry)
        message = data.draw(extensions(geometry.piece_count))
        frame = codec.encode(message)
        (length,) = struct.unpack_from(">I", frame)
        self.assertEqual(length, len(frame) - LENGTH_SIZE)
        for payload in (frame[4:], bytearray(frame[4:]), memoryview(frame)[4:]):
            self.assertEqual(codec.decode(payload), message)
        head = (frame[LENGTH_SIZE:] + b"\0\0\0\1\x08")[:PIECE_HEAD_SIZE]
        self.assertIs(codec.check_frame(length, head), FrameKind.MESSAGE)

    def test_the_eight(self) -> None:
        """
        The eight messages have the same bytes as ever.
        """
        codec = ExtendedCodec(SAMPLE)
        for message, frame in test_codec.VECTORS:
            self.assertEqual(codec.encode(message), frame)
            self.assertEqual(codec.decode(frame[LENGTH_SIZE:]), message)

    def test_data_is_a_slice(self) -> None:
        """
        The data of a manifest part are a view into the payload if that is a view.
        """
        codec = ExtendedCodec(SAMPLE)
        payload = bytearray(codec.encode(ManifestPartMessage(3, 0, b"abc"))[4:])
        view = codec.decode(memoryview(payload))
        payload[-1:] = b"X"
        self.assertEqual(view, ManifestPartMessage(3, 0, b"abX"))

    def test_manifest_head(self) -> None:
        """
        The head of a manifest part and its data together are its frame.
        """
        message = ManifestPartMessage.cut(MANIFEST, 1)
        head = encode_manifest_head(len(MANIFEST), 1, 256)
        self.assertEqual(len(head), LENGTH_SIZE + MANIFEST_HEAD_SIZE)
        self.assertEqual(
            ExtendedCodec(EMPTY).encode(message), head + bytes(message.data)
        )


class OwnMistakesTests(SynchronousTestCase):
    """
    What the other side would have to refuse is never sent.
    """

    def test_does_not_fit(self) -> None:
        """
        Numbers, words and parts that the wire has no place for are not encoded.
        """
        codec = ExtendedCodec(SAMPLE)
        for message in (
            RejectMessage(-1),
            RejectMessage(2**32),
            CancelMessage(-1),
            CancelMessage(2**32),
            ManifestRequestMessage(-1),
            ManifestRequestMessage(2**32),
            WithdrawMessage(-1),
            WithdrawMessage(306),
            BadPieceMessage(-1),
            BadPieceMessage(306),
            GoodbyeMessage(-1, ""),
            GoodbyeMessage(256, ""),
            GoodbyeMessage(0, "one\ntwo"),
            GoodbyeMessage(0, "x" * (MAX_GOODBYE_BYTES + 1)),
            GoodbyeMessage(0, "\N{EURO SIGN}" * 67),
            ManifestPartMessage(0, 0, b""),
            ManifestPartMessage(3, 0, b"ab"),
            ManifestPartMessage(3, 0, b"abcd"),
            ManifestPartMessage(3, 1, b""),
            ManifestPartMessage(3, -1, b"abc"),
            ManifestPartMessage(MAX_MANIFEST_BYTES + 1, MAX_MANIFEST_BYTES >> 16, b"x"),
        ):
            self.assertRaises(ValueError, codec.encode, message)
            self.assertRaises(ValueError, codec.encode_extension, message)


class HostileTests(SynchronousTestCase):
    """
    Any bytes either become messages or are a violation.
    """

    def answer(self, length: int, head: PieceData) -> FrameKind | str:
        """
        What is said about a frame, be it good or bad.
        """
        try:
            return ExtendedCodec(SAMPLE).check_frame(length, head)
        except ProtocolViolation as violation:
            return str(violation)

    def refusal(self, payload: bytes) -> str:
        """
        Why C{payload} is not decoded.
        """
        return str(
            self.assertRaises(ProtocolViolation, ExtendedCodec(SAMPLE).decode, payload)
        )

    @settings(deadline=None)
    @given(hostile_payloads() | st.binary(max_size=30))
    def test_any_bytes(self, payload: bytes) -> None:
        """
        What can be decoded encodes to the same bytes again, but for a goodbye
        whose words were not fit to be shown; of the rest it is told that they
        break the rules.
        """
        codec = ExtendedCodec(SAMPLE)
        try:
            message = codec.decode(payload)
        except ProtocolViolation:
            return
        if isinstance(message, GoodbyeMessage) and not is_fit(payload[2:]):
            return
        self.assertEqual(codec.encode(message)[LENGTH_SIZE:], payload)

    @settings(deadline=None)
    @given(hostile_payloads(), st.integers(0, 70_000) | NUMBERS)
    def test_judged_early(self, head: bytes, length: int) -> None:
        """
        The first bytes decide about a frame as soon as they can, no later than
        those of a piece do, and more bytes never change the answer.
        """
        answers = [self.answer(length, head[:end]) for end in range(7)]
        if head[0] != ExtensionType.MANIFEST_PART:
            self.assertNotEqual(answers[1], FrameKind.UNDECIDED)
        if len(head) >= PIECE_HEAD_SIZE:
            self.assertNotEqual(answers[PIECE_HEAD_SIZE], FrameKind.UNDECIDED)
        decided = [each for each in answers if each is not FrameKind.UNDECIDED]
        self.assertLessEqual(len(set(decided)), 1)
        self.assertEqual(decided, answers[len(answers) - len(decided) :])

    @settings(deadline=None)
    @given(
        LAYOUTS,
        st.integers(0, 7) | st.integers(len(MessageType) + len(ExtensionType), 255),
        st.binary(max_size=12),
        st.integers(0, 80) | NUMBERS,
    )
    def test_others_as_ever(
        self, geometry: Geometry, type_byte: int, rest: bytes, length: int
    ) -> None:
        """
        Of the eight messages, and of types that are still unknown, it says what
        the codec of a classic swarm says.
        """
        head = bytes([type_byte]) + rest
        said: list[list[FrameKind | Message | str]] = []
        for codec in (MessageCodec(geometry), ExtendedCodec(geometry)):
            answers: list[FrameKind | Message | str] = []
            try:
                answers.append(codec.check_frame(length, head))
            except ProtocolViolation as violation:
                answers.append(str(violation))
            try:
                answers.append(codec.decode(head))
            except ProtocolViolation as violation:
                answers.append(str(violation))
            said.append(answers)
        self.assertEqual(said[0], said[1])

    @settings(deadline=None)
    @given(st.integers(18, 255), st.integers(1, MAX_UNKNOWN_LENGTH))
    @example(18, MAX_UNKNOWN_LENGTH)
    def test_unknown_types(self, type_byte: int, length: int) -> None:
        """
        Types above the known ones are dropped as they come, up to a limit.
        """
        self.assertGreaterEqual(type_byte, ExtendedCodec.first_unknown_type)
        head = bytes([type_byte])
        self.assertIs(self.answer(length, head), FrameKind.UNKNOWN)
        self.assertEqual(
            self.answer(MAX_UNKNOWN_LENGTH + length, head),
            f"bad-length: a frame of {MAX_UNKNOWN_LENGTH + length} bytes",
        )

    def test_wrong_length(self) -> None:
        """
        A type with a length that is not its own is told.
        """
        for length, head, detail in (
            (2, b"\x08", "KEEP_ALIVE of 2 bytes instead of 1"),
            (1, b"\x09", "REJECT of 1 bytes instead of 5"),
            (13, b"\x0a", "CANCEL of 13 bytes instead of 5"),
            (41, b"\x0b", "HAVE_ALL of 41 bytes instead of 1"),
            (5, b"\x0c", "HAVE_NONE of 5 bytes instead of 1"),
            (4, b"\x0d", "WITHDRAW of 4 bytes instead of 5"),
            (6, b"\x0e", "BAD_PIECE of 6 bytes instead of 5"),
            (1, b"\x0f", "GOODBYE of 1 bytes"),
            (203, b"\x0f", "GOODBYE of 203 bytes"),
            (9, b"\x10", "MANIFEST_REQUEST of 9 bytes instead of 5"),
            (9, b"\x11", "MANIFEST_PART of 9 bytes"),
            (65_546, b"\x11", "MANIFEST_PART of 65546 bytes"),
            (
                12,
                b"\x11\0\0\0\2",
                "MANIFEST_PART of 12 bytes, of 2 bytes in all",
            ),
            (
                65_545,
                b"\x11\0\0\xff\xff",
                "MANIFEST_PART of 65545 bytes, of 65535 bytes in all",
            ),
            (
                10,
                b"\x11\x10\0\0\1",
                "MANIFEST_PART of 10 bytes, of 268435457 bytes in all",
            ),
            (10, b"\x11\0\0\0\0", "MANIFEST_PART of 10 bytes, of 0 bytes in all"),
            (10, b"\x11\0\0\0\2", "MANIFEST_PART of 10 bytes, of 2 bytes in all"),
        ):
            self.assertEqual(self.answer(length, head), f"bad-length: {detail}")

    def test_longest(self) -> None:
        """
        The longest that may come do pass.
        """
        for length, head in (
            (202, b"\x0f"),
            (65_545, b"\x11\x10\0\0\0"),
            (65_545, b"\x11\0\1\0\0"),
            (65_545, b"\x11\0\1\0\1"),
            (10, b"\x11\0\1\0\1"),
        ):
            self.assertIs(self.answer(length, head), FrameKind.MESSAGE)

    def test_wrong_part(self) -> None:
        """
        A part must be as long as that very part of such a manifest.
        """
        for part, total, size in ((1, 3, 3), (0, 65_537, 1), (2, 65_537, 1)):
            payload = struct.pack(">BII", 17, total, part) + bytes(size)
            self.assertIs(
                self.answer(len(payload), payload[:PIECE_HEAD_SIZE]), FrameKind.MESSAGE
            )
            self.assertEqual(
                self.refusal(payload),
                f"bad-length: MANIFEST_PART {part} of {len(payload)} bytes, "
                f"of {total} bytes in all",
            )

    def test_indexes(self) -> None:
        """
        A withdrawal and the word of a bad piece must be about a piece that exists;
        what asks, or answers to it, may be about anything.
        """
        codec = ExtendedCodec(SAMPLE)
        beyond = b"\0\0\x01\x32"
        for type_byte, name in ((b"\x0d", "WITHDRAW"), (b"\x0e", "BAD_PIECE")):
            self.assertEqual(
                self.refusal(type_byte + beyond),
                f"index-out-of-range: {name} 306, but there are 306 pieces",
            )
        self.assertEqual(
            [
                codec.decode(type_byte + beyond)
                for type_byte in (b"\x09", b"\x0a", b"\x10")
            ],
            [RejectMessage(306), CancelMessage(306), ManifestRequestMessage(306)],
        )

    @settings(deadline=None)
    @given(st.integers(0, 255), st.binary(max_size=MAX_GOODBYE_BYTES))
    @example(15, b"\xff\xfe\n\x1b[2J\xe2\x82")
    def test_goodbye(self, code: int, words: bytes) -> None:
        """
        Whatever the words of a goodbye are, they come out as one printable line
        of bounded length.
        """
        message = ExtendedCodec(SAMPLE).decode(bytes([15, code]) + words)
        assert isinstance(message, GoodbyeMessage)
        self.assertEqual(message.code, code)
        self.assertTrue(message.words.isprintable(), message.words)
        self.assertLessEqual(len(message.words), 4 * MAX_GOODBYE_BYTES)

    def test_goodbye_by_example(self) -> None:
        """
        Bytes that are no text are replaced, control characters shown.
        """
        codec = ExtendedCodec(SAMPLE)
        self.assertEqual(
            codec.decode(b"\x0f\x04bad\xff\n\x1b[2J"),
            GoodbyeMessage(
                GoodbyeCode.VIOLATION, "bad\N{REPLACEMENT CHARACTER}\\n\\x1b[2J"
            ),
        )

    def test_no_pieces(self) -> None:
        """
        Where there is nothing to fetch, everybody has all and nothing, and no
        piece can be withdrawn.
        """
        codec = ExtendedCodec(EMPTY)
        for message in (HaveAllMessage(), HaveNoneMessage()):
            self.assertEqual(codec.decode(codec.encode(message)[4:]), message)
        for payload in (b"\x0d\0\0\0\0", b"\x0e\0\0\0\0"):
            violation = self.assertRaises(ProtocolViolation, codec.decode, payload)
            self.assertEqual(violation.reason, ViolationReason.INDEX_OUT_OF_RANGE)

    def test_short_way_of_haves(self) -> None:
        """
        A have can be read without a message, as in a classic swarm.
        """
        codec = ExtendedCodec(SAMPLE)
        self.assertEqual(codec.have_indexes(codec.encode(HaveMessage(305))), [305])
