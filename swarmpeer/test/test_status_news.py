"""
Tests of L{swarmpeer.status_commands.news}.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.problems import SETTLED_SECONDS
from swarmpeer.status.shape import Problem, ProblemCode
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.news import News
from swarmpeer.status_commands.reasons import MOST_PROBLEMS
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

    def test_many(self) -> None:
        """
        Of one peer some problems are said, shortly, and how many more there are; what
        goes on is not said to be over since others began, and the next is said when
        there is room again.
        """

        def lines(*ids: int) -> list[str]:
            problems = (
                Problem(ProblemCode.OTHER, f"{one}{' a' * 10_000}", 9.0, one)
                for one in ids
            )
            one = member(fetching(1002, problems=tuple(problems)))
            return news.lines([one], [one], 9.0)

        news, many = News(), range(1, MOST_PROBLEMS + 3)
        said = lines(*many)
        self.assertEqual(len(said), MOST_PROBLEMS + 1)
        self.assertEqual(said[-1], "1002: and 2 more problems")
        self.assertLess(max(map(len, said)), 300)
        self.assertEqual(lines(0, *many), [])
        new, over = lines(*many[1:])
        self.assertTrue(new.startswith(f"1002: {MOST_PROBLEMS + 1} a a"))
        self.assertTrue(over.startswith("1002: is over: 1 a a"))
        self.assertEqual(len(lines()), MOST_PROBLEMS)

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
