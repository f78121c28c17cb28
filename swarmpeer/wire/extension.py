"""
The further messages of a verified swarm as values, and what their numbers mean.

They use types that the eight messages leave free, and are sent only to who said in
the handshake that they know them.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from swarmpeer.text import printable
from swarmpeer.wire.messages import Message, PieceData

MANIFEST_PART_BYTES = 2**16
"""
The size of all parts of a manifest but the last.
"""
MAX_MANIFEST_BYTES = 2**28
"""
The longest manifest that is sent.
"""
MAX_GOODBYE_BYTES = 200
"""
The most bytes that the words of a goodbye take.
"""


class ExtensionType(IntEnum):
    """
    The first byte of a frame.
    """

    KEEP_ALIVE = 8
    REJECT = 9
    CANCEL = 10
    HAVE_ALL = 11
    HAVE_NONE = 12
    WITHDRAW = 13
    BAD_PIECE = 14
    GOODBYE = 15
    MANIFEST_REQUEST = 16
    MANIFEST_PART = 17


class GoodbyeCode(IntEnum):
    """
    Why a connection is closed.

    @cvar OTHER: the words tell.
    @cvar STOPPING: the sender stops.
    @cvar REPLACED: there is another connection between the two, and that stays.
    @cvar UNKNOWN_PEER: the receiver is not a member of the swarm, or not who was
        called.
    @cvar VIOLATION: the receiver broke the protocol.
    @cvar BAD_PIECES: the receiver sent pieces that are wrong.
    @cvar OTHER_SWARM: the receiver belongs to another swarm.
    @cvar CLASSIC_REFUSED: the receiver speaks only the eight messages.  Kept free,
        since nobody who would be told so can read it.
    @cvar INTERNAL: the sender failed.
    @cvar FULL: the sender has as many neighbours as it may; others may have room.
    @cvar COMPLETE: both have everything, and nothing to give to each other.
    """

    OTHER = 0
    STOPPING = 1
    REPLACED = 2
    UNKNOWN_PEER = 3
    VIOLATION = 4
    BAD_PIECES = 5
    OTHER_SWARM = 6
    CLASSIC_REFUSED = 7
    INTERNAL = 8
    FULL = 9
    COMPLETE = 10


@dataclass(frozen=True, slots=True)
class ExtensionMessage(Message):
    """
    The base of the further messages.
    """

    type: ClassVar[ExtensionType]


@dataclass(frozen=True, slots=True)
class KeepAliveMessage(ExtensionMessage):
    """
    The sender is still there.
    """

    type = ExtensionType.KEEP_ALIVE


@dataclass(frozen=True, slots=True)
class RejectMessage(ExtensionMessage):
    """
    The sender will not send the piece C{index}, which may be any 32-bit number.
    """

    type = ExtensionType.REJECT

    index: int


@dataclass(frozen=True, slots=True)
class CancelMessage(ExtensionMessage):
    """
    The sender wants the piece C{index} no more; any 32-bit number.
    """

    type = ExtensionType.CANCEL

    index: int


@dataclass(frozen=True, slots=True)
class HaveAllMessage(ExtensionMessage):
    """
    The sender holds every piece.
    """

    type = ExtensionType.HAVE_ALL


@dataclass(frozen=True, slots=True)
class HaveNoneMessage(ExtensionMessage):
    """
    The sender holds no piece.
    """

    type = ExtensionType.HAVE_NONE


@dataclass(frozen=True, slots=True)
class WithdrawMessage(ExtensionMessage):
    """
    The sender holds the piece C{index} no more.
    """

    type = ExtensionType.WITHDRAW

    index: int


@dataclass(frozen=True, slots=True)
class BadPieceMessage(ExtensionMessage):
    """
    What the receiver sent as the piece C{index} was wrong.
    """

    type = ExtensionType.BAD_PIECE

    index: int


@dataclass(frozen=True, slots=True)
class GoodbyeMessage(ExtensionMessage):
    """
    The sender closes the connection.

    @ivar code: why; a L{GoodbyeCode}, or another number of one byte.
    @ivar words: the same for people, in one printable line.
    """

    type = ExtensionType.GOODBYE

    code: int
    words: str

    @classmethod
    def saying(cls, code: int, words: str) -> Self:
        """
        A goodbye in any words: what would break the line is written as an escape,
        and what is too long is cut off.
        """
        cut = printable(words).encode()[:MAX_GOODBYE_BYTES]
        return cls(code, cut.decode(errors="ignore"))


@dataclass(frozen=True, slots=True)
class ManifestRequestMessage(ExtensionMessage):
    """
    The sender asks for a part of the manifest; any 32-bit number.
    """

    type = ExtensionType.MANIFEST_REQUEST

    part: int


@dataclass(frozen=True, slots=True)
class ManifestPartMessage(ExtensionMessage):
    """
    A part of the manifest.

    @ivar total_bytes: the length of the whole manifest.
    """

    type = ExtensionType.MANIFEST_PART

    total_bytes: int
    part: int
    data: PieceData

    @classmethod
    def cut(cls, manifest: bytes, part: int) -> Self:
        """
        One part of C{manifest}.

        @raise ValueError: if it has no such part.
        """
        total = len(manifest)
        size = manifest_part_size(total, part)
        if not size:
            raise ValueError(f"a manifest of {total} bytes has no part {part}")
        start = part * MANIFEST_PART_BYTES
        return cls(total, part, memoryview(manifest)[start : start + size])


def manifest_part_count(total_bytes: int) -> int:
    """
    The number of parts of a manifest.
    """
    return -(-total_bytes // MANIFEST_PART_BYTES)


def manifest_part_size(total_bytes: int, part: int) -> int:
    """
    The number of bytes in one part of a manifest, 0 if it has no such part.
    """
    if part < 0:
        return 0
    rest = total_bytes - part * MANIFEST_PART_BYTES
    return max(0, min(MANIFEST_PART_BYTES, rest))
