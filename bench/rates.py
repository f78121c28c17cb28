"""
How well real peers keep their rates: the most and the least that passes in any ten
seconds, seen by a relay between them.

    python -m bench.rates
"""

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.command import end_with, parser_of, tell
from bench.network import loopback_hosts
from bench.options import existing_folder, watched_seconds, whole_number
from bench.ours import FIRST_ID, MANIFEST_NAME, swarm_text
from bench.peers import PeerCommand
from bench.processes import Swarm
from bench.relay import Relay
from bench.repeating import Tally
from bench.sources import make_source
from bench.stages import data_folder
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.testing.figures import WINDOW_SECONDS, most_and_least

_KIB = 1 << 10
_MIB = 1 << 20
_READY_SECONDS = 30.0
_FIRST_SECONDS = 3.0
"""
Until the conversations are under way.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """
    One rate to be kept.

    @ivar seed: the C{[rates]} of the seed.
    @ivar leecher: those of each leecher.
    @ivar rate_bytes_per_second: what has to pass from the seed to all leechers
        together.
    """

    name: str
    leechers: int
    rate_bytes_per_second: int
    piece_size_bytes: int
    seed: Mapping[str, object]
    leecher: Mapping[str, object]


def _up(rate_bytes_per_second: int, leechers: int, piece_size_bytes: int) -> Case:
    return Case(
        f"up {rate_bytes_per_second // _KIB} KiB/s",
        leechers,
        rate_bytes_per_second,
        piece_size_bytes,
        {"up": rate_bytes_per_second},
        {},
    )


CASES = (
    _up(32 * _KIB, 1, _MIB),
    _up(256 * _KIB, 3, 64 * _KIB),
    _up(4 * _MIB, 3, 256 * _KIB),
    _up(32 * _MIB, 1, _MIB),
    Case(
        "up per neighbor 512 KiB/s",
        3,
        3 * 512 * _KIB,
        64 * _KIB,
        {"up_per_neighbor": 512 * _KIB},
        {},
    ),
    Case("down 256 KiB/s", 1, 256 * _KIB, 64 * _KIB, {}, {"down": 256 * _KIB}),
    Case("down 4096 KiB/s", 1, 4 * _MIB, _MIB, {}, {"down": 4 * _MIB}),
)


@dataclass(frozen=True, slots=True)
class RateRun:
    """
    What was seen, and the line that is printed.

    @ivar most: of what has to pass, in the ten seconds in which the most did.
    @ivar least: the same for the least.
    """

    case: str
    leechers: int
    piece_size_bytes: int
    rate_bytes_per_second: int
    most: float
    least: float


def run(case: Case, folder: Path, seconds: float) -> RateRun:
    """
    Let the peers run for so long.

    @param folder: is made, and removed again.
    @raise RunFailed: if one of them ends.
    """
    folder.mkdir()
    try:
        return _run(case, folder, seconds)
    finally:
        shutil.rmtree(folder)


def _run(case: Case, folder: Path, seconds: float) -> RateRun:
    piece_size_bytes, rate = case.piece_size_bytes, case.rate_bytes_per_second
    pieces = max(1, int(rate * (seconds + 15)) // piece_size_bytes)
    source = folder / "source"
    make_source(source, pieces * piece_size_bytes, is_sparse=True)
    place = folder / "swarm"
    place.mkdir()
    hosts = loopback_hosts(case.leechers + 2)
    seed, relayed, leechers = hosts[0], hosts[1], hosts[2:]
    commands = [
        PeerCommand.prepare(
            f"{case.name} {FIRST_ID + number}",
            host,
            place / str(FIRST_ID + number),
            None if number else source,
            "bench.verified_peer",
            f"--id={FIRST_ID + number}",
            f"--swarm={place / ('leecher.toml' if number else 'seed.toml')}",
        )
        for number, host in enumerate((seed, *leechers))
    ]
    manifest = build_manifest(commands[0].file, piece_size_bytes)
    save_manifest(manifest, place / MANIFEST_NAME)
    for name, first, rates in (
        ("seed.toml", seed, case.seed),
        ("leecher.toml", relayed, case.leecher),
    ):
        text = swarm_text((first, *leechers), {"rates": rates})
        (place / name).write_text(text)
    relay = Relay(relayed, seed)
    with contextlib.closing(relay), Swarm(commands, folder) as swarm:
        swarm.wait_for("READY", swarm.seeds, _READY_SECONDS)
        swarm.wait_for("READY", swarm.leechers, _READY_SECONDS)
        for peer in swarm.leechers:
            peer.begin()
        begin = time.monotonic() + _FIRST_SECONDS
        time.sleep(_FIRST_SECONDS + seconds)
        end = time.monotonic()
    most, least = most_and_least(relay.answered, begin, end)
    per_window = rate * WINDOW_SECONDS
    return RateRun(
        case=case.name,
        leechers=case.leechers,
        piece_size_bytes=piece_size_bytes,
        rate_bytes_per_second=rate,
        most=round(most / per_window, 4),
        least=round(least / per_window, 4),
    )


def main() -> int:
    """
    Every case in turn.

    @return: the exit status.
    """
    parser = parser_of("bench.rates", __doc__)
    parser.add_argument(
        "--runs", type=whole_number, default=1, metavar="N", help="rounds (1)"
    )
    parser.add_argument(
        "--data",
        type=existing_folder,
        default="/dev/shm",
        metavar="DIR",
        help="where the files are",
    )
    parser.add_argument(
        "--seconds", type=watched_seconds, default=25.0, help="of each case (25)"
    )
    names = ", ".join(case.name for case in CASES)
    parser.add_argument(
        "--only", default="", help=f"cases with this in their name, of {names}"
    )
    options = parser.parse_args()
    if options.seconds <= WINDOW_SECONDS:
        parser.error(f"no ten seconds fit into {options.seconds:g}")
    cases = [case for case in CASES if options.only in case.name]
    if not cases:
        parser.error(f"--only: {options.only!r} is in no name of {names}")
    tally = Tally()
    with data_folder(options.data) as place:
        tally.repeat(
            (
                (case.name, partial(run, case, place / "run", options.seconds))
                for case in cases * options.runs
            ),
            lambda runs: tell(*table(runs)),
        )
    return tally.status


def table(runs: Sequence[RateRun]) -> Iterator[str]:
    """
    A row for each.
    """
    yield f"{'of the rate in any 10 s':<28} {'least':>8} {'most':>8}"
    for each in runs:
        yield f"{each.case:<28} {each.least:>8.1%} {each.most:>8.1%}"


if __name__ == "__main__":
    end_with(main)
