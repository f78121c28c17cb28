"""
Tests of L{swarmpeer.simulate.runs}, with runs that are over at once.
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ConfigError
from swarmpeer.simulate.replay import ScenarioError
from swarmpeer.simulate.runs import run_all, run_one
from swarmpeer.test.made_up_runs import made_up_outcome
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import Scenario

Trace = Callable[[str], None] | None
Progress = Callable[[float, int, int], None] | None


def simulate(
    scenario: Scenario,
    *,
    checks: bool = True,
    trace: Trace = None,
    progress: Progress = None,
) -> Outcome:
    """
    A run that tells what it was called with; seed 13 breaks.
    """
    if scenario.seed == 13:
        raise RuntimeError("thirteen")
    if trace is not None:
        trace("event")
    if progress is not None:
        progress(1.0, 2, 3)
    return replace(made_up_outcome(scenario), digest=f"{scenario.seed} {checks}")


def small(*seeds: int) -> list[Scenario]:
    """
    A scenario for each seed.
    """
    return [Scenario(seed=seed, peers=2) for seed in seeds]


class RunOneTests(SynchronousTestCase):
    """
    L{run_one}.
    """

    def test_all_is_handed_on(self) -> None:
        """
        The run gets what was given.
        """
        calls: list[object] = []
        outcome = run_one(
            simulate,
            Scenario(seed=4),
            checks=False,
            trace=calls.append,
            progress=lambda *told: calls.append(told),
        )
        self.assertEqual((outcome.digest, calls), ("4 False", ["event", (1.0, 2, 3)]))

    def test_broken(self) -> None:
        """
        A simulator that breaks tells how to come there again.
        """
        error = self.assertRaises(
            RuntimeError, run_one, simulate, Scenario(seed=13), checks=False
        )
        self.assertEqual(
            getattr(error, "__notes__", None),
            ["to replay: swarmpeer simulate --seed 13 --no-checks"],
        )

    def test_no_scenario(self) -> None:
        """
        Values that the simulator refuses are a mistake of who gave them.
        """

        def refuse(error: Exception) -> Callable[..., Outcome]:
            def simulate(*_: object, **__: object) -> Outcome:
                raise error

            return simulate

        for error, expected in (
            (ValueError("no pieces"), ScenarioError),
            (ConfigError("no peers"), ConfigError),
        ):
            raised = self.assertRaises(expected, run_one, refuse(error), Scenario())
            self.assertEqual(str(raised), str(error))


class RunAllTests(SynchronousTestCase):
    """
    L{run_all}.
    """

    def test_here(self) -> None:
        """
        One after the other in this process, without their histories, and none
        before it is asked for.
        """
        told: list[tuple[float, int, int]] = []
        outcomes = run_all(
            simulate,
            iter(small(3, 1, 13)),
            checks=True,
            jobs=1,
            progress=lambda *now: told.append(now),
        )
        first = next(outcomes)
        self.assertEqual((first.digest, len(told)), ("3 True", 1))
        self.assertEqual((first.holdings, first.unchokes), ((), ()))
        self.assertEqual(next(outcomes).digest, "1 True")
        self.assertRaises(RuntimeError, next, outcomes)

    def test_apart(self) -> None:
        """
        Processes of their own give the same in the same order, however many there
        are, and are gone afterwards.
        """
        scenarios = small(*range(12))
        here = list(run_all(simulate, scenarios, checks=False, jobs=1))
        apart = list(run_all(simulate, scenarios, checks=False, jobs=2))
        self.assertEqual(apart, here)
        self.assertEqual(multiprocessing.active_children(), [])

    def test_broken_apart(self) -> None:
        """
        What breaks there is raised here, with how to come there again, and no
        process is left.
        """
        outcomes = run_all(simulate, small(0, 13), checks=True, jobs=2)
        self.assertEqual(next(outcomes).digest, "0 True")
        error = self.assertRaises(RuntimeError, next, outcomes)
        self.assertEqual(
            getattr(error, "__notes__", None),
            ["to replay: swarmpeer simulate --peers 2 --seed 13"],
        )
        self.assertEqual(multiprocessing.active_children(), [])

    def test_given_up(self) -> None:
        """
        If nobody wants the rest, no process is left either.
        """
        outcomes = run_all(simulate, small(*range(100)), checks=True, jobs=2)
        next(outcomes)
        outcomes.close()
        self.assertEqual(multiprocessing.active_children(), [])
