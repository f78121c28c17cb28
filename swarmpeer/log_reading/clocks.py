"""
How far the clocks of the hosts are apart.
"""

from collections import deque
from collections.abc import Mapping
from statistics import median_low

from swarmpeer.log_reading.survey import Survey

SAME_SECONDS = 2.0
"""
Clocks that seem to be no further apart are taken to be the same: times are written
in seconds, and a connection does not stand at both ends at once.
"""


def clock_offsets(surveys: Mapping[int, Survey]) -> dict[int, float]:
    """
    What to add to the times of each log to have those of the first, judged by the
    connections that stand in two logs.  One that cannot be judged is left out, but
    for the first.
    """
    apart = _differences(surveys)
    offsets: dict[int, float] = {}
    queue = deque(sorted(surveys)[:1])
    offsets.update((start, 0.0) for start in queue)
    while queue:
        here = queue.popleft()
        for there, seconds in apart.get(here, {}).items():
            if there not in offsets:
                is_same = abs(seconds) <= SAME_SECONDS
                offsets[there] = offsets[here] + (0.0 if is_same else seconds)
                queue.append(there)
    return offsets


def _differences(surveys: Mapping[int, Survey]) -> dict[int, dict[int, float]]:
    """
    For each pair what to add to the times of the second to have those of the first.
    """
    apart: dict[int, dict[int, float]] = {}
    for one, survey in sorted(surveys.items()):
        for other, links in sorted(survey.links.items()):
            if other not in surveys or other < one:
                continue
            back = surveys[other].links.get(one)
            if back:
                # Where both tell of several, those that belong together are the
                # first ones.
                pairs = zip(links, back, strict=False)
                seconds = median_low(mine.seconds - its.seconds for mine, its in pairs)
                apart.setdefault(one, {})[other] = seconds
                apart.setdefault(other, {})[one] = -seconds
    return apart
