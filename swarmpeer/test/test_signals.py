"""
Tests of L{swarmpeer.__main__}: a signal while a command is still being loaded.
"""

import signal
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

_MAIN = """
import os, signal, sys
from importlib.abc import MetaPathFinder
from swarmpeer.__main__ import main

class Signalled(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), {number})

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.{hangup})
sys.meta_path.insert(0, Signalled())
sys.argv[1:] = ["logs", "--help"]
sys.exit(main())
"""


def _loaded(number: int, module: str, hangup: str = "SIG_DFL") -> tuple[int, str]:
    """
    The status of a command that gets a signal when C{module} is loaded, and what it
    said on standard error.
    """
    code = _MAIN.format(number=int(number), module=module, hangup=hangup)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.returncode, done.stderr


class EarlySignalTests(SynchronousTestCase):
    """
    C{swarmpeer} before it is a command.
    """

    def test_silent(self) -> None:
        """
        It ends at once, without a word, with the status that a command would have.
        """
        for module in ("swarmpeer.command_line", "swarmpeer.conformance.talk"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self.assertEqual(_loaded(number, module), (128 + number, ""))

    def test_nohup(self) -> None:
        """
        It outlives the end of the terminal if it is to.
        """
        found = _loaded(signal.SIGHUP, "swarmpeer.conformance.talk", "SIG_IGN")
        self.assertEqual(found, (0, ""))
