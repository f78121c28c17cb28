"""
The count of the tests.
"""

import io
from contextlib import redirect_stderr, redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from tests.run import Tally, main, tally


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
