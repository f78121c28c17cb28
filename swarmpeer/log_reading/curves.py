"""
What is drawn of a log, in bounded space: the more there is, the coarser.
"""

from collections.abc import Iterator
from itertools import pairwise

MOST_POINTS = 2000
MOST_SPANS = 400


class Curve:
    """
    A value over time that stays as it is until it changes.

    @ivar points: seconds and values; of those too close to each other the last.
    """

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self._apart = 0.0

    def add(self, seconds: float, value: int) -> None:
        """
        From now on it has this value.
        """
        points = self.points
        if len(points) > 1 and seconds - points[-2][0] < self._apart:
            points[-1] = (seconds, value)
            return
        points.append((seconds, value))
        if len(points) > MOST_POINTS:
            span = points[-1][0] - points[0][0]
            self._apart = max(2 * self._apart, 2 * span / MOST_POINTS)
            self.points = list(self._thinned(points))

    def end(self, seconds: float) -> None:
        """
        It keeps its value until then.
        """
        if self.points:
            self.points.append((seconds, self.points[-1][1]))

    def _thinned(self, points: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
        kept = points[0]
        yield kept
        for point, following in pairwise(points[1:]):
            if following[0] - kept[0] >= self._apart:
                kept = point
                yield point
        yield points[-1]


class Spans:
    """
    When something was so, as stretches from when to when.  Of too many those become
    one that are closest.

    @ivar spans: those that are over.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []
        self._began: float | None = None
        self._apart = 0.0

    def begin(self, seconds: float) -> None:
        """
        It is so from now on, if it was not.
        """
        if self._began is None:
            self._began = seconds

    def end(self, seconds: float) -> None:
        """
        It is so no more.
        """
        if self._began is None:
            return
        self._put(self._began, max(seconds, self._began))
        self._began = None

    def _put(self, start: float, end: float) -> None:
        spans = self.spans
        if spans and start - spans[-1][1] < self._apart:
            spans[-1] = (spans[-1][0], end)
            return
        spans.append((start, end))
        if len(spans) > MOST_SPANS:
            gaps = sorted(after[0] - before[1] for before, after in pairwise(spans))
            self._apart = max(2 * self._apart, gaps[len(gaps) // 2], 1e-3)
            self.spans = []
            for each in spans:
                self._put(*each)
