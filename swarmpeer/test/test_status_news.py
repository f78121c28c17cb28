"""
Tests of L{swarmpeer.status_commands.news}.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.problems import SETTLED_SECONDS
from swarmpeer.status.shape import Problem, ProblemCode
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.news import News
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.test.told_members import member, place


class NewsTests(SynchronousTestCase):
    """
    L{News}.
    """

    def test_once(self) -> None:
        """
        What is wrong is said once, when it has been so for a while, and once more when
        it is over.
        """
        news, gone = News(), Member(place(1002))
        gone.note_silence("connection refused", 0.0)
        self.assertEqual(news.lines([gone], [gone], SETTLED_SECONDS - 1), [])
        (line,) = news.lines([gone], [gone], SETTLED_SECONDS)
        self.assertIn("does not answer", line)
        self.assertEqual(news.lines([gone], [gone], 100.0), [])
        gone.note_status(fetching(1002), 101.0)
        self.assertEqual(news.lines([gone], [gone], 101.0), ["1002 answers"])
        self.assertEqual(news.lines([gone], [gone], 102.0), [])

    def test_settled(self) -> None:
        """
        What is not settled yet is not said.
        """
        news = News()
        choked = Problem(ProblemCode.CHOKED, "choked by 1001", 3.0)
        for is_told, count in ((False, 0), (True, 1)):
            problem = replace(choked, is_settled=is_told)
            one = member(fetching(1002, problems=(problem,)))
            self.assertEqual(len(news.lines([one], [one], 0.0)), count)
        self.assertEqual(
            news.lines([member(complete(1002))], [], 0.0),
            ["1002: is over: choked by 1001"],
        )
