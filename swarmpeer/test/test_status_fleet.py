"""
Tests of L{swarmpeer.status_commands.fleet}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import State
from swarmpeer.status_commands.fleet import Member
from swarmpeer.test.statuses import complete, fetching
from swarmpeer.test.told_members import member, place


class MemberTests(SynchronousTestCase):
    """
    L{Member}.
    """

    def test_counts_as_done(self) -> None:
        """
        Who is away is done if it said so, or if one that is done says that all are.
        """
        gone = member(fetching(1002))
        gone.note_silence("connection refused", 2.0)
        never = Member(place(1003))
        for witness, is_done in (
            (complete(1001, incomplete=()), True),
            (complete(1001, incomplete=(1002,)), False),
            (fetching(1001, incomplete=()), False),
            (complete(1001, incomplete=(), infohash="bb"), False),
        ):
            members = [member(witness), gone, never]
            self.assertEqual(gone.counts_as_done(members), is_done)
            self.assertFalse(never.counts_as_done(members))
        back = member(fetching(1002))
        self.assertFalse(back.counts_as_done([member(complete(1001, incomplete=()))]))

    def test_share(self) -> None:
        """
        While a peer looks at its disk the share is how much it has looked at.
        """
        checking = fetching(state=State.CHECKING, checked_share=0.25)
        for status, share in (
            (fetching(), 0.5),
            (complete(), 1.0),
            (checking, 0.25),
            (fetching(piece_count=0, held=0), 0.0),
        ):
            self.assertEqual(member(status).share, share)
        self.assertEqual(Member(place(1001)).share, 0.0)
