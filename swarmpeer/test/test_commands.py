"""
Tests of L{swarmpeer.commands}.
"""

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.commands import FAILURE, USAGE, complain, run_command, warn
from swarmpeer.console import OutputError, ProgressLine, ReaderGone
from swarmpeer.errors import ConfigError
from swarmpeer.signals import Interrupted


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
            (Interrupted(15), 143, ""),
        ):
            self.stderr.truncate(0)
            self.stderr.seek(0)

            def work(_: ProgressLine, error: BaseException | None = error) -> int:
                if error is not None:
                    raise error
                return 0

            self.assertEqual(run_command("x", work), status)
            self.assertEqual(self.stderr.getvalue(), words)

    def test_warning(self) -> None:
        """
        A warning names the command; that nobody sees it is no error.
        """
        warn("x", "odd")
        self.assertEqual(self.stderr.getvalue(), "swarmpeer x: warning: odd\n")
        self.patch(sys, "stderr", _Closed())
        complain("odd")
