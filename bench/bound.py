"""
How fast one file can reach everybody at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_BITS = 8
_MEGA = 1e6


@dataclass(frozen=True, slots=True)
class Link:
    """
    What a host's line bears, in Mbit/s of whole frames.
    """

    up: float
    down: float


def fluid_bound_seconds(size_bytes: int, links: Sequence[Link]) -> float:
    """
    The time before which nobody can have spread the file, as if it were a fluid
    and headers cost nothing.

    Every byte leaves the seed once, reaches the slowest, and is sent by somebody for
    each leecher.

    @param links: the seed's first, then the leechers'.
    """
    seed, *leechers = links
    bits = size_bytes * _BITS / _MEGA
    return max(
        bits / seed.up,
        bits / min(link.down for link in leechers),
        bits * len(leechers) / sum(link.up for link in links),
    )
