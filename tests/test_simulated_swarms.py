"""
Some hundred small swarms in virtual time, with everything going wrong.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from contextlib import closing

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.replay import replay_command
from swarmpeer.simulate.runs import run_all
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.drawn import draw_scenario
from swarmpeer.testing.hostile import ROLES
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.testing.swarm import simulate
from tests.failed_once import FAILED_ONCE
from tests.processes import ROOT
from tests.swarm_runs import told

_PATIENCE_SECONDS = 300.0

SEEDS = {
    FaultLevel.WILD: range(tries(60, 260)),
    FaultLevel.MILD: range(1000, 1000 + tries(10, 40)),
    FaultLevel.NONE: range(2000, 2000 + tries(5, 10)),
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
        scenarios = [*FAILED_ONCE.values(), *drawn]
        failures: list[str] = []
        faults: Counter[FaultKind] = Counter()
        acts: Counter[str] = Counter()
        outcomes = run_all(simulate, scenarios, checks=True, jobs=os.cpu_count() or 1)
        with closing(outcomes):
            for scenario, outcome in zip(scenarios, outcomes, strict=True):
                self.assertEqual(outcome.scenario, scenario)
                failures += told(outcome)
                faults.update(outcome.faults)
                for peer in outcome.peers:
                    acts[peer.role] += peer.did
        self.assertEqual(failures, [], "\n".join(["", *failures]))
        # The course protocol has no digests, so no rule holds when bits rot.
        idle = [kind for kind in FaultKind if not faults[kind]]
        self.assertEqual(idle, [FaultKind.BIT_ROT])
        self.assertEqual([role for role in ROLES if not acts[role]], [])


class DeterminismTests(SynchronousTestCase):
    """
    A scenario is all that a run depends on.
    """

    def replay(self, scenario: Scenario, hash_seed: str) -> str:
        """
        Give the command that replays it.

        @param hash_seed: what hashes of text begin with.
        @return: the digest that it tells.
        """
        command = shlex.split(replay_command(scenario))
        finished = subprocess.run(
            [sys.executable, "-m", *command, "--json"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
        digest: str = json.loads(finished.stdout)["digest"]
        return digest

    def test_digests(self) -> None:
        """
        Swarms with foes, crashes and disks have the same traces again, and when
        somebody gives the command that replays one, whatever Python makes of
        hashes.
        """
        scenarios = [
            each
            for each in FAILED_ONCE.values()
            if each.hostile and each.seed in (0, 1, 10, 203)
        ]
        outcomes = [simulate(scenario) for scenario in scenarios]
        faults = Counter[FaultKind]()
        for outcome in outcomes:
            faults.update(outcome.faults)
        for kind in (FaultKind.CRASH, FaultKind.POWER_LOSS, FaultKind.WRITE_ERROR):
            self.assertGreater(faults[kind], 0)
        digests = [outcome.digest for outcome in outcomes]
        self.assertNotIn(None, digests)
        self.assertEqual(len({*digests}), len(scenarios))
        again = [simulate(scenario).digest for scenario in scenarios]
        self.assertEqual(again, digests)
        some = slice(tries(1, len(scenarios)))
        for hash_seed in ("0", "1"):
            replayed = [self.replay(each, hash_seed) for each in scenarios[some]]
            self.assertEqual(replayed, digests[some])
