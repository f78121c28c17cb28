"""
Tests for L{swarmpeer.net.delivery}.
"""

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.delivery import deliver
from swarmpeer.testing.recorders import RecordingLogic
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)


class DeliverTests(SynchronousTestCase):
    """
    Each kind of message has one who hears it.
    """

    def test_every_kind(self) -> None:
        """
        All eight kinds arrive, with what they carry.
        """
        logic = RecordingLogic("logic")
        for message in (
            ChokeMessage(),
            UnchokeMessage(),
            InterestedMessage(),
            NotInterestedMessage(),
            HaveMessage(3),
            BitfieldMessage(Bitfield.full(2)),
            RequestMessage(4),
            PieceMessage(5, b"data"),
        ):
            deliver(message, logic)
        self.assertEqual(
            logic.calls,
            [
                ("logic", "on_choke"),
                ("logic", "on_unchoke"),
                ("logic", "on_interested"),
                ("logic", "on_not_interested"),
                ("logic", "on_have", 3),
                ("logic", "on_bitfield", b"\xc0"),
                ("logic", "on_request", 4),
                ("logic", "on_piece", 5, b"data"),
            ],
        )

    def test_violation(self) -> None:
        """
        What the logic holds against a message is not kept from the caller.
        """

        class Strict(RecordingLogic):
            def on_haves(self, indexes: Sequence[int]) -> None:
                raise ProtocolViolation(
                    ViolationReason.INDEX_OUT_OF_RANGE, str(indexes)
                )

        self.assertRaises(ProtocolViolation, deliver, HaveMessage(9), Strict("logic"))
