"""
How long a peer takes to begin with a very large file that it knows.

    python -m bench.resume

A seed of ours starts on a sparse file of 1 TiB in pieces of 4 MiB, of which a valid
record says that everything was looked through.  The time is that of the whole
process, from its start until it listens and knows what it has.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.command import end_with, parser_of, tell
from bench.gauges import Memory, cpu_seconds
from bench.hollow_swarm import HollowSwarm
from bench.options import (
    add_network_option,
    add_run_options,
    check_pieces,
    piece_size_type,
    size_type,
)
from bench.processes import Swarm
from bench.repeating import Tally
from bench.results import middle
from bench.rounds import Stage
from bench.sources import size_text
from bench.stages import loopback_stage
from swarmpeer.quantities import parse_size

_READY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """
    What was seen, and the line that is printed.

    @ivar memory: the highest sample until then.
    """

    round: int
    size_bytes: int
    piece_size_bytes: int
    wall_seconds: float
    cpu_seconds: float
    memory: Memory


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = parser_of("bench.resume", __doc__)
    add = parser.add_argument
    add("--size", type=size_type, default=parse_size("1T"), help="(1T)")
    add("--piece", type=piece_size_type, default=parse_size("4M"), help="(4M)")
    add_run_options(parser)
    # Not every memory disk takes a file so large.
    parser.set_defaults(data=tempfile.gettempdir())
    add_network_option(parser)
    options = parser.parse_args()
    check_pieces(parser, options.size, options.piece, are_whole=True)
    tally = Tally()
    with loopback_stage(options) as stage:
        tally.repeat(
            (
                (f"run {number}", partial(_start, stage, number, options))
                for number in range(options.runs)
            ),
            partial(_show, options),
        )
    return tally.status


def _show(options: argparse.Namespace, runs: Sequence[ResumeRun]) -> None:
    wall = middle(runs, lambda run: run.wall_seconds)
    private = middle(runs, lambda run: run.memory.private_mib)
    tell(
        f"start on {size_text(options.size)} in pieces of "
        f"{size_text(options.piece)}, medians of {len(runs)}: {wall:.2f} s, "
        f"{private:.0f} MiB private"
    )


def _start(stage: Stage, number: int, options: argparse.Namespace) -> ResumeRun:
    swarm = HollowSwarm.make(stage, 1, options.size, options.piece)
    command = swarm.the_one(is_seed=True)
    start = time.monotonic()
    with Swarm([command], swarm.folder) as peers:
        times = peers.wait_for("READY", peers.peers, _READY_SECONDS)
        seed = peers.seeds[0]
        seed.sample()
        cpu = cpu_seconds(seed.pid)
    return ResumeRun(
        round=number,
        size_bytes=options.size,
        piece_size_bytes=options.piece,
        wall_seconds=round(times[0] - start, 3),
        cpu_seconds=round(cpu, 3),
        memory=seed.peak.rounded(),
    )


if __name__ == "__main__":
    end_with(main)
