"""
The same as L{swarmpeer.net.delivery} for what is said in verified swarms alone.
"""

from swarmpeer.verified_seam import VerifiedLogicSide
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
)
from swarmpeer.wire.messages import Message


def deliver_further(message: Message, logic: VerifiedLogicSide) -> None:
    """
    Tell C{logic} what they said.  That they are still there, and a part of a manifest,
    is nothing for it.

    @raise swarmpeer.errors.ProtocolViolation: if they should not have.
    """
    match message:
        case RejectMessage(index):
            logic.on_reject(index)
        case CancelMessage(index):
            logic.on_cancel(index)
        case HaveAllMessage():
            logic.on_have_all()
        case HaveNoneMessage():
            logic.on_have_none()
        case WithdrawMessage(index):
            logic.on_withdrawal(index)
        case BadPieceMessage(index):
            logic.on_bad_piece(index)
        case ManifestRequestMessage(part):
            logic.on_manifest_request(part)
        case GoodbyeMessage(code, words):
            logic.on_goodbye(code, words)
