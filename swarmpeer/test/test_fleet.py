"""
Whole simulated swarms of hosts of one owner.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import NeighborConnected, PieceStored, SwarmEvent, UnchokedBy
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultLevel, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm, simulate

_SEED = 1001
_UP = 6_250_000.0


FLEET = Scenario(
    files=2,
    policy="fleet",
    up_rate=_UP,
    file_size_bytes=8 * 2**20,
    piece_size_bytes=64 * 1024,
    on_disk=False,
)
"""
A verified swarm on lines of 50 Mbit/s.
"""


def sent_share(outcome: Outcome) -> float:
    """
    What the seeds sent, in parts of the whole file.
    """
    seeds = [peer for peer in outcome.peers if peer.role == "seed"]
    return sum(peer.sent_bytes for peer in seeds) / outcome.scenario.file_size_bytes


def last_at(outcome: Outcome) -> float:
    """
    When the last one was done, in seconds.
    """
    return max(peer.completed_at or 0.0 for peer in outcome.peers)


class FleetTests(SynchronousTestCase):
    """
    What C{fleet} is for.
    """

    def test_seed_sends_once(self) -> None:
        """
        A seed with half of the others' line sends each piece about once, the leechers
        trade the rest, and all are done soon after it has sent the last.
        """
        scenario = replace(FLEET, peers=6, seed_up_rate=_UP / 2)
        outcome = simulate(scenario, checks=False)
        self.assertLess(sent_share(outcome), 1.15)
        total = sum(peer.sent_bytes for peer in outcome.peers)
        self.assertGreater(1 - sent_share(outcome) * 8 * 2**20 / total, 0.4)
        self.assertLess(last_at(outcome), 1.2 * scenario.file_size_bytes / (_UP / 2))

    def test_first_piece(self) -> None:
        """
        Of two dozen that come at once each has its first piece soon after it is
        connected to somebody who has one.
        """
        scenario = replace(FLEET, peers=25, file_size_bytes=2 * 2**20)
        connected: dict[int, float] = {}
        first: dict[int, float] = {}

        def witness(now: float, peer_id: int, event: SwarmEvent) -> None:
            if isinstance(event, NeighborConnected) and event.peer_id == _SEED:
                connected.setdefault(peer_id, now)
            elif isinstance(event, PieceStored):
                first.setdefault(peer_id, now)

        SimulatedSwarm(scenario, checks=False, witness=witness).run()
        self.assertEqual(len(first), 24)
        waits = [first[peer] - connected[peer] for peer in first]
        self.assertLess(max(waits), 1.0)
        few = replace(FLEET, peers=4)
        connected.clear()
        first.clear()
        SimulatedSwarm(few, checks=False, witness=witness).run()
        self.assertLess(max(first[peer] - connected[peer] for peer in first), 0.2)

    def test_timer_rule(self) -> None:
        """
        In the classic way nobody is served before the first round, however free the
        places are, and each has its first piece soon after a round chose it.
        """
        scenario = replace(FLEET, peers=4, policy="classic")
        unchoked: dict[int, float] = {}
        first: dict[int, float] = {}

        def witness(now: float, peer_id: int, event: SwarmEvent) -> None:
            if isinstance(event, UnchokedBy):
                unchoked.setdefault(peer_id, now)
            elif isinstance(event, PieceStored):
                first.setdefault(peer_id, now)

        for files in (None, 2):
            unchoked.clear()
            first.clear()
            swarm = replace(scenario, files=files)
            SimulatedSwarm(swarm, checks=False, witness=witness).run()
            self.assertEqual(len(first), 3)
            interval = min(
                swarm.unchoking_interval_seconds, swarm.optimistic_interval_seconds
            )
            self.assertGreaterEqual(min(unchoked.values()), interval)
            waits = [first[peer] - unchoked[peer] for peer in first]
            self.assertLess(max(waits), 0.2)

    def test_second_seed(self) -> None:
        """
        A second seed makes it no slower, though the two know nothing of each other.
        """
        one = last_at(
            simulate(replace(FLEET, peers=6, seed_up_rate=_UP / 4), checks=False)
        )
        two = last_at(
            simulate(
                replace(FLEET, peers=7, seeds=2, seed_up_rate=_UP / 4), checks=False
            )
        )
        self.assertLess(two, 0.8 * one)

    def test_rules(self) -> None:
        """
        All rules hold, with faults and without: each have is told once, everybody
        hears the end.
        """
        for seed, faults in ((1, FaultLevel.NONE), (2, FaultLevel.MILD)):
            scenario = replace(
                FLEET,
                seed=seed,
                peers=5,
                seeds=2,
                file_size_bytes=640 * 1024,
                up_rate=None,
                faults=faults,
                on_disk=True,
            )
            self.assertEqual(simulate(scenario).breaches, ())

    def test_better_than_tit_for_tat(self) -> None:
        """
        On the same lines the classic way takes more than twice as long.
        """
        classic = last_at(
            simulate(replace(FLEET, peers=6, policy="classic"), checks=False)
        )
        self.assertGreater(
            classic, 2 * last_at(simulate(replace(FLEET, peers=6), checks=False))
        )
