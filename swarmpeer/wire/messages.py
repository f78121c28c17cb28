"""
The eight kinds of messages as values.

A message says what was meant and nothing about bytes; the way to bytes and back
is L{swarmpeer.wire.codec}.  The checks live there too: a message object holds
whatever it was given.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from swarmpeer.wire import WireBytes
from swarmpeer.wire.bitfield import Bitfield

PieceData = WireBytes


class MessageType(IntEnum):
    """
    The first byte of a frame.
    """

    CHOKE = 0
    UNCHOKE = 1
    INTERESTED = 2
    NOT_INTERESTED = 3
    HAVE = 4
    BITFIELD = 5
    REQUEST = 6
    PIECE = 7


@dataclass(frozen=True, slots=True)
class Message:
    """
    The base of all messages.

    @cvar type: the kind, and the first byte of the frame; every subclass has its
        own.
    """

    type: ClassVar[IntEnum]


@dataclass(frozen=True, slots=True)
class ChokeMessage(Message):
    """
    From now on the receiver is not served.
    """

    type = MessageType.CHOKE


@dataclass(frozen=True, slots=True)
class UnchokeMessage(Message):
    """
    From now on the receiver is served.
    """

    type = MessageType.UNCHOKE


@dataclass(frozen=True, slots=True)
class InterestedMessage(Message):
    """
    The receiver has a piece that the sender lacks.
    """

    type = MessageType.INTERESTED


@dataclass(frozen=True, slots=True)
class NotInterestedMessage(Message):
    """
    The receiver has nothing that the sender lacks.
    """

    type = MessageType.NOT_INTERESTED


@dataclass(frozen=True, slots=True)
class HaveMessage(Message):
    """
    The sender holds the piece C{index}.
    """

    type = MessageType.HAVE

    index: int


@dataclass(frozen=True, slots=True)
class BitfieldMessage(Message):
    """
    The sender holds these pieces and no others.
    """

    type = MessageType.BITFIELD

    bits: Bitfield


@dataclass(frozen=True, slots=True)
class RequestMessage(Message):
    """
    The sender asks for the piece C{index}, which may be any 32-bit number.
    """

    type = MessageType.REQUEST

    index: int


@dataclass(frozen=True, slots=True)
class PieceMessage(Message):
    """
    The bytes of the piece C{index}, all of them.
    """

    type = MessageType.PIECE

    index: int
    data: PieceData
