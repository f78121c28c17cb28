"""
The count of the tests.
"""

import io
import os
from contextlib import redirect_stderr, redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.test import tools
from swarmpeer.test.thoroughness import THOROUGH, VARIABLE
from tests.processes import child_environment
from tests.run import Check, Tally, check_environment, main, tally


class TallyTests(SynchronousTestCase):
    """
    What C{trial} prints at its end, as numbers.
    """

    def test_passed(self) -> None:
        """
        Passed and skipped tests are counted.
        """
        output = "Ran 7 tests in 1.000s\n\nPASSED (skips=2, successes=5)\n"
        self.assertEqual(str(tally(output, 0)), "5 passed, 0 failed, 2 skipped")

    def test_failed(self) -> None:
        """
        Failures and errors are both failed tests.
        """
        output = "Ran 6 tests in 1s\n\nFAILED (failures=1, errors=2, successes=3)\n"
        self.assertEqual(tally(output, 1), Tally(passed=3, failed=3))

    def test_no_test(self) -> None:
        """
        A run in which nothing ran, which trial calls passed, is a failure.
        """
        self.assertEqual(tally("Ran 0 tests in 0.000s\n\nPASSED\n", 0), Tally(failed=1))
        skipped = tally("Ran 1 tests in 0.000s\n\nPASSED (skips=1)\n", 0)
        self.assertEqual(skipped, Tally(failed=1, skipped=1))

    def test_no_summary(self) -> None:
        """
        A run that died before its summary, or that failed in spite of it, is a
        failure.
        """
        self.assertEqual(tally("Segmentation fault\n", -11), Tally(failed=1))
        strange = tally("PASSED (successes=4)\n", 1)
        self.assertEqual(strange, Tally(passed=4, failed=1))


class CheckTests(SynchronousTestCase):
    """
    A command that runs while others do.
    """

    def test_shown(self) -> None:
        """
        All that it prints is shown under its name, whenever that was printed, and
        its exit status is told.
        """
        for argument, status in (("--help", 0), ("--fast", 2)):
            command = ("tests.run", argument)
            check = Check(command, child_environment(), 1)
            shown = io.StringIO()
            with redirect_stdout(shown):
                output, told = check.show()
            self.assertEqual(told, status)
            self.assertIn("usage: python -m tests.run", output)
            self.assertEqual(
                shown.getvalue(), f"$ python -m tests.run {argument}\n{output}"
            )
            self.assertIn(f"status {status}\n", output)

    def test_ended(self) -> None:
        """
        One that nobody waits for can be ended.
        """
        check = Check(("http.server", "0"), child_environment(), 1)
        check.end()
        with redirect_stdout(io.StringIO()):
            _, status = check.show()
        self.assertNotEqual(status, 0)


class EnvironmentTests(SynchronousTestCase):
    """
    What the checks see of the world.
    """

    def test_thorough(self) -> None:
        """
        They are thorough only if somebody asks for it.
        """
        self.patch(os, "environ", {"HOME": "/nowhere"})
        with check_environment(is_thorough=False) as environment:
            self.assertEqual(environment["HOME"], "/nowhere")
            self.assertNotIn(VARIABLE, environment)
        with check_environment(is_thorough=True) as environment:
            self.assertEqual(environment[VARIABLE], THOROUGH)

    def test_tools(self) -> None:
        """
        What a test needs of Python is there, and what else somebody promised.
        """
        for given, promised in (
            ({}, "sphinx prometheus_client"),
            ({tools.VARIABLE: " chromium"}, "chromium sphinx prometheus_client"),
        ):
            self.patch(os, "environ", given)
            with check_environment(is_thorough=False) as environment:
                self.assertEqual(environment[tools.VARIABLE], promised)

    def test_bytecode(self) -> None:
        """
        Where Python leaves no bytecode behind, it does not do so here either, but
        in a folder that goes away.
        """
        self.patch(os, "environ", {"PYTHONDONTWRITEBYTECODE": "1"})
        with check_environment(is_thorough=False) as environment:
            self.assertNotIn("PYTHONDONTWRITEBYTECODE", environment)
            folder = environment["PYTHONPYCACHEPREFIX"]
            self.assertTrue(os.path.isdir(folder))
        self.assertFalse(os.path.exists(folder))


class OptionTests(SynchronousTestCase):
    """
    What C{python -m tests.run} makes of its arguments.
    """

    def test_nothing_runs(self) -> None:
        """
        Who asks for help, or gives what is not known, starts no checks.
        """
        for argument, status in (("--help", 0), ("--fast", 2), ("test_docs", 2)):
            output, errors = io.StringIO(), io.StringIO()
            with redirect_stdout(output), redirect_stderr(errors):
                exit = self.assertRaises(SystemExit, main, [argument])
            self.assertEqual(exit.code, status)
            self.assertIn(
                "usage: python -m tests.run", output.getvalue() + errors.getvalue()
            )
