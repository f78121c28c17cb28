"""
What a verified swarm asks of who wants to take part.
"""

from dataclasses import dataclass

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.wire.handshake import SWARM_BYTES, Feature


@dataclass(frozen=True, slots=True)
class VerifiedTerms:
    """
    On what terms we talk to others in a verified swarm.

    @ivar infohash: of the manifest, 32 bytes.
    @ivar features: what we tell of ourselves.
    @ivar allow_classic: may peers take part that speak only the eight messages?
    @ivar classic_peers: the ids of those that are known to; they are called in
        their way.
    """

    infohash: bytes
    features: Feature = Feature.VERIFIED
    allow_classic: bool = False
    classic_peers: frozenset[int] = frozenset()

    @property
    def swarm(self) -> bytes:
        """
        What of the infohash is told in a handshake.
        """
        return self.infohash[:SWARM_BYTES]


def check_swarm(theirs: bytes, ours: bytes) -> None:
    """
    Are they of our verified swarm?

    @param theirs: the swarm that their handshake tells.
    @raise ProtocolViolation: if not.
    """
    if theirs != ours:
        raise ProtocolViolation(
            ViolationReason.OTHER_SWARM,
            f"their infohash begins with {theirs.hex()}, ours with {ours.hex()}",
        )
