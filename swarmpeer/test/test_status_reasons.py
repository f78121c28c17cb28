"""
Tests of L{swarmpeer.status_commands.reasons}.
"""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import LastHolder, Missing, Problem, ProblemCode, State
from swarmpeer.status_commands.fleet import Member
from swarmpeer.status_commands.reasons import why_not_done
from swarmpeer.test.statuses import NEIGHBOR, complete, fetching
from swarmpeer.test.told_members import member, place


class ReasonsTests(SynchronousTestCase):
    """
    L{swarmpeer.status_commands.reasons}.
    """

    def test_whereabouts(self) -> None:
        """
        Of a peer that is not done it is told what it lacks, who has it, and who had
        what nobody has.
        """
        problem = Problem(ProblemCode.CHOKED, "choked by 1003", 14.0)
        nowhere = Problem(ProblemCode.NO_HOLDER, "no neighbour has", 14.0)
        lacking = Missing(6, 4, ((6, 9),), ())
        status = fetching(1002, missing=lacking, problems=(problem, nowhere))
        here = member(status, range(4))
        other = member(fetching(1003), range(2, 6))
        gone = member(complete(1001), range(10))
        gone.note_silence("connection refused", 8.0)
        members = [gone, here, other]
        self.assertEqual(
            why_not_done(here, members, 20.0),
            "1002 is fetching, 4 of 10 pieces; it lacks 6 pieces (4-9); 1003 has 2 of "
            "them; nobody who answers has 4 pieces (6-9), 1001 had 4 of them and left "
            "12 s ago; choked by 1003, for 14 s",
        )
        self.assertTrue(gone.counts_as_done(members))

    def test_told_by_others(self) -> None:
        """
        Who had what nobody has is also known from those whom it left; and who is to
        have everything is known from the list.
        """
        missing = Missing(6, 6, ((4, 9),), (LastHolder(1009, 5, 7.0),))
        here = member(fetching(1002, missing=missing), range(4))
        seed = Member(place(1001, is_seed=True))
        seed.note_silence("connection refused", 0.0)
        text = why_not_done(here, [seed, here], 3.0)
        self.assertIn("1009 had 5 of them and left 10 s ago", text)
        self.assertIn("1001 is to have everything and does not answer", text)
        missing = Missing(6, 6, ((4, 9),), (LastHolder(1001, 2, 7.0),))
        here = member(fetching(1002, missing=missing), range(4))
        text = why_not_done(here, [seed, here], 3.0)
        self.assertTrue(text.endswith("1001 had 6 of them and left 10 s ago"))

    def test_neighbors(self) -> None:
        """
        What neighbours have that are not asked is not said to be nowhere.
        """
        one = fetching(1003, missing=Missing(6, 0, (), ()))
        seed = replace(NEIGHBOR, peer_id=1001, holds_all=True)
        for neighbors, words in (
            ((seed, NEIGHBOR), "1001 has 6 of them"),
            ((NEIGHBOR,), "its neighbours have 6 of them"),
        ):
            here = member(replace(one, neighbors=neighbors), range(4))
            self.assertEqual(
                why_not_done(here, [here], 1.0),
                f"1003 is fetching, 4 of 10 pieces; it lacks 6 pieces (4-9); {words}",
            )
        for lacking, told in (
            (Missing(6, 2, ((5, 5), (8, 8)), ()), "2 pieces (5,8)"),
            (Missing(6, 4, ((5, 5),), ()), "5 pieces (5-9)"),
            (Missing(6, 6, ((5, 9),), ()), "5 pieces (5-9)"),
        ):
            here = member(replace(one, missing=lacking), range(4))
            text = why_not_done(here, [here], 1.0)
            self.assertIn(f"nobody who answers has {told}", text)

    def test_silent(self) -> None:
        """
        Of one that does not answer it is told why, since when, and what it was last.
        """
        gone = member(fetching(1002))
        gone.note_silence("connection refused", 2.0)
        gone.note_silence("no answer in 5 s", 4.0)
        self.assertEqual(
            why_not_done(gone, [gone], 90.0),
            "1002 does not answer at h1002:80: no answer in 5 s, for 1 min 28 s; 1 min "
            "30 s ago it was fetching, 5 of 10 pieces",
        )
        never = Member(place(1003))
        never.note_silence("connection refused", 2.0)
        self.assertTrue(why_not_done(never, [never], 3.0).endswith("it never did"))

    def test_checking(self) -> None:
        """
        Of one that looks at its disk it is told how far, and never that it is through.
        """
        one = member(fetching(1002, state=State.CHECKING, checked_share=0.996))
        self.assertIn("1002 is checking, 99%", why_not_done(one, [one], 1.0))

    def test_many_problems(self) -> None:
        """
        Of many problems the first are told, shortly, and how many more there are.
        """
        problem = Problem(ProblemCode.DISK, "x " * 10_000, 1.0)
        for count, words in ((10, ", for 1 s"), (11, "; and 1 more problem")):
            one = member(fetching(1002, problems=(problem,) * count))
            line = why_not_done(one, [one], 1.0)
            self.assertTrue(line.endswith(words), line)
            self.assertLess(len(line), 3000)

    def test_hostile(self) -> None:
        """
        What a peer says of its pieces need not be true, nor fit on a line.
        """
        problem = Problem(ProblemCode.DISK, "a\nb\x1b", 1.0)
        status = fetching(1002, pieces="####", problems=(problem,), piece_count=2**61)
        for pieces in ("####", "", "/////w==", "é"):
            one = member(replace(status, pieces=pieces))
            line = why_not_done(one, [one, member(complete(1001), range(10))], 1.0)
            self.assertTrue(line.isprintable(), line)
