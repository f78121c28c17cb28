"""
How much memory a peer takes with many neighbours and large pieces.

    python -m bench.memory
    python -m bench.memory --limits 64M,256M

One peer of ours has 40 neighbours, all in one other process: first it fetches a file
from 40 seeds, then it is the seed, and 40 leechers want the file of it alone, and at
last it is a leecher again, of 40 that each begin a piece and do not go on.  The file is
of zeros, so that making it costs nothing.

--limits puts memory into the [limits] of its swarm.toml; 0 leaves it out.
"""

import argparse
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.command import end_with, parser_of, tell
from bench.gauges import Memory
from bench.hollow_swarm import HollowSwarm
from bench.options import (
    add_network_option,
    add_run_options,
    check_pieces,
    comma_list,
    piece_size_type,
    size_or_none_type,
    size_type,
    whole_number,
)
from bench.ours import Tables
from bench.processes import Swarm
from bench.repeating import Tally
from bench.rounds import Stage
from bench.sources import size_text
from bench.stages import loopback_stage
from swarmpeer.quantities import parse_size

_READY_SECONDS = 60.0
_STALL_SECONDS = 1.0
_LEECHER, _SEED, _STALLED = "leecher", "seed", "leecher of those that stall"


@dataclass(frozen=True, slots=True)
class MemoryRun:
    """
    What was seen, and the line that is printed.

    @ivar limit_bytes: of the memory; 0 for the usual one.
    @ivar role: of the peer that was watched.
    @ivar wall_seconds: until it, or all others, had the file, or had begun a piece.
    """

    round: int
    limit_bytes: int
    role: str
    neighbors: int
    size_bytes: int
    piece_size_bytes: int
    wall_seconds: float
    memory: Memory


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = parser_of("bench.memory", __doc__)
    add = parser.add_argument
    add("--neighbors", type=whole_number, default=40, metavar="N", help="(40)")
    add("--size", type=size_type, default=parse_size("2G"), help="fetched (2G)")
    add("--served", type=size_type, default=parse_size("128M"), help="(128M)")
    add("--piece", type=piece_size_type, default=parse_size("16M"), help="(16M)")
    add(
        "--limits", type=comma_list(size_or_none_type), default=[0], help="in bytes (0)"
    )
    add_run_options(parser, runs=1)
    add_network_option(parser)
    options = parser.parse_args()
    for size in (options.size, options.served):
        check_pieces(parser, size, options.piece, are_whole=True)
    tally = Tally()
    with loopback_stage(options) as stage:
        tally.repeat(
            (
                (
                    f"run {number}, {role}",
                    partial(_watch, stage, number, limit, role, options),
                )
                for number, limit, role in itertools.product(
                    range(options.runs), options.limits, (_LEECHER, _SEED, _STALLED)
                )
            ),
            _show,
        )
    return tally.status


def _show(runs: Sequence[MemoryRun]) -> None:
    tell(*map(_line, runs))


def _watch(
    stage: Stage,
    number: int,
    limit_bytes: int,
    role: str,
    options: argparse.Namespace,
) -> MemoryRun:
    is_seed = role == _SEED
    size_bytes = options.served if is_seed else options.size
    swarm = HollowSwarm.make(stage, options.neighbors, size_bytes, options.piece)
    limits: dict[str, object] = {"preferred_neighbors": options.neighbors}
    if limit_bytes:
        limits["memory"] = limit_bytes
    if role == _STALLED:
        limits["stall_seconds"] = _STALL_SECONDS
    tables: Tables = {"limits": limits, "timing": {"unchoking_interval": 1}}
    commands = [
        swarm.the_one(is_seed=is_seed, tables=tables),
        swarm.stalling_crowd()
        if role == _STALLED
        else swarm.crowd(are_seeds=not is_seed),
    ]
    with Swarm(commands, swarm.folder) as peers:
        peers.wait_for("READY", peers.peers, _READY_SECONDS)
        one, crowd = peers.peers
        one.peak = Memory()
        start = time.monotonic()
        for peer in (crowd,) if is_seed else (one, crowd):
            peer.begin()
        last = one if role == _LEECHER else crowd
        times = peers.wait_for(
            "COMPLETE" if is_seed else "DONE", [last], options.timeout
        )
    return MemoryRun(
        round=number,
        limit_bytes=limit_bytes,
        role=role,
        neighbors=options.neighbors,
        size_bytes=size_bytes,
        piece_size_bytes=options.piece,
        wall_seconds=round(times[0] - start, 3),
        memory=one.peak.rounded(),
    )


def _line(run: MemoryRun) -> str:
    limit = size_text(run.limit_bytes) if run.limit_bytes else "the usual limit"
    if not run.memory.private_mib:
        held = "over before it was measured, take a larger --size or --served"
    else:
        held = f"{run.memory.private_mib:.0f} MiB private"
    return (
        f"{run.role} with {run.neighbors} neighbours, {size_text(run.size_bytes)} "
        f"in pieces of {size_text(run.piece_size_bytes)}, {limit}: {held}, "
        f"{run.wall_seconds:.1f} s"
    )


if __name__ == "__main__":
    end_with(main)
