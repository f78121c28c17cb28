"""
Waiting for an event that happens once.
"""

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver


@implementer(ISwarmObserver)
class Milestone:
    """
    Somebody may wait for an event that happens once.  It is to be told of no
    other one.
    """

    def __init__(self) -> None:
        self._has_happened = False
        self._waiting: list[Deferred[None]] = []

    def observe(self, _event: SwarmEvent) -> None:
        """
        It is the one.
        """
        self.happen()

    def happen(self) -> None:
        """
        It is there.
        """
        self._has_happened = True
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def when_happened(self) -> Deferred[None]:
        """
        @return: a fresh Deferred that fires once the event was there.
        """
        deferred: Deferred[None] = Deferred(self._forget)
        if self._has_happened:
            deferred.callback(None)
        else:
            self._waiting.append(deferred)
        return deferred

    def abandon(self) -> None:
        """
        Nobody need wait any more.
        """
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.errback(Failure(CancelledError("the peer was stopped")))

    def _forget(self, deferred: Deferred[None]) -> None:
        self._waiting.remove(deferred)
