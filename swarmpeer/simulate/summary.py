"""
What became of a run, or of many, as text for people.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from swarmpeer.lab.render import size_text
from swarmpeer.quantities import format_rate, format_seconds, format_size
from swarmpeer.simulate.run_figures import RunFigures, quantile
from swarmpeer.testing.outcome import Breach, Outcome, PeerOutcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.text import printable

MOST_ROWS = 24
"""
Of the table of peers; more are left out.
"""

_MOST_SEEDS_NAMED = 10


def scenario_line(scenario: Scenario) -> str:
    """
    What is simulated, in one line.
    """
    return f"{swarm_words(scenario)}; {conditions_words(scenario)}"


def swarm_words(scenario: Scenario) -> str:
    """
    Who is there, and for what.
    """
    words = [f"{scenario.peers:,} peers, with the file: {scenario.seeds:,}"]
    if scenario.free_riders:
        words.append(f"free riders: {scenario.free_riders:,}")
    if scenario.hostile:
        words.append(f"hostile: {len(scenario.hostile):,}")
    words.append(
        f"{format_size(scenario.file_size_bytes)} in "
        f"{_counted(scenario.piece_count, 'piece', 'pieces')} "
        f"of {format_size(scenario.piece_size_bytes)}"
    )
    return "; ".join(words)


def conditions_words(scenario: Scenario) -> str:
    """
    Under what conditions.
    """
    words = [f"policy {printable(scenario.policy)}"]
    for what, rate in (
        ("up", scenario.up_rate),
        ("seeds up", scenario.seed_up_rate),
        ("down", scenario.down_rate),
    ):
        if rate is not None:
            written = format_rate(rate)
            words.append(
                f"{what} {written}" + ("" if written[-1].isalpha() else " B/s")
            )
    words.append(f"latency {format_seconds(scenario.latency_seconds)}")
    if scenario.neighbors is not None:
        words.append(f"told of {scenario.neighbors:,} others")
    words.append(f"faults {scenario.faults}")
    return ", ".join([*words, f"seed {scenario.seed}"])


def breach_line(breach: Breach) -> str:
    """
    What did not hold, in one line.
    """
    whose = "" if breach.peer_id is None else f"peer {breach.peer_id}: "
    detail = printable(breach.detail)
    return f"{breach.at_seconds:.6f} s: {whose}{printable(breach.rule)}: {detail}"


def run_summary(outcome: Outcome) -> str:
    """
    One run, in some lines and a table of its peers.
    """
    figures = RunFigures.of(outcome)
    lines = [
        *_labelled(
            [
                ("time", _time_text(outcome.virtual_seconds, outcome.real_seconds)),
                ("events", _events_text(outcome.events, outcome.real_seconds)),
                ("faults", _faults_of(outcome)),
                ("complete", _completion_text(figures)),
                ("distribution", _distribution_text(figures)),
                ("fairness", _fairness_text(figures)),
                ("bytes", _bytes_text(figures)),
            ]
        ),
        "",
        *_peer_table(outcome.peers),
    ]
    return "\n".join(line.rstrip() for line in lines)


def verdict_line(outcome: Outcome) -> str:
    """
    Was it good?
    """
    if outcome.is_good:
        return "OK: every rule held"
    return f"FAILED: {_counted(len(outcome.breaches), 'breach', 'breaches')}"


class Tally:
    """
    What many runs come to; each is forgotten once it is counted.

    @ivar runs: how many there were.
    @ivar failed_seeds: of those that were not good.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.failed_seeds: list[int] = []
        self.events = 0
        self._virtual_seconds = 0.0
        self._faults: Counter[FaultKind] = Counter()
        self._distributions: list[float] = []
        self._ratios: list[float] = []
        self._given: list[float] = []

    def add(self, outcome: Outcome) -> None:
        """
        Count one more run.
        """
        figures = RunFigures.of(outcome)
        self.runs += 1
        if not outcome.is_good:
            self.failed_seeds.append(outcome.scenario.seed)
        self.events += outcome.events
        self._virtual_seconds += outcome.virtual_seconds
        self._faults.update(outcome.faults)
        if figures.distribution_seconds is not None:
            self._distributions.append(figures.distribution_seconds)
            if figures.bound_seconds:
                ratio = figures.distribution_seconds / figures.bound_seconds
                self._ratios.append(ratio)
        self._given.append(figures.jain_given)

    def summary(self, real_seconds: float) -> str:
        """
        All of it in some lines.

        @param real_seconds: how long it took here.
        """
        rows = [
            ("runs", f"{self.runs:,}"),
            ("time", _time_text(self._virtual_seconds, real_seconds)),
            ("events", _events_text(self.events, real_seconds)),
            ("faults", _faults_text(self._faults) or "none"),
            ("distribution", _spread(self._distributions, " s") or "nobody finished"),
        ]
        if self._ratios:
            rows.append(("", f"{_spread(self._ratios, ' times')} the fluid bound"))
        rows.append(("fairness", f"{_spread(self._given, '')} by what leechers gave"))
        return "\n".join(_labelled(rows))

    def verdict(self) -> str:
        """
        Were they good?
        """
        failed = self.failed_seeds
        if not failed:
            return f"OK: every rule held in {_counted(self.runs, 'run', 'runs')}"
        named = ", ".join(map(str, failed[:_MOST_SEEDS_NAMED]))
        more = ", ..." if len(failed) > _MOST_SEEDS_NAMED else ""
        runs = _counted(self.runs, "run", "runs")
        return f"FAILED: {len(failed):,} of {runs}, with seed {named}{more}"


def _labelled(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in rows) + 2
    return [f"{label:{width}}{text}" for label, text in rows]


def _time_text(virtual_seconds: float, real_seconds: float) -> str:
    text = f"{virtual_seconds:,.1f} s of virtual time in {real_seconds:,.2f} s"
    if real_seconds > 0:
        ratio = virtual_seconds / real_seconds
        text += f": {ratio:,.{0 if ratio >= 9.5 else 1}f} times as fast"
    return text


def _events_text(events: int, real_seconds: float) -> str:
    text = f"{events:,}"
    if real_seconds > 0:
        text += f", {events / real_seconds:,.0f} per second"
    return text


def _faults_of(outcome: Outcome) -> str:
    if outcome.scenario.faults is FaultLevel.NONE:
        return "none"
    text = f"{sum(outcome.faults.values())} of {outcome.faults_planned} took effect"
    if kinds := _faults_text(outcome.faults):
        text += f": {kinds}; healed at {outcome.last_fault_at:.1f} s"
    return text


def _faults_text(faults: Mapping[FaultKind, int]) -> str:
    return ", ".join(
        f"{kind} {faults[kind]:,}" for kind in FaultKind if faults.get(kind)
    )


def _completion_text(figures: RunFigures) -> str:
    text = f"{len(figures.completions):,} of {figures.fetchers:,}"
    if figures.completions:
        at = [f"{quantile(figures.completions, s):.2f}" for s in (0.0, 0.5, 0.9, 1.0)]
        text += f": first {at[0]} s, half {at[1]} s, 90% {at[2]} s, last {at[3]} s"
    if figures.first_pieces:
        text += f"; first piece, half: {quantile(figures.first_pieces, 0.5):.2f} s"
    return text


def _distribution_text(figures: RunFigures) -> str:
    seconds, bound = figures.distribution_seconds, figures.bound_seconds
    text = "not everybody has it" if seconds is None else f"{seconds:.2f} s"
    if bound is None:
        return f"{text}; without limits to rates there is no fluid bound"
    text += f"; fluid bound {bound:.2f} s"
    if seconds is not None and bound:
        text += f": {seconds / bound:.2f} times"
    return text


def _fairness_text(figures: RunFigures) -> str:
    return (
        f"Jain {figures.jain_given:.3f} by what leechers gave, "
        f"{figures.jain_got:.3f} by what they got"
    )


def _bytes_text(figures: RunFigures) -> str:
    return (
        f"{size_text(figures.received_bytes)} of pieces received, "
        f"{size_text(figures.duplicate_bytes)} of them for nothing"
    )


def _peer_table(peers: Sequence[PeerOutcome]) -> list[str]:
    rows = [
        [
            "peer",
            "role",
            "first piece",
            "complete",
            "received",
            "sent",
            "duplicate",
            "pieces",
            "starts",
        ]
    ]
    rows += [
        [
            str(peer.peer_id),
            printable(peer.role),
            _moment(peer.first_piece_at),
            _moment(peer.completed_at),
            size_text(peer.received_bytes),
            size_text(peer.sent_bytes),
            size_text(peer.duplicate_bytes),
            str(peer.held),
            str(peer.starts),
        ]
        for peer in peers[:MOST_ROWS]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    if len(peers) > MOST_ROWS:
        lines.append(f"... and {len(peers) - MOST_ROWS:,} more; --json has them all")
    return lines


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    return (
        f"{min(values):.2f} to {max(values):.2f}{unit}, half below {median(values):.2f}"
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
