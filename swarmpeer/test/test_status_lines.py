"""
Tests of L{swarmpeer.status_commands.changes}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.status.shape import State
from swarmpeer.status_commands.changes import Changes
from swarmpeer.test.statuses import fetching
from swarmpeer.test.told_members import three_members


class ChangesTests(SynchronousTestCase):
    """
    L{Changes}.
    """

    def test_changes(self) -> None:
        """
        Where nothing can be redrawn, what changed is a line.
        """
        changes, members = Changes(), three_members()
        self.assertEqual(len(changes.lines(members)), 4)
        self.assertEqual(len(changes.lines(members)), 1)
        members[2].note_status(fetching(1003, state=State.CHECKING), 1.0)
        self.assertEqual(changes.lines(members)[0], "1003 is checking")
