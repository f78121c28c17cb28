"""
What became of a run, as text for people.
"""

from collections.abc import Mapping, Sequence

from swarmpeer.quantities import format_rate, format_seconds, format_size
from swarmpeer.simulate.run_figures import RunFigures, is_hostile, quantile
from swarmpeer.testing.outcome import Breach, Outcome, PeerOutcome
from swarmpeer.testing.scenario import FaultKind, FaultLevel, Scenario
from swarmpeer.text import printable, size_text

MOST_ROWS = 24
"""
Of the table of peers; more are left out.
"""

MOST_BREACHES_SHOWN = 20

GOOD = "OK: every rule held"
UNCHECKED = "done; no rule was looked at"
NOBODY_FETCHED = "nobody had anything to fetch"


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
        f"{counted(scenario.piece_count, 'piece', 'pieces')} "
        f"of {format_size(scenario.piece_size_bytes)}"
    )
    return "; ".join(words)


def conditions_words(scenario: Scenario) -> str:
    """
    Under what conditions.
    """
    words = [f"policy {printable(scenario.policy_name)}"]
    if scenario.files is not None:
        words.append(f"picking {printable(scenario.picking)}")
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
    if scenario.jitter_seconds:
        words.append(f"jitter {format_seconds(scenario.jitter_seconds)}")
    if scenario.neighbors is not None:
        words.append(f"told of {scenario.neighbors:,} others")
    if scenario.most_neighbors is not None:
        words.append(f"up to {scenario.most_neighbors:,} neighbours")
    if scenario.up_factors:
        factors = " ".join(f"{factor:g}" for factor in scenario.up_factors)
        words.append(f"up times {factors}")
    words.append(f"faults {scenario.faults}")
    return ", ".join([*words, f"seed {scenario.seed}"])


def breach_line(breach: Breach) -> str:
    """
    What did not hold, in one line.
    """
    whose = "" if breach.peer_id is None else f"peer {breach.peer_id}: "
    detail = printable(breach.detail)
    return f"{breach.at_seconds:.6f} s: {whose}{printable(breach.rule)}: {detail}"


def breach_lines(outcome: Outcome) -> list[str]:
    """
    Everything that did not hold in a run, but for what nobody would read.
    """
    lines = list(map(breach_line, outcome.breaches[:MOST_BREACHES_SHOWN]))
    if (more := len(outcome.breaches) - MOST_BREACHES_SHOWN) > 0:
        lines.append(f"... and {more:,} more")
    return lines


def run_summary(outcome: Outcome) -> str:
    """
    One run, in some lines and a table of its peers.
    """
    figures = RunFigures.of(outcome)
    rows = [
        ("time", time_text(outcome.virtual_seconds, outcome.real_seconds)),
        ("events", events_text(outcome.events, outcome.real_seconds)),
        ("faults", _faults_of(outcome)),
    ]
    if figures.fetchers:
        rows += [
            ("complete", _completion_text(figures)),
            ("distribution", _distribution_text(figures)),
            ("fairness", _fairness_text(figures)),
            ("bytes", _bytes_text(figures)),
        ]
    else:
        rows.append(("complete", NOBODY_FETCHED))
    lines = [*labelled(rows), "", *_peer_table(outcome.peers)]
    return "\n".join(line.rstrip() for line in lines)


def verdict_line(outcome: Outcome, *, checks: bool = True) -> str:
    """
    Was it good?

    @param checks: were the rules looked at?
    """
    if outcome.is_good:
        return GOOD if checks else UNCHECKED
    return f"FAILED: {counted(len(outcome.breaches), 'breach', 'breaches')}"


def labelled(rows: Sequence[tuple[str, str]]) -> list[str]:
    """
    C{rows} with their labels in one column.
    """
    width = max(len(label) for label, _ in rows) + 2
    return [f"{label:{width}}{text}" for label, text in rows]


def time_text(virtual_seconds: float, real_seconds: float) -> str:
    """
    How long something took, there and here.
    """
    text = f"{virtual_seconds:,.1f} s of virtual time in {real_seconds:,.2f} s"
    if real_seconds > 0:
        ratio = virtual_seconds / real_seconds
        text += f": {ratio:,.{0 if ratio >= 9.5 else 1}f} times as fast"
    return text


def events_text(events: int, real_seconds: float) -> str:
    """
    How many steps it were.
    """
    text = f"{events:,}"
    if real_seconds > 0:
        text += f", {events / real_seconds:,.0f} per second"
    return text


def faults_text(faults: Mapping[FaultKind, int]) -> str:
    """
    How often each kind took effect; empty if none did.
    """
    return ", ".join(
        f"{kind} {faults[kind]:,}" for kind in FaultKind if faults.get(kind)
    )


def counted(count: int, one: str, many: str) -> str:
    """
    A number with its noun.
    """
    return f"{count:,} {one if count == 1 else many}"


def _faults_of(outcome: Outcome) -> str:
    if outcome.scenario.faults is FaultLevel.NONE:
        return "none"
    text = f"{sum(outcome.faults.values())} of {outcome.faults_planned} took effect"
    if kinds := faults_text(outcome.faults):
        text += f": {kinds}; healed at {outcome.last_fault_at:.1f} s"
    return text


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
    rows += map(_peer_row, peers[:MOST_ROWS])
    if any(map(is_hostile, peers)):
        did = [f"{each.did:,}" if is_hostile(each) else "-" for each in peers]
        for row, cell in zip(rows, ["did", *did], strict=False):
            row.append(cell)
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


def _peer_row(peer: PeerOutcome) -> list[str]:
    """
    Of a hostile peer nothing of that is counted.
    """
    head = [str(peer.peer_id), printable(peer.role)]
    if is_hostile(peer):
        return head + ["-"] * 7
    return [
        *head,
        _moment(peer.first_piece_at),
        _moment(peer.completed_at),
        size_text(peer.received_bytes),
        size_text(peer.sent_bytes),
        size_text(peer.duplicate_bytes),
        str(peer.held),
        str(peer.starts),
    ]


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"
