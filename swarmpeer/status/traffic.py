"""
How many bytes of pieces went between a peer and each neighbour.
"""

from collections import defaultdict
from collections.abc import Mapping

from swarmpeer.events import (
    BadPieceReceived,
    DuplicatePieceReceived,
    FileCompleted,
    PieceSent,
    PieceStored,
    SwarmCompleted,
    SwarmEvent,
)
from swarmpeer.status.recent import RecentBytes
from swarmpeer.status.shape import RATE_SECONDS


def _recent() -> RecentBytes:
    return RecentBytes(RATE_SECONDS)


class Traffic:
    """
    The traffic of one peer.

    @ivar received: with everybody, wanted or not.
    @ivar sent: the same.
    @ivar received_from: with each neighbour, by id, of this run.
    @ivar sent_to: the same.
    @ivar duplicate_bytes: of C{received} that was not needed any more.
    """

    def __init__(self) -> None:
        self.received = _recent()
        self.sent = _recent()
        self.received_from: defaultdict[int, RecentBytes] = defaultdict(_recent)
        self.sent_to: defaultdict[int, RecentBytes] = defaultdict(_recent)
        self.duplicate_bytes = 0

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        It happened.
        """
        match event:
            case PieceSent():
                self.sent.add(event.size_bytes, now)
                self.sent_to[event.peer_id].add(event.size_bytes, now)
            case PieceStored() | BadPieceReceived():
                self._came(event.peer_id, event.size_bytes, now)
            case DuplicatePieceReceived():
                self._came(event.peer_id, event.size_bytes, now)
                self.duplicate_bytes += event.size_bytes
            # The mean of some seconds would go on telling of what is over.
            case FileCompleted():
                _end(self.received, self.received_from)
            case SwarmCompleted():
                _end(self.sent, self.sent_to)
            case _:
                pass

    def _came(self, peer_id: int, size_bytes: int, now: float) -> None:
        self.received.add(size_bytes, now)
        self.received_from[peer_id].add(size_bytes, now)


def _end(common: RecentBytes, each: Mapping[int, RecentBytes]) -> None:
    for recent in (common, *each.values()):
        recent.end()
