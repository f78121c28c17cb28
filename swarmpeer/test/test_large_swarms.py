"""
Verified swarms in which nobody has everybody as a neighbour, simulated.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.bounded_node import BoundedNode
from swarmpeer.core.verified_node import VerifiedNode
from swarmpeer.testing import budget_rules
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm, simulate

THIRTY = Scenario(
    peers=30,
    files=2,
    most_neighbors=6,
    policy="classic",
    file_size_bytes=256 * 1024,
    up_rate=200_000.0,
    on_disk=False,
)


class LargeSwarmTests(SynchronousTestCase):
    """
    Everybody gets everything, and hears that everybody has it.
    """

    def assert_good(self, outcome: Outcome) -> None:
        """
        Every rule held: beside those of every swarm, nobody has more neighbours than
        it may, and all have said that all are complete.
        """
        self.assertEqual(outcome.breaches, ())
        held = {peer.held for peer in outcome.peers}
        self.assertEqual(held, {outcome.peers[0].held})

    def test_calm(self) -> None:
        """
        Where nothing goes wrong.
        """
        self.assert_good(simulate(THIRTY))

    def test_crashes(self) -> None:
        """
        Where a third of them is killed or loses its power, and comes back.
        """
        kinds = (FaultKind.CRASH, FaultKind.POWER_LOSS)
        faults = [
            Fault(0.5 * place, kinds[place % 2], peer_id, seconds=4.0 + place)
            for place, peer_id in enumerate(range(1002, 1030, 3))
        ]
        self.assert_good(SimulatedSwarm(THIRTY, faults=faults).run())

    def test_a_cut_through_the_middle(self) -> None:
        """
        Where nothing passes between two halves for half a minute, though each half
        has neighbours enough in itself.
        """
        faults = [
            Fault(0.0, FaultKind.CUT, one, other, seconds=30.0)
            for one in range(1001, 1016)
            for other in range(1016, 1031)
        ]
        self.assert_good(SimulatedSwarm(THIRTY, faults=faults).run())

    def test_wild(self) -> None:
        """
        Where everything goes wrong, on disks.
        """
        scenario = replace(
            THIRTY, peers=16, most_neighbors=4, faults=FaultLevel.WILD, on_disk=True
        )
        self.assert_good(simulate(scenario))

    def test_too_many_are_seen(self) -> None:
        """
        A peer that turns nobody away is found.
        """
        self.patch(BoundedNode, "admit", VerifiedNode.admit)
        self.patch(budget_rules, "LINES", 0)
        outcome = simulate(replace(THIRTY, peers=10, most_neighbors=2))
        self.assertIn("few neighbours", {breach.rule for breach in outcome.breaches})

    def test_few(self) -> None:
        """
        A peer with no more others than it may have neighbours has them all.
        """
        outcome = simulate(replace(THIRTY, peers=7))
        self.assertEqual(outcome.breaches, ())
        swarm = SimulatedSwarm(replace(THIRTY, peers=7), checks=False)
        swarm.run()
        for host in swarm.hosts.values():
            assert host.node is not None
            self.assertEqual(len(host.node.registry.conversations), 6)
