"""
What many runs come to, as text for people.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from swarmpeer.simulate.run_figures import RunFigures
from swarmpeer.simulate.summary import (
    GOOD,
    UNCHECKED,
    counted,
    events_text,
    faults_text,
    labelled,
    time_text,
)
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultKind

_MOST_SEEDS_NAMED = 10


class Tally:
    """
    What many runs come to; each is forgotten once it is counted.

    @ivar runs: how many there were.
    @ivar failed_seeds: of those that were not good.
    @ivar events: the steps of all of them.
    @ivar virtual_seconds: how long they were in their own time, all together.
    @ivar faults: how often each kind of fault took effect.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.failed_seeds: list[int] = []
        self.events = 0
        self.virtual_seconds = 0.0
        self.faults: Counter[FaultKind] = Counter()
        self._distributions: list[float] = []
        self._ratios: list[float] = []
        self._given: list[float] = []

    def add(self, outcome: Outcome) -> None:
        """
        Count one more run.
        """
        figures = RunFigures.of(outcome)
        self.runs += 1
        if not outcome.is_good:
            self.failed_seeds.append(outcome.scenario.seed)
        self.events += outcome.events
        self.virtual_seconds += outcome.virtual_seconds
        self.faults.update(outcome.faults)
        if figures.distribution_seconds is not None:
            self._distributions.append(figures.distribution_seconds)
            if figures.bound_seconds:
                ratio = figures.distribution_seconds / figures.bound_seconds
                self._ratios.append(ratio)
        self._given.append(figures.jain_given)

    def summary(self, real_seconds: float) -> str:
        """
        All of it in some lines.

        @param real_seconds: how long it took here.
        """
        rows = [
            ("runs", f"{self.runs:,}"),
            ("time", time_text(self.virtual_seconds, real_seconds)),
            ("events", events_text(self.events, real_seconds)),
            ("faults", faults_text(self.faults) or "none"),
            ("distribution", _spread(self._distributions, " s") or "nobody finished"),
        ]
        if self._ratios:
            rows.append(("", f"{_spread(self._ratios, ' times')} the fluid bound"))
        rows.append(("fairness", f"{_spread(self._given, '')} by what leechers gave"))
        return "\n".join(labelled(rows))

    def verdict(self, *, checks: bool = True) -> str:
        """
        Were they good?

        @param checks: were the rules looked at?
        """
        failed = self.failed_seeds
        runs = counted(self.runs, "run", "runs")
        if not failed:
            return f"{GOOD} in {runs}" if checks else f"{UNCHECKED} in {runs}"
        named = ", ".join(map(str, failed[:_MOST_SEEDS_NAMED]))
        more = ", ..." if len(failed) > _MOST_SEEDS_NAMED else ""
        return f"FAILED: {len(failed):,} of {runs}, with seed {named}{more}"


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    return (
        f"{min(values):.2f} to {max(values):.2f}{unit}, half below {median(values):.2f}"
    )
