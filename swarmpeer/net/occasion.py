"""
Something that happens once, or turns out not to happen.
"""

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class Occasion:
    """
    Hands out a fresh C{Deferred} to everybody who asks, before or after.
    """

    def __init__(self) -> None:
        """
        Nothing happened yet.
        """
        self._outcome: list[Failure | None] = []
        self._waiting: list[Deferred[None]] = []

    def when(self) -> Deferred[None]:
        """
        @return: a Deferred of the outcome; who is no longer interested may
            cancel it.
        """
        waiting: Deferred[None] = Deferred()
        if self._outcome:
            waiting.callback(self._outcome[0])
        else:
            self._waiting.append(waiting)
        return waiting

    def settle(self, outcome: Failure | None = None) -> None:
        """
        It happened, or, with a failure, it never will.  Only the first time
        counts.
        """
        if self._outcome:
            return
        self._outcome.append(outcome)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(outcome)
