"""
Frames to messages and back.

A frame is a 4-byte big-endian length and that many bytes of payload, the first
of which is the type.  Whatever a neighbour may send is limited by its type and
by the file's geometry, and judged from its first bytes, before the rest of it
need be kept.

Invariant: any bytes either become a message or raise L{ProtocolViolation}.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import ClassVar, Protocol

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire import WireBytes
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    MessageType,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

LENGTH_SIZE = 4
"""
Bytes of the length in front of each payload.
"""
PIECE_HEAD_SIZE = 5
"""
Bytes of a piece's payload in front of the data: type and index.
"""
MAX_UNKNOWN_LENGTH = 2**20
"""
The longest payload of an unknown type that is skipped, in bytes.
"""
MAX_INDEX = 2**32 - 1
"""
The highest index that fits into a message.
"""
MAX_PIECE_COUNT = MAX_INDEX
"""
The most pieces that a file may have.
"""
MAX_PIECE_SIZE_BYTES = 2**31 - 1 - PIECE_HEAD_SIZE
"""
The largest piece: others read the length of its payload as a signed number.
"""

_EMPTY_FRAME = struct.Struct(">IB")
_INDEX_FRAME = struct.Struct(">IBI")
_INDEX = struct.Struct(">I")
# A plain number: looking up a member takes longer than all else there.
_PIECE = MessageType.PIECE.value

HAVE_START = _EMPTY_FRAME.pack(5, MessageType.HAVE)
"""
How the frame of each have begins: length and type.
"""
REQUEST_START = _EMPTY_FRAME.pack(5, MessageType.REQUEST)
"""
How that of each request begins.
"""
INDEX_FRAME_SIZE = _INDEX_FRAME.size
"""
Bytes of the whole frame of either.
"""
_INDEXES = struct.Struct(">5xI")


class Geometry(Protocol):
    """
    What the lengths of messages depend on.
    """

    @property
    def piece_count(self) -> int:
        """
        The number of pieces.
        """

    @property
    def bitfield_size_bytes(self) -> int:
        """
        The number of bytes of a bitfield.
        """

    @property
    def piece_size_bytes(self) -> int:
        """
        The length of all pieces but the short ones.
        """

    @property
    def short_sizes(self) -> Mapping[int, int]:
        """
        The length in bytes of each piece that is shorter than the others.
        """


class FrameKind(Enum):
    """
    What is to be done with a frame that has begun.
    """

    UNDECIDED = auto()
    """
    More of its first bytes must be seen.
    """
    MESSAGE = auto()
    """
    Gather the payload and decode it.
    """
    PIECE = auto()
    """
    The same, but the payload is a piece, and its index is known already.
    """
    UNKNOWN = auto()
    """
    Drop the payload as it comes.
    """


class MessageCodec:
    """
    Turns messages of a file with a given geometry into bytes and back.  It
    remembers nothing from one call to the next.

    @cvar first_unknown_type: frames of this type and of those above it are
        L{FrameKind.UNKNOWN}.
    """

    first_unknown_type: ClassVar[int] = MessageType.PIECE + 1

    def __init__(self, geometry: Geometry) -> None:
        """
        @raise ValueError: if there are more pieces than L{MAX_PIECE_COUNT}, or
            longer ones than L{MAX_PIECE_SIZE_BYTES}.
        """
        self._piece_count = geometry.piece_count
        self._short_sizes = geometry.short_sizes
        self._piece_size = geometry.piece_size_bytes
        largest = self._piece_size
        if len(self._short_sizes) == self._piece_count:
            largest = max(self._short_sizes.values(), default=0)
        if self._piece_count > MAX_PIECE_COUNT:
            raise ValueError(f"{self._piece_count} pieces, {MAX_PIECE_COUNT} at most")
        if largest > MAX_PIECE_SIZE_BYTES:
            raise ValueError(
                f"pieces of {largest} bytes, {MAX_PIECE_SIZE_BYTES} at most"
            )
        self._max_piece_length = PIECE_HEAD_SIZE + largest
        # By type; a piece has its own rule.
        self._lengths = (1, 1, 1, 1, 5, 1 + geometry.bitfield_size_bytes, 5)
        self._max_length = max(
            *self._lengths, self._max_piece_length, MAX_UNKNOWN_LENGTH
        )
        # By type.
        self._decoders: tuple[Callable[[WireBytes], Message], ...] = (
            lambda _: _CHOKE,
            lambda _: _UNCHOKE,
            lambda _: _INTERESTED,
            lambda _: _NOT_INTERESTED,
            self._decode_have,
            self._decode_bitfield,
            self._decode_request,
            self._decode_piece,
        )

    @property
    def max_length(self) -> int:
        """
        The length of the longest payload that may come, in bytes.
        """
        return self._max_length

    @property
    def max_piece_length(self) -> int:
        """
        The length of the longest payload of a piece, in bytes.
        """
        return self._max_piece_length

    def encode(self, message: Message) -> bytes:
        """
        The whole frame of C{message}, its length in front.

        @raise ValueError: if the message does not fit the geometry, so that the
            other side would have to refuse it.
        """
        match message:
            case HaveMessage(index):
                return self.encode_haves((index,))
            case RequestMessage(index):
                return self.encode_requests((index,))
            case PieceMessage(index, data):
                heads = self.encode_piece_heads((index,), (len(data),))
                return b"".join((*heads, data))
            case BitfieldMessage(bits):
                if bits.size != self._piece_count:
                    raise ValueError(
                        f"bitfield of {bits.size}, not {self._piece_count}, pieces"
                    )
                data = bits.to_bytes()
                return _EMPTY_FRAME.pack(1 + len(data), MessageType.BITFIELD) + data
            case (
                ChokeMessage()
                | UnchokeMessage()
                | InterestedMessage()
                | NotInterestedMessage()
            ):
                return _EMPTY_FRAME.pack(1, message.type)
            case _:
                raise ValueError(f"{message.type.name} is for verified swarms only")

    def encode_haves(self, indexes: Sequence[int]) -> bytes:
        """
        The frames of one have or more; there are more of them than of all others.

        @raise ValueError: if there is no such piece.
        """
        if not 0 <= min(indexes) <= max(indexes) < self._piece_count:
            raise ValueError(f"haves {indexes} of {self._piece_count} pieces")
        return _index_frames(HAVE_START, indexes)

    def encode_requests(self, indexes: Sequence[int]) -> bytes:
        """
        The frames of one request or more.

        @raise ValueError: if one does not fit into it.
        """
        if not 0 <= min(indexes) <= max(indexes) <= MAX_INDEX:
            raise ValueError(f"requests {indexes} are not all 32-bit numbers")
        return _index_frames(REQUEST_START, indexes)

    def encode_piece_heads(
        self, indexes: Sequence[int], sizes: Sequence[int]
    ) -> list[bytes]:
        """
        The frame of each of one piece or more as far as its data, which follow as they
        are.

        @param sizes: the lengths of the data in bytes.
        @raise ValueError: if one of them is not that of the piece.
        """
        count, usual, short = self._piece_count, self._piece_size, self._short_sizes
        pack = _INDEX_FRAME.pack
        heads: list[bytes] = []
        for index, size in zip(indexes, sizes, strict=True):
            if not 0 <= index < count or size != short.get(index, usual):
                raise ValueError(f"no piece {index} has {size} bytes")
            heads.append(pack(PIECE_HEAD_SIZE + size, _PIECE, index))
        return heads

    def check_frame(self, length: int, head: WireBytes) -> FrameKind:
        """
        Judge a frame by its first bytes, before anything of it is kept.

        The length alone may be judged; with one byte of payload everything is
        decided but a piece, which takes L{PIECE_HEAD_SIZE}.

        @param length: the number in front of the payload.
        @param head: what there is of the payload.  Bytes behind its end are not
            looked at.
        @raise ProtocolViolation: if no such frame may come.
        """
        if not 1 <= length <= self._max_length:
            raise bad_length(f"a frame of {length} bytes")
        if not head:
            return FrameKind.UNDECIDED
        type_byte = head[0]
        if type_byte < MessageType.PIECE:
            if length != self._lengths[type_byte]:
                raise bad_length(
                    f"{MessageType(type_byte).name} of {length} bytes instead of "
                    f"{self._lengths[type_byte]}"
                )
            return FrameKind.MESSAGE
        if type_byte > MessageType.PIECE:
            return self._check_further_frame(length, head)
        if not PIECE_HEAD_SIZE <= length <= self._max_piece_length:
            raise bad_length(f"PIECE of {length} bytes")
        if len(head) < PIECE_HEAD_SIZE:
            return FrameKind.UNDECIDED
        index: int = _INDEX.unpack_from(head, 1)[0]
        if index >= self._piece_count:
            raise self._no_such_piece("PIECE", index)
        size = self._short_sizes.get(index, self._piece_size)
        if length != PIECE_HEAD_SIZE + size:
            raise bad_length(
                f"PIECE {index} of {length} bytes instead of {PIECE_HEAD_SIZE + size}"
            )
        return FrameKind.PIECE

    def _check_further_frame(self, length: int, head: WireBytes) -> FrameKind:
        """
        Judge a frame of a type above that of a piece.

        @param head: at least the type.
        @raise ProtocolViolation: if no such frame may come.
        """
        if length > MAX_UNKNOWN_LENGTH:
            raise bad_length(f"unknown type {head[0]} of {length} bytes")
        return FrameKind.UNKNOWN

    @staticmethod
    def piece_index(head: WireBytes) -> int:
        """
        Which piece is it?

        @param head: at least the first L{PIECE_HEAD_SIZE} bytes of a frame that
            was found to be a L{FrameKind.PIECE}.
        """
        (index,) = _INDEX.unpack_from(head, 1)
        return int(index)

    def decode(self, payload: WireBytes) -> Message:
        """
        Read one message, with every check that L{check_frame} does and those
        that need the whole of it.

        @param payload: the whole payload, type first.  The data of a piece is a
            slice of it; of a C{memoryview}, without a copy.
        @raise ProtocolViolation: if it is not a message of this geometry.
        """
        if self.check_frame(len(payload), payload) is FrameKind.UNKNOWN:
            raise ProtocolViolation(
                ViolationReason.UNKNOWN_TYPE,
                f"there is no message of type {payload[0]}",
            )
        return self.decode_checked(payload)

    def decode_checked(self, payload: WireBytes) -> Message:
        """
        Read one message that L{check_frame} found to be one, with the checks
        that need the whole of it.

        @raise ProtocolViolation: if the rest of it is wrong.
        """
        return self._decoders[payload[0]](payload)

    def have_indexes(self, frames: WireBytes) -> Sequence[int]:
        """
        Which pieces are told of by haves that follow one another?

        @raise ProtocolViolation: if there is no such piece, of any of them.
        """
        indexes = _indexes(frames)
        last = max(indexes)
        if last >= self._piece_count:
            raise self._no_such_piece("HAVE", last)
        return indexes

    def _decode_have(self, payload: WireBytes) -> HaveMessage:
        index: int = _INDEX.unpack_from(payload, 1)[0]
        if index >= self._piece_count:
            raise self._no_such_piece("HAVE", index)
        return HaveMessage(index)

    def _decode_bitfield(self, payload: WireBytes) -> BitfieldMessage:
        return BitfieldMessage(Bitfield.from_bytes(self._piece_count, payload[1:]))

    @staticmethod
    def request_indexes(frames: WireBytes) -> Sequence[int]:
        """
        Which pieces are asked for by requests that follow one another?  Any 32-bit
        numbers.
        """
        return _indexes(frames)

    @staticmethod
    def _decode_request(payload: WireBytes) -> RequestMessage:
        return RequestMessage(_INDEX.unpack_from(payload, 1)[0])

    def _decode_piece(self, payload: WireBytes) -> PieceMessage:
        return PieceMessage(self.piece_index(payload), payload[PIECE_HEAD_SIZE:])

    def _no_such_piece(self, name: str, index: int) -> ProtocolViolation:
        return ProtocolViolation(
            ViolationReason.INDEX_OUT_OF_RANGE,
            f"{name} {index}, but there are {self._piece_count} pieces",
        )


def _index_frames(start: bytes, indexes: Sequence[int]) -> bytes:
    """
    Frames with an index each.

    @param start: how each of them begins.
    """
    parts = [part for index in indexes for part in (start, index)]
    return struct.pack(">" + len(indexes) * "5sI", *parts)


def _indexes(frames: WireBytes) -> list[int]:
    """
    What frames with an index each tell of.
    """
    return [index for (index,) in _INDEXES.iter_unpack(frames)]


def bad_length(detail: str) -> ProtocolViolation:
    """
    The violation of a frame that has not the length that it should have.
    """
    return ProtocolViolation(ViolationReason.BAD_LENGTH, detail)


_CHOKE = ChokeMessage()
_UNCHOKE = UnchokeMessage()
_INTERESTED = InterestedMessage()
_NOT_INTERESTED = NotInterestedMessage()
