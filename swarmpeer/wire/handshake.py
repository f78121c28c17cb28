"""
The handshake: 32 bytes that each side sends once, before anything else.

Eighteen bytes of header, ten zero bytes, and the sender's id as a big-endian
32-bit number.
"""

from dataclasses import dataclass

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire import WireBytes

HEADER = b"P2PFILESHARINGPROJ"
HANDSHAKE_SIZE = 32
"""
Bytes.
"""
MAX_PEER_ID = 2**32 - 1
"""
The highest id that fits into a handshake.
"""

_PADDING = bytes(10)
_TEXT_PADDING = b"0" * 10
_ID_OFFSET = len(HEADER) + len(_PADDING)
_JAVA_STREAM = bytes.fromhex("aced0005")


@dataclass(frozen=True, slots=True)
class Handshake:
    """
    Who the sender says they are.

    @ivar peer_id: 1 up to L{MAX_PEER_ID}.
    """

    peer_id: int

    def __post_init__(self) -> None:
        """
        @raise ValueError: if the id is out of its range.
        """
        if not 1 <= self.peer_id <= MAX_PEER_ID:
            raise ValueError(f"peer id {self.peer_id} is not in 1..{MAX_PEER_ID}")

    def encode(self) -> bytes:
        """
        The 32 bytes.
        """
        return HEADER + _PADDING + self.peer_id.to_bytes(4, "big")

    @classmethod
    def decode(cls, data: WireBytes, lenient: bool = False) -> "Handshake":
        """
        Read a whole handshake.

        @param lenient: take ten text zeros for zero bytes and four text digits
            for an id, too.  An id whose four bytes happen to be text digits is
            then read as text.
        @raise ProtocolViolation: if it is not one; tells what came instead.
        """
        data = bytes(data)
        cls.check_prefix(data, lenient)
        if len(data) != HANDSHAKE_SIZE:
            raise _refusal(f"{len(data)} bytes instead of {HANDSHAKE_SIZE}", data)
        id_bytes = data[_ID_OFFSET:]
        if lenient and id_bytes.isdigit():
            peer_id = int(id_bytes)
        else:
            peer_id = int.from_bytes(id_bytes, "big")
        if peer_id == 0:
            raise _refusal("the peer id is 0", data)
        return cls(peer_id)

    @staticmethod
    def check_prefix(data: WireBytes, lenient: bool = False) -> None:
        """
        Refuse a handshake as soon as its first bytes are wrong.

        @param data: what came so far, from nothing up to a whole handshake and
            what follows it.
        @raise ProtocolViolation: if no handshake begins like this.
        """
        seen = bytes(data[:HANDSHAKE_SIZE])
        header, padding = seen[: len(HEADER)], seen[len(HEADER) : _ID_OFFSET]
        if not HEADER.startswith(header):
            if _JAVA_STREAM.startswith(seen[: len(_JAVA_STREAM)]):
                raise _refusal("a Java object stream instead of plain bytes", seen)
            raise _refusal("the header is wrong", seen)
        if _PADDING.startswith(padding):
            return
        if not _TEXT_PADDING.startswith(padding):
            raise _refusal("the ten bytes behind the header are not zero", seen)
        if not lenient:
            what = "text zeros instead of zero bytes"
            if seen[_ID_OFFSET:].isdigit():
                what += " and the id as text digits"
            raise _refusal(what, seen)


def _refusal(what: str, seen: bytes) -> ProtocolViolation:
    return ProtocolViolation(
        ViolationReason.BAD_HANDSHAKE, f"{what}: {seen[:HANDSHAKE_SIZE]!r}"
    )
