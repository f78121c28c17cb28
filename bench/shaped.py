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
from collections.abc import Iterator, Sequence
from functools import partial

from bench.bound import Link, fluid_bound_seconds
from bench.command import CannotRun, end_with, parser_of, tell_table
from bench.kinds import add_kind_options, chosen_kinds
from bench.namespaces import Namespaces, why_not
from bench.network import congestion_control, enter_private_network
from bench.options import (
    add_run_options,
    check_pieces,
    comma_list,
    one_of,
    piece_size_type,
    size_type,
    whole_number,
)
from bench.repeating import Tally
from bench.results import Run, by_peer, middle
from bench.rounds import Rounds, Stage
from bench.sources import Load, source_of
from bench.stages import data_folder, profiles_of
from swarmpeer.arguments import number_type
from swarmpeer.quantities import parse_size

_KINDS = "swarmpeer,libtorrent,aria2"
_SLOW_SHARE = 0.2
_RATE = number_type("Mbit/s", 0.1, 10_000)

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
    parser = _parser()
    options = parser.parse_args()
    check_pieces(parser, options.size, options.piece)
    if "slow-host" in options.cases and min(options.leechers) < 2:
        parser.error("slow-host is of two leechers or more")
    if missing := why_not():
        raise CannotRun(f"bench.shaped is left out: {missing}")
    # A process mostly sleeps here, and looking would wake it.
    kinds = chosen_kinds(options, is_watched=False)
    enter_private_network()
    profiles = profiles_of(options)
    tally = Tally()
    with data_folder(options.data) as place:
        for leechers in options.leechers:
            load = Load(leechers, options.size, options.piece)
            with source_of(load, place) as source:
                if source is None:
                    continue
                for rate, case in itertools.product(options.rates, options.cases):
                    links = links_of(case, leechers, rate)
                    with Namespaces(links) as namespaces:
                        stage = Stage(
                            place,
                            f"{case}, {rate:g} Mbit/s, {congestion_control()}",
                            namespaces.hosts,
                            options.timeout,
                            links,
                            namespaces.sent_bytes,
                            profiles,
                        )
                        title = f"{load.text}, {stage.network}"
                        rounds = Rounds(stage, kinds, options.runs, tally)
                        rounds.run(source, load, partial(_show, title, links))
    return tally.status


def _show(title: str, links: Sequence[Link], runs: Sequence[Run]) -> None:
    tell_table(title, table(runs, links))


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
    add("--rates", type=comma_list(_RATE), default=[50.0], help="in Mbit/s (50)")
    add(
        "--cases",
        type=comma_list(one_of("case", CASES)),
        default=["even"],
        help="with commas (even): "
        + "; ".join(f"{name}: {what}" for name, what in CASES.items()),
    )
    add("--size", type=size_type, default=parse_size("64M"), help="(64M)")
    add("--piece", type=piece_size_type, default=parse_size("64K"), help="(64K)")
    add_kind_options(parser, _KINDS)
    add_run_options(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
