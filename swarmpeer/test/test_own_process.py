"""
Tests for L{swarmpeer.own_process}, each in a process of its own.
"""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_ROOT = Path(__file__).resolve().parent.parent.parent


class OwnProcessTests(SynchronousTestCase):
    """
    What a process may do that is a peer's alone.
    """

    def run_python(self, *lines: str) -> tuple[int, str, str]:
        """
        Run a program.

        @return: its exit status, and what it printed on both streams.
        """
        ended = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def test_fails_at_exit(self) -> None:
        """
        A process that has failed ends with status 1, even if its last line says
        otherwise; nothing that it printed is lost, and what was registered after
        still happens.
        """
        for last in ("", "sys.exit(0)", "raise SystemExit(3)"):
            ended = self.run_python(
                "import atexit, sys",
                "from swarmpeer.own_process import fail_at_exit",
                "print('before', end='')",
                "print('complaint', end='', file=sys.stderr)",
                "fail_at_exit()",
                "fail_at_exit()",
                "atexit.register(print, ' and after', end='')",
                last,
            )
            self.assertEqual(ended, (1, "before and after", "complaint"))

    def test_freed_memory_is_kept(self) -> None:
        """
        Where the C library can do so, what one piece took serves the next.
        """
        ended = self.run_python(
            "import resource",
            "from swarmpeer.own_process import keep_freed_memory",
            "def faults():",
            "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt",
            "keep_freed_memory()",
            "def work():",
            "    before = faults()",
            "    for _ in range(20):",
            "        pieces = [bytearray(2**20) for _ in range(3)]",
            "        del pieces",
            "    return faults() - before",
            "work()",
            "import ctypes",
            "kept = hasattr(ctypes.CDLL(None), 'mallopt')",
            "print(not kept or work() < 1000)",
        )
        self.assertEqual(ended, (0, "True\n", ""))

    def test_what_is_made_is_not_looked_at_again(self) -> None:
        """
        What is there stays, and the collector does not go through it any more; what
        comes after that it does.
        """
        ended = self.run_python(
            "import gc",
            "from swarmpeer.own_process import leave_uncollected",
            "class Part: pass",
            "lasting = Part()",
            "leave_uncollected()",
            "lasts = any(each is lasting for each in gc.get_objects())",
            "later = Part()",
            "comes = any(each is later for each in gc.get_objects())",
            "print(lasts, comes)",
        )
        self.assertEqual(ended, (0, "False True\n", ""))

    def test_monotonic_reactor(self) -> None:
        """
        The reactor is the one that is installed, with a clock that cannot be set.
        """
        ended = self.run_python(
            "import time",
            "from swarmpeer.own_process import monotonic_reactor",
            "reactor = monotonic_reactor()",
            "from twisted.internet import reactor as installed",
            "before = time.monotonic()",
            "print(before <= reactor.seconds() <= time.monotonic())",
            "print(installed.seconds is reactor.seconds)",
            "reactor.callLater(0, reactor.stop)",
            "reactor.run()",
        )
        self.assertEqual(ended, (0, "True\nTrue\n", ""))
