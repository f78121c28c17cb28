"""
A rate: the bytes of the last seconds.
"""

from collections import deque


class RecentBytes:
    """
    The bytes of the last so many seconds.

    @ivar total_bytes: of all time.
    """

    __slots__ = ("_counts", "_recent_bytes", "_seconds", "total_bytes")

    def __init__(self, seconds: float) -> None:
        """
        @param seconds: over which the mean is taken; above 0.
        """
        self.total_bytes = 0
        self._seconds = seconds
        self._counts: deque[tuple[float, int]] = deque()
        self._recent_bytes = 0

    def add(self, size_bytes: int, now_seconds: float) -> None:
        """
        Count C{size_bytes} at C{now_seconds}, which never goes back.
        """
        self.total_bytes += size_bytes
        self._recent_bytes += size_bytes
        if self._counts and self._counts[-1][0] == now_seconds:
            size_bytes += self._counts.pop()[1]
        self._counts.append((now_seconds, size_bytes))
        self._forget(now_seconds)

    def rate(self, now_seconds: float) -> float:
        """
        Bytes per second, now.
        """
        self._forget(now_seconds)
        return self._recent_bytes / self._seconds

    def _forget(self, now_seconds: float) -> None:
        oldest = now_seconds - self._seconds
        while self._counts and self._counts[0][0] <= oldest:
            self._recent_bytes -= self._counts.popleft()[1]
