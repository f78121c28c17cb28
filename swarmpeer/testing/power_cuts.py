"""
A swarm in which the power of one machine fails at a certain moment.
"""

from math import inf

from swarmpeer.testing.host import SimulatedHost
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

    A work in a thread is one event, so beside the moments between two events there are
    those in the midst of a work, between two of its calls.

    @ivar was_cut: did it come to that?
    """

    def __init__(
        self,
        scenario: Scenario,
        peer_id: int,
        *,
        after_event: int | None = None,
        after_call: int | None = None,
    ) -> None:
        """
        @param peer_id: whose machine it is.
        @param after_event: how many events go before.
        @param after_call: instead, how many calls in threads that may change the disk
            go before.
        """
        super().__init__(scenario)
        if self.checks is not None:
            # Until then nobody can count on anybody.
            self.checks.calm_from = inf
        self.was_cut = False
        self._peer_id = peer_id
        self._after_event = after_event
        self._after_call = after_call

    def began(self, host: SimulatedHost) -> None:
        """
        A peer runs.
        """
        super().began(host)
        is_there = host.peer_id == self._peer_id
        if is_there and self._after_call is not None and not self.was_cut:
            host.disk.interrupt_work(self._cut, skipping=self._after_call)

    def _step(self) -> None:
        super()._step()
        if self.time.steps == self._after_event:
            self._cut()

    def _cut(self) -> None:
        self.was_cut = True
        host = self.hosts[self._peer_id]
        host.lose_power()
        self.time.callLater(DARK_SECONDS, host.start)
        if self.checks is not None:
            self.checks.calm_from = self.time.seconds() + SETTLE_SECONDS
