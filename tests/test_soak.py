"""
Tests of C{tools.soak}, and of the options of all tools that run for long.
"""

import importlib
import io
import signal
import sys
import threading
from contextlib import redirect_stderr
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate
from swarmpeer.testing.virtual_time import VirtualTime
from tools import soak

SMALL = Scenario(peers=2, file_size_bytes=1000)


class OptionTests(SynchronousTestCase):
    """
    The command lines of what runs for long.
    """

    def test_mistakes(self) -> None:
        """
        What would be no run, or none that can be, is told in a line at the start.
        """
        for tool, option, value, fault in (
            ("soak", "--runs", "0", "'0' is no whole number at least 1"),
            ("soak", "--seed", "x", "'x' is no whole number at least 0"),
            ("crash", "--kills", "-1", "'-1' is no whole number at least 1"),
            ("crash", "--size", "0", "'0' is no whole number at least 1"),
            ("power_cuts", "--seeds", "0", "'0' is no whole number at least 1"),
            ("power_cuts", "--jobs", "0", "'0' is no whole number at least 1"),
            ("free_riders", "--runs", "0", "'0' is no whole number at least 1"),
            ("free_riders", "--seed-up", "0", "'0' is no number of bytes per second"),
            ("free_riders", "--plot", "/nonexistent/x", "'/nonexistent/x' is no file"),
        ):
            said = io.StringIO()
            self.patch(sys, "argv", [tool, f"{option}={value}"])
            main = importlib.import_module(f"tools.{tool}").main
            with redirect_stderr(said):
                end = self.assertRaises(SystemExit, main)
            self.assertEqual(end.code, 2)
            self.assertIn(f"error: argument {option}: {fault}", said.getvalue())


class PatienceTests(SynchronousTestCase):
    """
    L{soak.simulate_in_time}.
    """

    def test_a_run_that_ends(self) -> None:
        """
        It is as it would be without a limit, and no alarm is left.
        """
        before = signal.getsignal(signal.SIGALRM)
        outcome = soak.simulate_in_time(SMALL)
        usual = replace(simulate(SMALL), real_seconds=outcome.real_seconds)
        self.assertEqual(outcome, usual)
        self.assertEqual(signal.getitimer(signal.ITIMER_REAL), (0.0, 0.0))
        self.assertEqual(signal.getsignal(signal.SIGALRM), before)

    def test_a_run_that_hangs(self) -> None:
        """
        Time stands still: that is a breach, which is told as any other.
        """
        self.patch(soak, "PATIENCE_SECONDS", 2.0)
        self.patch(VirtualTime, "step", lambda _: None)
        breach, *others = soak.simulate_in_time(SMALL).breaches
        self.assertEqual((others, breach.rule), ([], "no exception"))
        self.assertIn("RunTakesTooLong('it takes more than 2 s')", breach.detail)

    def test_a_step_that_hangs(self) -> None:
        """
        An event does not end, and swallows what interrupts it: the next does.
        """
        self.patch(soak, "PATIENCE_SECONDS", 2.0)
        never = threading.Event()
        interrupted: list[str] = []

        def step(_: VirtualTime) -> None:
            try:
                never.wait()
            except soak.RunTakesTooLong as error:
                interrupted.append(str(error))
                never.wait()

        self.patch(VirtualTime, "step", step)
        breach, *others = soak.simulate_in_time(SMALL).breaches
        self.assertEqual((others, breach.rule), ([], "no exception"))
        self.assertEqual(interrupted, ["it takes more than 2 s"])
