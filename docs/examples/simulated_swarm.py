"""
A choking policy of one's own, held against the classic one in simulated swarms.

    python docs/examples/simulated_swarm.py [RUNS]

Both run with the same seeds, 20 of them if not told otherwise, and a line for
each tells how long the last peer waited for its first piece and for its last.
"""

import sys
from collections.abc import Mapping, Sequence
from statistics import mean

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.service import ChokingPolicy
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate


class PreferredOnly(ChokingManager):
    """
    Does without an optimistic neighbour: only who gives is served.
    """

    def choose_optimistic(
        self,
        waiting: Sequence[int],  # noqa: ARG002  (whoever they are)
    ) -> int | None:
        """
        Choose nobody.
        """
        return None


POLICIES: Mapping[str, ChokingPolicy] = {
    "classic": ChokingManager,
    "preferred only": PreferredOnly,
}


def main(runs: int) -> None:
    """
    Run all swarms and tell how they went.

    @raise SystemExit: if a rule did not hold in one of them.
    """
    for policy in POLICIES:
        first_pieces, completions = [], []
        for seed in range(runs):
            scenario = Scenario(
                seed=seed,
                peers=10,
                free_riders=3,
                preferred=1,
                policy=policy,
                up_rate=100_000.0,
            )
            outcome = simulate(scenario, policies=POLICIES)
            if not outcome.is_good:
                raise SystemExit(f"{policy}, seed {seed}: {outcome.breaches[0]}")
            first_pieces.append(max(each.first_piece_at or 0 for each in outcome.peers))
            completions.append(max(each.completed_at or 0 for each in outcome.peers))
        print(
            f"{policy:15} everybody has a piece after {mean(first_pieces):4.1f} s, "
            f"the file after {mean(completions):4.1f} s"
        )


if __name__ == "__main__":
    if len(sys.argv) > 2 or not all(
        word.lstrip("0").isdigit() for word in sys.argv[1:]
    ):
        sys.exit(__doc__)
    main(int(sys.argv[1]) if sys.argv[1:] else 20)
