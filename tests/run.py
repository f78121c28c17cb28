"""
All checks, at the same time: python -m tests.run.

Trial finds nothing wrong with a package in which it finds no test, so its
tests are counted here.  The last line says how many passed and failed; a check
that is not a test counts only when it fails.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from swarmpeer.test import tools
from swarmpeer.test.thoroughness import THOROUGH, VARIABLE
from tests.processes import ROOT

_PROMISED = ("sphinx", "prometheus_client")
"""
Tools that are installed where these checks run, as ruff and mypy are.
"""
_COUNTS = re.compile(r"(\w+)=(\d+)")
_PASSED = ("successes", "expectedFailures")
_FAILED = ("failures", "errors", "unexpectedSuccesses")


@dataclass
class Tally:
    """
    What came of some tests.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: "Tally") -> "Tally":
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def tally(output: str, status: int) -> Tally:
    """
    Count the tests of one run of C{trial} by what it printed.  A run without a
    summary or without a test, and one that failed with no failed test, counts
    as one failure.
    """
    summaries = re.findall(r"^(?:PASSED|FAILED)(?: \((.*)\))?$", output, re.MULTILINE)
    counts: Counter[str] = Counter()
    if summaries:
        counts.update({name: int(n) for name, n in _COUNTS.findall(summaries[-1])})
    found = Tally(
        sum(counts[name] for name in _PASSED),
        sum(counts[name] for name in _FAILED),
        counts["skips"],
    )
    if not found.failed and (status != 0 or not found.passed):
        found.failed = 1
    return found


class Check:
    """
    One command of this environment that runs while others do.  What it prints is
    kept until somebody reads it, so that the checks can be shown one after the other,
    the one that is shown as it goes on.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], nice: int
    ) -> None:
        """
        Start it.

        @param nice: by how much it gives way to others.
        """
        self._command = command
        self._began_at = time.monotonic()
        self._process = subprocess.Popen(
            ["nice", f"-n{nice}", sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        status = self._process.wait()
        seconds = time.monotonic() - self._began_at
        self._lines.put(f"# {seconds:.1f} s, status {status}\n\n")
        self._lines.put(None)

    def show(self) -> tuple[str, int]:
        """
        Print what it printed, and the rest as it comes, to its end.

        @return: the output and the exit status.
        """
        print("$ python -m", *self._command, flush=True)
        lines = []
        while (line := self._lines.get()) is not None:
            print(line, end="", flush=True)
            lines.append(line)
        return "".join(lines), self._process.wait()

    def end(self) -> None:
        """
        Stop it, if it still runs: somebody interrupted us.
        """
        self._process.terminate()


@contextmanager
def check_environment(*, is_thorough: bool) -> Iterator[dict[str, str]]:
    """
    What the checks see of the world.

    Hundreds of processes are started.  Where Python is told to write no bytecode
    beside its source, it lies in a folder of its own as long as this lasts: else each
    of them would compile all of it again.
    """
    environment = dict(os.environ)
    promised = environment.get(tools.VARIABLE, "").split()
    environment[tools.VARIABLE] = " ".join((*promised, *_PROMISED))
    if is_thorough:
        environment[VARIABLE] = THOROUGH
    with tempfile.TemporaryDirectory(prefix="swarmpeer-bytecode-") as folder:
        if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
            environment.setdefault("PYTHONPYCACHEPREFIX", folder)
        yield environment


def tests_of(package: str, jobs: int) -> tuple[str, ...]:
    """
    The command for the tests of a package.

    @param jobs: how many of them run at a time.
    """
    folder = f"--temp-directory=_trial_temp_{package}"
    return ("twisted.trial", folder, f"-j{jobs}", package)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run everything, also after a failure.

    @param arguments: of the command.
    @return: the exit status.
    @raise SystemExit: if they are wrong; 0 after C{--help}.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="try all that can be tried, as before a release: takes twice as long",
    )
    options = parser.parse_args(arguments)
    processors = os.cpu_count() or 1
    total = Tally()
    with check_environment(is_thorough=options.all) as environment:
        # Processes wait for timers and for each other now and then, and the other
        # checks take that time; nothing that is timed has to wait for these.
        processes = Check(tests_of("tests", 2 * processors), environment, 0)
        units = Check(tests_of("swarmpeer", processors), environment, 5)
        others = [
            Check(command, environment, 10)
            for command in (
                ("ruff", "check", "."),
                ("ruff", "format", "--check", "."),
                ("mypy",),
            )
        ]
        try:
            for check in others:
                _, status = check.show()
                total += Tally(failed=int(status != 0))
            for check in (units, processes):
                total += tally(*check.show())
        finally:
            for check in (*others, units, processes):
                check.end()
    print(total)
    return int(total.failed != 0)


if __name__ == "__main__":
    sys.exit(main())
