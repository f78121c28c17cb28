"""
Rounds that come at a steady interval, seen through lines of which some are missing.
"""

from collections.abc import Iterator
from enum import Enum, auto
from math import ceil, floor

_SECOND = 1.0
_LATE_SECONDS = 0.75
_DRIFT = 0.02
_SHORTEST_SECONDS = 0.5


class Fit(Enum):
    """
    What a line tells of the interval.

    @cvar KEPT: it is where a round can be, and would not fit somewhere else.
    @cvar BROKEN: no round can be there.
    @cvar UNTOLD: it would fit anywhere.
    """

    KEPT = auto()
    BROKEN = auto()
    UNTOLD = auto()


_Span = tuple[float, float]


class RoundGrid:
    """
    Keeps all moments at which the last round can have been: a line stands in the
    whole second of its round, or is a little late, and each is one round or more after
    the one before.  So an error that is too small to be seen between two lines adds
    up.  A timer may run slow or fast by a fiftieth.
    """

    def __init__(self, interval: float) -> None:
        """
        @param interval: seconds between two rounds.
        """
        self._interval = interval
        self._before = 0.0
        self._spans: list[_Span] = []

    def take(self, seconds: float) -> Fit:
        """
        A line tells of a round.

        @param seconds: its time.
        """
        gap = seconds - self._before
        is_lost = gap < 0 or 2 * _DRIFT * gap >= self._interval
        if not self._spans or is_lost or self._interval < _SHORTEST_SECONDS:
            self._start(seconds)
            return Fit.UNTOLD
        spans = self._possible(seconds)
        if not spans:
            self._start(seconds)
            return Fit.BROKEN
        is_telling = any(not self._possible(other) for other in self._others(seconds))
        self._before, self._spans = seconds, spans
        return Fit.KEPT if is_telling else Fit.UNTOLD

    def _start(self, seconds: float) -> None:
        self._before, self._spans = seconds, [_window(seconds)]

    def _others(self, seconds: float) -> Iterator[float]:
        """
        Where else the line could stand, not more than an interval away.
        """
        # No two stand closer to their rounds than these.
        for share in (-1.0, -0.5, 0.5):
            other = seconds + floor(share * self._interval)
            if other >= self._before:
                yield other

    def _possible(self, seconds: float) -> list[_Span]:
        """
        When the round of a line can have been, in disjoint spans; none: never.
        """
        first, last = _window(seconds)
        shortest = self._interval * (1 - _DRIFT)
        longest = self._interval * (1 + _DRIFT)
        found: list[_Span] = []
        for low, high in self._spans:
            fewest = max(1, ceil((first - high) / longest))
            most = floor((last - low) / shortest)
            for rounds in range(fewest, most + 1):
                early = max(first, low + rounds * shortest)
                late = min(last, high + rounds * longest)
                if early < late:
                    found.append((early, late))
        return _merged(found)


def _window(seconds: float) -> _Span:
    return seconds - _LATE_SECONDS, seconds + _SECOND


def _merged(spans: list[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return merged
