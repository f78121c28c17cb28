"""
Tests of L{swarmpeer.testing.round_rules}: one bad round each.
"""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.testing.round_rules import RoundRules

PREFERRED = 2


def round_held(
    gave: dict[int, int],
    *preferred: int,
    is_changed: bool = True,
    by_rate: bool = True,
) -> PreferredRoundHeld:
    """
    A round in which those that are interested gave so much.
    """
    candidates = tuple(Candidate(peer, gave[peer], False) for peer in gave)
    return PreferredRoundHeld(candidates, preferred, None, by_rate, is_changed)


class RoundRulesTests(SynchronousTestCase):
    """
    L{RoundRules}, with two places.
    """

    def setUp(self) -> None:
        """
        No round was held, and everybody gave as much as one likes.
        """
        self.given: dict[int, int | None] = {}
        self.choking = ChokingManager(PREFERRED, Random(1))
        self.rules = RoundRules(
            self.choking, PREFERRED, lambda peer: self.given.get(peer)
        )

    def hear(
        self, *rounds: PreferredRoundHeld | OptimisticRoundHeld
    ) -> list[tuple[str, str]]:
        """
        @return: what does not hold in these.
        """
        return [finding for each in rounds for finding in self.rules.hear(each)]

    def test_good(self) -> None:
        """
        Nothing is wrong with rounds as they should be.
        """
        self.given = {1: 30, 3: 5}
        self.choking.preferred = (1, 3)
        self.assertEqual(
            self.hear(
                round_held({}, is_changed=False),
                round_held({1: 20, 3: 5, 4: 5}, 1, 3),
                round_held({1: 10, 3: 0, 4: 0}, 1, 3, is_changed=False),
                round_held({1: 0, 3: 0, 4: 9}, 1, by_rate=False),
                OptimisticRoundHeld((4, 5), 4, True),
                OptimisticRoundHeld((), 1, False),
                OptimisticRoundHeld((), None, True),
            ),
            [],
        )

    def test_bad_preferred(self) -> None:
        """
        Whatever is wrong is found, and nothing else.
        """
        for held, expected in (
            (round_held({1: 5}, 1, 3), ("preferred are interested", "(1, 3) of [1]")),
            (
                round_held({1: 5, 3: 5, 4: 5}, 1, 3, 4),
                ("k preferred", "(1, 3, 4) with k 2"),
            ),
            (
                round_held({1: 5, 3: 6, 4: 7}, 1, 4),
                ("preferred by rate", "(1, 4) of {1: 5, 3: 6, 4: 7}"),
            ),
            (
                round_held({1: 5}, 1, is_changed=False),
                ("change is told", "(), then (1,)"),
            ),
            (round_held({}), ("change is told", "(), then ()")),
        ):
            self.setUp()
            self.assertEqual(self.hear(held), [expected])

    def test_bytes_counted_twice(self) -> None:
        """
        What was counted before is not to be counted again; of some it is not
        known what they gave.
        """
        self.given = {1: 9, 3: None}
        self.assertEqual(
            self.hear(
                round_held({1: 5, 3: 5}, 1, 3),
                round_held({1: 5, 3: 5}, 1, 3, is_changed=False),
            ),
            [("bytes count once", "1 gave 9, 10 counted")],
        )

    def test_bad_optimistic(self) -> None:
        """
        The optimistic neighbour waited, and is none of the preferred.
        """
        self.choking.preferred = (3,)
        for held, expected in (
            (
                OptimisticRoundHeld((4,), 5, True),
                ("optimistic among the waiting", "5"),
            ),
            (
                OptimisticRoundHeld((3, 4), 3, True),
                ("optimistic was choked", "3 is preferred"),
            ),
        ):
            self.assertEqual(self.hear(held), [expected])
