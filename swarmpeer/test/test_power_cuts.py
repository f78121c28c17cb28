"""
Tests of L{swarmpeer.testing.power_cuts}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.power_cuts import DARK_SECONDS, PowerCutSwarm
from swarmpeer.testing.scenario import Scenario

_SCENARIO = Scenario(peers=2, files=2, file_size_bytes=100_000)


class PowerCutSwarmTests(SynchronousTestCase):
    """
    The power fails once, where and when it was said.
    """

    def test_power_fails(self) -> None:
        """
        The machine is started again a second later, and the swarm ends well.
        """
        swarm = PowerCutSwarm(_SCENARIO, 1002, after_event=40)
        outcome = swarm.run()
        self.assertEqual(outcome.breaches, ())
        self.assertEqual(swarm.hosts[1002].starts, 2)
        self.assertEqual(swarm.hosts[1001].starts, 1)
        self.assertGreater(outcome.virtual_seconds, DARK_SECONDS)

    def test_end_before(self) -> None:
        """
        Where there are not so many events it does not fail.
        """
        swarm = PowerCutSwarm(_SCENARIO, 1002, after_event=10**9)
        self.assertEqual(swarm.run().breaches, ())
        self.assertEqual(swarm.hosts[1002].starts, 1)
