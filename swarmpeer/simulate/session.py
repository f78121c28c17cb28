"""
One call of C{swarmpeer simulate}: runs, and what is told of them.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

from swarmpeer.console import ProgressLine, say
from swarmpeer.simulate.json_line import json_line
from swarmpeer.simulate.output import OutputFile
from swarmpeer.simulate.plot import plot
from swarmpeer.simulate.replay import ScenarioError, replay_command, scenario_of
from swarmpeer.simulate.runs import Simulate, run_all, run_one
from swarmpeer.simulate.shrink import Shrinker, Shrunk
from swarmpeer.simulate.summary import (
    breach_line,
    breach_lines,
    run_summary,
    scenario_line,
    swarm_words,
    verdict_line,
)
from swarmpeer.simulate.tally import Tally
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import Scenario

FAILURE = 1


class Session:
    """
    What the options ask for, from beginning to end.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        simulate: Simulate,
        line: ProgressLine,
        at_the_end: ExitStack,
        look: Callable[[], None],
    ) -> None:
        """
        @param line: where to show how far it is.
        @param at_the_end: closes the files.
        @param look: raises if it is to stop; what is simulated may have swallowed
            the first to say so.
        """
        self._arguments = arguments
        self._simulate = simulate
        self._checks: bool = arguments.checks
        self._json: bool = arguments.json
        self._line = line
        self._at_the_end = at_the_end
        self._look = look
        self._tally = Tally()
        self._shrunk: Shrunk | None = None

    def run(self) -> int:
        """
        Run what there is to run.

        @return: the exit status.
        @raise ScenarioError: if the options do not go together, or a file cannot
            be written.
        @raise OutputError: if, later, the output cannot.
        """
        # Before any run, so that a mistake in the options comes at once.
        scenario = scenario_of(self._arguments)
        self._check_files()
        if self._arguments.runs == 1:
            outcome = self._run_alone(scenario)
            self._tally.add(outcome)
        else:
            self._run_many()
        return FAILURE if self._tally.failed_seeds else 0

    def _run_alone(self, scenario: Scenario) -> Outcome:
        arguments = self._arguments
        trace = self._open(arguments.trace)
        picture = self._open(arguments.plot)
        if not self._json:
            say(scenario_line(scenario))
        outcome = run_one(
            self._simulate,
            scenario,
            checks=self._checks,
            trace=trace.write_line if trace else None,
            progress=self._show_run,
        )
        self._look()
        if trace:
            trace.close()
        if picture:
            picture.write_line(plot(outcome))
            picture.close()
        self._shrink(outcome)
        self._line.clear()
        if self._json:
            say(self._json_line(outcome))
        else:
            say(run_summary(outcome) + "\n")
            self._say_breaches(outcome)
            say(verdict_line(outcome, checks=self._checks))
            if self._shrunk is None and not outcome.is_good:
                say(replay_command(scenario, checks=self._checks))
            self._say_smallest()
        return outcome

    def _check_files(self) -> None:
        arguments = self._arguments
        names = {"--trace": arguments.trace, "--plot": arguments.plot}
        for flag, name in names.items():
            if name is not None and arguments.runs > 1:
                raise ScenarioError(f"{flag} is for one run, not for --runs")
        places = [os.path.realpath(name) for name in names.values() if name]
        if len(set(places)) < len(places):
            raise ScenarioError("--trace and --plot name the same file")

    def _open(self, name: str | None) -> OutputFile | None:
        return OutputFile(name, self._at_the_end) if name is not None else None

    def _run_many(self) -> None:
        began = time.monotonic()
        outcomes = run_all(
            self._simulate,
            self._scenarios(),
            checks=self._checks,
            jobs=self._arguments.jobs,
            progress=self._show_run,
        )
        # Closed in any case, so that no process runs on.
        with closing(outcomes):
            for outcome in outcomes:
                self._look()
                self._tally.add(outcome)
                self._shrink(outcome)
                if self._json:
                    self._line.clear()
                    say(self._json_line(outcome))
                elif not outcome.is_good:
                    self._line.clear()
                    self._say_failing(outcome)
                self._line.show(self._runs_words)
        self._line.clear()
        if not self._json:
            say(self._tally.summary(time.monotonic() - began) + "\n")
            say(self._tally.verdict(checks=self._checks))
            self._say_smallest()

    def _scenarios(self) -> Iterator[Scenario]:
        first = self._arguments.seed
        for seed in range(first, first + self._arguments.runs):
            yield scenario_of(self._arguments, seed)

    def _shrink(self, outcome: Outcome) -> None:
        """
        Look for the smallest run that fails as C{outcome}; the first is enough.
        """
        is_wanted = self._arguments.shrinks and self._shrunk is None
        if outcome.is_good or not is_wanted:
            return

        def run(scenario: Scenario) -> Outcome:
            outcome = run_one(
                self._simulate,
                scenario,
                checks=self._checks,
                progress=lambda *_: self._look(),
            )
            self._look()
            return outcome

        def tell(tries: int) -> None:
            self._line.show(lambda: f"looking for a smaller failing run: {tries} tried")

        self._shrunk = Shrinker(run, outcome, tried=tell).shrink()

    def _json_line(self, outcome: Outcome) -> str:
        smallest = None
        if self._shrunk is not None and self._shrunk.origin == outcome.scenario:
            smallest = self._shrunk.outcome.scenario
        return json_line(outcome, checks=self._checks, smallest=smallest)

    def _say_failing(self, outcome: Outcome) -> None:
        """
        One of many runs.
        """
        verdict = verdict_line(outcome, checks=self._checks)
        say(f"seed {outcome.scenario.seed}: {verdict}")
        self._say_breaches(outcome)
        say(replay_command(outcome.scenario, checks=self._checks) + "\n")

    def _say_breaches(self, outcome: Outcome) -> None:
        for line in breach_lines(outcome):
            say(line)

    def _say_smallest(self) -> None:
        """
        The last line is the command that replays it, and nothing else.
        """
        shrunk = self._shrunk
        if shrunk is None:
            return
        outcome = shrunk.outcome
        tried = f"{shrunk.tries} tried" + ("" if shrunk.is_done else ", then given up")
        say(f"\nthe smallest run that fails so ({tried}): {_size_words(outcome)}")
        say(breach_line(outcome.breaches[0]))
        say(replay_command(outcome.scenario, checks=self._checks))

    def _show_run(self, virtual_seconds: float, done: int, peers: int) -> None:
        self._look()

        def words() -> str:
            now = (
                f"{virtual_seconds:,.1f} s of virtual time: {done:,} of {peers:,} done"
            )
            return f"{self._runs_words()}; {now}" if self._arguments.runs > 1 else now

        self._line.show(words)

    def _runs_words(self) -> str:
        tally = self._tally
        return (
            f"{tally.runs:,} of {self._arguments.runs:,} runs, "
            f"{len(tally.failed_seeds):,} failed, {tally.events:,} events"
        )


def _size_words(outcome: Outcome) -> str:
    kept = outcome.faults_planned - len(outcome.scenario.skipped_faults)
    return f"{swarm_words(outcome.scenario)}; faults: {max(0, kept)}"
