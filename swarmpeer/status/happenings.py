"""
What happened lately, in words.
"""

from collections import deque
from collections.abc import Callable
from typing import ClassVar, TypeVar, cast

from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    BitfieldReceived,
    ChokedBy,
    ConnectionRefused,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileChanged,
    FileCompleted,
    FileDiffers,
    FilePlaced,
    FilePlacingFailed,
    FilesChecked,
    GivenBackReason,
    GoodbyeReceived,
    InterestChanged,
    InterestedReceived,
    ListeningStarted,
    ManifestFetched,
    NeighborChoked,
    NeighborConnected,
    NeighborDisconnected,
    NeighborUnchoked,
    NotInterestedReceived,
    OptimisticRoundHeld,
    PeerCompleted,
    PeerShutOut,
    PieceHealed,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    PreferredRoundHeld,
    RecordFailed,
    RecordSetAside,
    RequestGivenBack,
    SwarmCompleted,
    SwarmEvent,
    UnchokedBy,
    ViolationSeen,
)
from swarmpeer.status.shape import MOST_HAPPENINGS, Group, Happening
from swarmpeer.text import printable, size_text, span_text

_GIVEN_BACK = {
    GivenBackReason.CHOKE: "chokes us",
    GivenBackReason.CLOSE: "left",
    GivenBackReason.STALL: "does not answer",
    GivenBackReason.REJECT: "refuses",
}

_Event = TypeVar("_Event", bound=SwarmEvent)
_Words = Callable[[SwarmEvent], str | None]


def _rule(
    group: Group,
    event_class: type[_Event],
    words: Callable[[_Event], str | None],
) -> tuple[type[SwarmEvent], tuple[Group, _Words]]:
    # A function is called with events of the class it is kept under only, which
    # the type of a dict cannot say.
    return event_class, (group, cast(_Words, words))


def _preferred(event: PreferredRoundHeld) -> str | None:
    if not event.is_changed:
        return None
    how = "for what they gave" if event.by_rate else "by lot"
    chosen = ", ".join(map(str, event.preferred)) or "nobody"
    return f"prefers {chosen}, {how} among {len(event.candidates)}"


def _optimistic(event: OptimisticRoundHeld) -> str | None:
    if not event.is_changed or event.optimistic is None:
        return None
    return f"gives {event.optimistic} a chance, by lot among {len(event.candidates)}"


# Of events that are not here nothing is told: single pieces are too many.
_RULES = dict(
    [
        _rule(Group.PEERS, ListeningStarted, lambda e: f"listens at {e.address}"),
        _rule(
            Group.PEERS,
            NeighborConnected,
            lambda e: f"{'called' if e.is_dialled else 'was called by'} {e.peer_id}",
        ),
        _rule(
            Group.PEERS,
            NeighborDisconnected,
            lambda e: f"parted from {e.peer_id}: {e.reason}",
        ),
        _rule(
            Group.PEERS,
            BitfieldReceived,
            lambda e: f"{e.peer_id} holds {e.held} pieces",
        ),
        _rule(
            Group.PEERS,
            RequestGivenBack,
            lambda e: (
                f"piece {e.index} will not come from {e.peer_id}, "
                f"which {_GIVEN_BACK[e.reason]}"
            ),
        ),
        _rule(
            Group.PEERS,
            GoodbyeReceived,
            lambda e: f"{e.peer_id} says goodbye: {e.words}",
        ),
        _rule(
            Group.INTEREST, InterestedReceived, lambda e: f"{e.peer_id} is interested"
        ),
        _rule(
            Group.INTEREST,
            NotInterestedReceived,
            lambda e: f"{e.peer_id} is not interested",
        ),
        _rule(
            Group.INTEREST,
            InterestChanged,
            lambda e: (
                f"is {'' if e.am_interested else 'not '}interested in {e.peer_id}"
            ),
        ),
        _rule(Group.CHOKING, UnchokedBy, lambda e: f"is unchoked by {e.peer_id}"),
        _rule(Group.CHOKING, ChokedBy, lambda e: f"is choked by {e.peer_id}"),
        _rule(Group.CHOKING, NeighborUnchoked, lambda e: f"unchokes {e.peer_id}"),
        _rule(Group.CHOKING, NeighborChoked, lambda e: f"chokes {e.peer_id}"),
        _rule(Group.CHOKING, PreferredRoundHeld, _preferred),
        _rule(Group.CHOKING, OptimisticRoundHeld, _optimistic),
        _rule(Group.PROGRESS, FileCompleted, lambda _: "holds every piece"),
        _rule(Group.PROGRESS, FilePlaced, lambda _: "has everything in place"),
        _rule(Group.PROGRESS, PeerCompleted, lambda e: f"{e.peer_id} is complete"),
        _rule(
            Group.PROGRESS,
            SwarmCompleted,
            lambda _: "every peer of the swarm is complete",
        ),
        _rule(
            Group.PROGRESS,
            ManifestFetched,
            lambda e: f"got the manifest from {e.peer_id}",
        ),
        _rule(
            Group.PROGRESS,
            FilesChecked,
            lambda e: f"holds {e.held} of {e.piece_count} pieces from the start",
        ),
        _rule(Group.PROGRESS, FetchingResumed, lambda _: "the disk takes pieces again"),
        _rule(Group.PROGRESS, PieceHealed, lambda e: f"piece {e.index} is right again"),
        _rule(
            Group.TROUBLE, DialFailed, lambda e: f"cannot reach {e.peer_id}: {e.reason}"
        ),
        _rule(
            Group.TROUBLE,
            ConnectionRefused,
            lambda e: f"refused a connection: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            ViolationSeen,
            lambda e: f"{e.peer_id} broke the protocol: {e.reason}: {e.detail}",
        ),
        _rule(
            Group.TROUBLE,
            PieceStoreFailed,
            lambda e: f"piece {e.index} cannot be kept: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            FilePlacingFailed,
            lambda e: f"cannot put the files in place: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            FileDiffers,
            lambda e: f"{e.path} is not as the manifest says",
        ),
        _rule(
            Group.TROUBLE,
            RecordFailed,
            lambda e: f"the record cannot be saved: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            DiskShort,
            lambda e: (
                f"what is missing takes {size_text(e.needed_bytes)}, and "
                f"{size_text(e.free_bytes)} are free"
            ),
        ),
        _rule(Group.TROUBLE, FileChanged, lambda e: f"somebody changed {e.path}"),
        _rule(
            Group.TROUBLE,
            PieceWithdrawn,
            lambda e: f"piece {e.index} was lost: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            BadPieceReceived,
            lambda e: f"{e.peer_id} sent a wrong piece {e.index}",
        ),
        _rule(
            Group.TROUBLE,
            BadPieceTold,
            lambda e: f"{e.peer_id} says that piece {e.index} is wrong",
        ),
        _rule(
            Group.TROUBLE,
            PeerShutOut,
            lambda e: (
                f"{e.peer_id} is shut out for {span_text(e.seconds)}, for wrong pieces"
            ),
        ),
        _rule(
            Group.TROUBLE,
            RecordSetAside,
            lambda e: f"the record of an earlier run is set aside: {e.reason}",
        ),
        _rule(
            Group.TROUBLE,
            PolicyReplaced,
            lambda e: (
                f"{e.policy} failed in {e.method}: it {e.fault}; "
                f"{e.substitute} takes its place"
            ),
        ),
    ]
)


class Happenings:
    """
    The last happenings of a peer.

    @cvar event_classes: what makes one.
    """

    event_classes: ClassVar[tuple[type[SwarmEvent], ...]] = tuple(_RULES)

    def __init__(self) -> None:
        self._last: deque[Happening] = deque(maxlen=MOST_HAPPENINGS)

    @property
    def last_number(self) -> int:
        """
        That of the last one, 0 if there was none.
        """
        return self._last[-1].number if self._last else 0

    def note(self, event: SwarmEvent, at_seconds: float) -> None:
        """
        It happened.
        """
        group, tell = _RULES.get(type(event), (None, None))
        words = None if tell is None else tell(event)
        if group is not None and words is not None:
            self.keep(
                Happening(
                    self.last_number + 1,
                    at_seconds,
                    type(event).__name__,
                    printable(words),
                    getattr(event, "peer_id", None),
                    group,
                )
            )

    def keep(self, *happenings: Happening) -> None:
        """
        Remember these, too, the oldest first.
        """
        self._last.extend(happenings)

    def after(self, number: int) -> tuple[Happening, ...]:
        """
        Those that are remembered after that one, the oldest first.
        """
        return tuple(one for one in self._last if one.number > number)
