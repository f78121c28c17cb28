"""
Waiting for an event that happens once.
"""

from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.net.occasion import Occasion


@implementer(ISwarmObserver)
class Milestone(Occasion):
    """
    An occasion that an event brings about.  It is to be told of no other one.
    """

    def observe(self, _event: SwarmEvent) -> None:
        """
        There it is.
        """
        self.settle()

    def abandon(self) -> None:
        """
        It will not come any more.
        """
        self.settle(Failure(CancelledError("the peer was stopped")))
