"""
The further messages of a verified swarm to bytes and back.

What L{swarmpeer.wire.codec} promises holds for them too: they are judged from their
first bytes, and any bytes either become a message or raise L{ProtocolViolation}.
"""

import struct
from typing import ClassVar

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.text import printable
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import (
    MAX_INDEX,
    FrameKind,
    Geometry,
    MessageCodec,
    bad_length,
)
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_GOODBYE_BYTES,
    MAX_MANIFEST_BYTES,
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    ExtensionType,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
    manifest_part_size,
)
from swarmpeer.wire.messages import Message

MANIFEST_HEAD_SIZE = 9
"""
Bytes of a manifest part's payload in front of the data: type, length of the whole
manifest, number of the part.
"""
MAX_CODE = 255
"""
The highest code of a goodbye.
"""

_EMPTY_FRAME = struct.Struct(">IB")
_INDEX_FRAME = struct.Struct(">IBI")
_GOODBYE_FRAME = struct.Struct(">IBB")
_MANIFEST_FRAME = struct.Struct(">IBII")
_NUMBER = struct.Struct(">I")
_TOTAL_AND_PART = struct.Struct(">II")
_TOTAL_END = 1 + _NUMBER.size

_GOODBYE_LENGTHS = range(2, 2 + MAX_GOODBYE_BYTES + 1)
_LENGTHS = {
    ExtensionType.KEEP_ALIVE: 1,
    ExtensionType.REJECT: 5,
    ExtensionType.CANCEL: 5,
    ExtensionType.HAVE_ALL: 1,
    ExtensionType.HAVE_NONE: 1,
    ExtensionType.WITHDRAW: 5,
    ExtensionType.BAD_PIECE: 5,
    ExtensionType.MANIFEST_REQUEST: 5,
}
"""
Of the messages that have just one length.
"""


class ExtendedCodec(MessageCodec):
    """
    Knows the eight messages as its base class does, and the further ones as well.
    """

    first_unknown_type: ClassVar[int] = max(ExtensionType) + 1

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry)
        self._decoders += (
            lambda _: KeepAliveMessage(),
            lambda payload: RejectMessage(_number(payload)),
            lambda payload: CancelMessage(_number(payload)),
            lambda _: HaveAllMessage(),
            lambda _: HaveNoneMessage(),
            lambda payload: WithdrawMessage(self._existing("WITHDRAW", payload)),
            lambda payload: BadPieceMessage(self._existing("BAD_PIECE", payload)),
            _decode_goodbye,
            lambda payload: ManifestRequestMessage(_number(payload)),
            _decode_manifest_part,
        )

    def encode(self, message: Message) -> bytes:
        """
        The whole frame of C{message}, its length in front.

        @raise ValueError: if the other side would have to refuse it.
        """
        if isinstance(message, ExtensionMessage):
            return self.encode_extension(message)
        return super().encode(message)

    def encode_extension(self, message: ExtensionMessage) -> bytes:
        """
        The whole frame of one of the further messages.

        @raise ValueError: if the other side would have to refuse it.
        """
        match message:
            case WithdrawMessage(index) | BadPieceMessage(index):
                if not 0 <= index < self._piece_count:
                    raise ValueError(
                        f"{message.type.name} {index} of {self._piece_count} pieces"
                    )
                return _INDEX_FRAME.pack(5, message.type, index)
            case (
                RejectMessage(number)
                | CancelMessage(number)
                | ManifestRequestMessage(number)
            ):
                if not 0 <= number <= MAX_INDEX:
                    raise ValueError(
                        f"{message.type.name} {number} is not a 32-bit number"
                    )
                return _INDEX_FRAME.pack(5, message.type, number)
            case GoodbyeMessage(code, words):
                return _encode_goodbye(code, words)
            case ManifestPartMessage(total, part, data):
                return b"".join((encode_manifest_head(total, part, len(data)), data))
            case _:
                return _EMPTY_FRAME.pack(1, message.type)

    def _check_further_frame(self, length: int, head: WireBytes) -> FrameKind:
        type_byte = head[0]
        if type_byte >= self.first_unknown_type:
            return super()._check_further_frame(length, head)
        kind = ExtensionType(type_byte)
        if kind is ExtensionType.MANIFEST_PART:
            return _check_manifest_frame(length, head)
        if kind is ExtensionType.GOODBYE:
            if length not in _GOODBYE_LENGTHS:
                raise bad_length(f"GOODBYE of {length} bytes")
        elif length != _LENGTHS[kind]:
            raise bad_length(
                f"{kind.name} of {length} bytes instead of {_LENGTHS[kind]}"
            )
        return FrameKind.MESSAGE

    def _existing(self, name: str, payload: WireBytes) -> int:
        index = _number(payload)
        if index >= self._piece_count:
            raise self._no_such_piece(name, index)
        return index


def encode_manifest_head(total_bytes: int, part: int, size: int) -> bytes:
    """
    The frame of a manifest part as far as its data, which follow as they are.

    @param size: the length of the data in bytes.
    @raise ValueError: if that part of such a manifest is not of that size, or no
        manifest is as long.
    """
    if not 1 <= total_bytes <= MAX_MANIFEST_BYTES:
        raise ValueError(f"a manifest of {total_bytes} bytes")
    if not size or size != manifest_part_size(total_bytes, part):
        raise ValueError(
            f"no part {part} of a manifest of {total_bytes} bytes has {size} bytes"
        )
    length = MANIFEST_HEAD_SIZE + size
    return _MANIFEST_FRAME.pack(length, ExtensionType.MANIFEST_PART, total_bytes, part)


def _encode_goodbye(code: int, words: str) -> bytes:
    if not 0 <= code <= MAX_CODE:
        raise ValueError(f"a goodbye with the code {code}")
    if not words.isprintable():
        raise ValueError(f"a goodbye in other words than one line: {words!r}")
    data = words.encode()
    if len(data) > MAX_GOODBYE_BYTES:
        raise ValueError(f"a goodbye of {len(data)} bytes, {MAX_GOODBYE_BYTES} at most")
    return _GOODBYE_FRAME.pack(2 + len(data), ExtensionType.GOODBYE, code) + data


def _check_manifest_frame(length: int, head: WireBytes) -> FrameKind:
    size = length - MANIFEST_HEAD_SIZE
    if not 1 <= size <= MANIFEST_PART_BYTES:
        raise bad_length(f"MANIFEST_PART of {length} bytes")
    if len(head) < _TOTAL_END:
        return FrameKind.UNDECIDED
    total = _number(head)
    # One of the full parts, or the last: the number of the part is not in yet.
    is_full = size == MANIFEST_PART_BYTES <= total
    is_last = size == total % MANIFEST_PART_BYTES
    if total > MAX_MANIFEST_BYTES or not (is_full or is_last):
        raise bad_length(f"MANIFEST_PART of {length} bytes, of {total} bytes in all")
    return FrameKind.MESSAGE


def _decode_goodbye(payload: WireBytes) -> GoodbyeMessage:
    words = bytes(payload[2:]).decode(errors="replace")
    return GoodbyeMessage(payload[1], printable(words))


def _decode_manifest_part(payload: WireBytes) -> ManifestPartMessage:
    total, part = _TOTAL_AND_PART.unpack_from(payload, 1)
    data = payload[MANIFEST_HEAD_SIZE:]
    if len(data) != manifest_part_size(total, part):
        raise ProtocolViolation(
            ViolationReason.BAD_LENGTH,
            f"MANIFEST_PART {part} of {len(payload)} bytes, of {total} bytes in all",
        )
    return ManifestPartMessage(total, part, data)


def _number(payload: WireBytes) -> int:
    number: int = _NUMBER.unpack_from(payload, 1)[0]
    return number
