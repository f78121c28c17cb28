"""
Whether a status can be that of a peer: what its fields say of one another.
"""

from collections.abc import Iterator

from swarmpeer.manifest.parsing import MAX_PIECES
from swarmpeer.status.shape import Missing, Status
from swarmpeer.wire.codec import MAX_PIECE_COUNT


def nonsense(status: Status) -> str | None:
    """
    The first thing that cannot be, in words; C{None} if all of it may be.
    """
    return next(_faults(status), None)


def _faults(status: Status) -> Iterator[str]:
    size = status.piece_count
    most = MAX_PIECE_COUNT if status.infohash is None else MAX_PIECES
    if size > most:
        yield f"{size} pieces are more than there may be"
    for what, count in (
        ("it holds", status.held),
        ("it recorded", status.recorded or 0),
        *((f"{one.peer_id} holds", one.held) for one in status.neighbors),
        *((f"{one.peer_id} had", one.pieces) for one in status.missing.last_holders),
    ):
        if count > size:
            yield f"{what} {count} of {size} pieces"
    if status.is_done and status.held != size:
        yield f"it is {status.state} with {status.held} of {size} pieces"
    if status.missing.count != size - status.held:
        lacks = status.missing.count
        yield f"it holds {status.held} of {size} pieces and lacks {lacks}"
    yield from _faults_of_runs(status.missing, size)


def _faults_of_runs(missing: Missing, size: int) -> Iterator[str]:
    if missing.nowhere > missing.count:
        yield f"of {missing.count} missing pieces {missing.nowhere} are nowhere"
    told, end = 0, 0
    for first, last in missing.nowhere_runs:
        if not end <= first <= last < size:
            yield f"pieces {first}-{last} of {size} are no run behind {end}"
        told, end = told + last + 1 - first, last + 1
    if told > missing.nowhere:
        yield f"{told} of {missing.nowhere} pieces are told to be nowhere"
