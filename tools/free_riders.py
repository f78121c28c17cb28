"""
What a peer gets that never gives, with tit for tat and without: the table and
the picture of docs/simulation.md.
"""

import argparse
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from bench.options import new_file
from swarmpeer.arguments import number_type, whole_type
from swarmpeer.simulate.plot_style import LEFT, WIDTH, style
from swarmpeer.simulate.run_figures import FREE_RIDER, LEECHER, quantile
from swarmpeer.simulate.summary import swarm_words
from swarmpeer.svg import Scale, line, number, path, rect, text, tick_text
from swarmpeer.testing.figures import jain
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import simulate

SCENARIO = Scenario(
    peers=20,
    free_riders=2,
    file_size_bytes=8 * 1024 * 1024,
    piece_size_bytes=32 * 1024,
    preferred=4,
    up_rate=50_000.0,
    seed_up_rate=100_000.0,
    on_disk=False,
)
POLICIES = {"classic": "classic: tit for tat", "lottery": "lottery: all by lot"}

_TOP = 112.0
_HEIGHT = 250.0
_BETWEEN = 60.0
_SAMPLES = 150
_EXPLAINED = (
    (LEECHER, "a peer that gives", "curve middle", "half"),
    (FREE_RIDER, "a free rider", "curve rider", "ground"),
)
"""
Role, words, how the middle is drawn, how eight of ten are.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """
    One swarm, as far as it matters here.

    @ivar times: by role, for each peer: when it got its first piece, its second
        and so on, in seconds.
    """

    times: dict[str, list[list[float]]]

    def completed_at(self, role: str) -> float:
        """
        When they had the file, on average.
        """
        return mean(times[-1] for times in self.times[role])

    def held(self, role: str, now: float) -> list[float]:
        """
        What each holds, as a share of the file.
        """
        return [bisect_right(times, now) / len(times) for times in self.times[role]]

    def when_half(self) -> float:
        """
        When those that give hold half of the file, on average.
        """
        everything = sorted(at for times in self.times[LEECHER] for at in times)
        return everything[len(everything) // 2]

    def when_first(self) -> float:
        """
        When the first of those that give is complete.
        """
        return min(times[-1] for times in self.times[LEECHER])


def run_one(scenario: Scenario) -> Run:
    """
    Simulate one swarm.
    """
    outcome = simulate(scenario, checks=False)
    times: dict[int, list[float]] = {peer.peer_id: [] for peer in outcome.peers}
    for point in outcome.holdings:
        if point.held:
            times[point.peer_id].append(point.at_seconds)
    return Run(
        {
            role: [times[peer.peer_id] for peer in outcome.peers if peer.role == role]
            for role in (LEECHER, FREE_RIDER)
        }
    )


def table(runs: dict[str, list[Run]]) -> Iterator[str]:
    """
    The rows, in Markdown: means over all runs, and in brackets the least and the
    most of one run.
    """
    yield (
        "| policy | a free rider holds, when the givers hold half "
        "| a free rider holds, when the first giver is done | the givers are done "
        "| free riders are done | Jain, all | Jain, without free riders |"
    )
    yield "|---|---|---|---|---|---|---|"
    for policy, its_runs in runs.items():
        half = [mean(run.held(FREE_RIDER, run.when_half())) for run in its_runs]
        first = [mean(run.held(FREE_RIDER, run.when_first())) for run in its_runs]
        got = [
            (run.held(LEECHER, run.when_half()), run.held(FREE_RIDER, run.when_half()))
            for run in its_runs
        ]
        columns = (
            f"`{policy}`",
            _spread([100 * share for share in half], " %"),
            _spread([100 * share for share in first], " %"),
            _spread([run.completed_at(LEECHER) for run in its_runs], " s"),
            _spread([run.completed_at(FREE_RIDER) for run in its_runs], " s"),
            f"{mean(jain(others + riders) for others, riders in got):.3f}",
            f"{mean(jain(others) for others, _ in got):.3f}",
        )
        yield f"| {' | '.join(columns)} |"


def _spread(values: Sequence[float], unit: str) -> str:
    return f"{mean(values):.0f}{unit} ({min(values):.0f} to {max(values):.0f})"


def plot(runs: dict[str, list[Run]]) -> str:
    """
    The picture, as the text of an SVG file: a panel for each policy.
    """
    latest = max(
        times[-1]
        for its_runs in runs.values()
        for run in its_runs
        for role in run.times.values()
        for times in role
    )
    width = (WIDTH - LEFT - 20 - _BETWEEN * (len(runs) - 1)) / len(runs)
    height = number(_TOP + _HEIGHT + 86)
    count = len(next(iter(runs.values())))
    words = f"What a free rider gets: {count} simulated swarms for each policy"
    shapes = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(WIDTH)} '
        f'{height}" width="{number(WIDTH)}" height="{height}" role="img" '
        'aria-labelledby="title desc">',
        f'<title id="title">{words}</title>',
        '<desc id="desc">The share of the file that a peer holds over time, of '
        "those that give and of free riders, under each policy: with tit for tat "
        "free riders stay behind, by lot they do not.</desc>",
        style(),
        '<rect width="100%" height="100%" class="paper"/>',
        text(12, 32, words, "title"),
        text(12, 54, swarm_words(SCENARIO), "soft"),
    ]
    for place, (policy, its_runs) in enumerate(runs.items()):
        start = LEFT + place * (width + _BETWEEN)
        time = Scale(0.0, latest, start, start + width)
        shapes += _panel(POLICIES[policy], its_runs, time)
    x = LEFT
    for _, explained, curve, band in _EXPLAINED:
        y = _TOP + _HEIGHT + 62
        shapes += [
            _faint(rect(x, y - 6, 26, 12, band)),
            line(x, y, x + 26, y, curve),
            text(x + 34, y + 4, f"{explained}: median, and 8 of 10", ""),
        ]
        x += 280
    return "\n".join([*shapes, "</svg>"])


def _panel(heading: str, runs: Sequence[Run], time: Scale) -> Iterator[str]:
    share = Scale(0.0, 100.0, _TOP + _HEIGHT, _TOP)
    yield text(time.start, _TOP - 14, heading, "heading")
    for value in share.ticks(5):
        y = share(value)
        yield line(time.start, y, time.end, y, "grid")
        yield text(time.start - 8, y + 4, f"{tick_text(value)} %", "soft", "end")
    for value in time.ticks(5):
        x = time(value)
        yield line(x, _TOP, x, _TOP + _HEIGHT, "grid")
        yield text(x, _TOP + _HEIGHT + 17, f"{tick_text(value)} s", "soft", "middle")
    moments = [time.high * number / _SAMPLES for number in range(_SAMPLES + 1)]
    curves = []
    for role, _, curve, band in _EXPLAINED:
        held = [
            sorted(100 * each for run in runs for each in run.held(role, now))
            for now in moments
        ]

        def points(quota: float, held: Sequence[list[float]] = held) -> list[str]:
            return [
                f"{number(time(now))} {number(share(quantile(each, quota)))}"
                for now, each in zip(moments, held, strict=True)
            ]

        around = [*points(0.1), *reversed(points(0.9))]
        yield _faint(path(f"M{'L'.join(around)}z", band))
        curves.append(path(f"M{'L'.join(points(0.5))}", curve))
    yield from curves
    yield line(time.start, _TOP + _HEIGHT, time.end, _TOP + _HEIGHT, "axis")


def _faint(shape: str) -> str:
    return f'<g opacity="0.7">{shape}</g>'


def main() -> int:
    """
    Run what the command line asks for.

    @return: the exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tools.free_riders", description=__doc__
    )
    parser.add_argument(
        "--runs", type=whole_type(1), default=20, help="seeds for each policy"
    )
    parser.add_argument(
        "--seed-up",
        type=number_type("bytes per second", 1, 1e12),
        default=SCENARIO.seed_up_rate,
        metavar="RATE",
        help="bytes per second that the seed can send",
    )
    parser.add_argument("--plot", type=new_file, metavar="FILE.svg", help="draw it")
    options = parser.parse_args()
    scenario = replace(SCENARIO, seed_up_rate=options.seed_up)
    runs = {
        policy: [
            run_one(replace(scenario, seed=seed, policy=policy))
            for seed in range(options.runs)
        ]
        for policy in POLICIES
    }
    print(*table(runs), sep="\n")
    if options.plot is not None:
        options.plot.write_text(plot(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
