"""
The handshake: 32 bytes that each side sends once, before anything else.

Eighteen bytes of header, ten bytes for the swarm, and the sender's id as a
big-endian 32-bit number.  In a classic swarm the ten bytes are zero.  In a verified
one they are two bytes of features and the first eight of the swarm's infohash.
"""

from dataclasses import dataclass
from enum import IntFlag

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire import WireBytes

HEADER = b"P2PFILESHARINGPROJ"
HANDSHAKE_SIZE = 32
"""
Bytes.
"""
SWARM_BYTES = 8
"""
How much of the infohash is told.
"""
MAX_PEER_ID = 2**32 - 1
"""
The highest id that fits into a handshake.
"""

_FEATURE_BYTES = 2
_PADDING = bytes(_FEATURE_BYTES + SWARM_BYTES)
_TEXT_PADDING = b"0" * len(_PADDING)
_ID_OFFSET = len(HEADER) + len(_PADDING)
_JAVA_STREAM = bytes.fromhex("aced0005")


class Feature(IntFlag):
    """
    What the sender knows and offers beyond the eight messages: the bits of a
    big-endian 16-bit number.

    @cvar VERIFIED: the further messages; always set in a verified swarm.
    @cvar MANIFEST: has the manifest, and gives it to who asks.
    """

    VERIFIED = 1
    MANIFEST = 2


_NO_FEATURES = Feature(0)
_KNOWN_FEATURES = Feature.VERIFIED | Feature.MANIFEST
_MAX_FEATURES = 2 ** (8 * _FEATURE_BYTES) - 1


@dataclass(frozen=True, slots=True)
class Handshake:
    """
    Who the sender says they are.

    @ivar peer_id: 1 up to L{MAX_PEER_ID}.
    @ivar features: none in a classic swarm, at least L{Feature.VERIFIED} in a
        verified one.
    @ivar swarm: the first L{SWARM_BYTES} bytes of the infohash; zero in a classic
        swarm.
    """

    peer_id: int
    features: Feature = _NO_FEATURES
    swarm: bytes = bytes(SWARM_BYTES)

    def __post_init__(self) -> None:
        """
        @raise ValueError: if something is out of its range, or if the features or
            the swarm are those of a verified swarm and VERIFIED is not set.
        """
        if not 1 <= self.peer_id <= MAX_PEER_ID:
            raise ValueError(f"peer id {self.peer_id} is not in 1..{MAX_PEER_ID}")
        if not 0 <= self.features <= _MAX_FEATURES:
            raise ValueError(f"features {int(self.features)} are not 16 bits")
        if len(self.swarm) != SWARM_BYTES:
            raise ValueError(f"{len(self.swarm)} bytes of swarm, not {SWARM_BYTES}")
        if not self.is_verified and (self.features or any(self.swarm)):
            raise ValueError("features or a swarm without VERIFIED")

    @property
    def is_verified(self) -> bool:
        """
        Is the sender of a verified swarm, and knows more than the eight messages?
        """
        return Feature.VERIFIED in self.features

    def encode(self) -> bytes:
        """
        The 32 bytes.
        """
        features = self.features.to_bytes(_FEATURE_BYTES, "big")
        return HEADER + features + self.swarm + self.peer_id.to_bytes(4, "big")

    @classmethod
    def decode(
        cls, data: WireBytes, *, lenient: bool = False, verified: bool = False
    ) -> "Handshake":
        """
        Read a whole handshake.  Features that we do not know are left out.

        @param lenient: of a classic peer, take ten text zeros for zero bytes and
            four text digits for an id, too.  An id whose four bytes happen to be
            text digits is then read as text.
        @param verified: take that of a verified swarm as well.
        @raise ProtocolViolation: if it is not one; tells what came instead.
        """
        data = bytes(data)
        cls.check_prefix(data, lenient=lenient, verified=verified)
        if len(data) != HANDSHAKE_SIZE:
            raise _refusal(f"{len(data)} bytes instead of {HANDSHAKE_SIZE}", data)
        padding, id_bytes = data[len(HEADER) : _ID_OFFSET], data[_ID_OFFSET:]
        features, swarm = _NO_FEATURES, bytes(SWARM_BYTES)
        if _is_verified(padding):
            features = Feature(_features_in(padding)) & _KNOWN_FEATURES
            swarm = padding[_FEATURE_BYTES:]
        elif verified:
            cls.check_prefix(data, lenient=lenient)
        if lenient and not features and id_bytes.isdigit():
            peer_id = int(id_bytes)
        else:
            peer_id = int.from_bytes(id_bytes, "big")
        if peer_id == 0:
            raise _refusal("the peer id is 0", data)
        return cls(peer_id, features, swarm)

    @staticmethod
    def check_prefix(
        data: WireBytes, *, lenient: bool = False, verified: bool = False
    ) -> None:
        """
        Refuse a handshake as soon as its first bytes are wrong.

        @param data: what came so far, from nothing up to a whole handshake and
            what follows it.
        @param lenient: see L{decode}.
        @param verified: let any ten bytes pass behind the header.
        @raise ProtocolViolation: if no handshake begins like this.
        """
        seen = bytes(data[:HANDSHAKE_SIZE])
        header, padding = seen[: len(HEADER)], seen[len(HEADER) : _ID_OFFSET]
        if not HEADER.startswith(header):
            if _JAVA_STREAM.startswith(seen[: len(_JAVA_STREAM)]):
                raise _refusal("a Java object stream instead of plain bytes", seen)
            raise _refusal("the header is wrong", seen)
        if verified or _PADDING.startswith(padding):
            return
        if not _TEXT_PADDING.startswith(padding):
            what = "the ten bytes behind the header are not zero"
            if _is_verified(padding):
                what += ", but those of a verified swarm"
            raise _refusal(what, seen)
        if not lenient:
            what = "text zeros instead of zero bytes"
            if seen[_ID_OFFSET:].isdigit():
                what += " and the id as text digits"
            raise _refusal(what, seen)


def _features_in(padding: bytes) -> int:
    return int.from_bytes(padding[:_FEATURE_BYTES], "big")


def _is_verified(padding: bytes) -> bool:
    return len(padding) == len(_PADDING) and bool(
        _features_in(padding) & Feature.VERIFIED
    )


def _refusal(what: str, seen: bytes) -> ProtocolViolation:
    return ProtocolViolation(
        ViolationReason.BAD_HANDSHAKE, f"{what}: {seen[:HANDSHAKE_SIZE]!r}"
    )
