"""
Tests of L{swarmpeer.status_commands.table}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import Problem, ProblemCode
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.table import (
    problem_words,
    render,
    summary,
    waiting_summary,
)
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.test.told_members import member, place, three_members


class TableTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.table}.
    """

    def setUp(self) -> None:
        """
        Three peers.
        """
        self.members = three_members()

    def test_plain(self) -> None:
        """
        Everything is in it, in columns.
        """
        self.assertEqual(
            render(self.members, None, None).split("\n"),
            [
                "peer  state      done  pieces      in    out  left  neighbours  "
                "served by  serves  problems",
                "1001  complete   100%   10/10  10 B/s  4 B/s     -           1  "
                "        1       0  -",
                "1002  fetching    50%    5/10  10 B/s  4 B/s   5 s           1  "
                "        1       0  unreachable 1004 1003, choked",
                "1003  no answer     -       -       -      -     -           -  "
                "        -       -  at h1003:80: connection refused",
                "1 of 3 complete, 50% of all, 20 B/s, 5 s left, no answer from 1003",
            ],
        )

    def test_room(self) -> None:
        """
        Bars are drawn where there is room; what does not fit is left out, those that
        are done first.
        """
        wide = render(self.members, 140, None)
        self.assertIn("[########........]  50%", wide)
        for width in (20, 60, 140):
            for height in (3, 4, 5, 9):
                lines = render(self.members, width, height).split("\n")
                self.assertLessEqual(max(map(len, lines)), width)
                self.assertLessEqual(len(lines), max(4, height))
        self.assertNotIn("1001 ", render(self.members, 140, 4))

    def test_many_problems(self) -> None:
        """
        Of many peers that a problem is about the first are told, and how many more.
        """
        problems = tuple(
            Problem(ProblemCode.UNREACHABLE, "x", 9.0, one) for one in range(50)
        )
        self.assertEqual(problem_words(problems), "unreachable 0 1 2 3 4 5 and 44 more")

    def test_summary(self) -> None:
        """
        What cannot be told is left out.
        """
        self.assertEqual(summary([]), "0 of 0 complete, 0% of all, 0 B/s")
        text = summary([member(fetching(1002, expected_seconds=None))])
        self.assertEqual(text, "0 of 1 complete, 50% of all, 10 B/s")

    def test_gone(self) -> None:
        """
        Who does not answer any more counts as one who never did: looking again tells
        the same as looking for the first time.
        """
        first = [Member(place(1001)), Member(place(1002))]
        again = [member(complete(1001)), member(fetching(1002))]
        for one in (*first, *again):
            one.note_silence("connection refused", 1.0)
        text = "0 of 2 complete, 0% of all, 0 B/s, no answer from 1001, 1002"
        for members in (first, again):
            self.assertEqual(summary(members), text)
        self.assertIn("1 of 2 complete, 75% of all", waiting_summary(again, again, 0))
