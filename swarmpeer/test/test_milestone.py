"""
Tests for L{swarmpeer.milestone}.
"""

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.events import FilePlaced
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.milestone import Milestone


class MilestoneTests(SynchronousTestCase):
    """
    An event that happens once.
    """

    def test_reached(self) -> None:
        """
        Whoever asks, before or after the event, hears of it.
        """
        milestone = Milestone()
        verifyObject(ISwarmObserver, milestone)
        early = milestone.when()
        self.assertNoResult(early)
        milestone.observe(FilePlaced())
        self.assertIsNone(self.successResultOf(early))
        self.assertIsNone(self.successResultOf(milestone.when()))

    def test_abandoned(self) -> None:
        """
        When it will not come any more, all who wait are told so.
        """
        milestone = Milestone()
        early = milestone.when()
        milestone.abandon()
        self.failureResultOf(early, CancelledError)
        self.failureResultOf(milestone.when(), CancelledError)

    def test_first_counts(self) -> None:
        """
        What was reached stays reached.
        """
        milestone = Milestone()
        milestone.observe(FilePlaced())
        milestone.abandon()
        self.successResultOf(milestone.when())
