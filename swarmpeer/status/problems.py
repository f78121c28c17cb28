"""
What is not as it should be with a peer, noted as it happens and found out when asked.
"""

from collections.abc import Iterator

from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.events import (
    ChokedBy,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileCompleted,
    FilePlaced,
    FilePlacingFailed,
    NeighborConnected,
    NeighborDisconnected,
    PeerShutOut,
    PieceStored,
    PieceStoreFailed,
    RecordFailed,
    RecordSaved,
    SwarmEvent,
)
from swarmpeer.quantities import format_runs
from swarmpeer.status.shape import Missing, Problem, ProblemCode
from swarmpeer.text import printable, size_text

STALLED_SECONDS = 30.0
"""
If no piece comes for so long a peer that lacks some is stalled.
"""


class Problems:
    """
    The problems of one peer.
    """

    def __init__(self, now: float) -> None:
        # Each with its text and since when it is so.
        self._noted: dict[ProblemCode, tuple[str, float]] = {}
        self._unreachable: dict[int, tuple[str, float]] = {}
        self._shut_out: dict[int, tuple[str, float, float]] = {}
        self._started_at = now
        self._parted_at = now
        self._choked_at = now
        self._came_at = now

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        It happened.
        """
        match event:
            case PieceStored():
                self._came_at = now
                self._noted.pop(ProblemCode.DISK, None)
            case FetchingResumed():
                self._noted.pop(ProblemCode.DISK, None)
            case PieceStoreFailed():
                self._begin(ProblemCode.DISK, event.reason, now)
            case DiskShort():
                text = (
                    f"what is missing takes {size_text(event.needed_bytes)}, the disk "
                    f"has {size_text(event.free_bytes)} free"
                )
                self._begin(ProblemCode.DISK_SHORT, text, now)
            case FileCompleted():
                self._noted.pop(ProblemCode.DISK_SHORT, None)
                self._noted.pop(ProblemCode.DISK, None)
            case FilePlacingFailed():
                self._begin(ProblemCode.PLACING, event.reason, now)
            case FilePlaced():
                self._noted.clear()
            case RecordFailed():
                self._begin(ProblemCode.RECORD, event.reason, now)
            case RecordSaved():
                self._noted.pop(ProblemCode.RECORD, None)
            case DialFailed():
                since = self._unreachable.get(event.peer_id, ("", now))[1]
                self._unreachable[event.peer_id] = event.reason, since
            case NeighborConnected():
                self._unreachable.pop(event.peer_id, None)
            case NeighborDisconnected():
                self._parted_at = now
            case ChokedBy():
                self._choked_at = now
            case PeerShutOut():
                text = f"gave {event.bad_pieces} wrong pieces"
                self._shut_out[event.peer_id] = text, now, now + event.seconds
            case _:
                pass

    def now(
        self, progress: Progress, missing: Missing, now: float
    ) -> tuple[Problem, ...]:
        """
        Those that there are.
        """
        return tuple(
            Problem(code, printable(text), max(0.0, now - since), peer_id)
            for code, text, since, peer_id in self._all(progress, missing, now)
        )

    def _begin(self, code: ProblemCode, text: str, now: float) -> None:
        since = self._noted.get(code, ("", now))[1]
        self._noted[code] = text, since

    def _all(
        self, progress: Progress, missing: Missing, now: float
    ) -> Iterator[tuple[ProblemCode, str, float, int | None]]:
        for code, (text, since) in self._noted.items():
            yield code, text, since, None
        if missing.count:
            yield from self._why_missing(progress, missing, now)
        for peer_id, (text, since) in self._unreachable.items():
            yield ProblemCode.UNREACHABLE, text, since, peer_id
        for peer_id, (text, since, until) in self._shut_out.items():
            if now < until:
                yield ProblemCode.SHUT_OUT, text, since, peer_id

    def _why_missing(
        self, progress: Progress, missing: Missing, now: float
    ) -> Iterator[tuple[ProblemCode, str, float, int | None]]:
        neighbors = progress.neighbors
        if not neighbors:
            text = "there is no conversation with anybody"
            yield ProblemCode.NO_NEIGHBOR, text, self._parted_at, None
        elif missing.nowhere:
            yield ProblemCode.NO_HOLDER, _nowhere(missing), self._parted_at, None
        holders = [one for one in neighbors if one.am_interested]
        if holders and all(one.peer_choking for one in holders):
            text = f"choked by {_names(holders)}"
            yield ProblemCode.CHOKED, text, self._choked_at, None
        if now - self._came_at >= STALLED_SECONDS:
            text = f"no piece came for {now - self._came_at:.0f} s"
            yield ProblemCode.STALLED, text, self._came_at, None


def _names(neighbors: list[NeighborProgress]) -> str:
    return ", ".join(str(one.peer_id) for one in neighbors)


def _nowhere(missing: Missing) -> str:
    runs = format_runs(missing.nowhere_runs)
    told = sum(last - first + 1 for first, last in missing.nowhere_runs)
    more = "" if told == missing.nowhere else f" and {missing.nowhere - told} more"
    text = f"no neighbour has the pieces {runs}{more}"
    if missing.last_holders:
        had = ", ".join(
            f"{one.peer_id} ({one.pieces}, left {one.left_seconds:.0f} s ago)"
            for one in missing.last_holders
        )
        text += f"; last had by {had}"
    return text
