"""
What the swarm was told to do, as far as it is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from swarmpeer.config import CommonConfig, PeerInfo


@dataclass(frozen=True, slots=True)
class Terms:
    """
    C{None} is what nobody told.

    @ivar preferred: how many neighbours may be preferred.
    @ivar unchoking_seconds: the interval of the preferred ones.
    @ivar optimistic_seconds: the interval of the optimistic one.
    @ivar pieces: how many the file has.
    @ivar piece_bytes: how large each is but the last.
    @ivar file_bytes: how large the file is.
    @ivar members: the ids, in the order of C{PeerInfo.cfg}.
    @ivar seeds: who began with the file.
    """

    preferred: int | None = None
    unchoking_seconds: float | None = None
    optimistic_seconds: float | None = None
    pieces: int | None = None
    piece_bytes: int | None = None
    file_bytes: int | None = None
    members: tuple[int, ...] | None = None
    seeds: frozenset[int] | None = None

    @classmethod
    def told(
        cls, common: CommonConfig | None, peers: Sequence[PeerInfo] | None
    ) -> "Terms":
        """
        What the configuration says, either half of which may be missing.
        """
        members = seeds = None
        if peers is not None:
            members = tuple(peer.peer_id for peer in peers)
            seeds = frozenset(peer.peer_id for peer in peers if peer.has_file)
        if common is None:
            return cls(members=members, seeds=seeds)
        return cls(
            common.preferred_neighbors,
            common.unchoking_interval_seconds,
            common.optimistic_unchoking_interval_seconds,
            -(-common.file_size_bytes // common.piece_size_bytes),
            common.piece_size_bytes,
            common.file_size_bytes,
            members,
            seeds,
        )
