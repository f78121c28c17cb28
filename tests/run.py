"""
All checks, one after the other: python -m tests.run.

Trial finds nothing wrong with a package in which it finds no test, so its
tests are counted here.  The last line says how many passed and failed; a check
that is not a test counts only when it fails.
"""

import argparse
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.processes import ROOT

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


def run(*command: str) -> tuple[str, int]:
    """
    Run one command of this environment, showing its output as it comes.

    @return: the output and the exit status.
    """
    print("$ python -m", *command, flush=True)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    status = process.wait()
    print(f"# {time.monotonic() - began:.1f} s, status {status}\n", flush=True)
    return "".join(lines), status


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run everything, also after a failure.

    @param arguments: of the command; there are none to be given.
    @return: the exit status.
    @raise SystemExit: if there are some; 0 after C{--help}.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tests.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    total = Tally()
    for check in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
    ):
        _, status = run(*check)
        total += Tally(failed=int(status != 0))
    for where in ("swarmpeer", "tests"):
        total += tally(
            *run("twisted.trial", f"--temp-directory=_trial_temp_{where}", "-j2", where)
        )
    print(total)
    return int(total.failed != 0)


if __name__ == "__main__":
    sys.exit(main())
