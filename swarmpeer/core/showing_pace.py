"""
How much a seed shows a neighbour ahead of what it has sent it.
"""

LEAST_BYTES = 512 * 1024
"""
Enough to keep a line of some 50 Mbit/s busy while a have and a request are under way,
and no more, since somebody else could have it.
"""
MOST_BYTES = 8 * 1024 * 1024
"""
No line takes more in the time in which a neighbour answers.
"""
QUICK_SECONDS = 0.05
"""
Whoever took all that was ahead in that time may have waited for more.
"""

#: So many times that is slow: what is ahead waits where another could have it.
_SLOW = 4


class ShowingPace:
    """
    Twice as much is ahead of a neighbour when it took what was in no time, and half as
    much when that took long.

    @ivar ahead_bytes: what it should be shown and was not sent yet.
    """

    __slots__ = ("_sent_bytes", "_since", "ahead_bytes")

    def __init__(self, now: float) -> None:
        """
        @param now: seconds; it is shown something from now on.
        """
        self.ahead_bytes = LEAST_BYTES
        self._since = now
        self._sent_bytes = 0

    def sent(self, size_bytes: int, now: float) -> None:
        """
        It was sent so much of it.
        """
        self._sent_bytes += size_bytes
        if self._sent_bytes < self.ahead_bytes:
            return
        took = now - self._since
        if took <= QUICK_SECONDS:
            self.ahead_bytes = min(2 * self.ahead_bytes, MOST_BYTES)
        elif took > _SLOW * QUICK_SECONDS:
            self.ahead_bytes = max(self.ahead_bytes // 2, LEAST_BYTES)
        self._since = now
        self._sent_bytes = 0
