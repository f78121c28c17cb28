"""
A swarm in which the power of one machine fails right after a certain event.
"""

from math import inf

from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import SETTLE_SECONDS, SimulatedSwarm

DARK_SECONDS = 1.0
"""
How long the machine is without power.
"""


class PowerCutSwarm(SimulatedSwarm):
    """
    The swarm of one scenario, with one loss of power: of what the machine did not
    sync there is what chance has brought to its disk.
    """

    def __init__(self, scenario: Scenario, peer_id: int, after_event: int) -> None:
        """
        @param peer_id: whose machine it is.
        @param after_event: how many events go before.
        """
        super().__init__(scenario)
        if self.checks is not None:
            # Until then nobody can count on anybody.
            self.checks.calm_from = inf
        self._peer_id = peer_id
        self._after_event = after_event

    def _step(self) -> None:
        super()._step()
        if self.time.steps == self._after_event:
            host = self.hosts[self._peer_id]
            host.lose_power()
            self.time.callLater(DARK_SECONDS, host.start)
            if self.checks is not None:
                self.checks.calm_from = self.time.seconds() + SETTLE_SECONDS
