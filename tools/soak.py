"""
Many small swarms with everything going wrong, on all cores: C{make soak}.

Each seed draws a swarm (see L{swarmpeer.testing.drawn}) and everything in it.  A
failing one is told at once, with the command that replays it.  At the end comes
one line for the ledger, C{docs/soak.md}.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from swarmpeer.simulate.replay import replay_command
from swarmpeer.testing.drawn import draw_scenario
from swarmpeer.testing.scenario import FaultKind, FaultLevel
from swarmpeer.testing.swarm import simulate

_PROGRESS_RUNS = 500


@dataclass(frozen=True, slots=True)
class Result:
    """
    What is kept of one run.

    @ivar failures: a line for each breach, and the command that replays it.
    """

    seed: int
    events: int
    virtual_seconds: float
    faults: dict[FaultKind, int]
    failures: tuple[str, ...]


def run_one(task: tuple[int, FaultLevel]) -> Result:
    """
    Simulate the swarm of one seed.
    """
    seed, faults = task
    scenario = draw_scenario(seed, faults)
    outcome = simulate(scenario)
    failures = [
        f"seed {seed}, {breach.at_seconds:.3f} s, {breach.peer_id}: "
        f"{breach.rule}: {breach.detail}"
        for breach in outcome.breaches
    ]
    if failures:
        failures.append(replay_command(scenario))
    return Result(
        seed,
        outcome.events,
        outcome.virtual_seconds,
        dict(outcome.faults),
        tuple(failures),
    )


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status: 1 if any run failed.
    """
    options = _parser().parse_args()
    faults = FaultLevel(options.faults)
    tasks = (
        (seed, faults) for seed in range(options.seed, options.seed + options.runs)
    )
    began = time.monotonic()
    events, virtual_seconds, failed = 0, 0.0, 0
    fired: Counter[FaultKind] = Counter()
    for done, result in enumerate(_results(tasks, options.jobs), 1):
        events += result.events
        virtual_seconds += result.virtual_seconds
        fired.update(result.faults)
        if result.failures:
            failed += 1
            print(*result.failures, sep="\n", flush=True)
        if done % _PROGRESS_RUNS == 0:
            seconds = time.monotonic() - began
            print(f"{done} runs, {failed} failed, {seconds:.0f} s", file=sys.stderr)
    kinds = ", ".join(f"{kind} {fired[kind]}" for kind in FaultKind if fired[kind])
    columns = (
        time.strftime("%Y-%m-%d"),
        _commit(),
        faults,
        f"{options.seed} to {options.seed + options.runs - 1}",
        events,
        f"{virtual_seconds / 3600:.1f}",
        f"{(time.monotonic() - began) / 60:.0f}",
        kinds,
        failed,
    )
    print(f"| {' | '.join(map(str, columns))} |")
    return 1 if failed else 0


def _results(tasks: Iterator[tuple[int, FaultLevel]], jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(run_one, tasks, chunksize=8)


def _commit() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=1000, help="how many seeds")
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    parser.add_argument(
        "--faults", choices=[level.value for level in FaultLevel], default="wild"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
