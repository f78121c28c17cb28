"""
The families of slips that are known from programs for the course, by name.
"""

from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, HEADER
from swarmpeer.wire.messages import MessageType

JAVA_STREAM = bytes.fromhex("aced0005")

LENGTH_WITHOUT_TYPE = "the length counts the payload without the type byte"
PADDED_LAST_PIECE = "the last piece is padded to the piece size"
LOW_BIT_FIRST = "the bits of the bitfield begin with the lowest of each byte"
CUT_BITFIELD = "the bitfield ends before its trailing zero bytes"
MESSAGE_FIRST = "a message comes before the handshake"


def handshake_slips(data: bytes) -> list[str]:
    """
    What is known of the first bytes of a connection, if they are no handshake.
    """
    if data.startswith(JAVA_STREAM):
        return ["a stream of Java objects (ac ed 00 05) instead of plain bytes"]
    if not data.startswith(HEADER):
        if data[:3] == bytes(3) and data[4:5] <= bytes([MessageType.PIECE]):
            return [MESSAGE_FIRST]
        if data[: len(HEADER)].lower() == HEADER.lower():
            return ["the header is not in capitals"]
        return []
    slips = []
    if data[18:28] == b"0" * 10:
        slips.append("ten text zeros ('0', 30) instead of zero bytes")
    if data[28:HANDSHAKE_SIZE].isdigit():
        slips.append("the id as four text digits instead of a 32-bit number")
    return slips


def own_lengths(layout: PieceLayout, kind: int, index: int | None) -> int | None:
    """
    The length that a message of a type must have.

    @param index: of a piece.
    @return: C{None} if there is none, since the type or the piece is unknown.
    """
    if kind <= MessageType.NOT_INTERESTED:
        return 1
    if kind in (MessageType.HAVE, MessageType.REQUEST):
        return 5
    if kind == MessageType.BITFIELD:
        return 1 + layout.bitfield_size_bytes
    if kind == MessageType.PIECE and index is not None and layout.is_valid(index):
        return 5 + layout.size(index)
    return None


def message_slips(
    layout: PieceLayout, kind: int, length: int, index: int | None
) -> list[str]:
    """
    What is known of a message whose type or length is odd.
    """
    if ord("0") <= kind <= ord("7"):
        return [f"the type is the text digit {chr(kind)!r} instead of a number"]
    if kind == MessageType.PIECE + 1:
        return ["type 8, which some programs take for 'done'"]
    if kind == MessageType.BITFIELD and length <= layout.bitfield_size_bytes:
        return [CUT_BITFIELD]
    if kind == MessageType.PIECE and index == layout.piece_count - 1:
        own = own_lengths(layout, kind, index)
        if own is not None and own < length == 5 + layout.piece_size_bytes:
            return [PADDED_LAST_PIECE]
    return []


def mirrored(bits: bytes) -> bytes:
    """
    The same bits, with those of each byte the other way round.
    """
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in bits)
