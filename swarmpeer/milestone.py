"""
Waiting for events that happen once.
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


class Milestones:
    """
    What a program waits for at a peer, from one start to the next stop.

    @ivar placed: everything is in place here.
    @ivar swarm_complete: everybody holds everything.
    """

    def __init__(self) -> None:
        """
        Nothing came about yet.
        """
        self.placed = Milestone()
        self.swarm_complete = Milestone()

    def fail(self, failure: Failure) -> None:
        """
        What did not come about will not.
        """
        self.placed.settle(failure)
        self.swarm_complete.settle(failure)

    def abandon(self) -> None:
        """
        The peer was stopped.
        """
        self.placed.abandon()
        self.swarm_complete.abandon()
