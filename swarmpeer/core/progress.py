"""
How far a peer is, as plain values for whoever shows it.
"""

from dataclasses import dataclass

from swarmpeer.core.neighbor import NeighborState


@dataclass(frozen=True, slots=True)
class NeighborProgress:
    """
    One neighbour as a status page wants it.

    @ivar held: the pieces they hold.
    """

    peer_id: int
    held: int
    am_choking: bool
    am_interested: bool
    peer_choking: bool
    peer_interested: bool

    @classmethod
    def of(cls, neighbor: NeighborState) -> "NeighborProgress":
        """
        What is known of them now.
        """
        return cls(
            peer_id=neighbor.peer_id,
            held=neighbor.bits.count,
            am_choking=neighbor.am_choking,
            am_interested=neighbor.am_interested,
            peer_choking=neighbor.peer_choking,
            peer_interested=neighbor.peer_interested,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """
    One peer and its neighbours.

    @ivar held: the pieces we hold, of C{piece_count}.
    @ivar is_placed: does the whole file stand under its final name?
    @ivar optimistic: the neighbour that has its chance now.
    @ivar incomplete: the other peers not known to hold everything.
    @ivar recorded: the pieces that a run that follows need not fetch again; C{None}
        where nothing is recorded.  This and what follows is told of a verified
        swarm alone.
    @ivar received_bytes: of all pieces that came, wanted or not.
    @ivar duplicate_bytes: of those that came when they were not needed any more.
    @ivar is_paused: did the disk refuse the last piece that it was given?
    """

    peer_id: int
    held: int
    piece_count: int
    is_placed: bool
    optimistic: int | None
    neighbors: tuple[NeighborProgress, ...]
    incomplete: tuple[int, ...]
    recorded: int | None = None
    received_bytes: int = 0
    duplicate_bytes: int = 0
    is_paused: bool = False
