"""
Tests of L{swarmpeer.status.changes}.
"""

import json
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.changes import timeless
from swarmpeer.status.encoding import decode_status, encode
from swarmpeer.status.shape import (
    CandidateStatus,
    LastHolder,
    Missing,
    OptimisticRound,
    PreferredRound,
    Problem,
    ProblemCode,
)
from swarmpeer.test.statuses import FETCHING, NEIGHBOR

FULL = replace(
    FETCHING,
    missing=Missing(5, 2, ((0, 1),), (LastHolder(1003, 2, 1.0),)),
    problems=(Problem(ProblemCode.STALLED, "no piece comes", 1.0),),
    preferred_round=PreferredRound(
        1, 1.0, True, (CandidateStatus(1002, 30, False, True),), None
    ),
    optimistic_round=OptimisticRound(1, 1.0, (), None),
)
"""
One that has all that a status can have.
"""


def later(told: Any, seconds: float) -> Any:
    """
    The same when nothing happened but time: that is in whatever ends in C{_seconds}.
    """
    if isinstance(told, list):
        return [later(each, seconds) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name: value + seconds
        if name.endswith("_seconds") and name != "expected_seconds"
        else later(value, seconds)
        for name, value in told.items()
    }


class TimelessTests(SynchronousTestCase):
    """
    What is a change.
    """

    def test_time(self) -> None:
        """
        That time goes by is none, wherever a status tells of it.
        """
        told = json.loads(encode(FULL))
        aged = decode_status(json.dumps(later(told, 8.0)).encode())
        self.assertEqual(aged.problems[0].since_seconds, 9.0)
        self.assertEqual(timeless(aged), timeless(FULL))

    def test_changes(self) -> None:
        """
        Everything else is.
        """
        stalled = FULL.problems[0]
        for after in (
            replace(FULL, held=6),
            replace(FULL, receive_rate=0.0),
            replace(FULL, expected_seconds=9.0),
            replace(FULL, neighbors=(replace(NEIGHBOR, am_choking=False),)),
            replace(FULL, problems=()),
            replace(FULL, problems=(replace(stalled, text="x"),)),
            replace(FULL, problems=(replace(stalled, code=ProblemCode.DISK),)),
            replace(FULL, preferred_round=PreferredRound(2, 1.0, True, (), None)),
            replace(FULL, preferred_round=None),
        ):
            self.assertNotEqual(timeless(FULL), timeless(after))
