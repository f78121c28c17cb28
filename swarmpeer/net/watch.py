"""
Any number of time limits on one delayed call.
"""

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

Deadline = tuple[float, Callable[[], None]]
"""
When, by the clock, and what happens then.
"""

_RESOLUTION_SECONDS = 0.001
"""
So much too early counts as due: the sum of two floats may miss a third one.
"""


_LATE_SECONDS = 5.0
"""
Whoever wakes so late stood still: the process was suspended, or the clock was set.
"""


class Watch:
    """
    Wakes up when a deadline is due.

    Deadlines move at every read, so the delayed call does not follow them: it
    is left where it is as long as it comes no later than the earliest one, and
    finds out then how much is left.
    """

    __slots__ = (
        "_call",
        "_clock",
        "_deadlines",
        "_stood_still",
        "_wakes_at",
    )

    def __init__(
        self,
        clock: IReactorTime,
        deadlines: Callable[[], Iterable[Deadline]],
        stood_still: Callable[[], None] = lambda: None,
    ) -> None:
        """
        @param deadlines: those that hold now.  What it does when one is due
            must move or remove it.
        @param stood_still: called before a deadline is acted on if we come much too
            late; it may move those that what waits unread in the socket would have
            moved.
        """
        self._clock = clock
        self._deadlines = deadlines
        self._stood_still = stood_still
        self._call: IDelayedCall | None = None
        self._wakes_at = 0.0

    def wake_by(self, deadline: float) -> None:
        """
        Look at the deadlines at C{deadline} at the latest.
        """
        if self._call is not None:
            if self._wakes_at <= deadline:
                return
            self._call.cancel()
        self._wakes_at = deadline
        delay = max(0.0, deadline - self._clock.seconds())
        self._call = self._clock.callLater(delay, self._wake)

    def review(self) -> None:
        """
        The deadlines are others now: wake up for the earliest, or not at all.
        """
        earliest = min((when for when, _ in self._deadlines()), default=None)
        if earliest is not None:
            self.wake_by(earliest)
        elif self._call is not None:
            self._call.cancel()
            self._call = None

    def _wake(self) -> None:
        self._call = None
        now = self._clock.seconds()
        if now - self._wakes_at > _LATE_SECONDS:
            self._stood_still()
        due_by = now + _RESOLUTION_SECONDS
        for when, act in self._deadlines():
            if when <= due_by:
                # It may change all the others; they have their turn at once.
                act()
                break
        self.review()
