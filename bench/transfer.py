"""
One file from one seed to some leechers, by different kinds of peer in turn.

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
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.gauges import Memory, cpu_seconds, warm_pages
from bench.network import congestion_control, enter_private_network
from bench.peers import Libtorrent, PeerKind, SwarmPeer, Transfer
from bench.processes import RunFailed, RunningPeer, Swarm
from bench.results import Run, table

_MIB = 1 << 20
_GIB = 1 << 30
_UNITS = {"K": 1 << 10, "M": _MIB, "G": _GIB}
_READY_SECONDS = 60.0

# What is still on its way to the disk when the last leecher is done is paid for.
_SETTLE_SECONDS = 0.2

# Beside the leechers' files: sockets, buffers, the interpreters.
_WARM_EXTRA_BYTES = 400 * _MIB


def size_bytes(text: str) -> int:
    """
    A size such as C{64M}, C{2.5G} or C{1048576}.
    """
    unit = _UNITS.get(text[-1:].upper())
    return int(text) if unit is None else int(float(text[:-1]) * unit)


def make_source(path: Path, size: int, is_sparse: bool) -> None:
    """
    Write random bytes, or a hole as long as they would be.
    """
    with path.open("wb") as source:
        if is_sparse:
            source.truncate(size)
            return
        for start in range(0, size, 8 * _MIB):
            source.write(os.urandom(min(8 * _MIB, size - start)))


def run_once(
    kind: PeerKind,
    transfer: Transfer,
    folder: Path,
    *,
    number: int,
    network: str,
    timeout_seconds: float,
) -> Run:
    """
    Run one transfer in C{folder}, which is made for it and removed after it.

    @raise RunFailed: if a leecher did not get the file.
    """
    folder.mkdir()
    try:
        with Swarm(kind.commands(transfer, folder), folder) as swarm:
            swarm.wait_for("READY", swarm.peers, _READY_SECONDS)
            warm_pages(int(1.1 * transfer.delivered_bytes) + _WARM_EXTRA_BYTES)
            for peer in swarm.peers:
                peer.peak = Memory()
            before = {peer.pid: cpu_seconds(peer.pid) for peer in swarm.peers}
            start = time.monotonic()
            for peer in swarm.leechers:
                peer.begin()
            times = swarm.wait_for("DONE", swarm.leechers, timeout_seconds)
            time.sleep(_SETTLE_SECONDS)
            spent = {pid: cpu_seconds(pid) - was for pid, was in before.items()}
            for peer in swarm.peers:
                peer.sample()
        for peer in swarm.leechers:
            if not is_same(peer.command.file, transfer.source):
                raise RunFailed(f"{peer.command.label} has a wrong file")
    finally:
        shutil.rmtree(folder)
    wall = max(times) - start
    cpu_seed = sum(spent[peer.pid] for peer in swarm.seeds)
    cpu_leechers = sum(spent[peer.pid] for peer in swarm.leechers)
    return Run(
        peer=kind.name,
        round=number,
        leechers=transfer.leechers,
        size=transfer.size_bytes,
        piece=transfer.piece_size_bytes,
        network=network,
        wall_seconds=round(wall, 3),
        first_seconds=round(min(times) - start, 3),
        rate=round(transfer.delivered_bytes / wall / 1e6, 1),
        cpu_per_gib=round(
            (cpu_seed + cpu_leechers) * _GIB / transfer.delivered_bytes, 3
        ),
        cpu_seed_seconds=round(cpu_seed, 3),
        cpu_leechers_seconds=round(cpu_leechers, 3),
        seed=highest(swarm.seeds),
        leecher=highest(swarm.leechers),
        late_ms=worst(swarm, "late_ms"),
        stall_ms=worst(swarm, "stall_ms"),
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
    return Memory(round(peak.private_mib, 1), round(peak.mapped_mib, 1))


def is_same(path: Path, other: Path) -> bool:
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


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    options = _parser().parse_args()
    # Clean up behind a polite end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kinds = _present(_kinds(options))
    network = _network(options.network)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.data) as name:
        place = Path(name)
        for size in options.size:
            source = place / "source"
            make_source(source, size, options.sparse)
            transfer = Transfer(source, size, options.piece, options.leechers)
            runs: list[Run] = []
            for number in range(options.runs):
                turn = number % len(kinds)
                for kind in kinds[turn:] + kinds[:turn]:
                    try:
                        run = run_once(
                            kind,
                            transfer,
                            place / "run",
                            number=number,
                            network=network,
                            timeout_seconds=options.timeout,
                        )
                    except RunFailed as failure:
                        failures += 1
                        print(f"{kind.name}: {failure}", file=sys.stderr, flush=True)
                    else:
                        runs.append(run)
                        print(json.dumps(asdict(run)), flush=True)
            # In the order asked for, whoever happened to go first.
            order = [kind.name for kind in kinds]
            runs.sort(key=lambda run: order.index(run.peer))
            if runs:
                title = f"{size / _MIB:g} MiB to {options.leechers}, {network}"
                print(title, *table(runs), sep="\n", file=sys.stderr, flush=True)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.transfer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--leechers", type=int, default=1, metavar="N")
    add(
        "--size",
        type=lambda text: [size_bytes(each) for each in text.split(",")],
        default=[_GIB],
        help="of the file; several, with commas, make a table each",
    )
    add("--piece", type=size_bytes, default=_MIB, help="the size of a piece")
    add("--sparse", action="store_true", help="a file of zeros instead of noise")
    add(
        "--peers",
        default="swarmpeer,libtorrent",
        help="kinds with commas between: swarmpeer, libtorrent, libtorrent-waits "
        "(its session is made before the word to begin); the first is compared "
        "with the others",
    )
    add("--runs", type=int, default=5, metavar="N", help="rounds")
    add(
        "--interval",
        type=float,
        default=0.02,
        metavar="SECONDS",
        help="between two choke rounds of ours; 1 is the shortest that a "
        "Common.cfg can ask for",
    )
    add(
        "--settings",
        type=json.loads,
        default={},
        metavar="JSON",
        help="session settings of libtorrent, over the best found",
    )
    add(
        "--data",
        default="/dev/shm" if os.path.isdir("/dev/shm") else None,
        metavar="DIR",
        help="where the files are; /dev/shm keeps the disk out of it",
    )
    add(
        "--network",
        choices=("auto", "private", "host"),
        default="auto",
        help="a private namespace, or the host's own loopback",
    )
    add("--timeout", type=float, default=300.0, metavar="SECONDS", help="of a run")
    return parser


def _kinds(options: argparse.Namespace) -> list[PeerKind]:
    kinds: dict[str, PeerKind] = {
        "swarmpeer": SwarmPeer("swarmpeer", options.interval),
        "libtorrent": Libtorrent("libtorrent", options.settings),
        "libtorrent-waits": Libtorrent(
            "libtorrent-waits", options.settings, waits=True
        ),
    }
    names = options.peers.split(",")
    for name in names:
        if name not in kinds:
            sys.exit(f"--peers: no kind {name!r}; there are {', '.join(kinds)}")
    return [kinds[name] for name in names]


def _present(kinds: list[PeerKind]) -> list[PeerKind]:
    present = []
    for kind in kinds:
        if missing := kind.missing():
            print(f"{kind.name} is left out: {missing}", file=sys.stderr)
        else:
            present.append(kind)
    return present


def _network(wish: str) -> str:
    if wish != "host":
        try:
            enter_private_network()
        except OSError as error:
            if wish == "private":
                sys.exit(f"no private network here: {error}")
        else:
            return f"private loopback, {congestion_control()}"
    return f"host loopback, {congestion_control()}"


if __name__ == "__main__":
    sys.exit(main())
