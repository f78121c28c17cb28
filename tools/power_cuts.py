"""
The power of a peer fails at every moment of a download, in virtual time: the second
half of make crash.

For each seed a tiny verified swarm is drawn and run once in peace.  Then it is run
again for each of its events, with the power of a leecher cut right after that one,
and for each call of the leecher's threads that may change its disk, with the power
cut right before that one.  What was not synced is there, lost or torn, as chance has
it.  In the end all must have the right files, nothing that was recorded may be wrong
or missing, nobody honest be blamed, and every other rule of the simulator hold.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random

from swarmpeer.arguments import whole_type
from swarmpeer.simulate.summary import breach_line
from swarmpeer.testing.power_cuts import PowerCutSwarm
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import SimulatedSwarm

LEECHER_ID = 1002
"""
Whose power fails.
"""

_PIECE_BYTES = 16 * 1024
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """
    One loss of power.

    @ivar seed: of the swarm.
    @ivar after_event: how many events of the swarm go before; or
    @ivar after_call: how many changing calls of the leecher's threads do.
    """

    seed: int
    after_event: int | None = None
    after_call: int | None = None

    @property
    def command(self) -> str:
        """
        What runs it again.
        """
        moment = f"--after-event {self.after_event}"
        if self.after_event is None:
            moment = f"--after-call {self.after_call}"
        return f"python -m tools.power_cuts --seed {self.seed} {moment}"


@dataclass(frozen=True, slots=True)
class CutOutcome:
    """
    What became of it.

    @ivar was_cut: did it come to that?
    @ivar breaches: what did not hold, line by line.
    """

    cut: Cut
    was_cut: bool
    breaches: tuple[str, ...]


def draw_tiny(seed: int) -> Scenario:
    """
    A verified swarm of two or three peers and a few pieces, in which nothing else
    goes wrong.
    """
    rng = Random(f"{seed}/power cuts")
    return Scenario(
        seed=seed,
        peers=rng.choice((2, 2, 3)),
        files=rng.randint(1, 4),
        file_size_bytes=rng.randint(1, 6) * _PIECE_BYTES - rng.randrange(9000),
        piece_size_bytes=_PIECE_BYTES,
        preferred=2,
        unchoking_interval_seconds=1,
        optimistic_interval_seconds=2,
        policy="classic",
        up_rate=rng.choice((None, 20_000.0)),
    )


def moments(seed: int) -> Iterator[Cut]:
    """
    All moments between two events until everybody is done.
    """
    swarm = SimulatedSwarm(draw_tiny(seed))
    swarm.run()
    for event in range(1, swarm.events_until_done + 1):
        yield Cut(seed, after_event=event)


def run(cut: Cut) -> CutOutcome:
    """
    Let the power fail.
    """
    swarm = PowerCutSwarm(
        draw_tiny(cut.seed),
        LEECHER_ID,
        after_event=cut.after_event,
        after_call=cut.after_call,
    )
    outcome = swarm.run()
    return CutOutcome(cut, swarm.was_cut, tuple(map(breach_line, outcome.breaches)))


def run_calls(seed: int) -> list[CutOutcome]:
    """
    Let the power fail before each call, until there is none left.
    """
    outcomes: list[CutOutcome] = []
    while True:
        outcome = run(Cut(seed, after_call=len(outcomes)))
        if not outcome.was_cut:
            return outcomes
        outcomes.append(outcome)


def run_seeds(seeds: range, jobs: int) -> Iterator[CutOutcome]:
    """
    All moments of some seeds, shared by so many processes.
    """
    with ProcessPoolExecutor(jobs) as pool:
        of_calls = pool.map(run_calls, seeds)
        cuts = [cut for seed in seeds for cut in moments(seed)]
        yield from pool.map(run, cuts, chunksize=_AT_ONCE)
        for outcomes in of_calls:
            yield from outcomes


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status: 1 if anything did not hold.
    """
    options = _parser().parse_args()
    began = time.monotonic()
    cuts = failed = 0
    if options.after_event is None and options.after_call is None:
        seeds = range(options.seed, options.seed + options.seeds)
        outcomes = run_seeds(seeds, options.jobs)
    else:
        cut = Cut(options.seed, options.after_event, options.after_call)
        outcomes = iter([run(cut)])
    for outcome in outcomes:
        cuts += outcome.was_cut
        if outcome.breaches:
            failed += 1
            print(*outcome.breaches, outcome.cut.command, sep="\n", flush=True)
    verdict = "FAILED" if failed or not cuts else "OK"
    seconds = time.monotonic() - began
    print(f"{verdict}: {cuts} power cuts, {failed} of them failed; {seconds:.0f} s")
    return 0 if verdict == "OK" else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.power_cuts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seeds", type=whole_type(1), default=10, help="how many swarms (default: 10)"
    )
    parser.add_argument(
        "--seed", type=whole_type(0), default=0, help="the first of them (default: 0)"
    )
    moment = parser.add_mutually_exclusive_group()
    moment.add_argument(
        "--after-event",
        type=whole_type(0),
        help="this moment alone, of the first swarm",
    )
    moment.add_argument(
        "--after-call",
        type=whole_type(0),
        help="the same, in the midst of a work in a thread",
    )
    parser.add_argument(
        "--jobs",
        type=whole_type(1),
        default=os.cpu_count() or 1,
        help="processes at a time",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
