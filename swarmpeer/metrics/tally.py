"""
What is counted as it happens.
"""

from typing import ClassVar

from zope.interface import implementer

from swarmpeer.events import (
    BadPieceReceived,
    ChokedBy,
    ConnectionRefused,
    DialFailed,
    DuplicatePieceReceived,
    GivenBackReason,
    NeighborChoked,
    NeighborConnected,
    NeighborDisconnected,
    NeighborUnchoked,
    OptimisticRoundHeld,
    PieceHealed,
    PieceSent,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    PreferredRoundHeld,
    RequestGivenBack,
    SwarmEvent,
    UnchokedBy,
    ViolationSeen,
)
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.metrics import catalogue
from swarmpeer.metrics.catalogue import Metric

_ALWAYS: dict[type[SwarmEvent], tuple[Metric, str]] = {
    NeighborChoked: (catalogue.CHOKE_CHANGES, "choked"),
    NeighborUnchoked: (catalogue.CHOKE_CHANGES, "unchoked"),
    ChokedBy: (catalogue.CHOKE_CHANGES, "choked_by"),
    UnchokedBy: (catalogue.CHOKE_CHANGES, "unchoked_by"),
    PreferredRoundHeld: (catalogue.ROUNDS_HELD, "preferred"),
    OptimisticRoundHeld: (catalogue.ROUNDS_HELD, "optimistic"),
    NeighborDisconnected: (catalogue.DISCONNECTIONS, ""),
    ConnectionRefused: (catalogue.REFUSED, ""),
    DialFailed: (catalogue.DIAL_FAILURES, ""),
    PieceStored: (catalogue.STORED, ""),
    PieceSent: (catalogue.SENT_PIECES, ""),
    PieceStoreFailed: (catalogue.STORE_FAILURES, ""),
    BadPieceReceived: (catalogue.BAD, ""),
    DuplicatePieceReceived: (catalogue.DUPLICATES, ""),
    PieceWithdrawn: (catalogue.WITHDRAWN, ""),
    PieceHealed: (catalogue.HEALED, ""),
}

COUNTED = (
    *dict.fromkeys(metric for metric, _ in _ALWAYS.values()),
    catalogue.CONNECTIONS,
    catalogue.VIOLATIONS,
    catalogue.UNANSWERED,
)
"""
The metrics that are counted here.
"""


@implementer(ISwarmObserver)
class Tally:
    """
    Counts events.

    @cvar event_classes: what it is to be told of.
    @ivar counts: by metric and the value of its label, empty if it has none; each that
        there may be is there from the start, at 0.
    """

    event_classes: ClassVar[tuple[type[SwarmEvent], ...]] = (
        *_ALWAYS,
        NeighborConnected,
        ViolationSeen,
        RequestGivenBack,
    )

    def __init__(self) -> None:
        self.counts: dict[Metric, dict[str, int]] = {
            metric: dict.fromkeys(metric.values or ("",), 0) for metric in COUNTED
        }

    def observe(self, event: SwarmEvent) -> None:
        """
        Count it.
        """
        match event:
            case NeighborConnected():
                way = "called" if event.is_dialled else "was_called"
                self._count(catalogue.CONNECTIONS, way)
            case ViolationSeen():
                self._count(catalogue.VIOLATIONS, event.reason)
            case RequestGivenBack():
                if event.reason is GivenBackReason.STALL:
                    self._count(catalogue.UNANSWERED, "")
            case _:
                self._count(*_ALWAYS[type(event)])

    def _count(self, metric: Metric, value: str) -> None:
        counts = self.counts[metric]
        # A label that nobody knows of would be one more for ever.
        if value in counts:
            counts[value] += 1
