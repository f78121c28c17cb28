"""
Many small swarms with everything going wrong, on all cores: make soak.

Each seed draws a swarm (see swarmpeer.testing.drawn) and everything in it.  A
failing one is told at once, with the command that replays it; one that does not end
fails too.  At the end comes one line for the ledger, docs/soak.md.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from swarmpeer.arguments import whole_type
from swarmpeer.simulate.replay import replay_command
from swarmpeer.simulate.runs import run_all
from swarmpeer.simulate.summary import breach_lines, verdict_line
from swarmpeer.simulate.tally import Tally
from swarmpeer.testing.drawn import draw_scenario, draw_verified
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.swarm import Progress, Trace, simulate

PATIENCE_SECONDS = 300.0
"""
What a run may take here; most take a moment.
"""

_AGAIN_SECONDS = 1.0
_PROGRESS_RUNS = 500


class RunTakesTooLong(Exception):
    """
    A run hangs.
    """


def simulate_in_time(
    scenario: Scenario,
    *,
    checks: bool = True,
    trace: Trace | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """
    Simulate it, and take it for a breach if that does not end: whatever is raised
    in the midst of a run is one.
    """

    def interrupt(*_: object) -> None:
        raise RunTakesTooLong(f"it takes more than {PATIENCE_SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    # Again and again, since somebody may catch the first, and go on.
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS, _AGAIN_SECONDS)
    try:
        return simulate(scenario, checks=checks, trace=trace, progress=progress)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status: 1 if any run failed.
    """
    options = _parser().parse_args()
    faults = FaultLevel(options.faults)
    draw = draw_verified if options.verified else draw_scenario
    seeds = range(options.seed, options.seed + options.runs)
    # As it is now: a long run may outlive it.
    day, commit = time.strftime("%Y-%m-%d"), _commit()
    began = time.monotonic()
    tally = Tally()
    outcomes = run_all(
        simulate_in_time,
        (draw(seed, faults) for seed in seeds),
        checks=True,
        jobs=options.jobs,
    )
    with closing(outcomes):
        for outcome in outcomes:
            tally.add(outcome)
            if not outcome.is_good:
                _tell(outcome)
            if tally.runs % _PROGRESS_RUNS == 0:
                seconds = time.monotonic() - began
                failed = len(tally.failed_seeds)
                said = f"{tally.runs} runs, {failed} failed, {seconds:.0f} s"
                print(said, file=sys.stderr)
    kinds = (f"{kind} {tally.faults[kind]}" for kind in FaultKind if tally.faults[kind])
    columns = (
        day,
        commit,
        f"{faults}, verified" if options.verified else faults,
        f"{seeds[0]} to {seeds[-1]}",
        tally.events,
        f"{tally.virtual_seconds / 3600:.1f}",
        f"{(time.monotonic() - began) / 60:.0f}",
        ", ".join(kinds),
        len(tally.failed_seeds),
    )
    print(f"| {' | '.join(map(str, columns))} |")
    return 1 if tally.failed_seeds else 0


def _tell(outcome: Outcome) -> None:
    print(f"seed {outcome.scenario.seed}: {verdict_line(outcome)}")
    print(*breach_lines(outcome), sep="\n")
    print(replay_command(outcome.scenario) + "\n", flush=True)


def _commit() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
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
    parser.add_argument(
        "--runs", type=whole_type(1), default=1000, help="how many seeds"
    )
    parser.add_argument(
        "--seed", type=whole_type(0), default=0, help="the first of them"
    )
    parser.add_argument(
        "--faults", choices=[level.value for level in FaultLevel], default="wild"
    )
    parser.add_argument("--verified", action="store_true", help="verified swarms")
    parser.add_argument("--jobs", type=whole_type(1), default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
