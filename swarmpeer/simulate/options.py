"""
What can be said of a scenario: one row for each of its fields.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from swarmpeer.quantities import format_rate, format_seconds, format_size
from swarmpeer.simulate.words import (
    bounded_size,
    read_factors,
    read_fault_numbers,
    read_hostile,
    read_latency,
    read_level,
    read_picking,
    read_policy,
    read_rate,
    whole,
    write_factors,
    write_fault_numbers,
)
from swarmpeer.testing.names import PICKING_NAMES, POLICY_NAMES
from swarmpeer.testing.scenario import MOST_FILES, FaultLevel
from swarmpeer.wire.codec import MAX_PIECE_SIZE_BYTES

MOST_PEERS = 10_000
MOST_FILE_SIZE_BYTES = 2**44

_OTHERS = "a plugin, or package.module:Name"


@dataclass(frozen=True, slots=True)
class Option:
    """
    How one field of a scenario is said.

    @ivar field: its name there.
    @ivar parse: reads a value; raises C{ValueError} with what is wrong.
    @ivar write: writes one, so that C{parse} reads the same.
    """

    flag: str
    field: str
    metavar: str
    # Values of all kinds pass through, each between its own two functions.
    parse: Callable[[str], Any]
    write: Callable[[Any], str]
    meaning: str


OPTIONS = (
    Option(
        "--peers",
        "peers",
        "N",
        whole(2, MOST_PEERS),
        str,
        "honest peers, those with the file included",
    ),
    Option(
        "--seeds",
        "seeds",
        "N",
        whole(1, MOST_PEERS),
        str,
        "how many of them have the file from the start",
    ),
    Option(
        "--free-riders",
        "free_riders",
        "N",
        whole(0, MOST_PEERS),
        str,
        "how many of the others never serve",
    ),
    Option(
        "--hostile",
        "hostile",
        "SHARE",
        read_hostile,
        ",".join,
        "peers that break the rules, on top: so many for each honest one (0.2 or "
        "20%%) in roles drawn from the seed, or the roles, with commas between",
    ),
    Option(
        "--file-size",
        "file_size_bytes",
        "SIZE",
        partial(bounded_size, most=MOST_FILE_SIZE_BYTES),
        format_size,
        "of the file, as 64M or 1000",
    ),
    Option(
        "--piece-size",
        "piece_size_bytes",
        "SIZE",
        partial(bounded_size, most=MAX_PIECE_SIZE_BYTES),
        format_size,
        "of a piece",
    ),
    Option(
        "--files",
        "files",
        "N",
        whole(1, MOST_FILES),
        str,
        "a verified swarm, whose file is a folder of so many files",
    ),
    Option(
        "--most-neighbors",
        "most_neighbors",
        "N",
        whole(1, MOST_PEERS),
        str,
        "with how many neighbours a peer turns callers away, with --files",
    ),
    Option(
        "--preferred",
        "preferred",
        "N",
        whole(1, MOST_PEERS),
        str,
        "neighbours that a peer serves for what they give",
    ),
    Option(
        "--unchoking",
        "unchoking_interval_seconds",
        "SECONDS",
        whole(1, 86_400),
        str,
        "between two choices of those",
    ),
    Option(
        "--optimistic",
        "optimistic_interval_seconds",
        "SECONDS",
        whole(1, 86_400),
        str,
        "between two draws of one more, served by lot",
    ),
    Option(
        "--policy",
        "policy",
        "NAME",
        read_policy,
        str,
        f"who is preferred: {', '.join(POLICY_NAMES)}, {_OTHERS}",
    ),
    Option(
        "--picking",
        "picking",
        "NAME",
        read_picking,
        str,
        "which piece a peer fetches next, with --files: "
        f"{', '.join(PICKING_NAMES)}, {_OTHERS}",
    ),
    Option(
        "--up",
        "up_rate",
        "RATE",
        read_rate,
        format_rate,
        "what a host can send, as 50Mbit or 1MB",
    ),
    Option(
        "--up-factors",
        "up_factors",
        "X,X",
        read_factors,
        write_factors,
        "those without the file can send so many times that, each in its turn",
    ),
    Option(
        "--seed-up",
        "seed_up_rate",
        "RATE",
        read_rate,
        format_rate,
        "what one with the file from the start can send",
    ),
    Option(
        "--down",
        "down_rate",
        "RATE",
        read_rate,
        format_rate,
        "what a host can receive",
    ),
    Option(
        "--latency",
        "latency_seconds",
        "TIME",
        read_latency,
        format_seconds,
        "how long a byte is under way",
    ),
    Option(
        "--jitter",
        "jitter_seconds",
        "TIME",
        read_latency,
        format_seconds,
        "how much longer than that it may take",
    ),
    Option(
        "--neighbors",
        "neighbors",
        "N",
        whole(1, MOST_PEERS),
        str,
        "how many others a peer is told of",
    ),
    Option(
        "--faults",
        "faults",
        "LEVEL",
        read_level,
        str,
        f"what goes wrong by chance: {', '.join(FaultLevel)}",
    ),
    Option(
        "--skip-faults",
        "skipped_faults",
        "N,N-N",
        read_fault_numbers,
        write_fault_numbers,
        "faults, counted from 0, that shall not happen",
    ),
    Option(
        "--seed",
        "seed",
        "N",
        whole(0),
        str,
        "where all chance comes from",
    ),
)

UNSET = {
    "up_rate": "no limit",
    "seed_up_rate": "as the others",
    "down_rate": "no limit",
    "neighbors": "all",
    "policy": "classic, or fleet with --files",
    "most_neighbors": "as every peer",
    "files": "the classic swarm with one file",
}
"""
What it means when a field has no value.
"""
