"""
Fairness, as a property of whole simulated swarms.
"""

from collections import Counter
from math import sqrt
from statistics import mean

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.figures import jain
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate

_SEED = 1001


class OptimisticShareTests(SynchronousTestCase):
    """
    Whom a seed with a slow line gives the optimistic place, while all others are
    idle: they are interested, have nothing to give and never get enough.
    """

    def test_everybody_gets_a_share(self) -> None:
        """
        Each of ten gets a tenth of the optimistic rounds, give or take four times
        the standard deviation of a binomial draw.

        Who has the place is not drawn again in the next round, and the ninth part
        of the others' chance is each one's: so two rounds in a row are correlated
        with -1/9, and the variance of a long count is (1 - 1/9) / (1 + 1/9) = 0.8
        of the binomial n p (1 - p).  Four of its deviations are 4.5 of the true
        ones; of ten fair peers one is outside once in ten thousand runs.
        """
        for seed in range(tries(1, 3)):
            outcome = simulate(
                Scenario(
                    seed=seed,
                    peers=11,
                    free_riders=10,
                    file_size_bytes=512 * 1024,
                    piece_size_bytes=1024,
                    preferred=1,
                    unchoking_interval_seconds=1,
                    optimistic_interval_seconds=1,
                    up_rate=2000.0,
                    on_disk=False,
                ),
                checks=False,
            )
            first_done = min(
                peer.completed_at or 0.0
                for peer in outcome.peers
                if peer.peer_id != _SEED
            )
            places = Counter(
                span.whom
                for span in outcome.unchokes
                if span.is_optimistic and span.start_seconds < first_done
            )
            rounds = places.total()
            self.assertEqual(rounds, int(first_done))
            self.assertGreater(rounds, 2000)
            share = 1 / 10
            tolerance = 4 * sqrt(rounds * share * (1 - share))
            self.assertEqual(len(places), 10)
            for peer_id, count in places.items():
                self.assertApproximates(
                    count, rounds * share, tolerance, f"{peer_id} in seed {seed}"
                )


class FreeRiderTests(SynchronousTestCase):
    """
    Two peers of thirteen that never give, and slow lines: what is given is what
    everybody waits for.
    """

    def swarm(self, seed: int, policy: str) -> Outcome:
        """
        Run it.
        """
        return simulate(
            Scenario(
                seed=seed,
                peers=14,
                free_riders=2,
                file_size_bytes=4 * 1024 * 1024,
                piece_size_bytes=32 * 1024,
                preferred=4,
                policy=policy,
                up_rate=50_000.0,
                seed_up_rate=100_000.0,
                on_disk=False,
            ),
            checks=False,
        )

    def test_who_gives_nothing_gets_less(self) -> None:
        """
        With tit for tat a free rider holds clearly less than the others when they
        hold half of the file, and is done after them; without it holds no less,
        and does not lag so.  With it those that give are done sooner.
        """
        for seed in range(tries(1, 3)):
            by_rate, by_lot = self.swarm(seed, "classic"), self.swarm(seed, "lottery")
            self.assertLess(_free_riders_hold(by_rate), 0.9, seed)
            self.assertGreater(_free_riders_hold(by_lot), 1.0, seed)
            giving, riding = _completed(by_rate)
            giving_by_lot, riding_by_lot = _completed(by_lot)
            self.assertGreater(riding, giving, seed)
            self.assertGreater(riding - giving, riding_by_lot - giving_by_lot, seed)
            self.assertLess(giving, giving_by_lot, seed)

    def test_who_gives_is_treated_evenly(self) -> None:
        """
        Tit for tat divides evenly among those that give, and it is free riders
        that make the whole less even: so Jain's index tells.
        """
        givers, riders = _held_at_half(self.swarm(3, "classic"))
        self.assertGreater(jain(givers), 0.95)
        self.assertLess(jain(givers + riders), jain(givers))


def _held_at_half(outcome: Outcome) -> tuple[list[int], list[int]]:
    """
    What those that give and what free riders hold when the former hold half of
    everything.
    """
    roles = {peer.peer_id: peer.role for peer in outcome.peers}
    held = {peer: 0 for peer, role in roles.items() if role != "seed"}
    givers = [peer for peer in held if roles[peer] == "leecher"]
    riders = [peer for peer in held if roles[peer] == "free rider"]
    half = outcome.scenario.piece_count * len(givers) / 2
    for point in outcome.holdings:
        if point.peer_id in held:
            held[point.peer_id] = point.held
            if sum(held[peer] for peer in givers) >= half:
                break
    return [held[peer] for peer in givers], [held[peer] for peer in riders]


def _free_riders_hold(outcome: Outcome) -> float:
    """
    What a free rider holds then, in parts of what another one does.
    """
    givers, riders = _held_at_half(outcome)
    return mean(riders) / mean(givers)


def _completed(outcome: Outcome) -> tuple[float, float]:
    """
    When those that give and when free riders are done, on average.
    """
    giving, riding = (
        mean(peer.completed_at or 0.0 for peer in outcome.peers if peer.role == role)
        for role in ("leecher", "free rider")
    )
    return giving, riding
