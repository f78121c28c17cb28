"""
Tests of L{swarmpeer.status_commands.status}.
"""

import json
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StatusError
from swarmpeer.status.shape import Status
from swarmpeer.status_commands.fleet import Fleet, Member
from swarmpeer.status_commands.places import Place
from swarmpeer.status_commands.status import as_json, show_fleet
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.test.told_members import member, place, three_members


class JsonTests(SynchronousTestCase):
    """
    L{as_json}.
    """

    def test_whole(self) -> None:
        """
        The JSON has each peer's whole status, or why there is none.
        """
        value = json.loads(as_json(three_members()))
        self.assertEqual(
            [value[key] for key in ("version", "asked", "answered", "complete")],
            [1, 3, 2, 1],
        )
        self.assertEqual(value["peers"][0]["status"]["state"], "complete")
        self.assertEqual(
            value["peers"][2],
            {
                "peer_id": 1003,
                "where": "h1003:80",
                "error": "connection refused",
                "status": None,
            },
        )

    def test_gone(self) -> None:
        """
        Who was done and does not answer any more is not counted.
        """
        gone = member(complete(1001))
        gone.note_silence("connection refused", 1.0)
        self.assertEqual(json.loads(as_json([gone]))["complete"], 0)


class Shown:
    """
    Remembers what is shown.
    """

    def __init__(self) -> None:
        self.times: list[int] = []
        self.is_closed = False

    def show(self, members: Sequence[Member]) -> None:
        """
        Of so many.
        """
        self.times.append(len(members))

    def close(self) -> None:
        """
        It is over.
        """
        self.is_closed = True


class ShowFleetTests(SynchronousTestCase):
    """
    L{show_fleet}.
    """

    def show(
        self, watch_seconds: float | None, *told: Status | StatusError
    ) -> Deferred[int]:
        """
        Of those that tell this.
        """
        self.clock, self.shown = Clock(), Shown()
        answers = dict(enumerate(told))

        def ask(where: Place, _: bool) -> Deferred[Status]:
            answer = answers[where.peer_id or 0]
            return succeed(answer) if isinstance(answer, Status) else fail(answer)

        fleet = Fleet(map(place, answers), ask, self.clock)
        return Deferred.fromCoroutine(
            show_fleet(fleet, self.shown, self.clock, watch_seconds)
        )

    def test_once(self) -> None:
        """
        All are shown, and it ends well if all of them answered.
        """
        for told, status in (
            ((fetching(), complete()), 0),
            ((fetching(), StatusError("connection refused")), 1),
        ):
            shown = self.show(None, *told)
            self.assertEqual(self.successResultOf(shown), status)
            self.assertEqual((self.shown.times, self.shown.is_closed), ([2], True))

    def test_watch(self) -> None:
        """
        They are shown again and again, and what shows them is closed at the end.
        """
        shown = self.show(2.0, fetching())
        self.clock.pump([1.0] * 5)
        self.assertEqual((self.shown.times, self.shown.is_closed), ([1, 1, 1], False))
        shown.cancel()
        self.failureResultOf(shown, CancelledError)
        self.assertTrue(self.shown.is_closed)
        self.assertEqual(self.clock.getDelayedCalls(), [])
