"""
Tests of L{swarmpeer.status_commands.news}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import Problem, ProblemCode
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.news import CHOKED_SECONDS, SETTLED_SECONDS, News
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

    def test_choked(self) -> None:
        """
        Being choked is said only when it lasts for longer than rounds do.
        """
        news = News()
        for seconds, count in ((CHOKED_SECONDS - 1, 0), (CHOKED_SECONDS, 1)):
            problem = Problem(ProblemCode.CHOKED, "choked by 1001", seconds)
            one = member(fetching(1002, problems=(problem,)))
            self.assertEqual(len(news.lines([one], [one], 0.0)), count)
        self.assertEqual(
            news.lines([member(complete(1002))], [], 0.0),
            ["1002: is over: choked by 1001"],
        )
