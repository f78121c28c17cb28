"""
Tests for L{swarmpeer.net.delivery}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.delivery import deliver
from swarmpeer.testing.recorders import RecordingLogic
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    InterestedMessage,
    NotInterestedMessage,
    UnchokeMessage,
)


class DeliverTests(SynchronousTestCase):
    """
    Each kind of message has one who hears it.
    """

    def test_every_kind(self) -> None:
        """
        All kinds that do not come in runs arrive, with what they carry.
        """
        logic = RecordingLogic("logic")
        for message in (
            ChokeMessage(),
            UnchokeMessage(),
            InterestedMessage(),
            NotInterestedMessage(),
            BitfieldMessage(Bitfield.full(2)),
        ):
            deliver(message, logic)
        self.assertEqual(
            logic.calls,
            [
                ("logic", "on_choke"),
                ("logic", "on_unchoke"),
                ("logic", "on_interested"),
                ("logic", "on_not_interested"),
                ("logic", "on_bitfield", b"\xc0"),
            ],
        )

    def test_violation(self) -> None:
        """
        What the logic holds against a message is not kept from the caller.
        """

        class Strict(RecordingLogic):
            def on_bitfield(self, bits: Bitfield) -> None:
                raise ProtocolViolation(ViolationReason.LATE_BITFIELD, str(bits))

        message = BitfieldMessage(Bitfield(1))
        self.assertRaises(ProtocolViolation, deliver, message, Strict("logic"))
