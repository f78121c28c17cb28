"""
What deviants have in common: messages, and one that does not hear.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from struct import pack

from swarmpeer.test.conformance_swarm import (
    LAYOUT,
    Deviant,
    Line,
    Source,
)
from swarmpeer.wire.handshake import HEADER

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE = range(8)
COUNT = LAYOUT.piece_count
LAST = COUNT - 1


def frame(kind: int, payload: bytes = b"") -> bytes:
    """
    A message.
    """
    return pack(">IB", 1 + len(payload), kind) + payload


def indexed(kind: int, index: int, data: bytes = b"") -> bytes:
    """
    A message with an index.
    """
    return frame(kind, pack(">I", index) + data)


def true_piece(index: int) -> bytes:
    """
    The message with a piece.
    """
    return indexed(PIECE, index, Source().piece(index))


def kind_of(data: bytes) -> int:
    """
    The type of a message; below zero if it is none.
    """
    return -1 if data.startswith(b"P2P") or len(data) < 5 else data[4]


def index_of(data: bytes) -> int:
    """
    The index of a message that has one.
    """
    return int.from_bytes(data[5:9], "big")


def id_in(data: bytes) -> int:
    """
    The id in a handshake.
    """
    return int.from_bytes(data[28:32], "big")


def is_handshake(data: bytes) -> bool:
    """
    Is it one, right or not?
    """
    return data[: len(HEADER)].upper() == HEADER


class Deaf(Deviant, ABC):
    """
    Does not hear what it should close on.
    """

    @abstractmethod
    def is_missed(self, line: Line, data: bytes) -> bool:
        """
        Is it what is not heard?
        """

    def hears(self, line: Line, data: bytes) -> Iterable[bytes]:
        """
        Nothing of that.
        """
        return [] if self.is_missed(line, data) else [data]
