"""
Runs of several kinds of peer in turn.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.bound import Link, fluid_bound_seconds
from bench.gauges import Memory, cpu_seconds, warm_pages
from bench.peers import Host, PeerKind, Transfer
from bench.processes import RunFailed, RunningPeer, Swarm
from bench.repeating import Tally
from bench.results import Run
from bench.sources import Load

_MIB = 1 << 20
_GIB = 1 << 30
_READY_SECONDS = 120.0

# What is still on its way to the disk when the last leecher is done is paid for.
_SETTLE_SECONDS = 0.2

# Beside the leechers' files: sockets, buffers, the interpreters.
_WARM_EXTRA_BYTES = 400 * _MIB


@dataclass(frozen=True, slots=True)
class Stage:
    """
    Where runs take place.

    @ivar place: a folder for the runs.
    @ivar network: what the results call the network.
    @ivar hosts: gives as many hosts as are asked for, for one run.
    @ivar links: what the hosts' lines bear, the seed's first, if they are bounded.
    @ivar sent_bytes: what each host has sent so far, if the network counts it.
    @ivar profiles: see L{Transfer}.
    """

    place: Path
    network: str
    hosts: Callable[[int], tuple[Host, ...]]
    timeout_seconds: float
    links: Sequence[Link] = ()
    sent_bytes: Callable[[], list[int]] = list
    profiles: Path | None = None


class Rounds:
    """
    One file to some leechers, again and again.
    """

    def __init__(
        self, stage: Stage, kinds: Sequence[PeerKind], count: int, tally: Tally
    ) -> None:
        self._stage = stage
        self._kinds = kinds
        self._count = count
        self._tally = tally

    def run(
        self, source: Path, load: Load, show: Callable[[Sequence[Run]], None]
    ) -> None:
        """
        Run every kind C{count} times; they take turns in going first.  Each run is
        printed at once.

        @param show: is given the runs that did not fail, in the order of the kinds; see
            L{Tally.repeat}.
        """

        def make(kind: PeerKind, number: int) -> Run:
            transfer = Transfer(
                source,
                load.size_bytes,
                load.piece_size_bytes,
                self._stage.hosts(load.leechers + 1),
                self._stage.profiles,
            )
            return run_once(kind, transfer, self._stage, number)

        names = [kind.name for kind in self._kinds]
        self._tally.repeat(
            (
                (kind.name, partial(make, kind, number))
                for number, kind in in_turn(self._kinds, self._count)
            ),
            lambda runs: show(sorted(runs, key=lambda run: names.index(run.peer))),
        )


def in_turn(kinds: Sequence[PeerKind], count: int) -> Iterator[tuple[int, PeerKind]]:
    """
    Every kind once in each of C{count} rounds, another one first each time.
    """
    for number in range(count):
        turn = number % len(kinds)
        for kind in (*kinds[turn:], *kinds[:turn]):
            yield number, kind


def run_once(kind: PeerKind, transfer: Transfer, stage: Stage, number: int) -> Run:
    """
    Run one transfer in a folder that is made for it and removed after it.

    @param number: of the round.
    @raise RunFailed: if a leecher did not get the file.
    """
    folder = stage.place / "run"
    folder.mkdir()
    with ExitStack() as after:
        after.callback(shutil.rmtree, folder)
        with Swarm(kind.commands(transfer, folder), folder) as swarm:
            swarm.wait_for("READY", swarm.peers, _READY_SECONDS)
            warm_pages(int(1.1 * transfer.delivered_bytes) + _WARM_EXTRA_BYTES)
            for peer in swarm.peers:
                peer.peak = Memory()
            before = {peer.pid: cpu_seconds(peer.pid) for peer in swarm.peers}
            sent_before = stage.sent_bytes()
            start = time.monotonic()
            for peer in swarm.leechers:
                peer.begin()
            times = swarm.wait_for("DONE", swarm.leechers, stage.timeout_seconds)
            sent_after = stage.sent_bytes()
            time.sleep(_SETTLE_SECONDS)
            spent = {pid: cpu_seconds(pid) - was for pid, was in before.items()}
            for peer in swarm.peers:
                peer.sample()
        check_files(swarm, transfer.source)
    cpu_seed = sum(spent[peer.pid] for peer in swarm.seeds)
    cpu_leechers = sum(spent[peer.pid] for peer in swarm.leechers)
    wall = max(times) - start
    return Run(
        peer=kind.name,
        round=number,
        leechers=transfer.leechers,
        size_bytes=transfer.size_bytes,
        piece_size_bytes=transfer.piece_size_bytes,
        network=stage.network,
        wall_seconds=round(wall, 3),
        done_seconds=[round(each - start, 3) for each in times],
        rate_mb_per_second=round(transfer.delivered_bytes / wall / 1e6, 1),
        cpu_seconds_per_gib=round(
            (cpu_seed + cpu_leechers) * _GIB / transfer.delivered_bytes, 3
        ),
        cpu_seed_seconds=round(cpu_seed, 3),
        cpu_leechers_seconds=round(cpu_leechers, 3),
        seed=highest(swarm.seeds),
        leecher=highest(swarm.leechers),
        late_ms=worst(swarm, "late_ms"),
        stall_ms=worst(swarm, "stall_ms"),
        sent_bytes=[
            now - was for now, was in zip(sent_after, sent_before, strict=True)
        ],
        bound_seconds=round(fluid_bound_seconds(transfer.size_bytes, stage.links), 3)
        if stage.links
        else None,
    )


def worst(swarm: Swarm, figure: str) -> float | None:
    """
    The highest figure that any of them reports.
    """
    told = [report[figure] for report in swarm.reports if figure in report]
    return round(max(told), 1) if told else None


def highest(peers: Sequence[RunningPeer]) -> Memory:
    """
    The most memory that any of them held.
    """
    peak = Memory()
    for peer in peers:
        peak = peak.peak(peer.peak)
    return peak.rounded()


def check_files(swarm: Swarm, source: Path) -> None:
    """
    Look at what every leecher has.

    @raise RunFailed: if it is not the file.
    """
    for peer in swarm.leechers:
        if not _is_same(peer.command.file, source):
            raise RunFailed(f"{peer.command.label} has a wrong file")


def _is_same(path: Path, other: Path) -> bool:
    """
    Do both files hold the same bytes?
    """
    try:
        with path.open("rb") as one, other.open("rb") as two:
            while True:
                block = one.read(_MIB)
                if block != two.read(_MIB):
                    return False
                if not block:
                    return True
    except FileNotFoundError:
        return False
