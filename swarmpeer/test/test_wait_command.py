"""
Tests of L{swarmpeer.status_commands.wait}.
"""

import io
from contextlib import redirect_stdout

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.asking import ANSWER_SECONDS
from swarmpeer.console import ProgressLine
from swarmpeer.errors import StatusError
from swarmpeer.status.problems import SETTLED_SECONDS
from swarmpeer.status.shape import Status
from swarmpeer.status_commands.fleet import Fleet
from swarmpeer.status_commands.places import Place
from swarmpeer.status_commands.wait import PAUSE_SECONDS, Waiting
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.test.told_members import place


class WaitingTests(SynchronousTestCase):
    """
    L{Waiting}, over a L{Fleet}.
    """

    def setUp(self) -> None:
        """
        Two peers that tell what they are told to.
        """
        self.clock = Clock()
        self.told: dict[int, Status | Exception | Deferred[Status]] = {
            1001: complete(1001),
            1002: fetching(1002),
        }
        self.said: list[str] = []

    def wait(
        self, timeout: float | None, awaited: tuple[int, ...] | None = None
    ) -> Deferred[int]:
        """
        Wait for them.
        """

        def ask(where: Place, _: bool) -> Deferred[Status]:
            result = self.told[where.peer_id or 0]
            if isinstance(result, Deferred):
                return result
            return fail(result) if isinstance(result, Exception) else succeed(result)

        self.out = io.StringIO()
        fleet = Fleet([place(1001), place(1002)], ask, self.clock)
        line = ProgressLine(io.StringIO(), self.clock.seconds, lambda: 80)
        waiting = Waiting(fleet, awaited, self.clock, line, self.said.append)
        with redirect_stdout(self.out):
            return Deferred.fromCoroutine(waiting.wait(timeout))

    def advance(self, seconds: float) -> None:
        """
        So long passes.
        """
        with redirect_stdout(self.out):
            self.clock.pump([0.25] * round(seconds * 4))

    def test_done(self) -> None:
        """
        It ends with 0 as soon as all are done, also if they end before others are.
        """
        waiting = self.wait(100.0)
        self.advance(3)
        self.told[1001] = StatusError("connection refused")
        self.advance(3)
        self.assertNoResult(waiting)
        self.told[1002] = complete(1002)
        self.advance(PAUSE_SECONDS + 0.25)
        self.assertEqual(self.successResultOf(waiting), 0)
        self.assertEqual(self.out.getvalue(), "all 2 peers are complete\n")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_timeout(self) -> None:
        """
        When the time is over it ends with 1, and a line for who is not done.
        """
        waiting = self.wait(7.0)
        self.advance(2)
        self.told[1002] = StatusError("connection refused")
        self.advance(4.75)
        self.assertNoResult(waiting)
        self.advance(0.25)
        self.assertEqual(self.successResultOf(waiting), 1)
        (line, last) = self.out.getvalue().splitlines()
        self.assertIn("1002 does not answer at h1002:80: connection refused", line)
        self.assertIn("1 of 2 complete", last)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_short_timeout(self) -> None:
        """
        The first answers are waited for, however short the time is: those that come,
        and those that do not.
        """
        for timeout in (0.0, 0.1):
            for told, said in (
                (complete(1002), None),
                (StatusError("no answer in 5 s"), "no answer in 5 s"),
            ):
                answer: Deferred[Status] = Deferred()
                self.told[1002] = answer
                waiting = self.wait(timeout)
                self.advance(ANSWER_SECONDS)
                self.assertNoResult(waiting)
                if isinstance(told, Status):
                    answer.callback(told)
                else:
                    answer.errback(told)
                self.advance(0.25)
                self.assertEqual(self.successResultOf(waiting), int(said is not None))
                self.assertIn(said or "all 2 peers", self.out.getvalue())

    def test_short_timeout_and_many(self) -> None:
        """
        Whose turn did not come until then is not waited for.
        """
        self.told[1002] = Deferred()
        waiting = self.wait(0.1)
        self.advance(ANSWER_SECONDS + 0.75)
        self.assertEqual(self.successResultOf(waiting), 1)
        self.assertIn("1002 was not reached yet", self.out.getvalue())

    def test_says_soon(self) -> None:
        """
        What is wrong for some seconds is said before that.
        """
        self.told[1002] = StatusError("connection refused")
        waiting = self.wait(60.0)
        self.advance(SETTLED_SECONDS - 0.5)
        self.assertEqual(self.said, [])
        self.advance(1)
        self.assertEqual(len(self.said), 1)
        with redirect_stdout(self.out):
            waiting.cancel()
        self.failureResultOf(waiting)

    def test_some(self) -> None:
        """
        Who is not waited for need not be done; who is, and is not known, is told.
        """
        waiting = self.wait(100.0, (1001,))
        self.advance(1)
        self.assertEqual(self.successResultOf(waiting), 0)
        waiting = self.wait(1.0, (1001, 1009))
        self.advance(2)
        self.assertEqual(self.successResultOf(waiting), 1)
        self.assertIn("1009", self.out.getvalue())
        self.assertIn("1 of 2 complete, 50% of all", self.out.getvalue())

    def test_interrupted(self) -> None:
        """
        Interrupted, it says the same.
        """
        waiting = self.wait(None)
        self.advance(1)
        with redirect_stdout(self.out):
            waiting.cancel()
        self.failureResultOf(waiting)
        self.assertIn("1002 is fetching", self.out.getvalue())
        self.assertEqual(self.clock.getDelayedCalls(), [])
