"""
What a run leaves behind for people: who held what when, and who served whom.
"""

from swarmpeer.events import (
    DuplicatePieceReceived,
    FilePlaced,
    NeighborChoked,
    NeighborDisconnected,
    NeighborUnchoked,
    PieceSent,
    PieceStored,
    SwarmEvent,
)
from swarmpeer.testing.host import SimulatedHost
from swarmpeer.testing.outcome import HoldingPoint, PeerOutcome, UnchokeSpan

COUNTED: tuple[type[SwarmEvent], ...] = (
    PieceStored,
    PieceSent,
    DuplicatePieceReceived,
    FilePlaced,
)
"""
The events that are needed for the figures of a peer.
"""

RECORDED: tuple[type[SwarmEvent], ...] = (
    *COUNTED,
    NeighborUnchoked,
    NeighborChoked,
    NeighborDisconnected,
)
"""
The events that are needed for it.
"""


class PeerRecord:
    """
    The figures of one honest peer, through all its starts.
    """

    def __init__(self, host: SimulatedHost, role: str) -> None:
        self._host = host
        self._role = role
        self._completed_at = 0.0 if host.is_seed else None
        self._first_piece_at = 0.0 if host.is_seed else None
        self._received = self._sent = self._duplicate = 0

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        Something happened at the peer.
        """
        match event:
            case PieceStored(size_bytes=size):
                self._received += size
                if self._first_piece_at is None:
                    self._first_piece_at = now
            case PieceSent(size_bytes=size):
                self._sent += size
            case DuplicatePieceReceived(size_bytes=size):
                self._received += size
                self._duplicate += size
            case FilePlaced():
                if self._completed_at is None:
                    self._completed_at = now

    def outcome(self) -> PeerOutcome:
        """
        The figures so far.
        """
        host = self._host
        return PeerOutcome(
            peer_id=host.peer_id,
            role=self._role,
            up_rate=host.network.up_rate,
            down_rate=host.network.down_rate,
            completed_at=self._completed_at,
            first_piece_at=self._first_piece_at,
            received_bytes=self._received,
            sent_bytes=self._sent,
            duplicate_bytes=self._duplicate,
            held=host.held,
            starts=host.starts,
        )


class History:
    """
    The two pictures: pieces held over time, and who was unchoked by whom.
    """

    def __init__(self) -> None:
        self._holdings: list[HoldingPoint] = []
        self._spans: list[UnchokeSpan] = []
        # By whom and whom: since when, and as the optimistic one?
        self._open: dict[tuple[int, int], tuple[float, bool]] = {}

    def note(self, host: SimulatedHost, event: SwarmEvent, now: float) -> None:
        """
        Something happened at a peer.
        """
        by = host.peer_id
        match event:
            case PieceStored(held=held):
                self._holdings.append(HoldingPoint(now, by, held))
            case NeighborUnchoked(peer_id=whom):
                node = host.node
                is_optimistic = node is not None and (
                    whom == node.choking.optimistic
                    and whom not in node.choking.preferred
                )
                self._open[by, whom] = now, is_optimistic
            case NeighborChoked(peer_id=whom) | NeighborDisconnected(peer_id=whom):
                self._close(by, whom, now)

    def ended(self, peer_id: int, now: float) -> None:
        """
        The process is gone, and with it all that it served and held.
        """
        for by, whom in list(self._open):
            if by == peer_id:
                self._close(by, whom, now)

    def began(self, peer_id: int, held: int, now: float) -> None:
        """
        A process was started, with so many pieces.
        """
        self._holdings.append(HoldingPoint(now, peer_id, held))

    def end(self, now: float) -> tuple[list[HoldingPoint], list[UnchokeSpan]]:
        """
        The run is over.

        @return: the holdings in order of time, the spans in order of their
            beginning.
        """
        for by, whom in list(self._open):
            self._close(by, whom, now)
        self._spans.sort(key=lambda span: (span.start_seconds, span.by, span.whom))
        return self._holdings, self._spans

    def _close(self, by: int, whom: int, now: float) -> None:
        since = self._open.pop((by, whom), None)
        if since is not None:
            start, is_optimistic = since
            self._spans.append(UnchokeSpan(by, whom, start, now, is_optimistic))
