"""
What became of a simulated swarm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from swarmpeer.testing.scenario import FaultKind, Scenario


@dataclass(frozen=True, slots=True)
class Breach:
    """
    A rule that did not hold.

    @ivar at_seconds: when it was noticed.
    @ivar peer_id: whose rule it is; C{None}: the swarm's.
    @ivar rule: its short name.
    @ivar detail: what was found, in one line.
    """

    at_seconds: float
    peer_id: int | None
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class PeerOutcome:
    """
    What became of one peer.

    @ivar role: C{seed}, C{leecher}, C{free rider} or a hostile role.
    @ivar up_rate: bytes per second that it could send, C{None}: no limit.
    @ivar down_rate: the same for what it could receive.
    @ivar completed_at: when its file was in place for the first time; C{None}
        if it never was, C{0.0} for a seed.
    @ivar first_piece_at: when it held its first piece.
    @ivar received_bytes: of pieces, duplicates included.
    @ivar sent_bytes: of pieces.
    @ivar duplicate_bytes: of pieces that were here already.
    @ivar held: how many pieces it holds at the end.
    @ivar starts: how often it was started.
    @ivar did: how often a hostile peer did what its role is about.
    """

    peer_id: int
    role: str
    up_rate: float | None
    down_rate: float | None
    completed_at: float | None
    first_piece_at: float | None
    received_bytes: int
    sent_bytes: int
    duplicate_bytes: int
    held: int
    starts: int
    did: int = 0


@dataclass(frozen=True, slots=True)
class HoldingPoint:
    """
    From C{at_seconds} on the peer held so many pieces.
    """

    at_seconds: float
    peer_id: int
    held: int


@dataclass(frozen=True, slots=True)
class UnchokeSpan:
    """
    C{by} served C{whom} from C{start_seconds} to C{end_seconds}.

    @ivar is_optimistic: was it as the optimistic neighbour that it began?
    """

    by: int
    whom: int
    start_seconds: float
    end_seconds: float
    is_optimistic: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Everything that is known of a run when it is over.

    @ivar breaches: the rules that did not hold; none is success.
    @ivar virtual_seconds: how long the swarm ran in its own time.
    @ivar real_seconds: how long that took here; the one figure that differs
        from run to run.
    @ivar events: how many steps virtual time made.
    @ivar faults: how many faults of each kind took effect.
    @ivar last_fault_at: when the last fault was healed.
    @ivar faults_planned: how many faults the seed had drawn, skipped ones
        included; they are numbered from 0.
    @ivar peers: by ascending id.
    @ivar holdings: in order of time.
    @ivar unchokes: in order of their beginning.
    @ivar digest: of the trace, in hex; C{None} if none was taken.
    """

    scenario: Scenario
    breaches: tuple[Breach, ...]
    virtual_seconds: float
    real_seconds: float
    events: int
    faults: Mapping[FaultKind, int]
    last_fault_at: float
    faults_planned: int
    peers: tuple[PeerOutcome, ...]
    holdings: tuple[HoldingPoint, ...]
    unchokes: tuple[UnchokeSpan, ...]
    digest: str | None

    @property
    def is_good(self) -> bool:
        """
        Did everything hold?
        """
        return not self.breaches
