"""
What is not as it should be with a peer, noted as it happens and found out when asked.

Each problem ends with what ends it: an event, the time for which it is told, or that
nobody finds it any more when asked.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.events import (
    ChokedBy,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileCompleted,
    FilePlaced,
    FilePlacingFailed,
    FilesChecked,
    ListeningStarted,
    NeighborConnected,
    NeighborDisconnected,
    PeerShutOut,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordFailed,
    RecordSaved,
    RequestGivenBack,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.quantities import format_some
from swarmpeer.status.shape import Missing, Problem, ProblemCode, State
from swarmpeer.text import printable, size_text

STALLED_SECONDS = 30.0
"""
If no piece comes for so long a peer that lacks some is stalled.
"""
SETTLED_SECONDS = 5.0
"""
What is over sooner is not worth telling.
"""
SETTLED_CHOKED_SECONDS = 30.0
"""
The same of being choked, which is nothing in a round or two.
"""
CALL_SECONDS = 60.0
"""
A call that was due so long ago, and of which nothing was heard, is not made any more.
"""

_MOST_RUNS = 8
_Key = TypeVar("_Key")
_Found = tuple[ProblemCode, str, float, int | None]


@dataclass(frozen=True, slots=True)
class _Noted:
    """
    What is so until it is heard to be over.

    @ivar since: when it began.
    @ivar until: when it is over if nothing is heard.
    """

    text: str
    since: float
    until: float = inf


class Problems:
    """
    The problems of one peer.

    @ivar _noted: of us, those that events begin and end.
    @ivar _unreachable: whom we call in vain, by id.
    @ivar _shut_out: who is, by id.
    @ivar _began_at: when the last start was.
    @ivar _parted_at: when the last conversation ended.
    @ivar _unserved_at: when the last one that served us stopped.
    @ivar _waiting_at: since when no piece comes.
    @ivar _idle_at: since when nothing is under way, if nothing is.
    """

    def __init__(self, now: float) -> None:
        self._noted: dict[ProblemCode, _Noted] = {}
        self._unreachable: dict[int, _Noted] = {}
        self._shut_out: dict[int, _Noted] = {}
        self._is_disk_given_up = False
        self._here: set[int] = set()
        self._serving: set[int] = set()
        self._start_waiting(now)

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        It happened.
        """
        match event:
            case ListeningStarted():
                # A start, perhaps a further one.
                self._noted.clear()
                self._shut_out.clear()
                self._is_disk_given_up = False
                self._start_waiting(now)
            case FilesChecked():
                self._start_waiting(now)
            case PieceStored():
                self._waiting_at = self._idle_at = now
                self._end_disk()
            case FetchingResumed():
                self._idle_at = now
                self._end_disk()
            case PieceWithdrawn():
                self._waiting_at = self._idle_at = now
            case PieceStoreFailed():
                text = f"the disk refuses pieces: {event.reason}"
                _begin(self._noted, ProblemCode.DISK, text, now)
                self._is_disk_given_up |= event.is_final
            case DiskShort():
                text = (
                    f"what is missing takes {size_text(event.needed_bytes)}, and the "
                    f"disk had {size_text(event.free_bytes)} free"
                )
                _begin(self._noted, ProblemCode.DISK_SHORT, text, now)
            case FileCompleted():
                self._end(ProblemCode.DISK_SHORT, ProblemCode.DISK)
            case FilePlacingFailed():
                text = f"the files cannot be put in place: {event.reason}"
                _begin(self._noted, ProblemCode.PLACING, text, now)
            case FilePlaced():
                self._end(ProblemCode.DISK_SHORT, ProblemCode.DISK, ProblemCode.PLACING)
            case RecordFailed():
                text = f"the record cannot be saved: {event.reason}"
                _begin(self._noted, ProblemCode.RECORD, text, now)
            case RecordSaved():
                self._end(ProblemCode.RECORD)
            case _:
                self._note_others(event, now)

    def _note_others(self, event: SwarmEvent, now: float) -> None:
        """
        It happened between us and somebody else.
        """
        match event:
            case DialFailed():
                text = f"cannot reach {event.peer_id}: {event.reason}"
                until = now + event.retry_seconds + CALL_SECONDS
                _begin(self._unreachable, event.peer_id, text, now, until)
            case NeighborConnected():
                self._unreachable.pop(event.peer_id, None)
                self._shut_out.pop(event.peer_id, None)
                if not self._here:
                    self._unserved_at = now
                self._here.add(event.peer_id)
            case NeighborDisconnected():
                self._here.discard(event.peer_id)
                self._serves_no_more(event.peer_id, now)
                self._parted_at = now
            case RequestGivenBack():
                self._idle_at = now
            case UnchokedBy():
                self._serving.add(event.peer_id)
            case ChokedBy():
                self._serves_no_more(event.peer_id, now)
            case PeerShutOut():
                text = f"{event.peer_id} is shut out, for wrong pieces"
                until = now + event.seconds
                _begin(self._shut_out, event.peer_id, text, now, until)
            case _:
                pass

    def found(
        self, state: State, progress: Progress, missing: Missing, now: float
    ) -> tuple[Problem, ...]:
        """
        Those that there are now.
        """
        return tuple(
            _problem(code, text, max(0.0, now - since), peer_id)
            for code, text, since, peer_id in self._all(state, progress, missing, now)
        )

    def _start_waiting(self, now: float) -> None:
        """
        From now on somebody could be here, and pieces could come.
        """
        self._began_at = self._parted_at = self._unserved_at = now
        self._waiting_at = self._idle_at = now

    def _serves_no_more(self, peer_id: int, now: float) -> None:
        if peer_id in self._serving:
            self._serving.discard(peer_id)
            self._unserved_at = now

    def _end(self, *codes: ProblemCode) -> None:
        for code in codes:
            self._noted.pop(code, None)
        if ProblemCode.DISK in codes:
            self._is_disk_given_up = False

    def _end_disk(self) -> None:
        # A piece that was given up is not fetched any more, though others are.
        if not self._is_disk_given_up:
            self._noted.pop(ProblemCode.DISK, None)

    def _all(
        self, state: State, progress: Progress, missing: Missing, now: float
    ) -> Iterator[_Found]:
        for code, noted in self._noted.items():
            yield code, noted.text, noted.since, None
        if state is State.JOINING:
            text = "nobody gave the manifest yet"
            yield ProblemCode.NO_MANIFEST, text, self._began_at, None
        if state is State.FETCHING:
            yield from self._why_missing(progress, missing, now)
        for peer_id, noted in self._unreachable.items():
            # Who is done may leave.
            is_wanted = state is not State.COMPLETE or peer_id in progress.incomplete
            if is_wanted and now < noted.until:
                yield ProblemCode.UNREACHABLE, noted.text, noted.since, peer_id
        for peer_id, noted in self._shut_out.items():
            if now < noted.until:
                yield ProblemCode.SHUT_OUT, noted.text, noted.since, peer_id

    def _why_missing(
        self, progress: Progress, missing: Missing, now: float
    ) -> Iterator[_Found]:
        neighbors = progress.neighbors
        if not neighbors:
            text = "there is no conversation with anybody"
            yield ProblemCode.NO_NEIGHBOR, text, self._parted_at, None
        waited = now - self._waiting_at
        is_idle = not progress.is_paused and not any(one.requested for one in neighbors)
        if missing.nowhere and is_idle and (neighbors or missing.last_holders):
            left = [now - one.left_seconds for one in missing.last_holders]
            since = max([self._idle_at, *left])
            yield ProblemCode.NO_HOLDER, _nowhere(missing), since, None
        holders = [one for one in neighbors if one.am_interested]
        if holders and all(one.peer_choking for one in holders):
            text = f"choked by {_names(holders)}"
            yield ProblemCode.CHOKED, text, self._unserved_at, None
        if waited >= STALLED_SECONDS:
            yield ProblemCode.STALLED, "no piece comes", self._waiting_at, None


def _problem(
    code: ProblemCode, text: str, since_seconds: float, peer_id: int | None
) -> Problem:
    is_choked = code is ProblemCode.CHOKED
    patience = SETTLED_CHOKED_SECONDS if is_choked else SETTLED_SECONDS
    is_settled = since_seconds >= patience
    return Problem(code, printable(text), since_seconds, peer_id, is_settled)


def _begin(
    noted: dict[_Key, _Noted], key: _Key, text: str, now: float, until: float = inf
) -> None:
    """
    It is so; since when, stays if it was before.
    """
    before = noted.get(key)
    since = now if before is None or now >= before.until else before.since
    noted[key] = _Noted(text, since, until)


def _names(neighbors: Iterable[NeighborProgress]) -> str:
    return ", ".join(str(one.peer_id) for one in neighbors)


def _nowhere(missing: Missing) -> str:
    runs = format_some(missing.nowhere_runs, missing.nowhere, _MOST_RUNS)
    text = f"no neighbour has the pieces {runs}"
    # When they left stands beside it: a text is not to change by time alone.
    had = [f"{one.peer_id} ({one.pieces})" for one in missing.last_holders]
    if had:
        text += f"; last had by {', '.join(had)}"
    if seeds := missing.unmet_seeds:
        verb = "has" if len(seeds) == 1 else "have"
        text += f"; by the list {', '.join(map(str, seeds))} {verb} everything"
    return text
