"""
Ways to choose whom to serve, to be compared with the course protocol's.
"""

from collections.abc import Mapping, Sequence
from random import Random

from swarmpeer.core.choking import ChokingManager
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.service import ChokingPolicy


class LotteryChoking(ChokingManager):
    """
    Chooses the preferred neighbours by lot, whatever they give: no tit for tat.
    """

    def hold_preferred_round(
        self,
        candidates: Sequence[Candidate],
        *,
        by_rate: bool,  # noqa: ARG002  (that is the point)
    ) -> PreferredRoundHeld:
        """
        Draw them.
        """
        return super().hold_preferred_round(candidates, by_rate=False)


class OpenHands(ChokingManager):
    """
    Serves everybody who is interested.
    """

    def __init__(self, preferred_count: int, rng: Random) -> None:  # noqa: ARG002
        # More than any list of peers is long.
        super().__init__(2**32, rng)


class FreeRiding(ChokingManager):
    """
    Serves nobody.
    """

    def hold_preferred_round(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Choose nobody.
        """
        return PreferredRoundHeld(tuple(candidates), (), None, by_rate, False)

    def hold_optimistic_round(
        self, candidates: Sequence[Candidate]
    ) -> OptimisticRoundHeld:
        """
        Choose nobody.
        """
        waiting = tuple(candidate.peer_id for candidate in candidates)
        return OptimisticRoundHeld(waiting, None, False)


POLICIES: Mapping[str, ChokingPolicy] = {
    "classic": ChokingManager,
    "lottery": LotteryChoking,
    "open": OpenHands,
}
"""
What C{swarmpeer simulate --policy} knows.
"""
