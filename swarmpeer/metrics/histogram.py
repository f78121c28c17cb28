"""
How often something took how long.
"""

from bisect import bisect_left
from threading import Lock

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""
The seconds up to which is counted; from the hash of a small piece to a disk that hangs.
"""


class Histogram:
    """
    Counts of seconds.  Any thread may add some.
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0
        self._lock = Lock()

    def add(self, seconds: float) -> None:
        """
        Something took that long.
        """
        with self._lock:
            self._counts[bisect_left(BUCKETS, seconds)] += 1
            self._sum += seconds

    def read(self) -> tuple[list[tuple[float, int]], float]:
        """
        What there is now.

        @return: how often it took at most so many seconds, at last however many; and
            how many seconds in all.
        """
        with self._lock:
            counts, total = list(self._counts), self._sum
        up_to = []
        so_far = 0
        for bound, count in zip((*BUCKETS, float("inf")), counts, strict=True):
            so_far += count
            up_to.append((bound, so_far))
        return up_to, total
