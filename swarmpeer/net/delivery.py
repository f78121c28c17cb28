"""
From what was said to who hears it.
"""

from swarmpeer.seam import LogicSide, Piece
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
            logic.on_haves((index,))
        case PieceMessage(index, data):
            logic.on_pieces((Piece(index, data),))
        case RequestMessage(index):
            logic.on_requests((index,))
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
