"""
A run as one JSON object in one line; its keys are told in docs/simulation.md.
"""

import json
import math
from dataclasses import asdict

from swarmpeer.simulate.replay import replay_command
from swarmpeer.simulate.run_figures import RunFigures
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind, Scenario


def json_line(outcome: Outcome, *, checks: bool, smallest: Scenario | None) -> str:
    """
    Everything about a run but its history.

    @param checks: were the invariants looked at after every event?
    @param smallest: the smallest scenario that fails as this one, if it was
        looked for.
    """
    figures = RunFigures.of(outcome)
    bound = figures.bound_seconds
    value = {
        "scenario": _scenario(outcome.scenario),
        "is_good": outcome.is_good,
        "breaches": [asdict(breach) for breach in outcome.breaches],
        "virtual_seconds": outcome.virtual_seconds,
        "real_seconds": outcome.real_seconds,
        "events": outcome.events,
        "faults": {kind.value: outcome.faults.get(kind, 0) for kind in FaultKind},
        "faults_planned": outcome.faults_planned,
        "last_fault_at": outcome.last_fault_at,
        "fetchers": figures.fetchers,
        "completions": figures.completions,
        "distribution_seconds": figures.distribution_seconds,
        # JSON has no infinity.
        "bound_seconds": None if bound is None or math.isinf(bound) else bound,
        "jain_given": figures.jain_given,
        "jain_got": figures.jain_got,
        "received_bytes": figures.received_bytes,
        "duplicate_bytes": figures.duplicate_bytes,
        "peers": [asdict(peer) for peer in outcome.peers],
        "digest": outcome.digest,
        "replay": replay_command(outcome.scenario, checks=checks),
        "smallest": smallest and replay_command(smallest, checks=checks),
    }
    return json.dumps(value, allow_nan=False)


def _scenario(scenario: Scenario) -> dict[str, object]:
    return {
        **asdict(scenario),
        "policy": scenario.policy_name,
        "skipped_faults": sorted(scenario.skipped_faults),
    }
