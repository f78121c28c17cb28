"""
Waiting longer from failure to failure.
"""

from dataclasses import dataclass
from random import Random

JITTER = 0.1
"""
Each wait is longer or shorter by up to this share, so that many peers that failed
together do not try again together.
"""

# The power is bounded, since a float is.
_MOST_POWER = 50


def jittered(seconds: float, rng: Random) -> float:
    """
    A little longer or shorter.
    """
    return seconds * rng.uniform(1 - JITTER, 1 + JITTER)


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    How long to wait before the next try.

    @ivar first_seconds: after the first failure.
    @ivar factor: so many times longer after each further one.
    @ivar last_seconds: it gets no longer than this.
    """

    first_seconds: float
    factor: float
    last_seconds: float

    def wait_after(self, failures: int, rng: Random) -> float:
        """
        @param failures: in a row, at least one.
        @return: in seconds.
        """
        wait = self.first_seconds * self.factor ** min(failures - 1, _MOST_POWER)
        return jittered(min(wait, self.last_seconds), rng)
