"""
How long a file takes to reach ten, a hundred and a thousand hosts: the table and the
picture of docs/simulation.md.

Each run prints one JSON object in a line; what was printed before can be read again,
to draw it.
"""

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench.options import comma_list, new_file, one_of, whole_number
from swarmpeer.arguments import type_of
from swarmpeer.simulate.run_figures import SEED, RunFigures
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.members import FIRST_ID
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from swarmpeer.text import printable, quoted
from tools.scale_plot import plot
from tools.scale_table import Run, json_line, read_lines, table

SIZES = (10, 100, 1000)
PIECES = 250
"""
So many has the file, unless another number is asked for; the picture is of these.
"""
SCENARIO = Scenario(
    file_size_bytes=PIECES * 32 * 1024,
    piece_size_bytes=32 * 1024,
    preferred=4,
    up_rate=160_000.0,
    on_disk=False,
)
"""
A piece takes a fifth of a second to be sent once.
"""
NEIGHBORS = 20
MIXED = (0.5, 1.0, 1.5)
"""
So many times the rate of the others can each third of the hosts send; the mean is the
same.
"""
CRASHING = 0.05
BACK_AFTER_SECONDS = 10.0

SWARMS: Mapping[str, Mapping[str, Any]] = {
    "fleet": {"policy": "fleet", "files": 1, "most_neighbors": NEIGHBORS},
    "classic": {"policy": "classic", "neighbors": NEIGHBORS // 2},
    "server": {"policy": "classic"},
}
"""
A verified swarm with the policy of a fleet; the classic one, in which each is told of
as many others as one has neighbours there; and one in which nobody passes anything on.
"""
UPLINKS: Mapping[str, tuple[float, ...]] = {"equal": (), "mixed": MIXED}
"""
The rates of the hosts, as shares of the usual one.
"""
_CRASHING: Mapping[str, tuple[bool, ...]] = {
    "no": (False,),
    "yes": (True,),
    "both": (False, True),
}
MOST_CLIENTS = 30
"""
With more, what the server needs is computed: all that it does is to send.
"""


def scenario_of(
    swarm: str, peers: int, uplinks: str, random_seed: int = 0, pieces: int = PIECES
) -> Scenario:
    """
    What is simulated.

    @param peers: how many fetch.
    @param pieces: of how many pieces the file is.
    """
    scenario = replace(
        _with_pieces(pieces), peers=peers + 1, seed=random_seed, **SWARMS[swarm]
    )
    if swarm == "server":
        return replace(scenario, free_riders=peers)
    most = scenario.most_neighbors
    if most is not None and peers <= most:
        # All have all.
        scenario = replace(scenario, most_neighbors=None)
    return replace(scenario, up_factors=UPLINKS[uplinks])


def crashes_of(scenario: Scenario, within_seconds: float) -> list[Fault]:
    """
    Each of so many hosts is killed once, and is back after a while with what it had.
    """
    rng = Random(f"{scenario.seed}/crashing")
    peers = scenario.peers - scenario.seeds
    first = FIRST_ID + scenario.seeds
    chosen = rng.sample(range(first, first + peers), max(1, round(CRASHING * peers)))
    return [
        Fault(
            rng.uniform(0.1, 0.8) * within_seconds,
            FaultKind.CRASH,
            peer_id,
            seconds=BACK_AFTER_SECONDS,
        )
        for peer_id in sorted(chosen)
    ]


def run_one(scenario: Scenario, swarm: str, uplinks: str, *, crashing: bool) -> Run:
    """
    Simulate one swarm.

    @raise RuntimeError: if it does not come to its end.
    """
    whole = scenario.file_size_bytes
    faults = crashes_of(scenario, whole / (scenario.up_rate or 1)) if crashing else []
    outcome = SimulatedSwarm(
        scenario, faults=faults, checks=False, is_coarse=True
    ).run()
    figures = RunFigures.of(outcome)
    last, bound = figures.distribution_seconds, figures.bound_seconds
    if outcome.breaches or last is None or bound is None:
        raise RuntimeError(f"{scenario}: {outcome.breaches}")
    (seed,) = (peer for peer in outcome.peers if peer.role == SEED)
    return Run(
        swarm=swarm,
        peers=scenario.peers - 1,
        uplinks=uplinks,
        crashes=len(faults),
        pieces=scenario.piece_count,
        random_seed=scenario.seed,
        bound_seconds=bound,
        seconds=last,
        half_seconds=median(figures.completions),
        seed_share=seed.sent_bytes / whole,
        duplicate_share=figures.duplicate_bytes / figures.received_bytes,
        events=outcome.events,
        real_seconds=outcome.real_seconds,
    )


def computed(peers: int, pieces: int = PIECES) -> Run:
    """
    What a server needs that nobody helps, at least: it sends everything to each.
    """
    scenario = _with_pieces(pieces)
    once = scenario.file_size_bytes / (scenario.up_rate or 1)
    return Run(
        swarm="server",
        peers=peers,
        uplinks="equal",
        crashes=0,
        pieces=pieces,
        random_seed=0,
        bound_seconds=once * peers,
        seconds=once * peers,
        half_seconds=once * peers / 2,
        seed_share=float(peers),
        duplicate_share=0.0,
        events=0,
        real_seconds=0.0,
    )


def kinds_of(
    swarms: Iterable[str], uplinks: Iterable[str], crashing: Iterable[bool]
) -> list[tuple[str, str, bool]]:
    """
    What there is to run of these, each with all: swarm, uplinks, and are there crashes?
    """
    return [
        (swarm, each, crashes)
        for swarm, each, crashes in itertools.product(swarms, uplinks, crashing)
        if swarm != "server" or (each == "equal" and not crashes)
    ]


def run_all(
    swarms: Iterable[str],
    sizes: Iterable[int],
    uplinks: Iterable[str],
    crashing: Iterable[bool],
    random_seeds: int,
    pieces: int = PIECES,
) -> Iterator[Run]:
    """
    All of it, the small ones first.

    @param random_seeds: how many runs there are of each.
    """
    kinds = kinds_of(swarms, uplinks, crashing)
    for peers in sizes:
        for swarm, each, crashes in kinds:
            if swarm == "server" and peers > MOST_CLIENTS:
                yield computed(peers, pieces)
                continue
            for random_seed in range(random_seeds):
                scenario = scenario_of(swarm, peers, each, random_seed, pieces)
                yield run_one(scenario, swarm, each, crashing=crashes)


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = _parser()
    options = parser.parse_args()
    if options.plot is not None and options.read is None and options.pieces != PIECES:
        parser.error(f"--plot is of {PIECES} pieces, not of {options.pieces}")
    runs: list[Run] = []
    if options.read is not None:
        for each in options.read:
            runs += each
    else:
        crashing = _CRASHING[options.crashing]
        if not kinds_of(options.swarms, options.uplinks, crashing):
            parser.error("server is run with equal uplinks and without crashes only")
        for run in run_all(
            options.swarms,
            options.sizes,
            options.uplinks,
            crashing,
            options.seeds,
            options.pieces,
        ):
            runs.append(run)
            print(json_line(run), flush=True)
    if options.table:
        print(*table(runs, SWARMS), sep="\n")
    if options.plot is not None:
        points = [
            (_name(run), run.peers, run.seconds, run.bound_seconds)
            for run in runs
            if run.pieces == PIECES
        ]
        if not points:
            parser.error(f"--plot: no run is of {PIECES} pieces")
        options.plot.write_text(plot(points))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.scale", description=__doc__)
    add = parser.add_argument
    sizes = ",".join(map(str, SIZES))
    add(
        "--sizes",
        type=comma_list(whole_number),
        default=list(SIZES),
        metavar="N,N",
        help=f"how many hosts fetch ({sizes})",
    )
    for option, word, names in (
        ("--swarms", "swarm", SWARMS),
        ("--uplinks", "kind of uplinks", UPLINKS),
    ):
        add(
            option,
            type=comma_list(one_of(word, names)),
            default=list(names),
            metavar="NAME,NAME",
            help=f"with commas ({','.join(names)})",
        )
    add(
        "--crashing",
        choices=_CRASHING,
        default="both",
        help=f"whether {CRASHING:.0%}% of them crash once and come back (both)",
    )
    add("--seeds", type=whole_number, default=1, metavar="N", help="runs of each (1)")
    add(
        "--pieces",
        type=whole_number,
        default=PIECES,
        metavar="N",
        help=f"of how many pieces the file is ({PIECES})",
    )
    add(
        "--read",
        type=_read,
        nargs="+",
        metavar="FILE",
        help="run nothing, read what was printed before",
    )
    add("--table", action="store_true", help="Markdown at the end")
    add("--plot", type=new_file, metavar="FILE.svg", help="draw it")
    return parser


@type_of
def _read(text: str) -> list[Run]:
    """
    The type of an option that is a file of runs.
    """
    name = printable(text)
    try:
        runs = read_lines(Path(text).read_text().splitlines())
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name}: is no text") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    for run in runs:
        if run.swarm not in SWARMS:
            raise ValueError(f"{name}: has a swarm {quoted(run.swarm)}")
        if run.uplinks not in UPLINKS:
            raise ValueError(f"{name}: has uplinks {quoted(run.uplinks)}")
    return runs


def _with_pieces(pieces: int) -> Scenario:
    return replace(SCENARIO, file_size_bytes=pieces * SCENARIO.piece_size_bytes)


def _name(run: Run) -> str:
    """
    Which line of the picture it belongs to.
    """
    if run.swarm == "server":
        return "server"
    return f"{run.swarm}, {run.uplinks}" + (", crashing" if run.crashes else "")


if __name__ == "__main__":
    sys.exit(main())
