"""
The status of a peer that fetches, for the tests of those who tell it.
"""

from dataclasses import replace

from swarmpeer.status.shape import (
    Missing,
    NeighborStatus,
    Problem,
    ProblemCode,
    State,
    Status,
)

NEIGHBOR = NeighborStatus(
    peer_id=1,
    held=1,
    am_choking=True,
    am_interested=False,
    peer_choking=True,
    peer_interested=False,
    is_preferred=False,
    is_optimistic=False,
    is_snubbed=False,
    requested=0,
    received_bytes=0,
    sent_bytes=0,
    receive_rate=0.0,
    send_rate=0.0,
    connected_seconds=1.0,
)
STATUS = Status(
    peer_id=1001,
    kind="verified",
    name="data",
    infohash="00",
    state=State.FETCHING,
    up_seconds=9.0,
    size_bytes=800,
    piece_size_bytes=100,
    piece_count=8,
    held=3,
    is_placed=False,
    checked_share=None,
    recorded=2,
    received_bytes=400,
    sent_bytes=200,
    duplicate_bytes=100,
    receive_rate=50.0,
    send_rate=25.0,
    expected_seconds=10.0,
    last_piece_seconds=None,
    neighbors=(
        replace(NEIGHBOR, am_choking=False, is_preferred=True),
        replace(NEIGHBOR, peer_id=2, is_snubbed=True),
    ),
    incomplete=(1, 2, 3),
    missing=Missing(5, 1, ((7, 7),), ()),
    problems=(
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 3),
        Problem(ProblemCode.UNREACHABLE, "x", 1.0, 4),
        Problem(ProblemCode.NO_HOLDER, "x", 1.0),
    ),
    preferred_round=None,
    optimistic_round=None,
)
"""
A peer that fetches.
"""


def status() -> Status:
    """
    That peer.
    """
    return STATUS
