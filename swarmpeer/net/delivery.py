"""
From what was said to who hears it, but for what comes in runs: haves, requests and
pieces.
"""

from swarmpeer.seam import LogicSide
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    UnchokeMessage,
)


def deliver(message: Message, logic: LogicSide) -> None:
    """
    Tell C{logic} what they said.

    @raise swarmpeer.errors.ProtocolViolation: if they should not have.
    """
    match message:
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
