"""
What is not here, and who had it.
"""

from collections.abc import Collection, Mapping

from swarmpeer.core.holdings import Holdings
from swarmpeer.status.shape import MOST_RUNS, LastHolder, Missing
from swarmpeer.wire.bitfield import Bitfield


def missing(
    holdings: Holdings, left_seconds: Mapping[int, float], seeds: Collection[int] = ()
) -> Missing:
    """
    What a peer lacks.

    @param left_seconds: how long ago each of C{holdings.left} left.
    @param seeds: who else has everything from the start, by the list of peers, though
        it may tell of less.
    """
    own = holdings.own
    count = own.size - own.count
    if not count:
        return Missing(0, 0, (), ())
    full = Bitfield.full(own.size)
    somewhere = own.copy()
    for peer_id, theirs in holdings.neighbors.items():
        somewhere.add_all(full if peer_id in seeds else theirs)
    last_holders = (
        LastHolder(peer_id, had, left_seconds.get(peer_id, 0.0))
        for peer_id, theirs in holdings.left.items()
        if (had := somewhere.count_missing_from(full if peer_id in seeds else theirs))
    )
    return Missing(
        count,
        somewhere.size - somewhere.count,
        lacking_runs(somewhere, MOST_RUNS),
        tuple(sorted(last_holders, key=lambda one: (one.left_seconds, one.peer_id))),
        tuple(
            peer_id
            for peer_id in sorted(seeds)
            if peer_id not in holdings.neighbors and peer_id not in holdings.left
        ),
    )


def lacking_runs(held: Bitfield, most: int) -> tuple[tuple[int, int], ...]:
    """
    The first C{most} runs of pieces that are not held: first and last of each.
    """
    runs: list[tuple[int, int]] = []
    lacking = held.missing_from(Bitfield.full(held.size))
    first = held.first_missing(0)
    while first is not None and len(runs) < most:
        end = lacking.first_missing(first)
        if end is None:
            end = held.size
        runs.append((first, end - 1))
        first = held.first_missing(end)
    return tuple(runs)
