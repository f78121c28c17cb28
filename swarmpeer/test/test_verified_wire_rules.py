"""
Tests of L{swarmpeer.testing.verified_wire_rules}: one bad message each.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.testing.verified_wire_rules import VerifiedSpokenSide
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    RejectMessage,
    WithdrawMessage,
)
from swarmpeer.wire.handshake import Feature, Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

PIECES = 4
LAYOUT = PieceLayout(PIECES, 1)
CODEC = ExtendedCodec(LAYOUT)
GOODBYE = GoodbyeMessage.saying(GoodbyeCode.STOPPING, "so long")
SWARM = bytes(range(8))


def greeting(peer_id: int) -> Handshake:
    """
    What a peer says first.
    """
    return Handshake(peer_id, Feature.VERIFIED, SWARM)


def encode(message: Message | ExtensionMessage) -> bytes:
    """
    The bytes of a message.
    """
    if isinstance(message, ExtensionMessage):
        return CODEC.encode_extension(message)
    return CODEC.encode(message)


class VerifiedSpokenSideTests(SynchronousTestCase):
    """
    What peer 1001, which holds the pieces 0 and 1, says to 1002, which holds all.
    """

    def setUp(self) -> None:
        """
        Both have greeted.
        """
        self.held = {0, 1}
        self.here = VerifiedSpokenSide(
            greeting(1001), LAYOUT, CODEC, lambda index: index in self.held
        )
        self.there = VerifiedSpokenSide(greeting(1002), LAYOUT, CODEC, lambda _: True)
        self.here.other, self.there.other = self.there, self.here
        for side, peer_id in ((self.here, 1001), (self.there, 1002)):
            self.assertEqual(list(side.hear(greeting(peer_id).encode())), [])

    def say(
        self, side: VerifiedSpokenSide, *messages: Message | ExtensionMessage
    ) -> list[tuple[str, str]]:
        """
        Somebody says these.

        @return: what it should not have said.
        """
        return list(side.hear(b"".join(map(encode, messages))))

    def begin(self) -> None:
        """
        Both tell what they hold, want something of each other and serve each other.
        """
        bits = Bitfield(PIECES)
        bits.add(0)
        first = BitfieldMessage(bits), InterestedMessage(), UnchokeMessage()
        self.assertEqual(self.say(self.here, *first), [])
        all_of_it = HaveAllMessage(), InterestedMessage(), UnchokeMessage()
        self.assertEqual(self.say(self.there, *all_of_it), [])

    def test_good(self) -> None:
        """
        Nothing is wrong with a conversation in which everything is in order.
        """
        self.begin()
        here, there = self.here, self.there
        conversation: list[
            tuple[VerifiedSpokenSide, tuple[Message | ExtensionMessage, ...]]
        ] = [
            (here, (KeepAliveMessage(), RequestMessage(2), RequestMessage(3))),
            (there, (PieceMessage(2, b"x"),)),
            (here, (BadPieceMessage(2), CancelMessage(3))),
            (there, (RejectMessage(3), RequestMessage(0))),
            (here, (ChokeMessage(), RejectMessage(0))),
            (there, (WithdrawMessage(2), HaveMessage(2))),
            (here, (GOODBYE,)),
        ]
        for side, messages in conversation:
            self.assertEqual(self.say(side, *messages), [])
        self.assertTrue(here.has_taken_leave)
        self.assertFalse(there.has_taken_leave)
        self.assertEqual(here.cancelled, {3: 1})
        self.assertEqual(here.unanswered, set())

    def test_bad(self) -> None:
        """
        Whatever is wrong is found, and nothing else.
        """
        cases: list[tuple[list[Message | ExtensionMessage], list[tuple[str, str]]]] = [
            (
                [HaveNoneMessage()],
                [("bitfield first", "message 3 is HAVE_NONE")],
            ),
            (
                [WithdrawMessage(1)],
                [("withdraws what was told", "piece 1")],
            ),
            (
                [RejectMessage(1)],
                [("rejects a request", "piece 1 was not asked for")],
            ),
            (
                [CancelMessage(2)],
                [("cancels a request", "piece 2 was not asked for")],
            ),
            (
                [BadPieceMessage(2)],
                [("complains of what came", "piece 2 was not sent")],
            ),
            (
                [GOODBYE, KeepAliveMessage()],
                [("goodbye is the last word", "KEEP_ALIVE")],
            ),
            (
                [HaveMessage(1), WithdrawMessage(1), WithdrawMessage(1)],
                [("withdraws what was told", "piece 1")],
            ),
        ]
        for messages, expected in cases:
            self.setUp()
            self.begin()
            self.assertEqual(self.say(self.here, *messages), expected)

    def test_have_all(self) -> None:
        """
        Whoever says that it holds everything holds everything.
        """
        self.assertEqual(
            self.say(self.here, HaveAllMessage()),
            [
                ("tells what it holds", "it does not hold piece 2"),
                ("tells what it holds", "it does not hold piece 3"),
            ],
        )

    def test_goodbye_comes_first(self) -> None:
        """
        Whoever is turned away is told why, and nothing else.
        """
        self.assertEqual(self.say(self.here, GOODBYE), [])

    def test_piece_after_withdrawal(self) -> None:
        """
        What was withdrawn is not sent, and may be told again.
        """
        self.begin()
        self.assertEqual(self.say(self.there, RequestMessage(0)), [])
        self.assertEqual(
            self.say(self.here, WithdrawMessage(0), PieceMessage(0, b"x")),
            [("have before piece", "piece 0")],
        )
        self.assertEqual(self.say(self.here, HaveMessage(0)), [])

    def test_withdrawal_under_way(self) -> None:
        """
        Whoever asks for a piece may not have heard that it is held no more.
        """
        self.begin()
        self.assertEqual(self.say(self.there, WithdrawMessage(3)), [])
        self.assertEqual(self.say(self.here, RequestMessage(3)), [])
        self.assertEqual(self.here.unanswered, {3})

    def test_nobody_listens(self) -> None:
        """
        Of what somebody hostile asked for nothing is known.
        """
        self.here.other = None
        self.begin()
        self.assertEqual(self.say(self.here, RejectMessage(1), BadPieceMessage(2)), [])
