"""
Tests for L{swarmpeer.net.further_delivery}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.further_delivery import deliver_further
from swarmpeer.testing.recorders import RecordingVerifiedLogic
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
)


class DeliverFurtherTests(SynchronousTestCase):
    """
    Each kind of message of a verified swarm has one who hears it.
    """

    def test_every_kind(self) -> None:
        """
        The further kinds arrive, with what they carry; two of them are nothing for
        the logic.
        """
        logic = RecordingVerifiedLogic("logic")
        for message in (
            KeepAliveMessage(),
            RejectMessage(1),
            CancelMessage(2),
            HaveAllMessage(),
            HaveNoneMessage(),
            WithdrawMessage(3),
            BadPieceMessage(4),
            GoodbyeMessage(5, "bye"),
            ManifestRequestMessage(6),
            ManifestPartMessage(1, 0, b"x"),
        ):
            deliver_further(message, logic)
        self.assertEqual(
            logic.calls,
            [
                ("logic", "on_reject", 1),
                ("logic", "on_cancel", 2),
                ("logic", "on_have_all"),
                ("logic", "on_have_none"),
                ("logic", "on_withdrawal", 3),
                ("logic", "on_bad_piece", 4),
                ("logic", "on_goodbye", 5, "bye"),
                ("logic", "on_manifest_request", 6),
            ],
        )
