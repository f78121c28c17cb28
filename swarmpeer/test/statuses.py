"""
Statuses for tests.
"""

from dataclasses import replace
from typing import Any

from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.status.shape import (
    Missing,
    NeighborStatus,
    Problem,
    ProblemCode,
    State,
    Status,
)

NEIGHBOR = NeighborStatus(
    peer_id=1002,
    held=3,
    am_choking=True,
    am_interested=True,
    peer_choking=False,
    peer_interested=True,
    is_preferred=False,
    is_optimistic=False,
    is_snubbed=False,
    requested=1,
    received_bytes=30,
    sent_bytes=0,
    receive_rate=6.0,
    send_rate=0.0,
    connected_seconds=5.0,
)

FETCHING = Status(
    peer_id=1001,
    kind="verified",
    name="data",
    infohash="aa",
    state=State.FETCHING,
    up_seconds=10.0,
    size_bytes=100,
    piece_size_bytes=10,
    piece_count=10,
    held=5,
    is_placed=False,
    checked_share=None,
    recorded=5,
    received_bytes=50,
    sent_bytes=20,
    duplicate_bytes=0,
    receive_rate=10.0,
    send_rate=4.0,
    expected_seconds=5.0,
    last_piece_seconds=1.0,
    neighbors=(NEIGHBOR,),
    incomplete=(1002,),
    missing=Missing(5, 0, (), ()),
    problems=(),
    preferred_round=None,
    optimistic_round=None,
)
"""
One that has half of it.
"""

TROUBLED = replace(
    FETCHING,
    held=3,
    recorded=2,
    received_bytes=40,
    duplicate_bytes=10,
    last_piece_seconds=None,
    neighbors=(
        replace(NEIGHBOR, am_choking=False, is_preferred=True),
        replace(NEIGHBOR, peer_id=1003, is_snubbed=True),
    ),
    incomplete=(1, 2, 3),
    missing=Missing(7, 1, ((7, 7),), ()),
    problems=(
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 3),
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 4),
        Problem(ProblemCode.NO_HOLDER, "x", 1.0),
    ),
)
"""
One that does not get what it lacks.
"""


def fetching(peer_id: int = 1001, **changes: Any) -> Status:
    """
    One that has half of it, or as much as is told, and lacks the rest.
    """
    status = replace(FETCHING, peer_id=peer_id, **changes)
    if "missing" in changes:
        return status
    lacks = status.piece_count - status.held
    return replace(status, missing=replace(status.missing, count=lacks))


def complete(peer_id: int = 1001, **changes: Any) -> Status:
    """
    One that is done.
    """
    return replace(
        FETCHING,
        **{
            "peer_id": peer_id,
            "state": State.COMPLETE,
            "held": 10,
            "is_placed": True,
            "expected_seconds": 0.0,
            "missing": Missing(0, 0, (), ()),
            **changes,
        },
    )


def neighbor(peer_id: int, **changes: Any) -> NeighborProgress:
    """
    One that has something for us, and chokes us.
    """
    return replace(NeighborProgress(peer_id, 3, True, True, True, False), **changes)


def progress_of(*neighbors: NeighborProgress, held: int = 5) -> Progress:
    """
    That of a peer that lacks some pieces.
    """
    return Progress(1001, held, 10, False, None, neighbors, (1002, 1003))
