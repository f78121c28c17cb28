"""
Some hundred small swarms in virtual time, with everything going wrong.
"""

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.drawn import draw_scenario
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.scenario import FaultKind, FaultLevel
from tests.failed_once import FAILED_ONCE
from tests.swarm_runs import run_all, run_one

SEEDS = {
    FaultLevel.WILD: range(260),
    FaultLevel.MILD: range(1000, 1040),
    FaultLevel.NONE: range(2000, 2010),
}
"""
Which swarms are drawn every day.
"""


class EverydayTests(SynchronousTestCase):
    """
    The same swarms at every run of the tests; C{make soak} tries others.
    """

    def test_rules_hold(self) -> None:
        """
        In no swarm is a rule broken, nor in those where one was once; and what can
        go wrong does, in some of them: each kind of fault takes effect, and each
        hostile role does what it is about.
        """
        drawn = [
            draw_scenario(seed, level)
            for level, seeds in SEEDS.items()
            for seed in seeds
        ]
        scenarios = [*FAILED_ONCE, *drawn]
        runs = run_all(scenarios)
        self.assertEqual(len(runs), len(scenarios))
        failures = [line for run in runs for line in run.failures]
        self.assertEqual(failures, [], "\n".join(["", *failures]))
        faults: Counter[FaultKind] = Counter()
        acts: Counter[str] = Counter()
        for run in runs:
            faults.update(run.faults)
            acts.update(run.acts)
        # The course protocol has no digests, so no rule holds when bits rot.
        idle = [kind for kind in FaultKind if not faults[kind]]
        self.assertEqual(idle, [FaultKind.BIT_ROT])
        self.assertEqual([role for role in ROLES if not acts[role]], [])


class DeterminismTests(SynchronousTestCase):
    """
    A scenario is all that a run depends on.
    """

    def test_digests(self) -> None:
        """
        Swarms with foes, crashes and disks have the same traces again, in fresh
        processes too, and whatever Python makes of hashes.
        """
        scenarios = [
            each
            for each in FAILED_ONCE
            if each.hostile and each.seed in (0, 1, 10, 203)
        ]
        runs = [run_one(scenario) for scenario in scenarios]
        faults = Counter[FaultKind]()
        for run in runs:
            faults.update(run.faults)
        for kind in (FaultKind.CRASH, FaultKind.POWER_LOSS, FaultKind.WRITE_ERROR):
            self.assertGreater(faults[kind], 0)
        digests = [run.digest for run in runs]
        self.assertNotIn(None, digests)
        self.assertEqual(len({*digests}), len(scenarios))
        again = [run_one(scenario) for scenario in scenarios]
        self.assertEqual([run.digest for run in again], digests)
        for hash_seed in ("0", "1"):
            runs = run_all(scenarios, environment={"PYTHONHASHSEED": hash_seed})
            self.assertEqual([run.digest for run in runs], digests)
