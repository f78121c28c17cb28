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
import sys
from dataclasses import dataclass

from bench.kinds import add_kind_options, chosen_kinds
from bench.options import (
    add_network_option,
    add_run_options,
    comma_list,
    parser_of,
    whole_number,
)
from bench.peers import FILE_NAME
from bench.results import table
from bench.rounds import Rounds
from bench.sources import make_source, size_text
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
    kinds = chosen_kinds(options)
    failures = 0
    with loopback_stage(options) as stage:
        source = stage.place / FILE_NAME
        for size in sizes:
            make_source(source, size, is_sparse=options.sparse)
            rounds = Rounds(stage, kinds)
            runs = rounds.run(source, piece, leechers, options.runs)
            failures += rounds.failures
            if runs:
                title = (
                    f"{size_text(size)} to {leechers} in pieces of "
                    f"{size_text(piece)}, {stage.network}, files in {options.data}"
                )
                print(title, *table(runs), sep="\n", file=sys.stderr, flush=True)
    return 1 if failures else 0


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
        type=comma_list(parse_size),
        help="of the file; several, with commas, make a table each",
    )
    add("--piece", type=parse_size, help="the size of a piece")
    add("--sparse", action="store_true", help="a file of zeros instead of noise")
    add_kind_options(parser, _KINDS)
    add_run_options(parser)
    add_network_option(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
