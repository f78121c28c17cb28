"""
What a run is found to be, and what several are worth together.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.gauges import Memory


@dataclass(frozen=True, slots=True)
class Run:
    """
    One transfer as it was measured, and the line that is printed.

    @ivar done_seconds: when each leecher was done, the first one first.
    @ivar rate: bytes delivered per second to all leechers together, in MB.
    @ivar late_ms: the longest that a reactor of ours was late; C{None} for
        peers that do not say.
    @ivar stall_ms: the same without the time in which its thread could have
        gone on but got no core.
    @ivar sent: what each host sent, the seed first, with all headers, in bytes;
        empty where the network does not count it.
    @ivar bound_seconds: what the lines allow at best, where they are bounded.
    """

    peer: str
    round: int
    leechers: int
    size: int
    piece: int
    network: str
    wall_seconds: float
    done_seconds: list[float]
    rate: float
    cpu_per_gib: float
    cpu_seed_seconds: float
    cpu_leechers_seconds: float
    seed: Memory
    leecher: Memory
    late_ms: float | None
    stall_ms: float | None
    sent: list[int]
    bound_seconds: float | None


def table(runs: Sequence[Run]) -> Iterator[str]:
    """
    The medians of each kind, and each other kind's share of the first's.
    """
    names = list(dict.fromkeys(run.peer for run in runs))
    yield (
        f"{'medians':<14} {'runs':>4} {'wall s':>8} {'[min - max]':>15} "
        f"{'MB/s':>7} {'CPU-s/GiB':>9} {'seed MiB':>9} {'leecher':>8} "
        f"{'mapped':>7} {'late ms':>8} {'stall ms':>8}"
    )
    for name in names:
        of_name = [run for run in runs if run.peer == name]
        walls = [run.wall_seconds for run in of_name]
        late = [run.late_ms for run in of_name if run.late_ms is not None]
        stalls = [run.stall_ms for run in of_name if run.stall_ms is not None]
        spread = f"[{min(walls):.2f} - {max(walls):.2f}]"
        yield (
            f"{name:<14} {len(of_name):>4} {statistics.median(walls):>8.3f} "
            f"{spread:>15} "
            f"{statistics.median(run.rate for run in of_name):>7.0f} "
            f"{statistics.median(run.cpu_per_gib for run in of_name):>9.2f} "
            f"{statistics.median(run.seed.private_mib for run in of_name):>9.0f} "
            f"{statistics.median(run.leecher.private_mib for run in of_name):>8.0f} "
            f"{statistics.median(run.leecher.mapped_mib for run in of_name):>7.0f} "
            + (f"{statistics.median(late):>8.1f} " if late else f"{'-':>8} ")
            + (f"{statistics.median(stalls):>8.1f}" if stalls else f"{'-':>8}")
        )
    ours = [run for run in runs if run.peer == names[0]]
    for name in names[1:]:
        theirs = [run for run in runs if run.peer == name]
        wall = statistics.median(run.wall_seconds for run in ours) / statistics.median(
            run.wall_seconds for run in theirs
        )
        cpu = statistics.median(run.cpu_per_gib for run in ours) / statistics.median(
            run.cpu_per_gib for run in theirs
        )
        yield f"{names[0]} / {name}: wall {wall:.2f}, CPU {cpu:.2f}"
