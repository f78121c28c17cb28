"""
Tests of L{swarmpeer.net.waiting}.
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.limits import Limits
from swarmpeer.net.waiting import Waiting

LIMITS = Limits(stall_seconds=8.0, progress_bytes=100)


class WaitingTests(SynchronousTestCase):
    """
    There is a deadline as long as an answer is to come.
    """

    def setUp(self) -> None:
        """
        Nothing is waited for.
        """
        self.clock = Clock()
        self.waiting = Waiting(self.clock, LIMITS)

    def test_several(self) -> None:
        """
        Of several that were asked for, each must come; in whatever way it ends.
        """
        for index in 5, 3, 9:
            self.waiting.begin([index], 0)
        seen = [self.waiting.deadline]
        self.waiting.end([5])
        seen.append(self.waiting.deadline)
        self.waiting.end([9])
        seen.append(self.waiting.deadline)
        self.waiting.end([3])
        seen.append(self.waiting.deadline)
        self.assertEqual(seen, [8.0, 8.0, 8.0, None])

    def test_not_asked_for(self) -> None:
        """
        What comes late ends nothing.
        """
        self.waiting.begin([5], 0)
        self.waiting.end([7])
        self.assertEqual(self.waiting.deadline, 8.0)

    def test_given_up(self) -> None:
        """
        All can be given up at once.
        """
        self.waiting.begin([5], 0)
        self.waiting.begin([6], 0)
        self.waiting.end()
        self.assertIsNone(self.waiting.deadline)

    def test_progress(self) -> None:
        """
        Bytes of any piece put the stall off, if they are enough; so does a request.
        """
        self.waiting.begin([5], 0)
        self.clock.advance(3.0)
        self.waiting.note(99)
        seen = [self.waiting.deadline]
        self.waiting.note(100)
        seen.append(self.waiting.deadline)
        self.clock.advance(1.0)
        seen.append(self.waiting.begin([6], 150))
        self.assertEqual(seen, [8.0, 11.0, 12.0])
