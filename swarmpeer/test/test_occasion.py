"""
Tests for L{swarmpeer.net.occasion}.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.occasion import Occasion


class OccasionTests(SynchronousTestCase):
    """
    Something that happens once.
    """

    def test_fresh(self) -> None:
        """
        Everybody gets a Deferred of his own, before and after.
        """
        occasion = Occasion()
        first, second = occasion.when(), occasion.when()
        first.addCallback(lambda _: 1 / 0)
        occasion.settle()
        self.failureResultOf(first, ZeroDivisionError)
        self.assertIsNone(self.successResultOf(second))
        self.assertIsNone(self.successResultOf(occasion.when()))

    def test_failure(self) -> None:
        """
        That it will never happen is an outcome as well, and the first one
        counts.
        """
        occasion = Occasion()
        early = occasion.when()
        occasion.settle(Failure(KeyError("no")))
        occasion.settle()
        self.failureResultOf(early, KeyError)
        self.failureResultOf(occasion.when(), KeyError)

    def test_cancelled(self) -> None:
        """
        One who is no longer interested disturbs nobody.
        """
        occasion = Occasion()
        first, second = occasion.when(), occasion.when()
        first.cancel()
        self.failureResultOf(first, CancelledError)
        occasion.settle()
        self.assertIsNone(self.successResultOf(second))

    def test_asked_from_within(self) -> None:
        """
        Whoever asks while others are being told is told at once.
        """
        occasion = Occasion()
        later: list[Deferred[None]] = []
        occasion.when().addCallback(lambda _: later.append(occasion.when()))
        occasion.settle()
        self.assertIsNone(self.successResultOf(later[0]))
