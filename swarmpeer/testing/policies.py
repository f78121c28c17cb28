"""
Ways to choose whom to serve, to be compared with the course protocol's.
"""

from collections.abc import Mapping, Sequence
from random import Random

from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.fleet_choking import FleetChoking
from swarmpeer.events import Candidate


class LotteryChoking(ChokingManager):
    """
    Chooses the preferred neighbours by lot, whatever they give: no tit for tat.
    """

    ranks_by_rate = False


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

    ranks_by_rate = False

    def choose_preferred(
        self,
        candidates: Sequence[Candidate],  # noqa: ARG002  (whoever they are)
        *,
        by_rate: bool,  # noqa: ARG002
    ) -> Sequence[int]:
        """
        Choose nobody.
        """
        return ()

    def choose_optimistic(
        self,
        waiting: Sequence[int],  # noqa: ARG002
    ) -> int | None:
        """
        Choose nobody.
        """
        return None


POLICIES: Mapping[str, ChokingFactory] = {
    "classic": ChokingManager,
    "fleet": FleetChoking,
    "lottery": LotteryChoking,
    "open": OpenHands,
}
"""
What C{swarmpeer simulate --policy} knows.
"""
