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
    @ivar is_snubbed: did they leave a request without an answer?
    @ivar requested: how many pieces we asked of them and wait for.
    """

    peer_id: int
    held: int
    am_choking: bool
    am_interested: bool
    peer_choking: bool
    peer_interested: bool
    is_snubbed: bool = False
    requested: int = 0

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
            is_snubbed=neighbor.is_snubbed,
            requested=len(neighbor.requested),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """
    One peer and its neighbours.

    @ivar held: the pieces we hold, of C{piece_count}.
    @ivar is_placed: does the whole file stand under its final name?
    @ivar optimistic: the neighbour that has its chance now.
    @ivar incomplete: the other peers not known to hold everything.
    @ivar preferred: those that the last rounds chose, by id.
    @ivar is_paused: is nothing fetched, but for a try, since the disk refused a piece?
    @ivar recorded: the pieces that a run that follows need not fetch again; C{None}
        where nothing is recorded, as in a classic swarm.
    """

    peer_id: int
    held: int
    piece_count: int
    is_placed: bool
    optimistic: int | None
    neighbors: tuple[NeighborProgress, ...]
    incomplete: tuple[int, ...]
    preferred: tuple[int, ...] = ()
    is_paused: bool = False
    recorded: int | None = None
