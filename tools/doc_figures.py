"""
The figures of the docs that follow from a command, held against the code.

What a swarm in virtual time comes to is the same on any machine.  So each figure of
such a swarm is taken again, and whatever its page should say, and does not, is printed,
to be put there.  Those that take seconds are taken each time, the others with --all.
Of tools.scale, which takes hours, only what is about ten hosts is.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median

from swarmpeer.simulate import command
from swarmpeer.simulate.replay import scenario_of
from swarmpeer.simulate.run_figures import FREE_RIDER, LEECHER, SEED, RunFigures
from swarmpeer.simulate.summary import run_summary, scenario_line, verdict_line
from swarmpeer.testing.outcome import Outcome
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate
from tools import free_riders, scale, scale_table

ROOT = Path(__file__).resolve().parent.parent

GAINS = (
    "swarmpeer simulate --files 3 --peers 17 --file-size 16M --piece-size 64K "
    "--up 50Mbit --down 50Mbit --no-disk --no-checks"
)
LONGER = (
    "swarmpeer simulate --files 1 --peers 9 --file-size 64M --piece-size 64K "
    "--up 50Mbit --down 50Mbit --no-disk --no-checks"
)
PICKS = (
    "swarmpeer simulate --files 1 --peers 9 --file-size 16M --piece-size 64K "
    "--up 50Mbit --down 50Mbit --seed-up 25Mbit --latency 1ms --unchoking 1 "
    "--no-disk --no-checks --runs 3"
)
HUNDRED = (
    "swarmpeer simulate --peers 100 --free-riders 10 --file-size 6M --piece-size 64K "
    "--up 50kB --seed-up 400kB --neighbors 20 --no-disk --no-checks"
)
COST = "swarmpeer simulate --piece-size 1K --no-disk --no-checks"
FAILING = """\
import sys
from swarmpeer.command_line import main
from swarmpeer.core.node import PeerNode
PeerNode._retry_storage = lambda _: None
sys.exit(main(["simulate", "--faults", "wild", "--seed", "4"]))
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    Something that a file of the docs says.

    @ivar path: of the file, from the root of the source.
    @ivar passages: takes the figure: what must stand in the file, word for word;
        how the words are divided into lines does not matter.
    @ivar is_slow: does it take more than a few seconds?
    """

    path: str
    passages: Callable[[], Iterable[str]]
    is_slow: bool = True

    def missing(self) -> list[str]:
        """
        The passages that do not stand there.
        """
        text = _words((ROOT / self.path).read_text())
        return [each for each in self.passages() if _words(each) not in text]


def outcomes(line: str) -> list[Outcome]:
    """
    Run a command that begins with C{swarmpeer simulate}.

    @return: what becomes of each run.
    """
    scenarios, checks = parse(line)
    return [simulate(scenario, checks=checks) for scenario in scenarios]


def parse(line: str) -> tuple[list[Scenario], bool]:
    """
    What a command simulates that begins with C{swarmpeer simulate}.

    @return: its runs, and whether it looks at the rules.
    """
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(shlex.split(line)[1:])
    first = arguments.seed
    seeds = range(first, first + arguments.runs)
    return [scenario_of(arguments, seed) for seed in seeds], arguments.checks


def commands(text: str) -> Iterator[list[str]]:
    """
    The commands of a page, those that stand together in one list.
    """
    for block in re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE):
        yield [line.strip() for line in block.replace("\\\n", " ").splitlines()]


def usual() -> Iterator[str]:
    """
    What the command says of the usual swarm, but for how long it took here.
    """
    (outcome,) = outcomes("swarmpeer simulate")
    said = [scenario_line(outcome.scenario), *run_summary(outcome).splitlines()]
    for each in said[:12]:
        yield re.sub(r"(?<= time in ).*|(?<=\d), \S+ per second", "", each)
    yield verdict_line(outcome)
    yield f"of which it needs {_times(outcome)[-1]:.0f}."


def gains(label: str, options: str) -> Iterator[str]:
    """
    Two rows of the table of policies.
    """
    yield GAINS
    runs = [
        outcomes(f"{GAINS} {options} --policy {policy}")[0]
        for policy in ("classic", "open", "fleet")
    ]
    done = "".join(f" {_times(run)[-1]:.1f} s |" for run in runs)
    yield f"| {label}: last one done |{done} {_bound(runs[0]):.1f} s |"
    sent = "".join(f" {_seed_sent(run):.2f} |" for run in runs)
    yield f"| the seed sends, times the file |{sent} 1 |"


def first_pieces() -> Iterator[str]:
    """
    How soon everybody has something, if some come at once and if many do.
    """
    some, many = (
        RunFigures.of(run).first_pieces[-1]
        for peers in (17, 65)
        for run in outcomes(f"{GAINS} --peers {peers}")
    )
    yield f"The first piece comes after {some:.2f} s"
    yield f"(`--peers 65`) each has its first after {many:.2f} s."


def longer() -> Iterator[str]:
    """
    How near to the bound a longer file comes.
    """
    (run,) = outcomes(LONGER)
    yield f"nearer to the bound, {_times(run)[-1] / _bound(run):.2f} times: {LONGER}"


def picks(picking: str, open_runs: int = 3) -> Iterator[str]:
    """
    A row of the table of pickers.
    """
    yield f"{PICKS} --policy open --picking rarest"
    row = f"| `{picking}` |"
    for policy, runs in (("open", open_runs), ("fleet", 3)):
        options = f"--policy {policy} --picking {picking} --runs {runs}"
        taken = outcomes(f"{PICKS} {options}")
        ratios = [_times(run)[-1] / _bound(run) for run in taken]
        sent = median(_seed_sent(run) for run in taken)
        row += f" {median(ratios):.2f}"
        if max(ratios) - min(ratios) >= 0.01:
            row += f" ({min(ratios):.2f} to {max(ratios):.2f})"
        row += f"; {sent:.2f} times |"
    yield row


def hundred() -> Iterator[str]:
    """
    What is told of the free riders in the picture.
    """
    (run,) = outcomes(HUNDRED)
    others = [peer for peer in run.peers if peer.role == LEECHER]
    half = median(peer.completed_at or 0.0 for peer in others)
    # The last that is told of each before then counts.
    held = {p.peer_id: p.held for p in run.holdings if p.at_seconds <= half}
    riders = [peer.peer_id for peer in run.peers if peer.role == FREE_RIDER]
    share = median(held[rider] for rider in riders) / run.scenario.piece_count
    yield (
        f"When half of the others are done, after {half:.0f} s, "
        f"the median of the free riders is at {100 * share:.0f} % of the file."
    )
    early = [str(each) for each in riders if held[each] == run.scenario.piece_count]
    yield f"are done early, though: {' and '.join(early)},"


def failing() -> Iterator[str]:
    """
    What is said at the end of a run that fails, line by line.
    """
    *_, said = _said("-c", FAILING, status=1).split("\n\n", 2)
    yield from said.splitlines()


def cost(options: str) -> Iterator[str]:
    """
    The first columns of a row of what a swarm costs.
    """
    yield COST
    (run,) = outcomes(f"{COST} {options}")
    yield f"| `{options}` | {run.events:,} |"


def ten_hosts() -> Iterator[str]:
    """
    The rows of the table at scale that are about ten hosts.
    """
    runs = scale.run_all(scale.SWARMS, [10], ["equal", "mixed"], [False, True], 1)
    # A classic swarm is on the page with equal uplinks and without crashes only.
    shown = (
        run
        for run in runs
        if run.swarm == "fleet" or (run.uplinks == "equal" and not run.crashes)
    )
    yield from scale_table.table(shown, scale.SWARMS)


def narrow() -> Iterator[str]:
    """
    What a free rider has of a seed that can send no more than the others.
    """
    yield "python -m tools.free_riders --seed-up 50000 --runs 5"
    scenario = replace(free_riders.SCENARIO, seed_up_rate=50_000.0)
    runs = [free_riders.run_one(replace(scenario, seed=seed)) for seed in range(5)]
    share = mean(mean(run.held(FREE_RIDER, run.when_half())) for run in runs)
    yield f"a free rider holds {100 * share:.0f} % when the givers hold half."


def printed(line: str) -> Iterator[str]:
    """
    What a program prints, line by line, and the command itself.
    """
    yield line
    yield from _said(*shlex.split(line)[1:]).splitlines()


def drawn(page: str, picture: str) -> Iterator[str]:
    """
    What the commands beside a picture draw, in a folder of their own.

    @raise LookupError: if the page has none.
    """
    for block in commands((ROOT / page).read_text()):
        if block[-1].endswith(f"--plot {picture}"):
            break
    else:
        raise LookupError(f"{page} does not tell how {picture} is drawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / picture).parent.mkdir(parents=True)
        (folder / "docs" / "examples").symlink_to(ROOT / "docs" / "examples")
        for line in block:
            program, *words = shlex.split(line)
            _said(*{"swarmpeer": ["-m", program]}.get(program, []), *words, cwd=folder)
        yield (folder / picture).read_text()


def _said(*words: str, cwd: Path = ROOT, status: int = 0) -> str:
    """
    What Python says when it is given these words.

    @raise RuntimeError: if it ends with another status.
    """
    said = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if said.returncode != status:
        raise RuntimeError(f"{shlex.join(words)} ended with {said.returncode}")
    return said.stdout


def _words(text: str) -> str:
    return " ".join(text.replace("\\\n", " ").split())


def _times(run: Outcome) -> tuple[float, ...]:
    return RunFigures.of(run).completions


def _bound(run: Outcome) -> float:
    return RunFigures.of(run).bound_seconds or 0.0


def _seed_sent(run: Outcome) -> float:
    sent = sum(peer.sent_bytes for peer in run.peers if peer.role == SEED)
    return sent / run.scenario.file_size_bytes


def _picture(page: str, name: str, *, is_slow: bool = True) -> Figure:
    picture = f"docs/pictures/{name}.svg"
    return Figure(picture, partial(drawn, f"docs/{page}", picture), is_slow)


_CHOKING = "docs/choking.md"
_PICKING = "docs/picking.md"
_SIMULATION = "docs/simulation.md"

FIGURES = (
    Figure(_SIMULATION, usual, is_slow=False),
    Figure(
        _CHOKING,
        partial(
            gains,
            "5 leechers, the seed sends at half the rate",
            "--peers 6 --seed-up 25Mbit",
        ),
        is_slow=False,
    ),
    Figure(_SIMULATION, partial(cost, "--peers 10 --file-size 500K"), is_slow=False),
    Figure(_SIMULATION, failing, is_slow=False),
    _picture("logs.md", "logs", is_slow=False),
    Figure(_CHOKING, partial(gains, "16 leechers", "")),
    Figure(
        _CHOKING,
        partial(
            gains,
            "16 leechers, every third at half the rate and every third at twice it",
            "--up-factors 1,0.5,2",
        ),
    ),
    Figure(_CHOKING, first_pieces),
    Figure(_CHOKING, longer),
    Figure(_PICKING, partial(picks, "rarest")),
    Figure(_PICKING, partial(picks, "random")),
    # Of a seed that sends everything to each, one run is enough.
    Figure(_PICKING, partial(picks, "sequential", open_runs=1)),
    Figure(_SIMULATION, hundred),
    Figure(_SIMULATION, partial(cost, "--peers 30 --file-size 200K")),
    Figure(_SIMULATION, partial(cost, "--peers 100 --file-size 200K")),
    Figure(_SIMULATION, partial(cost, "--peers 100 --file-size 200K --neighbors 20")),
    Figure(_SIMULATION, ten_hosts),
    Figure(_SIMULATION, partial(printed, "python docs/examples/simulated_swarm.py")),
    Figure(_SIMULATION, partial(printed, "python -m tools.free_riders")),
    Figure(_SIMULATION, narrow),
    _picture("choking.md", "fleet"),
    _picture("simulation.md", "small_swarm"),
    _picture("simulation.md", "hundred"),
    _picture("simulation.md", "free_riders"),
    _picture("gallery.md", "tutorial"),
    _picture("gallery.md", "tutorial_riders"),
)


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status: 1 if a page says something else.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.doc_figures", description=__doc__
    )
    parser.add_argument("--all", action="store_true", help="the slow ones, too")
    options = parser.parse_args()
    status = 0
    for figure in FIGURES:
        if figure.is_slow and not options.all:
            continue
        for passage in figure.missing():
            status = 1
            # A picture is drawn anew by the command on its page.
            is_picture = figure.path.endswith(".svg")
            print(f"{figure.path}:", "another picture" if is_picture else passage)
    return status


if __name__ == "__main__":
    sys.exit(main())
