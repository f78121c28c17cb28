"""
Since when neighbours are here, or gone.
"""

from swarmpeer.events import NeighborConnected, NeighborDisconnected, SwarmEvent


class Meetings:
    """
    When the last conversation with each neighbour began, or ended.
    """

    def __init__(self) -> None:
        self._here_since: dict[int, float] = {}
        self._gone_since: dict[int, float] = {}

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        It happened.
        """
        match event:
            case NeighborConnected():
                self._here_since[event.peer_id] = now
                self._gone_since.pop(event.peer_id, None)
            case NeighborDisconnected():
                self._here_since.pop(event.peer_id, None)
                self._gone_since[event.peer_id] = now
            case _:
                pass

    def connected_seconds(self, peer_id: int, now: float) -> float:
        """
        How long they have been here; 0 if they are not.
        """
        return now - self._here_since.get(peer_id, now)

    def left_seconds(self, now: float) -> dict[int, float]:
        """
        How long ago each of those left that are gone.
        """
        return {peer_id: now - at for peer_id, at in self._gone_since.items()}
