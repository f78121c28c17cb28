"""
Tests of L{swarmpeer.status.changes}.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.changes import timeless
from swarmpeer.status.shape import (
    LastHolder,
    Missing,
    OptimisticRound,
    PreferredRound,
    Problem,
    ProblemCode,
    Status,
)
from swarmpeer.test.statuses import FETCHING, NEIGHBOR


def status_after(seconds: float) -> Status:
    """
    One in which nothing happens but time.
    """
    return replace(
        FETCHING,
        up_seconds=seconds,
        last_piece_seconds=seconds,
        neighbors=(replace(NEIGHBOR, connected_seconds=seconds),),
        missing=Missing(6, 2, ((0, 1),), (LastHolder(1003, 2, seconds),)),
        problems=(Problem(ProblemCode.STALLED, "no piece comes", seconds),),
        preferred_round=PreferredRound(1, seconds, True, (), None),
        optimistic_round=OptimisticRound(1, seconds, (), None),
    )


class TimelessTests(SynchronousTestCase):
    """
    What is a change.
    """

    def test_time(self) -> None:
        """
        That time goes by is none.
        """
        self.assertEqual(timeless(status_after(1.0)), timeless(status_after(9.0)))

    def test_changes(self) -> None:
        """
        Everything else is.
        """
        before = status_after(1.0)
        disk = Problem(ProblemCode.DISK, "full", 1.0)
        for after in (
            replace(before, held=6),
            replace(before, receive_rate=0.0),
            replace(before, neighbors=(replace(NEIGHBOR, am_choking=False),)),
            replace(before, problems=()),
            replace(before, problems=(replace(before.problems[0], text="x"),)),
            replace(before, problems=(replace(disk, text="denied"),)),
            replace(before, preferred_round=PreferredRound(2, 1.0, True, (), None)),
        ):
            self.assertNotEqual(timeless(before), timeless(after))
        self.assertNotEqual(
            timeless(replace(before, problems=(disk,))),
            timeless(replace(before, problems=(replace(disk, text="denied"),))),
        )
