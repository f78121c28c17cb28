"""
How much memory a peer takes with many neighbours and large pieces.

    python -m bench.memory
    python -m bench.memory --limits 64M,256M

One peer of ours has 40 neighbours, all in one other process: first it fetches a file
from 40 seeds, then it is the seed, and 40 leechers want the file of it alone.  The
file is of zeros, so that making it costs nothing.

--limits puts memory into the [limits] of its swarm.toml; 0 leaves it out.
"""

import argparse
import itertools
import sys
import time
from dataclasses import dataclass
from functools import partial

from bench.gauges import Memory
from bench.holes import HollowSwarm
from bench.ours import Tables
from bench.processes import Swarm
from bench.repeating import repeat_runs
from bench.rounds import Stage
from bench.sources import size_bytes, size_text
from bench.stages import (
    add_network_option,
    add_run_options,
    comma_list,
    loopback_stage,
)

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class MemoryRun:
    """
    What was seen, and the line that is printed.

    @ivar limit: in bytes, 0 for the usual one.
    @ivar role: of the peer that was watched.
    @ivar wall_seconds: until it, or all others, had the file.
    """

    round: int
    limit: int
    role: str
    neighbors: int
    size: int
    piece: int
    wall_seconds: float
    memory: Memory


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--neighbors", type=int, default=40, metavar="N", help="(40)")
    add("--size", type=size_bytes, default=size_bytes("2G"), help="fetched (2G)")
    add("--served", type=size_bytes, default=size_bytes("128M"), help="(128M)")
    add("--piece", type=size_bytes, default=size_bytes("16M"), help="(16M)")
    add("--limits", type=comma_list(size_bytes), default=[0], help="in bytes (0)")
    add_run_options(parser, runs=1)
    add_network_option(parser)
    options = parser.parse_args()
    with loopback_stage(options) as stage:
        runs, failures = repeat_runs(
            (
                f"run {number}, {'seed' if is_seed else 'leecher'}",
                partial(_watch, stage, number, limit, is_seed, options),
            )
            for number, limit, is_seed in itertools.product(
                range(options.runs), options.limits, (False, True)
            )
        )
    print(*map(_line, runs), sep="\n", file=sys.stderr)
    return 1 if failures else 0


def _watch(
    stage: Stage,
    number: int,
    limit: int,
    is_seed: bool,
    options: argparse.Namespace,
) -> MemoryRun:
    swarm = HollowSwarm.make(
        stage.place / "swarm",
        stage.hosts(options.neighbors + 1),
        options.served if is_seed else options.size,
        options.piece,
    )
    limits: dict[str, object] = {"preferred_neighbors": options.neighbors}
    if limit:
        limits["memory"] = limit
    tables: Tables = {"limits": limits, "timing": {"unchoking_interval": 1}}
    commands = [
        swarm.the_one(is_seed=is_seed, tables=tables),
        swarm.crowd(are_seeds=not is_seed),
    ]
    with Swarm(commands, swarm.folder) as peers:
        peers.wait_for("READY", peers.peers, _READY_SECONDS)
        one, crowd = peers.peers
        one.peak = Memory()
        start = time.monotonic()
        for peer in (crowd,) if is_seed else (one, crowd):
            peer.begin()
        last = crowd if is_seed else one
        times = peers.wait_for(
            "COMPLETE" if is_seed else "DONE", [last], options.timeout
        )
    return MemoryRun(
        round=number,
        limit=limit,
        role="seed" if is_seed else "leecher",
        neighbors=options.neighbors,
        size=options.served if is_seed else options.size,
        piece=options.piece,
        wall_seconds=round(times[0] - start, 3),
        memory=one.peak.rounded(),
    )


def _line(run: MemoryRun) -> str:
    limit = size_text(run.limit) if run.limit else "the usual limit"
    return (
        f"{run.role} with {run.neighbors} neighbours, {size_text(run.size)} in pieces "
        f"of {size_text(run.piece)}, {limit}: {run.memory.private_mib:.0f} MiB "
        f"private, {run.wall_seconds:.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
