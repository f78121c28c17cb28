"""
A rate: the bytes of the last seconds.
"""

from collections import deque

LEAST_SECONDS = 1.0
"""
Over less no rate is told: the first bytes come at once.
"""


class RecentBytes:
    """
    The bytes of the last so many seconds.

    @ivar total_bytes: of all time.
    """

    __slots__ = ("_began_at", "_counts", "_recent_bytes", "_seconds", "total_bytes")

    def __init__(self, seconds: float) -> None:
        """
        @param seconds: over which the mean is taken, or since the first byte if that
            is shorter, but for at least L{LEAST_SECONDS}.
        """
        self.total_bytes = 0
        self._seconds = seconds
        self._counts: deque[tuple[float, int]] = deque()
        self._recent_bytes = 0
        self._began_at: float | None = None

    def add(self, size_bytes: int, now_seconds: float) -> None:
        """
        Count C{size_bytes} at C{now_seconds}, which never goes back.
        """
        if self._began_at is None and size_bytes:
            self._began_at = now_seconds
        self.total_bytes += size_bytes
        self._recent_bytes += size_bytes
        if self._counts and self._counts[-1][0] == now_seconds:
            size_bytes += self._counts.pop()[1]
        self._counts.append((now_seconds, size_bytes))
        self._forget(now_seconds)

    def end(self) -> None:
        """
        No more is to come: the rate is 0 from now on, until some does.
        """
        self._counts.clear()
        self._recent_bytes = 0
        self._began_at = None

    def rate(self, now_seconds: float) -> float:
        """
        Bytes per second, now.
        """
        self._forget(now_seconds)
        if self._began_at is None:
            return 0.0
        since = max(LEAST_SECONDS, now_seconds - self._began_at)
        return self._recent_bytes / min(self._seconds, since)

    def _forget(self, now_seconds: float) -> None:
        oldest = now_seconds - self._seconds
        while self._counts and self._counts[0][0] <= oldest:
            self._recent_bytes -= self._counts.popleft()[1]
