"""
Simulated swarms in processes of their own, on all cores at once.

As a program, C{python -m tests.swarm_runs}, it reads scenarios and writes what
became of each, both as pickles.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from swarmpeer.simulate.replay import replay_command
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import simulate
from tests.processes import ROOT

_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class SwarmRun:
    """
    What is kept of one run.

    @ivar failures: a line for each breach, and the command that replays it.
    @ivar faults: how often each kind took effect.
    @ivar acts: how often each hostile role did what it is about.
    """

    failures: tuple[str, ...]
    faults: Mapping[FaultKind, int]
    acts: Mapping[str, int]
    digest: str | None


def run_one(scenario: Scenario) -> SwarmRun:
    """
    Simulate it here.
    """
    outcome = simulate(scenario)
    acts: dict[str, int] = {}
    for peer in outcome.peers:
        if peer.role in scenario.hostile:
            acts[peer.role] = acts.get(peer.role, 0) + peer.did
    return SwarmRun(told(outcome), dict(outcome.faults), acts, outcome.digest)


def told(outcome: Outcome) -> tuple[str, ...]:
    """
    What did not hold, line by line, and how to see it again.
    """
    lines = [
        f"{breach.at_seconds:.6f} s: {breach.peer_id or 'the swarm'}: "
        f"{breach.rule}: {breach.detail}"
        for breach in outcome.breaches
    ]
    return (*lines, replay_command(outcome.scenario)) if lines else ()


def run_all(
    scenarios: Sequence[Scenario],
    *,
    processes: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[SwarmRun]:
    """
    Simulate them in fresh processes.

    @param processes: how many; as many as there are cores if not given.
    @param environment: variables that these have beside ours.
    @return: the runs, in the order of the scenarios.
    @raise subprocess.CalledProcessError: if a process failed.
    """
    count = processes or os.cpu_count() or 1

    def run_share(first: int) -> list[SwarmRun]:
        share = [*scenarios[first::count]]
        finished = subprocess.run(
            [sys.executable, "-m", "tests.swarm_runs"],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            input=pickle.dumps(share),
            stdout=subprocess.PIPE,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
        runs: list[SwarmRun] = pickle.loads(finished.stdout)
        return runs

    runs: list[SwarmRun | None] = [None] * len(scenarios)
    with ThreadPoolExecutor(count) as pool:
        for first, share in enumerate(pool.map(run_share, range(count))):
            runs[first::count] = share
    return [run for run in runs if run is not None]


def main() -> None:
    """
    Simulate what comes in.
    """
    # As the module that others import, or they could not read it.
    from tests import swarm_runs

    scenarios: list[Scenario] = pickle.load(sys.stdin.buffer)
    runs = [swarm_runs.run_one(scenario) for scenario in scenarios]
    sys.stdout.buffer.write(pickle.dumps(runs))


if __name__ == "__main__":
    main()
