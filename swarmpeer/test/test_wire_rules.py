"""
Tests of L{swarmpeer.testing.wire_rules}: one bad message each.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.testing.wire_rules import SpokenSide
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

PIECES = 4
LAYOUT = PieceLayout(PIECES, 1)
CODEC = MessageCodec(LAYOUT)


def bitfield(*indices: int) -> Message:
    """
    A bitfield of these pieces.
    """
    bits = Bitfield(PIECES)
    for index in indices:
        bits.add(index)
    return BitfieldMessage(bits)


def piece(index: int) -> Message:
    """
    A piece.
    """
    return PieceMessage(index, b"x")


class SpokenSideTests(SynchronousTestCase):
    """
    What peer 1001, which holds the pieces 0 and 1, says to 1002.
    """

    def setUp(self) -> None:
        """
        Nobody said anything yet.
        """
        self.held = {0, 1}
        self.side = SpokenSide(Handshake(1001), LAYOUT, CODEC, self.held.__contains__)
        self.other = SpokenSide(Handshake(1002), LAYOUT, CODEC, lambda _: True)
        self.side.other, self.other.other = self.other, self.side

    def hear(self, *messages: Message) -> list[tuple[str, str]]:
        """
        It says these.

        @return: what it should not have said.
        """
        return list(self.side.hear(b"".join(map(CODEC.encode, messages))))

    def greet(self, *indices: int) -> None:
        """
        It says its handshake and a bitfield, as it should.
        """
        self.assertEqual(list(self.side.hear(Handshake(1001).encode())), [])
        self.assertEqual(self.hear(bitfield(*indices)), [])

    def test_good(self) -> None:
        """
        Nothing is wrong with a conversation in which everything is in order,
        however its bytes come.
        """
        here, there = self.side, self.other
        told = Handshake(1001).encode(), Handshake(1002).encode()
        for side, data in zip((here, there), told, strict=True):
            self.assertEqual([f for byte in data for f in side.hear(bytes([byte]))], [])
        for side, *messages in (
            (there, bitfield(3), InterestedMessage()),
            (here, bitfield(0), NotInterestedMessage(), UnchokeMessage()),
            (there, RequestMessage(0)),
            (here, piece(0), HaveMessage(1)),
            (there, RequestMessage(1)),
            (here, piece(1), InterestedMessage(), RequestMessage(3)),
            (here, NotInterestedMessage(), ChokeMessage()),
        ):
            data = b"".join(map(CODEC.encode, messages))
            self.assertEqual([f for byte in data for f in side.hear(bytes([byte]))], [])
        self.assertEqual((self.side.given_bytes, self.side.asked), (2, {3: 1}))

    def test_handshake(self) -> None:
        """
        It says its own id, and nothing before.
        """
        wrong = Handshake(1003).encode()
        self.assertEqual(
            [*self.side.hear(wrong[:20]), *self.side.hear(wrong[20:])],
            [("handshake", wrong.hex())],
        )

    def test_first_message(self) -> None:
        """
        The first is a bitfield, and no other is.
        """
        self.side.hear(b"")
        self.assertEqual(list(self.side.hear(Handshake(1001).encode())), [])
        self.assertEqual(
            self.hear(InterestedMessage(), bitfield(0)),
            [
                ("bitfield first", "message 0 is INTERESTED"),
                ("bitfield first", "message 1 is BITFIELD"),
            ],
        )

    def test_illegal_message(self) -> None:
        """
        What cannot be read is found; what comes behind it is read.
        """
        self.greet()
        found = list(self.side.hear(bytes([0, 0, 0, 2, 0, 0])))
        self.assertEqual([rule for rule, _ in found], ["legal message"])
        self.assertEqual(self.hear(ChokeMessage()), [("choke on change", "CHOKE")])

    def test_bad(self) -> None:
        """
        Whatever else is wrong is found, and nothing else.
        """
        for messages, expected in (
            ([HaveMessage(2)], ("tells what it holds", "it does not hold piece 2")),
            ([HaveMessage(0)], ("one have", "piece 0 was told before")),
            ([ChokeMessage()], ("choke on change", "CHOKE")),
            ([UnchokeMessage()] * 2, ("choke on change", "UNCHOKE")),
            ([InterestedMessage()] * 2, ("interest on change", "INTERESTED")),
            ([RequestMessage(3)], ("request with interest", "piece 3")),
            (
                [InterestedMessage(), NotInterestedMessage(), RequestMessage(3)],
                ("request with interest", "piece 3"),
            ),
            ([piece(0)], ("no piece after choke", "piece 0")),
            ([UnchokeMessage(), piece(1)], ("have before piece", "piece 1")),
            (
                [UnchokeMessage(), piece(0), piece(0)],
                ("piece on request", "piece 0 was not asked for"),
            ),
        ):
            self.setUp()
            self.greet(0)
            there = Handshake(1002).encode() + CODEC.encode(bitfield(3))
            self.assertEqual(list(self.other.hear(there)), [])
            self.other.asked = {0: 1, 1: 1}
            self.assertEqual(self.hear(*messages), [expected])

    def test_wrong_bitfield(self) -> None:
        """
        A bitfield tells of what it holds, too.
        """
        self.assertEqual(list(self.side.hear(Handshake(1001).encode())), [])
        self.assertEqual(
            self.hear(bitfield(1, 3)),
            [("tells what it holds", "it does not hold piece 3")],
        )

    def test_asks_for_what_was_not_told(self) -> None:
        """
        A request is for a piece that the other one told of, be it just now.
        """
        self.greet()
        told = (bitfield(2), HaveMessage(3))
        there = Handshake(1002).encode() + b"".join(map(CODEC.encode, told))
        self.assertEqual(list(self.other.hear(there)), [])
        ask = InterestedMessage(), *map(RequestMessage, (2, 3, 1))
        self.assertEqual(self.hear(*ask), [("asks for what was told", "piece 1")])

    def test_nobody_listens(self) -> None:
        """
        Of pieces for somebody hostile it is not known who asked, nor what they
        told.
        """
        self.side.other = None
        self.greet(0)
        ask = InterestedMessage(), RequestMessage(3)
        self.assertEqual(self.hear(UnchokeMessage(), piece(0), *ask), [])
