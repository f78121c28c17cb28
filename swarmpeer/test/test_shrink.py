"""
Tests of L{swarmpeer.simulate.shrink}, on runs that fail by the rules of each
test.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.simulate.shrink import Shrinker, Shrunk
from swarmpeer.test.made_up_runs import PLANNED_FAULTS, scripted
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import FaultLevel, Scenario

BIG = Scenario(
    seed=3,
    peers=8,
    seeds=2,
    free_riders=1,
    hostile=("liar", "poisoner", "id-thief"),
    up_rate=1e6,
    neighbors=5,
    policy="lottery",
    faults=FaultLevel.WILD,
)


def shrink(
    run: Callable[[Scenario], Outcome], scenario: Scenario = BIG, most_tries: int = 150
) -> Shrunk:
    """
    The smallest that is found from C{scenario} on.
    """
    return Shrinker(run, run(scenario), most_tries).shrink()


def has_fault(scenario: Scenario, number: int) -> bool:
    """
    Does the fault of that number happen?
    """
    return scenario.faults is FaultLevel.WILD and number not in scenario.skipped_faults


class ShrinkTests(SynchronousTestCase):
    """
    What is found.
    """

    def test_everything_goes(self) -> None:
        """
        What fails in any case ends as two peers, one piece, and nothing else.
        """
        shrunk = shrink(scripted(lambda _: True))
        self.assertEqual(
            shrunk.outcome.scenario,
            Scenario(seed=3, peers=2, file_size_bytes=16 * 1024),
        )
        self.assertEqual((shrunk.is_done, shrunk.origin), (True, BIG))

    def test_one_fault_and_three_peers(self) -> None:
        """
        Exactly what the failure needs is left: one fault, three peers.
        """
        shrunk = shrink(scripted(lambda s: has_fault(s, 7) and s.peers >= 3))
        self.assertEqual(
            shrunk.outcome.scenario,
            Scenario(
                seed=3,
                peers=3,
                file_size_bytes=16 * 1024,
                faults=FaultLevel.WILD,
                skipped_faults=frozenset(range(PLANNED_FAULTS)) - {7},
            ),
        )
        self.assertTrue(shrunk.is_done)

    def test_what_belongs_together(self) -> None:
        """
        Two faults, a role, an option and a number of pieces that are all needed
        stay.
        """

        def is_failing(scenario: Scenario) -> bool:
            return (
                has_fault(scenario, 2)
                and has_fault(scenario, 9)
                and "poisoner" in scenario.hostile
                and scenario.policy == "lottery"
                and scenario.piece_count >= 11
            )

        left = shrink(scripted(is_failing)).outcome.scenario
        self.assertEqual(
            left,
            Scenario(
                seed=3,
                peers=2,
                hostile=("poisoner",),
                policy="lottery",
                file_size_bytes=11 * 16 * 1024,
                faults=FaultLevel.WILD,
                skipped_faults=frozenset(range(PLANNED_FAULTS)) - {2, 9},
            ),
        )

    def test_another_failure(self) -> None:
        """
        A run that fails in another way is not taken for a smaller one.
        """
        run = scripted(lambda _: True)

        def other_when_smaller(scenario: Scenario) -> Outcome:
            outcome = run(scenario)
            if scenario == BIG:
                return outcome
            breach = replace(outcome.breaches[0], rule="another rule")
            return replace(outcome, breaches=(breach,))

        self.assertEqual(shrink(other_when_smaller).outcome.scenario, BIG)

    def test_a_short_last_piece(self) -> None:
        """
        A last piece that is shorter stays so.
        """
        scenario = replace(BIG, file_size_bytes=5 * 16 * 1024 + 1)
        run = scripted(lambda s: s.file_size_bytes % s.piece_size_bytes == 1)
        left = shrink(run, scenario).outcome.scenario
        self.assertEqual(left.file_size_bytes, 1)

    @given(st.sets(st.integers(0, PLANNED_FAULTS - 1), min_size=1))
    @settings(max_examples=25, deadline=None)
    def test_any_faults(self, needed: set[int]) -> None:
        """
        Whatever faults it needs, those are left and no other.
        """
        small = Scenario(peers=2, file_size_bytes=16384, faults=FaultLevel.WILD)
        run = scripted(lambda s: all(has_fault(s, number) for number in needed))
        left = shrink(run, small).outcome.scenario
        self.assertEqual(set(range(PLANNED_FAULTS)) - left.skipped_faults, needed)


class EffortTests(SynchronousTestCase):
    """
    How long it goes on.
    """

    def test_most_tries(self) -> None:
        """
        After as many runs as allowed the smallest so far is given.
        """
        calls: list[Scenario] = []
        run = scripted(lambda s: s.peers >= 3)

        def counting(scenario: Scenario) -> Outcome:
            calls.append(scenario)
            return run(scenario)

        shrunk = shrink(counting, most_tries=4)
        # The failing run itself was before.
        self.assertEqual((len(calls), shrunk.tries), (5, 4))
        self.assertFalse(shrunk.is_done)
        self.assertEqual(shrunk.outcome.scenario.peers, 3)

    def test_most_events(self) -> None:
        """
        No run begins once all of them together had as many events as allowed.
        """
        run = scripted(lambda s: s == BIG)
        told: list[int] = []
        # Eight thousand events each at most, see made_up_runs.
        shrinker = Shrinker(run, run(BIG), most_events=4001, tried=told.append)
        self.assertEqual((shrinker.shrink().is_done, told), (False, [1, 2]))

    def test_no_run_twice(self) -> None:
        """
        Nothing is tried again, and the same is found each time.
        """
        calls: list[Scenario] = []
        run = scripted(lambda s: s.peers >= 5 and has_fault(s, 1))

        def counting(scenario: Scenario) -> Outcome:
            calls.append(scenario)
            return run(scenario)

        first = shrink(counting)
        self.assertEqual(len(calls), len(set(calls)))
        self.assertEqual(shrink(run).outcome.scenario, first.outcome.scenario)
