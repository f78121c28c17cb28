"""
Tests of L{swarmpeer.commands}.
"""

import io
import signal
import sys
from contextlib import redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.command_line import main
from swarmpeer.commands import FAILURE, USAGE, complain, run_command, warn
from swarmpeer.console import OutputError, ProgressLine, ReaderGone
from swarmpeer.errors import ConfigError, Interrupted


class _Closed(io.StringIO):
    def write(self, _: str) -> int:
        """
        Nobody sees it.
        """
        raise BrokenPipeError


class CommandTests(SynchronousTestCase):
    """
    L{run_command} and its like.
    """

    def setUp(self) -> None:
        """
        Standard error.
        """
        self.stderr = io.StringIO()
        self.patch(sys, "stderr", self.stderr)

    def test_ends(self) -> None:
        """
        However the work ends, there is an exit status, and one line if there is
        something to complain of.
        """
        for error, status, words in (
            (None, 0, ""),
            (ReaderGone("gone"), FAILURE, ""),
            (OutputError("full"), FAILURE, "swarmpeer x: full\n"),
            (ConfigError("odd"), USAGE, "swarmpeer x: odd\n"),
            (Interrupted(signal.SIGTERM), 143, ""),
            (Interrupted(signal.SIGHUP), 129, ""),
        ):
            self.stderr.truncate(0)
            self.stderr.seek(0)

            def work(_: ProgressLine, error: BaseException | None = error) -> int:
                if error is not None:
                    raise error
                return 0

            self.assertEqual(run_command("x", work), status)
            self.assertEqual(self.stderr.getvalue(), words)

    def test_signals_told(self) -> None:
        """
        The help of a command that tells what it ends with after one signal tells it of
        each.
        """
        for name in [
            "lab",
            "make",
            "verify",
            "logs",
            "simulate",
            "check",
            "status",
            "wait",
        ]:
            out = io.StringIO()
            with redirect_stdout(out):
                self.assertRaises(SystemExit, main, [name, "--help"])
            told = " ".join(out.getvalue().split())
            for words in ("130 after Ctrl-C", "143 after SIGTERM", "129 after SIGHUP"):
                self.assertIn(words, told, name)

    def test_warning(self) -> None:
        """
        A warning names the command; that nobody sees it is no error.
        """
        warn("x", "odd")
        self.assertEqual(self.stderr.getvalue(), "swarmpeer x: warning: odd\n")
        self.patch(sys, "stderr", _Closed())
        complain("odd")
