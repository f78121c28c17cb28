"""
What the person who runs a peer wants to read: one line for what is not usual,
and one now and then for how far the download is.
"""

from collections.abc import Callable

from twisted.logger import Logger, LogLevel
from zope.interface import implementer

from swarmpeer.events import (
    ConnectionRefused,
    DialFailed,
    FilePlaced,
    FilePlacingFailed,
    ListeningStarted,
    NeighborConnected,
    NeighborDisconnected,
    PieceStored,
    PieceStoreFailed,
    RequestGivenBack,
    SwarmCompleted,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.interfaces import ISwarmObserver

_FORMATS: dict[type[SwarmEvent], tuple[LogLevel, str]] = {
    ListeningStarted: (LogLevel.info, "listening at {event.address}"),
    NeighborConnected: (LogLevel.info, "connected with {event.peer_id}"),
    NeighborDisconnected: (
        LogLevel.info,
        "disconnected from {event.peer_id}: {event.reason}",
    ),
    ConnectionRefused: (LogLevel.warn, "refused a connection: {event.reason}"),
    ViolationSeen: (
        LogLevel.warn,
        "closed {event.peer_id}, which broke the protocol: "
        "{event.reason}: {event.detail}",
    ),
    PieceStoreFailed: (
        LogLevel.error,
        "piece {event.index} cannot be kept, fetching pauses: {event.reason}",
    ),
    FilePlaced: (LogLevel.info, "the whole file is in place"),
    FilePlacingFailed: (
        LogLevel.error,
        "the whole file cannot be put in place, will try again: {event.reason}",
    ),
    SwarmCompleted: (LogLevel.info, "every peer of the swarm is complete"),
}


@implementer(ISwarmObserver)
class DiagnosticLog:
    """
    Tells L{twisted.logger} of what an operator wants to know.

    A neighbour that cannot be reached is told once until it is connected, and a
    download ten times in all, so that a log stays readable.
    """

    _log = Logger()

    def __init__(
        self, peer_id: int, piece_count: int, log: Logger | None = None
    ) -> None:
        """
        @param peer_id: whose log it is: every line begins with it.
        @param piece_count: the pieces of the whole file.
        """
        self._peer_id = peer_id
        self._piece_count = piece_count
        self._log = log or self._log
        self._unreachable: set[int] = set()
        self._tenths_told = 0
        self._special: dict[type[SwarmEvent], Callable[..., None]] = {
            DialFailed: self._dial_failed,
            NeighborConnected: self._connected,
            PieceStored: self._piece_stored,
            RequestGivenBack: self._given_back,
        }

    def observe(self, event: SwarmEvent) -> None:
        """
        Say it, if it is worth saying.
        """
        special = self._special.get(type(event))
        if special is not None:
            special(event)
        if type(event) in _FORMATS:
            level, words = _FORMATS[type(event)]
            self._say(level, words, event=event)

    def _dial_failed(self, event: DialFailed) -> None:
        if event.peer_id not in self._unreachable:
            self._unreachable.add(event.peer_id)
            self._say(
                LogLevel.warn,
                "cannot reach {event.peer_id} yet, keeps trying: {event.reason}",
                event=event,
            )

    def _connected(self, event: NeighborConnected) -> None:
        self._unreachable.discard(event.peer_id)

    def _piece_stored(self, event: PieceStored) -> None:
        tenths = event.held * 10 // self._piece_count
        if tenths > self._tenths_told:
            self._tenths_told = tenths
            self._say(
                LogLevel.info,
                "holds {held} of {count} pieces",
                held=event.held,
                count=self._piece_count,
            )

    def _given_back(self, event: RequestGivenBack) -> None:
        if event.reason == "stall":
            self._say(
                LogLevel.warn,
                "{event.peer_id} does not answer the request for piece "
                "{event.index}; it is offered to others",
                event=event,
            )

    def _say(self, level: LogLevel, words: str, **values: object) -> None:
        self._log.emit(level, "peer {peer}: " + words, peer=self._peer_id, **values)
