"""
Tests of C{tools.power_cuts}.
"""

import sys
from io import StringIO

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.power_cuts import PowerCutSwarm
from swarmpeer.testing.swarm import SimulatedSwarm
from tools import power_cuts
from tools.power_cuts import Cut


class PowerCutsTests(SynchronousTestCase):
    """
    Few of them; C{tests/test_verified_scenarios.py} has more.
    """

    def main(self, *options: str) -> tuple[int, list[str]]:
        """
        Run it.

        @return: its exit status and the lines that it prints.
        """
        said = StringIO()
        self.patch(sys, "argv", ["power_cuts", *options])
        self.patch(sys, "stdout", said)
        return power_cuts.main(), said.getvalue().splitlines()

    def test_one_moment(self) -> None:
        """
        One moment alone can be tried.
        """
        for option in ("--after-event", "--after-call"):
            status, (line,) = self.main("--seed", "3", option, "7")
            self.assertEqual(status, 0)
            self.assertTrue(line.startswith("OK: 1 power cuts, 0 of them failed; "))

    def test_no_cut(self) -> None:
        """
        To cut nothing is a failure.
        """
        status, (line,) = self.main("--after-call", "1000000")
        self.assertEqual(status, 1)
        self.assertTrue(line.startswith("FAILED: 0 power cuts"))

    def test_every_moment(self) -> None:
        """
        Every event is a moment, and so is every call until there is none left.
        """
        swarm = SimulatedSwarm(power_cuts.draw_tiny(1))
        swarm.run()
        events = [cut.after_event for cut in power_cuts.moments(1)]
        self.assertEqual(events, [*range(1, swarm.events_until_done + 1)])
        calls = [outcome.cut.after_call for outcome in power_cuts.run_calls(1)]
        self.assertGreater(len(calls), 10)
        self.assertEqual(calls, [*range(len(calls))])

    def test_failure(self) -> None:
        """
        What fails is told with the command that runs it again.
        """

        def cut(swarm: PowerCutSwarm) -> None:
            swarm.was_cut = True
            swarm._note("a rule", "for nothing")

        self.patch(power_cuts, "breach_line", lambda breach: breach.rule)
        self.patch(PowerCutSwarm, "_cut", cut)
        status, (rule, command, line) = self.main("--after-event", "4")
        self.assertEqual((status, rule), (1, "a rule"))
        self.assertEqual(command, Cut(0, after_event=4).command)
        self.assertTrue(line.startswith("FAILED: 1 power cuts, 1 of them failed"))
