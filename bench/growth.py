"""
How a transfer grows: with the leechers, with the file, with the pieces.

    python -m bench.growth
    python -m bench.growth --sweeps size --runs 1

Three sweeps, a table each.  Everything beside what grows is as in a small transfer.
The files of the sweep over sizes are of zeros; what does not fit where the files are
is left out, with a word.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench.gauges import available_bytes
from bench.kinds import add_kind_options, chosen_kinds
from bench.options import (
    add_network_option,
    add_run_options,
    comma_list,
    one_of,
    parser_of,
)
from bench.peers import FILE_NAME
from bench.results import Run, by_peer, middle, ms_column
from bench.rounds import Rounds, Stage
from bench.sources import make_source, size_text
from bench.stages import loopback_stage
from swarmpeer.quantities import parse_size

_KINDS = "swarmpeer,libtorrent"
_SPARE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Point:
    """
    One transfer of a sweep.
    """

    leechers: int = 1
    size_bytes: int = field(default=parse_size("256M"))
    piece_size_bytes: int = field(default=parse_size("1M"))
    is_sparse: bool = False

    @property
    def text(self) -> str:
        """
        What the tables call it.
        """
        return (
            f"{size_text(self.size_bytes)} to {self.leechers} in pieces of "
            f"{size_text(self.piece_size_bytes)}"
        )


_USUAL = Point()
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
    failures = 0
    with loopback_stage(options) as stage:
        for sweep in options.sweeps:
            found: list[tuple[Point, list[Run]]] = []
            for point in SWEEPS[sweep]:
                if why := _no_room(point, stage):
                    print(f"{point.text} is left out: {why}", file=sys.stderr)
                    continue
                source = stage.place / FILE_NAME
                make_source(source, point.size_bytes, is_sparse=point.is_sparse)
                rounds = Rounds(stage, kinds)
                runs = rounds.run(
                    source, point.piece_size_bytes, point.leechers, options.runs
                )
                failures += rounds.failures
                found.append((point, runs))
            print(
                f"growing: {sweep}, {stage.network}, files in {options.data}",
                *table(found),
                sep="\n",
                file=sys.stderr,
                flush=True,
            )
    return 1 if failures else 0


def table(found: Sequence[tuple[Point, Sequence[Run]]]) -> Iterator[str]:
    """
    The medians of each point and kind.
    """
    yield (
        f"{'medians':<34} {'peer':<18} {'runs':>4} {'wall s':>8} {'MB/s':>6} "
        f"{'CPU-s/GiB':>9} {'seed MiB':>9} {'leecher':>8} {'stall ms':>8}"
    )
    for point, runs in found:
        for name, alike in by_peer(runs).items():
            yield (
                f"{point.text:<34} {name:<18} {len(alike):>4} "
                f"{middle(alike, lambda run: run.wall_seconds):>8.2f} "
                f"{middle(alike, lambda run: run.rate_mb_per_second):>6.0f} "
                f"{middle(alike, lambda run: run.cpu_seconds_per_gib):>9.2f} "
                f"{middle(alike, lambda run: run.seed.private_mib):>9.0f} "
                f"{middle(alike, lambda run: run.leecher.private_mib):>8.0f} "
                f"{ms_column(alike, lambda run: run.stall_ms)}"
            )


def _no_room(point: Point, stage: Stage) -> str | None:
    """
    What keeps the copies from having room, if anything.
    """
    copies = point.leechers + (not point.is_sparse)
    wanted_bytes = point.size_bytes * copies + _SPARE_BYTES
    if shutil.disk_usage(stage.place).free < wanted_bytes:
        return "the disk is too small"
    if str(stage.place).startswith("/dev/shm") and available_bytes() < wanted_bytes:
        return "the memory is too small"
    return None


if __name__ == "__main__":
    sys.exit(main())
