"""
Figures to hold a run against: two of the literature, and how well a rate is kept.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence

WINDOW_SECONDS = 10.0
"""
A rate is kept by what passes in any so many seconds.
"""

Passed = tuple[float, int]
"""
When, and how many bytes.
"""


def jain(values: Iterable[float]) -> float:
    """
    Jain's index of fairness: 1 if all have the same, 1/n if one of n has
    everything.  Where there is nothing to share, that is fair.
    """
    shares = list(values)
    largest = max(map(abs, shares), default=0.0)
    if not largest:
        return 1.0
    # Scaled, so that no square is too large or too small for a float.
    scaled = [share / largest for share in shares]
    squares = math.fsum(share * share for share in scaled)
    return math.fsum(scaled) ** 2 / (len(scaled) * squares)


def fluid_bound(
    file_size_bytes: int,
    seed_up_rates: Sequence[float | None],
    leecher_up_rates: Sequence[float | None],
    down_rates: Sequence[float | None],
) -> float | None:
    """
    The time before which nobody can have brought a file to everyone, were it a
    fluid: the seeds must send it once, the slowest must receive it, and all that
    is received must be sent by someone.

    All rates are bytes per second; C{None} is no limit.

    @param leecher_up_rates: of everybody who fetches, 0 for who does not serve.
    @param down_rates: of everybody who fetches.
    @return: seconds; infinite if nobody can send; C{None} if nothing bounds it,
        as without any limit or with nobody who fetches.
    """
    if not down_rates:
        return None
    from_seeds = _total(seed_up_rates)
    bounds = [
        _seconds(file_size_bytes, from_seeds),
        _seconds(file_size_bytes, _least(down_rates)),
        _seconds(
            file_size_bytes * len(down_rates),
            None if from_seeds is None else _total([from_seeds, *leecher_up_rates]),
        ),
    ]
    return max((bound for bound in bounds if bound is not None), default=None)


def most_and_least(
    passed: Iterable[Passed], begin: float, end: float
) -> tuple[int, int]:
    """
    How many bytes passed at most, and at least, in any L{WINDOW_SECONDS} between two
    times that are further apart.
    """
    within = most = 0
    least: int | None = None
    window: deque[Passed] = deque()
    for at, size_bytes in sorted(passed):
        if not begin <= at <= end:
            continue
        while window and window[0][0] <= at - WINDOW_SECONDS:
            # It is least just behind the first and just before the next.
            within -= window.popleft()[1]
            least = within if least is None else min(least, within)
        window.append((at, size_bytes))
        within += size_bytes
        most = max(most, within)
    return most, within if least is None else least


def _total(rates: Iterable[float | None]) -> float | None:
    total = 0.0
    for rate in rates:
        if rate is None:
            return None
        total += rate
    return total


def _least(rates: Iterable[float | None]) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)


def _seconds(size_bytes: int, rate: float | None) -> float | None:
    if rate is None:
        return None
    if not rate:
        return math.inf if size_bytes else 0.0
    return size_bytes / rate
