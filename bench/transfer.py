"""
One file from one seed to some leechers, by different kinds of peer in turn.

    python -m bench.transfer --scenario S1
    python -m bench.transfer --leechers 1 --size 1G --piece 1M --runs 5

Each round runs every kind once, and the kinds take turns in going first.  Each
run is a line of JSON on the standard output; a table of medians follows on the
standard error.  The exit status is 0 only if every file of every run was right.

What a run measures: the wall time from the word to begin until the last leecher
has its file in place; the CPU time (user and system) that all peers took from
that word on, so that no start-up is in it, per GiB delivered; and each peer's
memory at its highest sample.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.command import end_with, parser_of, tell_table
from bench.kinds import add_kind_options, chosen_kinds
from bench.options import (
    add_network_option,
    add_run_options,
    check_pieces,
    comma_list,
    piece_size_type,
    size_type,
    whole_number,
)
from bench.repeating import Tally
from bench.results import Run, table
from bench.rounds import Rounds
from bench.sources import Load, source_of
from bench.stages import loopback_stage
from swarmpeer.quantities import parse_size

_KINDS = "swarmpeer,libtorrent"


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    What is spread to how many.
    """

    leechers: int
    size: str
    piece: str


SCENARIOS = {
    "S1": Scenario(1, "1G", "1M"),
    "S2": Scenario(4, "512M", "1M"),
    "S3": Scenario(8, "256M", "1M"),
    "S4": Scenario(4, "64M", "16K"),
}


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = _parser()
    options = parser.parse_args()
    scenario = SCENARIOS.get(options.scenario, SCENARIOS["S1"])
    leechers = options.leechers or scenario.leechers
    sizes = options.size or [parse_size(scenario.size)]
    piece = options.piece or parse_size(scenario.piece)
    loads = [Load(leechers, size, piece, options.sparse) for size in sizes]
    for load in loads:
        check_pieces(parser, load.size_bytes, load.piece_size_bytes)
    kinds = chosen_kinds(options)
    tally = Tally()
    with loopback_stage(options) as stage:
        rounds = Rounds(stage, kinds, options.runs, tally)
        for load in loads:
            title = f"{load.text}, {stage.network}, files in {options.data}"
            with source_of(load, stage.place) as source:
                if source is not None:
                    rounds.run(source, load, partial(_show, title))
    return tally.status


def _show(title: str, runs: Sequence[Run]) -> None:
    tell_table(title, table(runs))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("bench.transfer", __doc__)
    add = parser.add_argument
    add(
        "--scenario",
        choices=sorted(SCENARIOS),
        help="sets the next three: "
        + "; ".join(
            f"{name}: {each.leechers}, {each.size}, {each.piece}"
            for name, each in SCENARIOS.items()
        ),
    )
    add("--leechers", type=whole_number, metavar="N")
    add(
        "--size",
        type=comma_list(size_type),
        help="of the file; several, with commas, make a table each",
    )
    add("--piece", type=piece_size_type, help="the size of a piece")
    add("--sparse", action="store_true", help="a file of zeros instead of noise")
    add_kind_options(parser, _KINDS)
    add_run_options(parser)
    add_network_option(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
