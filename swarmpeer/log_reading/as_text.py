"""
What was found out, for a terminal.
"""

import os
from collections.abc import Iterator

from swarmpeer.log_reading.checking import Checked
from swarmpeer.log_reading.fairness import Share, fairness, shares
from swarmpeer.log_reading.ledger import Evidence, RuleResult
from swarmpeer.log_reading.lines import how_often
from swarmpeer.log_reading.timeline import Timeline
from swarmpeer.log_reading.times import clock_text
from swarmpeer.text import printable
from swarmpeer.verdicts import Verdict, counts

_MOST_PEERS = 40


def text_lines(checked: Checked) -> Iterator[str]:
    """
    The verdicts with the first lines that show them, the wordings that differ, what
    each peer did, and one line that sums it up.
    """
    for result in checked.ledger.results.values():
        yield from _result_lines(result)
    yield from _wording_lines(checked)
    yield from _peer_lines(checked)
    yield ""
    yield summary(checked)


def place(evidence: Evidence) -> str:
    """
    C{file:line}, or less.
    """
    if not evidence.path:
        return "the swarm"
    path = printable(evidence.path)
    return f"{path}:{evidence.number}" if evidence.number else path


def counted(result: RuleResult) -> str:
    """
    How often a rule was looked at and did not hold.
    """
    if result.breaches:
        return f"{result.breaches:,} of {max(result.times, result.breaches):,}"
    return f"{result.times:,}" if result.times else ""


def summary(checked: Checked) -> str:
    """
    The last line.
    """
    ledger = checked.ledger
    number = counts(ledger.verdicts)
    failed = [
        result.rule.id
        for result in ledger.results.values()
        if result.verdict is Verdict.FAIL
    ]
    logs = len(checked.swarm.surveys)
    words = (
        f"{logs:,} log{'' if logs == 1 else 's'}: {number['passed']} rules hold, "
        f"{number['failed']} do not, {number['not_seen']} not seen"
    )
    if failed:
        return f"FAILED: {words}: {', '.join(failed)}"
    return f"OK: {words}"


def _result_lines(result: RuleResult) -> Iterator[str]:
    yield (
        f"{result.verdict.upper():<8}  {result.rule.id:<19} "
        f"{counted(result):>16}  {result.rule.text}"
    )
    for each in result.evidence:
        yield f"          {place(each)}: {each.words}"
    if (more := result.breaches - len(result.evidence)) > 0:
        yield f"          and {more:,} more"
    for note in result.remarks:
        yield f"          ({note})"


def _wording_lines(checked: Checked) -> Iterator[str]:
    is_first = True
    for survey in checked.swarm.surveys.values():
        for variant, usage in survey.usages.items():
            if is_first:
                yield ""
                yield "wordings that differ from the protocol's:"
                is_first = False
            where = f"{printable(survey.path)}:{usage.number}"
            yield f"  {where}: {variant.value}, {how_often(usage.count)}"
            if usage.words:
                yield f"      {usage.words}"


def _peer_lines(checked: Checked) -> Iterator[str]:
    swarm = checked.swarm
    timeline = Timeline(swarm)
    yield ""
    yield (
        f"{timeline.seconds:,.0f} s from {clock_text(timeline.began)} on; "
        "pieces by peer:"
    )
    yield f"  {'peer':>10} {'taken':>8} {'given':>8} {'given/taken':>12}  complete"
    everybody = shares(swarm)
    for share in everybody[:_MOST_PEERS]:
        yield (
            f"  {share.peer_id:>10} {share.taken:>8,} {share.given:>8,} "
            f"{ratio_text(share):>12}  {completion(share.peer_id, checked, timeline)}"
        )
    if (more := len(everybody) - _MOST_PEERS) > 0:
        yield f"  and {more:,} more"
    if (index := fairness(swarm)) is not None:
        yield f"  Jain's index of what those that fetch gave: {index:.2f}"


def completion(peer_id: int, checked: Checked, timeline: Timeline) -> str:
    """
    When a peer had everything, in words.
    """
    if checked.swarm.is_seed(peer_id):
        return "from the beginning"
    if peer_id not in checked.swarm.surveys:
        return "no log"
    at = timeline.completed(peer_id)
    return "never told" if at is None else f"after {at:,.0f} s"


def ratio_text(share: Share) -> str:
    """
    What a peer gave for each piece that it took.
    """
    return "-" if share.ratio is None else f"{share.ratio:.2f}"


def file_name(path: str) -> str:
    """
    The last part of a path, for one line.
    """
    return printable(os.path.basename(path))
