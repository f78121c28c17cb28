"""
How a transfer grows: with the leechers, with the file, with the pieces.

    python -m bench.growth
    python -m bench.growth --sweeps size --runs 1

Three sweeps, a table each.  Everything beside what grows is as in a small transfer.
The files of the sweep over sizes are of zeros; what does not fit where the files are
is left out, with a word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from bench.command import end_with, parser_of, tell_table
from bench.kinds import add_kind_options, chosen_kinds
from bench.options import (
    add_network_option,
    add_run_options,
    comma_list,
    one_of,
)
from bench.repeating import Tally
from bench.results import Run, by_peer, middle, ms_column
from bench.rounds import Rounds
from bench.sources import Load, source_of
from bench.stages import loopback_stage
from swarmpeer.quantities import parse_size

_KINDS = "swarmpeer,libtorrent"
_USUAL = Load(1, parse_size("256M"), parse_size("1M"))
SWEEPS = {
    "leechers": [replace(_USUAL, leechers=count) for count in (1, 2, 4, 8, 16)],
    "size": [
        replace(_USUAL, size_bytes=parse_size(size), is_sparse=True)
        for size in ("64M", "256M", "1G", "4G", "16G")
    ],
    "piece": [
        replace(_USUAL, leechers=4, piece_size_bytes=parse_size(piece))
        for piece in ("64K", "256K", "1M", "4M", "16M")
    ],
}


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = parser_of("bench.growth", __doc__)
    parser.add_argument(
        "--sweeps",
        type=comma_list(one_of("sweep", SWEEPS)),
        default=list(SWEEPS),
        help=f"with commas ({','.join(SWEEPS)})",
    )
    add_kind_options(parser, _KINDS)
    add_run_options(parser)
    add_network_option(parser)
    options = parser.parse_args()
    kinds = chosen_kinds(options)
    tally = Tally()
    with loopback_stage(options) as stage:
        rounds = Rounds(stage, kinds, options.runs, tally)
        for sweep in options.sweeps:
            found: list[tuple[Load, Sequence[Run]]] = []
            try:
                for load in SWEEPS[sweep]:
                    with source_of(load, stage.place) as source:
                        if source is not None:
                            rounds.run(source, load, partial(_add, found, load))
            finally:
                if found:
                    title = f"growing: {sweep}, {stage.network}, files in "
                    tell_table(f"{title}{options.data}", table(found))
    return tally.status


def _add(
    found: list[tuple[Load, Sequence[Run]]], load: Load, runs: Sequence[Run]
) -> None:
    found.append((load, runs))


def table(found: Sequence[tuple[Load, Sequence[Run]]]) -> Iterator[str]:
    """
    The medians of each load and kind.
    """
    yield (
        f"{'medians':<34} {'peer':<18} {'runs':>4} {'wall s':>8} {'MB/s':>6} "
        f"{'CPU-s/GiB':>9} {'seed MiB':>9} {'leecher':>8} {'stall ms':>8}"
    )
    for load, runs in found:
        for name, alike in by_peer(runs).items():
            yield (
                f"{load.text:<34} {name:<18} {len(alike):>4} "
                f"{middle(alike, lambda run: run.wall_seconds):>8.2f} "
                f"{middle(alike, lambda run: run.rate_mb_per_second):>6.0f} "
                f"{middle(alike, lambda run: run.cpu_seconds_per_gib):>9.2f} "
                f"{middle(alike, lambda run: run.seed.private_mib):>9.0f} "
                f"{middle(alike, lambda run: run.leecher.private_mib):>8.0f} "
                f"{ms_column(alike, lambda run: run.stall_ms)}"
            )


if __name__ == "__main__":
    end_with(main)
