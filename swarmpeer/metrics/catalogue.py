"""
Every metric of a peer: its name, its kind, its labels, and in a sentence what it is.

A name begins with C{swarmpeer_} and ends with its unit, that of a counter with
C{_total} behind it.  Labels have few values, all of them known here: what a neighbour
says is never one.
"""

from dataclasses import dataclass
from enum import StrEnum

from swarmpeer.errors import ViolationReason
from swarmpeer.status.shape import RATE_SECONDS, ProblemCode, State
from swarmpeer.storage.timing import Work


class Kind(StrEnum):
    """
    What Prometheus calls it.
    """

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """
    One metric.

    @ivar help: what it is, on one line.
    @ivar label: the name of its label; empty if it has none.
    @ivar values: all that the label may be, unless it is of this one peer.
    """

    name: str
    kind: Kind
    help: str
    label: str = ""
    values: tuple[str, ...] = ()


NEIGHBOR_STATES = (
    "am_choking",
    "am_interested",
    "peer_choking",
    "peer_interested",
    "preferred",
    "optimistic",
    "snubbed",
)
CHANGES = ("choked", "unchoked", "choked_by", "unchoked_by")
WAYS = ("called", "was_called")
ROUNDS = ("preferred", "optimistic")


def _values(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(each.value for each in kind)


_listed_so_far: list[Metric] = []


def _listed(metric: Metric) -> Metric:
    _listed_so_far.append(metric)
    return metric


def _counter(name: str, words: str, label: str = "", *values: str) -> Metric:
    return _listed(Metric(name, Kind.COUNTER, words, label, values))


def _gauge(name: str, words: str, label: str = "", *values: str) -> Metric:
    return _listed(Metric(name, Kind.GAUGE, words, label, values))


def _histogram(name: str, words: str, label: str = "", *values: str) -> Metric:
    return _listed(Metric(name, Kind.HISTOGRAM, words, label, values))


PEER = _gauge(
    "swarmpeer_peer_info",
    "1, for the id of the peer.",
    "peer",
)
UP = _gauge("swarmpeer_up_seconds", "How long the peer has run.")
STATE = _gauge(
    "swarmpeer_state",
    "1 for what the peer is about, 0 for all else.",
    "state",
    *_values(State),
)
COMPLETE = _gauge("swarmpeer_complete", "1 if everything is in place, else 0.")
CHECKED = _gauge(
    "swarmpeer_checked_ratio",
    "How much of what is on the disk was looked at, while that is done.",
)
PROBLEMS = _gauge(
    "swarmpeer_problems",
    "What is not as it should be, by code.",
    "code",
    *_values(ProblemCode),
)
INCOMPLETE = _gauge(
    "swarmpeer_incomplete_peers",
    "The other peers that are not known to hold everything.",
)

SIZE = _gauge("swarmpeer_size_bytes", "Bytes of the file or folder.")
PIECES = _gauge("swarmpeer_pieces", "The pieces that there are.")
HELD = _gauge("swarmpeer_held_pieces", "The pieces that are here.")
MISSING = _gauge("swarmpeer_missing_pieces", "The pieces that are not here.")
NOWHERE = _gauge(
    "swarmpeer_missing_nowhere_pieces",
    "The missing pieces that no neighbour has.",
)
EXPECTED = _gauge(
    "swarmpeer_expected_seconds",
    "How long it will take at the rate of now; not told if nothing comes.",
)
LAST_PIECE = _gauge(
    "swarmpeer_last_piece_seconds",
    "How long ago the last piece came; not told if none did.",
)

RECEIVED = _counter(
    "swarmpeer_received_bytes_total", "Pieces that came, wanted or not."
)
SENT = _counter("swarmpeer_sent_bytes_total", "Pieces that were sent.")
DUPLICATE_BYTES = _counter(
    "swarmpeer_duplicate_bytes_total",
    "Pieces that came when they were not needed any more.",
)
_RATE_WORDS = f"The rate of the last {RATE_SECONDS:g} seconds."
RECEIVE_RATE = _gauge("swarmpeer_receive_bytes_per_second", _RATE_WORDS)
SEND_RATE = _gauge("swarmpeer_send_bytes_per_second", _RATE_WORDS)

NEIGHBORS = _gauge("swarmpeer_neighbors", "The conversations that there are.")
NEIGHBOR_STATE = _gauge(
    "swarmpeer_neighbors_in_state",
    "The neighbours of which that is so; one may be in many states.",
    "state",
    *NEIGHBOR_STATES,
)
CHOKE_CHANGES = _counter(
    "swarmpeer_choke_changes_total",
    "How often we choked or unchoked a neighbour, or were by one.",
    "change",
    *CHANGES,
)
ROUNDS_HELD = _counter(
    "swarmpeer_choke_rounds_total", "The choke rounds that were held.", "kind", *ROUNDS
)
CONNECTIONS = _counter(
    "swarmpeer_connections_total", "The conversations that began.", "way", *WAYS
)
DISCONNECTIONS = _counter(
    "swarmpeer_disconnections_total", "The conversations that ended."
)
REFUSED = _counter(
    "swarmpeer_connections_refused_total", "The connections that were turned away."
)
DIAL_FAILURES = _counter(
    "swarmpeer_dial_failures_total", "The calls that nobody answered."
)
VIOLATIONS = _counter(
    "swarmpeer_violations_total",
    "How often somebody broke the protocol, by how.",
    "reason",
    *_values(ViolationReason),
)
UNANSWERED = _counter(
    "swarmpeer_unanswered_requests_total",
    "The requests that were not answered in time.",
)

STORED = _counter("swarmpeer_stored_pieces_total", "The pieces that came and are kept.")
SENT_PIECES = _counter("swarmpeer_sent_pieces_total", "The pieces that were sent.")
STORE_FAILURES = _counter(
    "swarmpeer_store_failures_total", "The pieces that the disk refused."
)
BAD = _counter("swarmpeer_bad_pieces_total", "The pieces that came and were wrong.")
DUPLICATES = _counter(
    "swarmpeer_duplicate_pieces_total",
    "The pieces that came when they were not needed any more.",
)
WITHDRAWN = _counter(
    "swarmpeer_withdrawn_pieces_total", "The pieces that were lost on the disk."
)
HEALED = _counter("swarmpeer_healed_pieces_total", "Those that are right again.")
HASHING = _histogram(
    "swarmpeer_hash_seconds", "How long it took to hash one piece, in any thread."
)
DISK = _histogram(
    "swarmpeer_disk_seconds",
    "How long one call to the disk took, in any thread.",
    "operation",
    *(work.value for work in Work if work is not Work.HASH),
)

LAG = _histogram(
    "swarmpeer_event_loop_lag_seconds", "How late the event loop did what was due."
)
LAG_MAX = _gauge(
    "swarmpeer_event_loop_lag_max_seconds",
    "How late it was at worst since the metrics were asked for last.",
)

METRICS = tuple(_listed_so_far)
"""
All of them, in this order.
"""
