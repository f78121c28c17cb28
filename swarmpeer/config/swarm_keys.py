"""
The tables and keys of C{swarm.toml}, and what was meant by one that is not among
them.
"""

import difflib
from collections.abc import Iterable

from swarmpeer.config.toml_table import (
    MAX_BYTES,
    Reader,
    read_seconds,
    read_size,
    whole,
)
from swarmpeer.text import quoted

MEMBERS = "members"
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
}
"""
The fields of L{swarmpeer.net.limits.Limits}, with what reads them.
"""

KEYS: dict[str, tuple[str, ...]] = {
    TOP: ("manifest", "infohash", "folder", "allow_classic"),
    "timing": ("unchoking_interval", "optimistic_interval"),
    "limits": ("preferred_neighbors", *LIMITS),
    "checking": ("paranoid", "scrub_rate", "heal"),
    "storage": ("preallocate", "commit_interval"),
    "policy": ("choking",),
    MEMBERS: ("id", "host", "port", "seed", "folder", "classic"),
}
"""
Each table with its keys; above the first header stands L{TOP}.
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
}
"""
What people also call it.
"""

_SOMEWHAT_LIKE = 0.6
_ALL_BUT_ONE_LETTER = 0.85
"""
How much alike two words are, as L{difflib} has it, up to 1.
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
    others = () if table else tuple(filter(None, KEYS))
    return (*KEYS[table], *others)


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
    return f"[[{table}]]" if table == MEMBERS else f"[{table}]"
