"""
Tests of L{swarmpeer.wire.messages}.
"""

from dataclasses import FrozenInstanceError

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    MessageType,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

ONE_OF_EACH: tuple[Message, ...] = (
    ChokeMessage(),
    UnchokeMessage(),
    InterestedMessage(),
    NotInterestedMessage(),
    HaveMessage(5),
    BitfieldMessage(Bitfield.full(3)),
    RequestMessage(5),
    PieceMessage(5, b"data"),
)


class MessageTests(SynchronousTestCase):
    """
    Messages are values.
    """

    def test_types(self) -> None:
        """
        Each kind has its own type, numbered as on the wire.
        """
        self.assertEqual([message.type for message in ONE_OF_EACH], list(range(8)))
        self.assertEqual([message.type for message in ONE_OF_EACH], list(MessageType))

    def test_equality(self) -> None:
        """
        Messages are equal if they are of one kind and say the same.
        """
        self.assertEqual(HaveMessage(5), HaveMessage(5))
        self.assertNotEqual(HaveMessage(5), HaveMessage(6))
        self.assertNotEqual(HaveMessage(5), RequestMessage(5))
        self.assertEqual(
            PieceMessage(1, b"data"), PieceMessage(1, memoryview(bytearray(b"data")))
        )
        self.assertEqual(
            BitfieldMessage(Bitfield.full(3)), BitfieldMessage(Bitfield.full(3))
        )

    def test_frozen(self) -> None:
        """
        A message cannot be changed, nor can anything be added to it.
        """
        message = HaveMessage(5)
        self.assertRaises(FrozenInstanceError, setattr, message, "index", 6)
        self.assertFalse(hasattr(message, "__dict__"))
