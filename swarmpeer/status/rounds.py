"""
The last choices of whom to serve.
"""

from swarmpeer.events import OptimisticRoundHeld, PreferredRoundHeld, SwarmEvent
from swarmpeer.status.shape import CandidateStatus, OptimisticRound, PreferredRound


class Rounds:
    """
    The rounds of one peer: how many there were, and the last one of each kind.
    """

    def __init__(self) -> None:
        self._preferred_count = self._optimistic_count = 0
        # Each with when it was.
        self._preferred: tuple[PreferredRoundHeld, float] | None = None
        self._optimistic: tuple[OptimisticRoundHeld, float] | None = None

    def note(self, event: SwarmEvent, now: float) -> None:
        """
        It happened.
        """
        match event:
            case PreferredRoundHeld():
                self._preferred_count += 1
                self._preferred = event, now
            case OptimisticRoundHeld():
                self._optimistic_count += 1
                self._optimistic = event, now
            case _:
                pass

    def preferred(self, now: float) -> PreferredRound | None:
        """
        The last choice of the preferred; C{None} before the first.
        """
        if self._preferred is None:
            return None
        event, at = self._preferred
        return PreferredRound(
            self._preferred_count,
            now - at,
            event.by_rate,
            tuple(
                CandidateStatus(
                    one.peer_id,
                    one.received_bytes,
                    one.is_unchoked,
                    one.peer_id in event.preferred,
                )
                for one in event.candidates
            ),
            event.optimistic,
        )

    def optimistic(self, now: float) -> OptimisticRound | None:
        """
        The last draw of the optimistic; C{None} before the first.
        """
        if self._optimistic is None:
            return None
        event, at = self._optimistic
        return OptimisticRound(
            self._optimistic_count, now - at, event.candidates, event.optimistic
        )
