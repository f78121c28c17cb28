"""
What a status tells, as metrics.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from swarmpeer.metrics import catalogue
from swarmpeer.metrics.catalogue import Metric
from swarmpeer.status.shape import NeighborStatus, Status

Values = Mapping[str, float]
"""
By the value of the label; empty if there is none.
"""


def gauges(status: Status) -> Iterator[tuple[Metric, Values]]:
    """
    Each metric that can be told of it, with its values.
    """
    for metric, value in _plain(status):
        if value is not None:
            yield metric, {"": float(value)}
    yield catalogue.PEER, {str(status.peer_id): 1.0}
    yield catalogue.STATE, _counted(catalogue.STATE, [status.state.value])
    codes = [each.code.value for each in status.settled_problems]
    yield catalogue.PROBLEMS, _counted(catalogue.PROBLEMS, codes)
    states = [state for each in status.neighbors for state in _states(each)]
    yield catalogue.NEIGHBOR_STATE, _counted(catalogue.NEIGHBOR_STATE, states)


def _plain(status: Status) -> Iterator[tuple[Metric, float | None]]:
    yield catalogue.UP, status.up_seconds
    yield catalogue.COMPLETE, status.is_done
    yield catalogue.CHECKED, status.checked_share
    yield catalogue.INCOMPLETE, len(status.incomplete)
    yield catalogue.SIZE, status.size_bytes
    yield catalogue.PIECES, status.piece_count
    yield catalogue.HELD, status.held
    yield catalogue.MISSING, status.missing.count
    yield catalogue.NOWHERE, status.missing.nowhere
    yield catalogue.EXPECTED, status.expected_seconds
    yield catalogue.LAST_PIECE, status.last_piece_seconds
    yield catalogue.RECEIVED, status.received_bytes
    yield catalogue.SENT, status.sent_bytes
    yield catalogue.DUPLICATE_BYTES, status.duplicate_bytes
    yield catalogue.RECEIVE_RATE, status.receive_rate
    yield catalogue.SEND_RATE, status.send_rate
    yield catalogue.NEIGHBORS, len(status.neighbors)


def _states(neighbor: NeighborStatus) -> Iterator[str]:
    states = (
        neighbor.am_choking,
        neighbor.am_interested,
        neighbor.peer_choking,
        neighbor.peer_interested,
        neighbor.is_preferred,
        neighbor.is_optimistic,
        neighbor.is_snubbed,
    )
    for name, is_so in zip(catalogue.NEIGHBOR_STATES, states, strict=True):
        if is_so:
            yield name


def _counted(metric: Metric, found: list[str]) -> Values:
    counts = Counter(found)
    return {value: float(counts[value]) for value in metric.values}
