"""
What the person who runs a peer wants to read: one line for what is not usual,
and one now and then for how far the download is.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from twisted.logger import Logger, LogLevel
from zope.interface import implementer

from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    CheckProgressed,
    ConnectionRefused,
    DialFailed,
    DiskShort,
    FetchingResumed,
    FileChanged,
    FileDiffers,
    FilePlaced,
    FilePlacingFailed,
    FilesChecked,
    GivenBackReason,
    GoodbyeReceived,
    IgnoredReason,
    ListeningStarted,
    ManifestFetched,
    NeighborConnected,
    NeighborDisconnected,
    PeerShutOut,
    PieceHealed,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    RecordFailed,
    RecordSetAside,
    RequestGivenBack,
    RequestIgnored,
    SwarmCompleted,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.interfaces import IRunObserver
from swarmpeer.text import share_text, size_text
from swarmpeer.wire.extension import GoodbyeCode

_USUAL_GOODBYES = (
    GoodbyeCode.OTHER,
    GoodbyeCode.STOPPING,
    GoodbyeCode.REPLACED,
    GoodbyeCode.FULL,
    GoodbyeCode.COMPLETE,
)
_MOST_FILES_TOLD = 20
_NEVER_FOLDED = (PieceStored, CheckProgressed, FileDiffers, ViolationSeen)
_MOST_TOLD = 1000
"""
So many neighbours and reasons are told apart.
"""

_Event = TypeVar("_Event", bound=SwarmEvent)
_Line = tuple[LogLevel, str]
_Rule = Callable[[SwarmEvent], _Line | None]


def _rule(
    event_type: type[_Event], line: Callable[[_Event], _Line | None]
) -> tuple[type[SwarmEvent], _Rule]:
    # A function is called with events of the type it is kept under only, which
    # the type of a dict cannot say.
    return event_type, cast(_Rule, line)


def _always(
    event_type: type[SwarmEvent], level: LogLevel, words: str
) -> tuple[type[SwarmEvent], _Rule]:
    return event_type, lambda _: (level, words)


@implementer(IRunObserver)
class DiagnosticLog:
    """
    Tells C{twisted.logger} of what an operator wants to know.

    A neighbour that cannot be reached is told once until it is connected, and a
    download ten times in all, so that a log stays readable.

    @ivar path_of: the file that a piece is of, for people; empty if not known.
    """

    _log = Logger()

    def __init__(
        self, peer_id: int, piece_count: int = 0, log: Logger | None = None
    ) -> None:
        """
        @param peer_id: whose log it is: every line begins with it.
        @param piece_count: the pieces of the whole file; a verified peer may begin
            without it.
        """
        self.path_of: Callable[[int], str] = lambda _: ""
        self._peer_id = peer_id
        self._piece_count = piece_count
        self._log = log or self._log
        self._unreachable: set[int] = set()
        self._tenths_told = 0
        self._is_unreadable_told = False
        self._is_refusal_told = False
        self._differing_told = 0
        self._violations_told: set[tuple[int | None, str]] = set()
        # Of events that are not here nothing is said.
        self._rules = dict(
            [
                _always(
                    ListeningStarted, LogLevel.info, "listening at {event.address}"
                ),
                _rule(DialFailed, self._dial_failed),
                _rule(NeighborConnected, self._connected),
                _always(
                    NeighborDisconnected,
                    LogLevel.info,
                    "disconnected from {event.peer_id}: {event.reason}",
                ),
                _always(
                    ConnectionRefused,
                    LogLevel.warn,
                    "refused a connection: {event.reason}",
                ),
                _rule(ViolationSeen, self._violation_seen),
                _rule(RequestGivenBack, self._given_back),
                _rule(PieceStored, self._piece_stored),
                _rule(RequestIgnored, self._ignored),
                _rule(PieceStoreFailed, self._store_failed),
                _always(FilePlaced, LogLevel.info, "the whole file is in place"),
                _always(
                    FilePlacingFailed,
                    LogLevel.error,
                    "the whole file cannot be put in place, will try again: "
                    "{event.reason}",
                ),
                _always(
                    PolicyReplaced,
                    LogLevel.error,
                    "{event.policy} failed in {event.method}: it {event.fault}; "
                    "{event.substitute} takes its place until this peer is started "
                    "anew",
                ),
                _always(
                    SwarmCompleted,
                    LogLevel.info,
                    "every peer of the swarm is complete",
                ),
                *self._verified_rules(),
            ]
        )

    def _verified_rules(self) -> list[tuple[type[SwarmEvent], _Rule]]:
        return [
            _always(
                ManifestFetched,
                LogLevel.info,
                "got the manifest from {event.peer_id}",
            ),
            _rule(CheckProgressed, self._check_progressed),
            _rule(FilesChecked, self._checked),
            _rule(FileDiffers, self._file_differs),
            _always(
                RecordSetAside,
                LogLevel.warn,
                "the record of an earlier run is set aside, all that is there is "
                "checked: {event.reason}",
            ),
            _always(
                RecordFailed,
                LogLevel.error,
                "what is here cannot be recorded for a later run, will try again: "
                "{event.reason}",
            ),
            _rule(DiskShort, self._disk_short),
            _always(FetchingResumed, LogLevel.info, "the disk takes pieces again"),
            _rule(FileChanged, self._file_changed),
            _always(
                PieceWithdrawn,
                LogLevel.error,
                "piece {piece} is not right any more and is not served: {event.reason}",
            ),
            _always(PieceHealed, LogLevel.info, "piece {piece} is right again"),
            _always(
                BadPieceReceived,
                LogLevel.warn,
                "{event.peer_id} sent wrong bytes for piece {event.index}; dropped",
            ),
            _always(
                BadPieceTold,
                LogLevel.warn,
                "{event.peer_id} says that it got piece {event.index} wrong; we look "
                "whether it is right on our disk",
            ),
            _always(
                PeerShutOut,
                LogLevel.error,
                "{event.peer_id} sent {event.bad_pieces} wrong pieces and is shut out "
                "for {event.seconds:g} seconds",
            ),
            _rule(GoodbyeReceived, self._goodbye),
        ]

    @property
    def event_classes(self) -> tuple[type[SwarmEvent], ...]:
        """
        The events of which something is said; of others it need not be told.
        """
        return tuple(self._rules)

    def observe(self, event: SwarmEvent) -> None:
        """
        Say it, if it is worth saying.
        """
        self.observe_run((event,))

    def observe_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Say those that are worth saying.
        """
        rule = self._rules.get(type(events[0]))
        if rule is None:
            return
        for event in events:
            line = rule(event)
            if line is not None:
                self._say(event, *line)

    def _say(self, event: SwarmEvent, level: LogLevel, words: str) -> None:
        self._log.emit(
            level,
            "peer {peer}: " + words,
            peer=self._peer_id,
            count=self._piece_count,
            event=event,
            piece=self._piece_of(event),
            fold=self._kind_of(event, level),
        )

    def _kind_of(self, event: SwarmEvent, level: LogLevel) -> tuple[object, ...] | None:
        """
        What else is said of the same, for L{swarmpeer.log_output.folding}; C{None} of
        what is something else each time, and told a bounded number of times.
        """
        if isinstance(event, _NEVER_FOLDED):
            return None
        return self._peer_id, type(event), level, getattr(event, "peer_id", None)

    def _piece_of(self, event: SwarmEvent) -> str:
        if not isinstance(event, PieceWithdrawn | PieceHealed):
            return ""
        return " of ".join(filter(None, [str(event.index), self.path_of(event.index)]))

    def _dial_failed(self, event: DialFailed) -> _Line | None:
        if event.peer_id in self._unreachable:
            return None
        self._unreachable.add(event.peer_id)
        return (
            LogLevel.warn,
            "cannot reach {event.peer_id} yet, keeps trying: {event.reason}",
        )

    def _connected(self, event: NeighborConnected) -> _Line:
        self._unreachable.discard(event.peer_id)
        return LogLevel.info, "connected with {event.peer_id}"

    def _violation_seen(self, event: ViolationSeen) -> _Line | None:
        # Who breaks the protocol and calls again mostly does it again.
        told = event.peer_id, event.reason
        if told in self._violations_told or len(self._violations_told) >= _MOST_TOLD:
            return None
        self._violations_told.add(told)
        return (
            LogLevel.warn,
            "closed {event.peer_id}, which broke the protocol: "
            "{event.reason}: {event.detail}; said once",
        )

    def _ignored(self, event: RequestIgnored) -> _Line | None:
        if event.reason is not IgnoredReason.UNREADABLE or self._is_unreadable_told:
            return None
        self._is_unreadable_told = True
        return (
            LogLevel.error,
            "piece {event.index} cannot be read from the disk any more, so nobody "
            "gets it; put the right file there and start this peer anew",
        )

    def _given_back(self, event: RequestGivenBack) -> _Line | None:
        if event.reason is not GivenBackReason.STALL:
            return None
        return (
            LogLevel.warn,
            "{event.peer_id} does not answer the request for piece {event.index}; "
            "it is offered to others",
        )

    def _store_failed(self, event: PieceStoreFailed) -> _Line | None:
        # It is tried again and again until it works.
        if self._is_refusal_told:
            return None
        self._is_refusal_told = True
        if event.is_final:
            return LogLevel.error, "piece {event.index} is given up: {event.reason}"
        return (
            LogLevel.error,
            "piece {event.index} cannot be kept, fetching pauses: {event.reason}",
        )

    def _piece_stored(self, event: PieceStored) -> _Line | None:
        self._is_refusal_told = False
        tenths = event.held * 10 // self._piece_count
        if tenths == self._tenths_told:
            return None
        self._tenths_told = tenths
        return LogLevel.info, "holds {event.held} of {count} pieces"

    def _check_progressed(self, event: CheckProgressed) -> _Line:
        done, total = event.done_bytes, event.total_bytes
        share = share_text(done / max(total, 1))
        return LogLevel.info, f"looks at what is here: {share} of {size_text(total)}"

    def _checked(self, event: FilesChecked) -> _Line:
        self._piece_count = event.piece_count
        self._tenths_told = event.held * 10 // max(event.piece_count, 1)
        return (
            LogLevel.info,
            "holds {event.held} of {count} pieces from the start; {event.hashed} were "
            "hashed to know",
        )

    def _file_differs(self, event: FileDiffers) -> _Line | None:
        self._differing_told += 1
        if self._differing_told > _MOST_FILES_TOLD:
            return None
        if not event.piece_count:
            return (
                LogLevel.warn,
                "{event.path} is there already, but is not as the manifest says; it is "
                "replaced",
            )
        return (
            LogLevel.warn,
            "{event.path} is there already, but {event.wrong_pieces} of its "
            "{event.piece_count} pieces are not as the manifest says; it is replaced "
            "when the right one is whole",
        )

    @staticmethod
    def _disk_short(event: DiskShort) -> _Line:
        return (
            LogLevel.error,
            f"what is missing takes {size_text(event.needed_bytes)}, but the disk has "
            f"{size_text(event.free_bytes)} free; make room, or fetching will pause",
        )

    @staticmethod
    def _file_changed(event: FileChanged) -> _Line:
        if event.is_replaced:
            return (
                LogLevel.error,
                "{event.path} was cut, removed or replaced by somebody; what of it is "
                "wrong is not served, and it is not touched until this peer is started "
                "anew",
            )
        return (
            LogLevel.warn,
            "{event.path} was changed by somebody; its pieces are checked again",
        )

    @staticmethod
    def _goodbye(event: GoodbyeReceived) -> _Line | None:
        if event.code in _USUAL_GOODBYES:
            return None
        return LogLevel.warn, "{event.peer_id} closes: {event.words}"
