"""
From what was said to who hears it.
"""

from swarmpeer.seam import LogicSide, VerifiedLogicSide
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


def deliver(message: Message, logic: LogicSide) -> None:
    """
    Tell C{logic} what they said.

    @raise swarmpeer.errors.ProtocolViolation: if they should not have.
    """
    # The frequent ones first.
    match message:
        case HaveMessage(index):
            logic.on_have(index)
        case PieceMessage(index, data):
            logic.on_piece(index, data)
        case RequestMessage(index):
            logic.on_request(index)
        case InterestedMessage():
            logic.on_interested()
        case NotInterestedMessage():
            logic.on_not_interested()
        case UnchokeMessage():
            logic.on_unchoke()
        case ChokeMessage():
            logic.on_choke()
        case BitfieldMessage(bits):
            logic.on_bitfield(bits)


def deliver_further(message: Message, logic: VerifiedLogicSide) -> None:
    """
    The same for what is said in verified swarms alone.  That they are still there,
    and a part of a manifest, is nothing for the logic.

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
