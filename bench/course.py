"""
The classic peer with the settings of its course, against what its rules allow.

    python -m bench.course

Six peers, one of them with the file.  The rules let nobody be served but in a choke
round, each peer counts its rounds from its own start, and in a round it serves so many
as it has slots.  So two cases are run: the seed begins a moment before the leechers, or
a moment after them.  What is left beside the waiting is what the peers take.
"""

import heapq
import itertools
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.command import end_with, parser_of, tell
from bench.options import add_network_option, add_run_options
from bench.ours import ClassicPeer
from bench.peers import FILE_NAME, Transfer
from bench.processes import Swarm
from bench.repeating import Tally
from bench.rounds import check_files
from bench.sources import make_source
from bench.stages import loopback_stage

PEERS = 6
SIZE_BYTES = 2_167_705
PIECE_BYTES = 16_384
PREFERRED = 3
INTERVAL_SECONDS = 5.0
OPTIMISTIC_SECONDS = 10.0

_MOMENT_SECONDS = 0.5
CASES = {
    "seed first": [0.0] + [_MOMENT_SECONDS] * (PEERS - 1),
    "seed last": [_MOMENT_SECONDS] + [0.0] * (PEERS - 1),
}
"""
When each peer begins, the seed first.
"""

_READY_SECONDS = 60.0


def allowed_seconds(
    starts: Sequence[float], preferred: int, interval: float, optimistic: float
) -> list[float]:
    """
    When at the earliest the first leecher can have the file, the second, and so on, if
    sending took no time and no two peers chose the same.

    @param starts: when each peer begins, the seed first.
    @param preferred: how many neighbours each serves from each of its rounds on; from
        each optimistic one on it serves one more.
    """
    rounds = heapq.merge(
        *(_rounds(*peer, interval, preferred) for peer in enumerate(starts)),
        *(_rounds(*peer, optimistic, 1) for peer in enumerate(starts)),
    )
    holders = {0}
    times: list[float] = []
    for seconds, number, slots in rounds:
        if number in holders:
            # Those whose own round comes next can pass it on the soonest.
            waiting = sorted(
                set(range(len(starts))) - holders,
                key=lambda each: (seconds - starts[each]) % interval,
                reverse=True,
            )
            holders.update(waiting[:slots])
            times += [seconds] * len(waiting[:slots])
        if len(times) == len(starts) - 1:
            break
    return times


@dataclass(frozen=True, slots=True)
class CourseRun:
    """
    What was seen, and the line that is printed.

    @ivar done_seconds: when each leecher was done, the first one first.
    @ivar allowed_seconds: when the rules allow each of them to be, at the earliest.
    """

    round: int
    case: str
    wall_seconds: float
    done_seconds: list[float]
    allowed_seconds: list[float]


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = parser_of("bench.course", __doc__)
    add_run_options(parser)
    add_network_option(parser)
    options = parser.parse_args()
    kind = ClassicPeer(
        "swarmpeer-classic",
        INTERVAL_SECONDS,
        OPTIMISTIC_SECONDS,
        preferred=PREFERRED,
        seed_waits=True,
    )
    tally = Tally()
    with loopback_stage(options) as stage:
        source = stage.place / FILE_NAME
        make_source(source, SIZE_BYTES)

        def make(number: int, case: str) -> CourseRun:
            transfer = Transfer(
                source, SIZE_BYTES, PIECE_BYTES, stage.hosts(PEERS), stage.profiles
            )
            starts = CASES[case]
            done = _run(kind, transfer, starts, options.timeout, stage.place / "run")
            allowed = allowed_seconds(
                starts, PREFERRED, INTERVAL_SECONDS, OPTIMISTIC_SECONDS
            )
            return CourseRun(number, case, done[-1], done, allowed)

        tally.repeat(
            (
                (case, partial(make, number, case))
                for number, case in itertools.product(range(options.runs), CASES)
            ),
            lambda runs: tell(*table(runs)),
        )
    return tally.status


def table(runs: Sequence[CourseRun]) -> Iterator[str]:
    """
    The medians.
    """
    yield (
        f"{PREFERRED} slots, rounds every {INTERVAL_SECONDS:g} s, an optimistic one "
        f"every {OPTIMISTIC_SECONDS:g} s"
    )
    for case in CASES:
        of_case = [run for run in runs if run.case == case]
        if not of_case:
            continue
        yield f"{case:<13} {'allowed s':>9} {'median s':>8} {'over by ms':>10}"
        for number, allowed in enumerate(of_case[0].allowed_seconds):
            median = statistics.median(run.done_seconds[number] for run in of_case)
            over = 1000 * (median - allowed)
            name = f"leecher {number + 1}"
            yield f"{name:<13} {allowed:>9.2f} {median:>8.3f} {over:>10.0f}"


def _run(
    kind: ClassicPeer,
    transfer: Transfer,
    starts: Sequence[float],
    timeout_seconds: float,
    folder: Path,
) -> list[float]:
    folder.mkdir()
    try:
        with Swarm(kind.commands(transfer, folder), folder) as swarm:
            swarm.wait_for("READY", swarm.peers, _READY_SECONDS)
            begin = time.monotonic()
            for number in sorted(range(PEERS), key=lambda each: starts[each]):
                time.sleep(max(0.0, begin + starts[number] - time.monotonic()))
                swarm.peers[number].begin()
            times = swarm.wait_for("DONE", swarm.leechers, timeout_seconds)
        check_files(swarm, transfer.source)
    finally:
        shutil.rmtree(folder)
    return [round(each - begin, 3) for each in times]


def _rounds(
    number: int, start: float, interval: float, slots: int
) -> Iterator[tuple[float, int, int]]:
    """
    The rounds of one peer: when, whose, and how many are served from then on.
    """
    for turn in itertools.count(1):
        yield start + turn * interval, number, slots


if __name__ == "__main__":
    end_with(main)
