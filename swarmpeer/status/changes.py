"""
Whether something is new, or only time went by.
"""

from dataclasses import replace

from swarmpeer.status.shape import Status


def timeless(status: Status) -> Status:
    """
    A status without what grows by itself: two are equal if nothing happened in
    between.
    """
    preferred, optimistic = status.preferred_round, status.optimistic_round
    lacking = status.missing
    return replace(
        status,
        up_seconds=0.0,
        last_piece_seconds=None,
        neighbors=tuple(
            replace(one, connected_seconds=0.0) for one in status.neighbors
        ),
        missing=replace(
            lacking,
            last_holders=tuple(
                replace(one, left_seconds=0.0) for one in lacking.last_holders
            ),
        ),
        problems=tuple(replace(one, since_seconds=0.0) for one in status.problems),
        preferred_round=None
        if preferred is None
        else replace(preferred, held_seconds=0),
        optimistic_round=(
            None if optimistic is None else replace(optimistic, held_seconds=0.0)
        ),
    )
