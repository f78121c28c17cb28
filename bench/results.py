"""
What a run is found to be, and what several are worth together.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.gauges import Memory

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """
    One transfer as it was measured, and the line that is printed.

    @ivar done_seconds: when each leecher was done, the first one first.
    @ivar rate_mb_per_second: what was delivered to all leechers together.
    @ivar late_ms: the longest that a reactor of ours was late; C{None} for
        peers that do not say.
    @ivar stall_ms: the same without the time in which its thread could have
        gone on but got no core.
    @ivar sent_bytes: what each host sent, the seed first, with all headers; empty
        where the network does not count it.
    @ivar bound_seconds: what the lines allow at best, where they are bounded.
    """

    peer: str
    round: int
    leechers: int
    size_bytes: int
    piece_size_bytes: int
    network: str
    wall_seconds: float
    done_seconds: list[float]
    rate_mb_per_second: float
    cpu_seconds_per_gib: float
    cpu_seed_seconds: float
    cpu_leechers_seconds: float
    seed: Memory
    leecher: Memory
    late_ms: float | None
    stall_ms: float | None
    sent_bytes: list[int]
    bound_seconds: float | None


def middle(runs: Iterable[T], figure: Callable[[T], float]) -> float:
    """
    The median of one figure of all runs.
    """
    return statistics.median(map(figure, runs))


def ms_column(runs: Iterable[Run], figure: Callable[[Run], float | None]) -> str:
    """
    The median of milliseconds that not every peer tells, as wide as its column.
    """
    told = [each for each in map(figure, runs) if each is not None]
    return f"{statistics.median(told):>8.1f}" if told else f"{'-':>8}"


def by_peer(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """
    The runs of each kind of peer, in the order in which the kinds are first met.
    """
    together: dict[str, list[Run]] = {}
    for run in runs:
        together.setdefault(run.peer, []).append(run)
    return together


def table(runs: Sequence[Run]) -> Iterator[str]:
    """
    The medians of each kind, and each other kind's share of the first's.

    @param runs: one at least.
    """
    yield (
        f"{'medians':<14} {'runs':>4} {'wall s':>8} {'[min - max]':>15} "
        f"{'MB/s':>7} {'CPU-s/GiB':>9} {'seed MiB':>9} {'leecher':>8} "
        f"{'mapped':>7} {'late ms':>8} {'stall ms':>8}"
    )
    together = by_peer(runs)
    for name, alike in together.items():
        walls = [run.wall_seconds for run in alike]
        spread = f"[{min(walls):.2f} - {max(walls):.2f}]"
        yield (
            f"{name:<14} {len(alike):>4} {statistics.median(walls):>8.3f} "
            f"{spread:>15} "
            f"{middle(alike, lambda run: run.rate_mb_per_second):>7.0f} "
            f"{middle(alike, lambda run: run.cpu_seconds_per_gib):>9.2f} "
            f"{middle(alike, lambda run: run.seed.private_mib):>9.0f} "
            f"{middle(alike, lambda run: run.leecher.private_mib):>8.0f} "
            f"{middle(alike, lambda run: run.leecher.mapped_mib):>7.0f} "
            f"{ms_column(alike, lambda run: run.late_ms)} "
            f"{ms_column(alike, lambda run: run.stall_ms)}"
        )
    first, *others = together
    ours = together[first]
    for name in others:
        theirs = together[name]
        wall = _ratio(ours, theirs, lambda run: run.wall_seconds)
        cpu = _ratio(ours, theirs, lambda run: run.cpu_seconds_per_gib)
        yield f"{first} / {name}: wall {wall:.2f}, CPU {cpu:.2f}"


def _ratio(
    ours: Sequence[Run], theirs: Sequence[Run], figure: Callable[[Run], float]
) -> float:
    return middle(ours, figure) / middle(theirs, figure)
