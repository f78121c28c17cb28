"""
One file to hosts whose lines are slow, against the time that nobody can beat.

    python -m bench.shaped --leechers 8,16 --rates 50,100
    python -m bench.shaped --leechers 8 --rates 50 --cases slow-host,half-seed

Every peer is in a network namespace of its own, on one bridge; a token bucket
bounds what goes into and out of each.  Needs root, and iproute2.

A line of JSON for each run on the standard output, a table of medians for each case
on the standard error.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.bound import Link, fluid_bound_seconds
from bench.kinds import add_kind_options, chosen_kinds
from bench.namespaces import Namespaces, why_not
from bench.network import congestion_control, enter_private_network
from bench.options import add_run_options, comma_list, one_of, parser_of, whole_number
from bench.peers import FILE_NAME, PeerKind
from bench.results import Run, by_peer, middle
from bench.rounds import Rounds, Stage
from bench.sources import make_source, size_text
from bench.stages import data_folder, profiles_of
from swarmpeer.quantities import parse_size

_KINDS = "swarmpeer,libtorrent,aria2"
_SLOW_SHARE = 0.2

CASES = {
    "even": "every host has the same rate, up and down",
    "slow-host": f"one leecher has {_SLOW_SHARE:g} of it",
    "half-seed": "the seed has half of it up",
}


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    options = _parser().parse_args()
    if missing := why_not():
        print(f"bench.shaped is left out: {missing}", file=sys.stderr)
        return 0
    # A process mostly sleeps here, and looking would wake it.
    kinds = chosen_kinds(options, is_watched=False)
    enter_private_network()
    failures = 0
    with data_folder(options.data) as place:
        source = place / FILE_NAME
        make_source(source, options.size)
        for leechers, rate, case in itertools.product(
            options.leechers, options.rates, options.cases
        ):
            links = links_of(case, leechers, rate)
            with Namespaces(links) as namespaces:
                stage = Stage(
                    place,
                    f"{case}, {rate:g} Mbit/s, {congestion_control()}",
                    namespaces.hosts,
                    options.timeout,
                    links,
                    namespaces.sent_bytes,
                    profiles_of(options),
                )
                failures += _run(stage, kinds, source, leechers, options)
    return 1 if failures else 0


def _run(
    stage: Stage,
    kinds: Sequence[PeerKind],
    source: Path,
    leechers: int,
    options: argparse.Namespace,
) -> int:
    rounds = Rounds(stage, kinds)
    runs = rounds.run(source, options.piece, leechers, options.runs)
    if runs:
        title = (
            f"{size_text(options.size)} to {leechers} in pieces of "
            f"{size_text(options.piece)}, {stage.network}"
        )
        lines = table(runs, stage.links)
        print(title, *lines, sep="\n", file=sys.stderr, flush=True)
    return rounds.failures


def links_of(case: str, leechers: int, rate: float) -> list[Link]:
    """
    The line of the seed, then those of the leechers.

    @param case: one of L{CASES}.
    @param rate: in Mbit/s.
    """
    links = [Link(rate, rate)] * (leechers + 1)
    if case == "slow-host":
        links[-1] = Link(_SLOW_SHARE * rate, _SLOW_SHARE * rate)
    elif case == "half-seed":
        links[0] = Link(rate / 2, rate)
    return links


def table(runs: Sequence[Run], links: Sequence[Link]) -> Iterator[str]:
    """
    The medians of each kind.
    """
    size_bytes = runs[0].size_bytes
    bound = fluid_bound_seconds(size_bytes, links)
    fastest = max(link.down for link in links)
    others = [link for link in links if link.down == fastest]
    others_bound = fluid_bound_seconds(size_bytes, others)
    yield (
        f"{'medians':<18} {'runs':>4} {'wall s':>8} {'/ bound':>8} "
        f"{'[min - max]':>15} {'others':>7} {'seed sent':>9} {'leechers':>9} "
        f"{'CPU-s/GiB':>9}"
    )
    for name, alike in by_peer(runs).items():
        ratios = [run.wall_seconds / bound for run in alike]
        # Whoever is slow comes last.
        fast = [run.done_seconds[len(others) - 2] / others_bound for run in alike]
        spread = f"[{min(ratios):.2f} - {max(ratios):.2f}]"
        yield (
            f"{name:<18} {len(alike):>4} "
            f"{middle(alike, lambda run: run.wall_seconds):>8.2f} "
            f"{statistics.median(ratios):>8.3f} {spread:>15} "
            f"{statistics.median(fast):>7.3f} "
            f"{middle(alike, lambda run: run.sent_bytes[0] / size_bytes):>9.2f} "
            f"{middle(alike, leechers_share):>9.3f} "
            f"{middle(alike, lambda run: run.cpu_seconds_per_gib):>9.2f}"
        )
    yield f"bound {bound:.2f} s, {others_bound:.2f} s for all but slow ones"


def leechers_share(run: Run) -> float:
    """
    Of all that was sent, the share that leechers sent.
    """
    return 1 - run.sent_bytes[0] / sum(run.sent_bytes)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("bench.shaped", __doc__)
    add = parser.add_argument
    add(
        "--leechers", type=comma_list(whole_number), default=[8], help="with commas (8)"
    )
    add("--rates", type=comma_list(float), default=[50.0], help="in Mbit/s (50)")
    add(
        "--cases",
        type=comma_list(one_of("case", CASES)),
        default=["even"],
        help="with commas (even): "
        + "; ".join(f"{name}: {what}" for name, what in CASES.items()),
    )
    add("--size", type=parse_size, default=parse_size("64M"), help="(64M)")
    add("--piece", type=parse_size, default=parse_size("64K"), help="(64K)")
    add_kind_options(parser, _KINDS)
    add_run_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
