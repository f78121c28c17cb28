"""
The tables and keys of C{swarm.toml}, and what was meant by one that is not among
them.
"""

import difflib
from collections.abc import Iterable

from swarmpeer.config.rate_schedule import RATE_NAMES
from swarmpeer.config.toml_table import (
    MAX_BYTES,
    Reader,
    read_seconds,
    read_size,
    whole,
)
from swarmpeer.text import quoted

MEMBERS = "members"
RATES_AT = "rates.at"
TOP = ""

_read_count = whole(1, MAX_BYTES)

LIMITS: dict[str, Reader[float] | Reader[int]] = {
    "handshake_seconds": read_seconds,
    "stall_seconds": read_seconds,
    "progress_bytes": read_size,
    "frame_seconds": read_seconds,
    "drain_seconds": read_seconds,
    "drain_bytes": read_size,
    "stop_seconds": read_seconds,
    "linger_seconds": read_seconds,
    "max_pending": _read_count,
    "max_pending_per_address": _read_count,
    "keep_alive_seconds": read_seconds,
    "silence_seconds": read_seconds,
    "neighbors": _read_count,
}
"""
The fields of L{swarmpeer.net.limits.Limits}, with what reads them.
"""

KEYS: dict[str, tuple[str, ...]] = {
    TOP: ("manifest", "infohash", "folder", "allow_classic", "protocol_log"),
    "timing": ("unchoking_interval", "optimistic_interval"),
    "limits": ("preferred_neighbors", "memory", "requests", *LIMITS),
    "checking": ("paranoid", "scrub_rate", "heal"),
    "storage": ("preallocate", "commit_interval"),
    "policy": ("choking", "picking"),
    "rates": (*RATE_NAMES, "dscp", "at"),
    RATES_AT: ("from", "to", "days", *RATE_NAMES),
    MEMBERS: ("id", "host", "port", "seed", "folder", "classic", "web_port"),
    # Behind the members: a port is mostly one of theirs.
    "web": ("port", "token_file"),
}
"""
Each table with its keys; above the first header stands L{TOP}.
"""

ARRAYS = (RATES_AT, MEMBERS)
"""
Those tables of which there may be many.
"""
TABLES = tuple(name for name in KEYS if name not in (TOP, RATES_AT))
"""
Those that stand in no other.
"""

_OTHER_WORDS = {
    "peer": MEMBERS,
    "peers": MEMBERS,
    "nodes": MEMBERS,
    "hosts": MEMBERS,
    "torrent": "manifest",
    "metainfo": "manifest",
    "file": "manifest",
    "filename": "manifest",
    "filesize": "manifest",
    "piecesize": "manifest",
    "hash": "infohash",
    "directory": "folder",
    "dir": "folder",
    "path": "folder",
    "peer_id": "id",
    "name": "host",
    "address": "host",
    "addr": "host",
    "ip": "host",
    "has_file": "seed",
    "seeder": "seed",
    "is_seed": "seed",
    "numberofpreferredneighbors": "preferred_neighbors",
    "unchokinginterval": "unchoking_interval",
    "optimisticunchokinginterval": "optimistic_interval",
    "scrub": "scrub_rate",
    "choker": "choking",
    "unchoking": "choking",
    "picker": "picking",
    "piece_picker": "picking",
    "upload": "up",
    "upload_rate": "up",
    "up_rate": "up",
    "download": "down",
    "download_rate": "down",
    "down_rate": "down",
    "up_per_neighbour": "up_per_neighbor",
    "down_per_neighbour": "down_per_neighbor",
    "tos": "dscp",
    "schedule": "at",
    "begin": "from",
    "end": "to",
    "weekdays": "days",
    "log": "protocol_log",
    "http": "web",
    "status": "web",
    "metrics": "web",
    "token": "token_file",
}
"""
What people also call it.
"""

_SOMEWHAT_LIKE = 0.6
_ALL_BUT_ONE_LETTER = 0.85
"""
How much alike two words are, as C{difflib} has it, up to 1.
"""


def unknown_key(table: str, typed: str, is_table: bool) -> tuple[str, str]:
    """
    What is wrong with a key that C{table} does not have, and what would be right.

    @param is_table: does it stand before a table, or an array of them?
    """
    kind = "table" if is_table else "key"
    of = f" of {_header(table)}" if table else ""
    return f"{quoted(typed)} is no {kind}{of}", _meant(table, typed)


def _meant(table: str, typed: str) -> str:
    lower = typed.lower().replace("-", "_").replace(" ", "_")
    if typed != lower and lower in _here(table):
        return f"{_named(table, lower)} (upper and lower case and the _ matter)"
    # "hosts" is the host of a member, and elsewhere the members.
    if (found := _near(lower, _here(table), _ALL_BUT_ONE_LETTER)) is not None:
        return _named(table, found)
    word = _OTHER_WORDS.get(lower, lower)
    # As it is, then somewhere else, then about so.
    for pick in (_same, _near):
        for place in (table, *KEYS):
            if (found := pick(word, _here(place))) is not None:
                return _named(table, found, place)
    return f"one of {', '.join(_named(table, key) for key in _here(table))}"


def _here(table: str) -> tuple[str, ...]:
    """
    What may stand in a table: its keys, and at the top the other tables.
    """
    return KEYS[table] if table else (*KEYS[table], *TABLES)


def _same(word: str, keys: Iterable[str]) -> str | None:
    return word if word in keys else None


def _near(
    word: str, keys: Iterable[str], likeness: float = _SOMEWHAT_LIKE
) -> str | None:
    return next(iter(difflib.get_close_matches(word, keys, 1, likeness)), None)


def _named(table: str, key: str, place: str | None = None) -> str:
    """
    How a key of C{place} is told where C{table} is at hand.
    """
    if place is None:
        place = table
    if not place and key in KEYS:
        return _header(key)
    if place == table:
        return key
    return f"{key} in {_header(place)}" if place else f"{key} above the first [table]"


def _header(table: str) -> str:
    return f"[[{table}]]" if table in ARRAYS else f"[{table}]"
