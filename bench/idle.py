"""
What a complete peer costs while nobody wants anything of it.

    python -m bench.idle

A seed of ours has 40 neighbours, who have everything, too, and are all in one other
process.  A while after the last has connected, the seed's CPU time and memory are
watched.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.command import end_with, parser_of, tell
from bench.gauges import Memory, cpu_seconds
from bench.hollow_swarm import HollowSwarm
from bench.options import (
    LONGEST_SECONDS,
    add_network_option,
    add_run_options,
    check_pieces,
    piece_size_type,
    size_type,
    watched_seconds,
    whole_number,
)
from bench.processes import Swarm
from bench.repeating import Tally
from bench.results import middle
from bench.rounds import Stage
from bench.stages import loopback_stage
from swarmpeer.arguments import seconds_type
from swarmpeer.quantities import parse_size

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class IdleRun:
    """
    What was seen, and the line that is printed.

    @ivar core_percent: of one core, over all of C{seconds}.
    """

    round: int
    neighbors: int
    seconds: float
    core_percent: float
    memory: Memory


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = parser_of("bench.idle", __doc__)
    add = parser.add_argument
    add("--neighbors", type=whole_number, default=40, metavar="N", help="(40)")
    add(
        "--seconds",
        type=watched_seconds,
        default=20.0,
        help="how long it is watched (20)",
    )
    add(
        "--settle",
        type=seconds_type(0, LONGEST_SECONDS),
        default=5.0,
        metavar="SECONDS",
        help="before that (5)",
    )
    add("--size", type=size_type, default=parse_size("1G"), help="(1G)")
    add("--piece", type=piece_size_type, default=parse_size("1M"), help="(1M)")
    add_run_options(parser)
    add_network_option(parser)
    options = parser.parse_args()
    check_pieces(parser, options.size, options.piece, are_whole=True)
    tally = Tally()
    with loopback_stage(options) as stage:
        tally.repeat(
            (
                (f"run {number}", partial(_watch, stage, number, options))
                for number in range(options.runs)
            ),
            partial(_show, options),
        )
    return tally.status


def _show(options: argparse.Namespace, runs: Sequence[IdleRun]) -> None:
    core = middle(runs, lambda run: run.core_percent)
    private = middle(runs, lambda run: run.memory.private_mib)
    mapped = middle(runs, lambda run: run.memory.mapped_mib)
    tell(
        f"a seed with {options.neighbors} idle neighbours, medians of {len(runs)}: "
        f"{core:.2f} % of a core, {private:.0f} MiB private, "
        f"{mapped:.0f} MiB mapped"
    )


def _watch(stage: Stage, number: int, options: argparse.Namespace) -> IdleRun:
    swarm = HollowSwarm.make(stage, options.neighbors, options.size, options.piece)
    commands = [swarm.the_one(is_seed=True), swarm.crowd(are_seeds=True)]
    with Swarm(commands, swarm.folder) as peers:
        peers.wait_for("READY", peers.peers, _READY_SECONDS)
        peers.leechers[0].begin()
        peers.wait_for("DONE", peers.leechers, _READY_SECONDS)
        time.sleep(options.settle)
        seed = peers.seeds[0]
        before, start = cpu_seconds(seed.pid), time.monotonic()
        time.sleep(options.seconds)
        spent = cpu_seconds(seed.pid) - before
        seconds = time.monotonic() - start
        seed.sample()
    return IdleRun(
        round=number,
        neighbors=options.neighbors,
        seconds=round(seconds, 1),
        core_percent=round(100 * spent / seconds, 3),
        memory=seed.peak.rounded(),
    )


if __name__ == "__main__":
    end_with(main)
