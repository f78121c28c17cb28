"""
The results of a check, for people and for programs.
"""

import json
from collections.abc import Iterator

from swarmpeer.conformance.checking import Report
from swarmpeer.conformance.clauses import CLAUSES
from swarmpeer.conformance.entries import KEPT_BYTES, Entry
from swarmpeer.conformance.results import Result
from swarmpeer.verdicts import Verdict, counts, head

FORMAT = "swarmpeer-check"
VERSION = 1

_INDENT = "          "
_BREACHES = (Verdict.FAIL, Verdict.OTHERWISE)


def clause_lines() -> Iterator[str]:
    """
    All clauses, one a line.
    """
    for clause in CLAUSES.values():
        yield f"{clause.id:<7} {clause.level:<4}  {clause.text}"


def report_lines(report: Report, *, is_verbose: bool) -> Iterator[str]:
    """
    The results, a line for each clause, with what shows a failure below it.

    @param is_verbose: tell what shows that a clause is kept, too.
    """
    tested = report.subject.tested
    has = "has the file" if tested.has_file else "wants the file"
    yield f"peer {tested.peer_id}, which {has}; {_played(report)}"
    for result in report.results:
        clause = result.clause
        word = result.verdict.upper()
        yield f"{word:<9} {clause.id:<7} {clause.level:<4}  {clause.text}"
        if result.verdict is Verdict.NOT_SEEN:
            yield f"{_INDENT}not seen: {result.why}"
        elif result.verdict in _BREACHES or is_verbose:
            yield from _finding_lines(result)
    if report.slips:
        yield "known slips:"
    for name, entry in report.slips.items():
        yield f"  {name}"
        yield _INDENT + entry.lines()[0]
    yield _summary(report)


def _played(report: Report) -> str:
    parts = []
    callers = [str(each) for each, waits in report.players.items() if not waits]
    called = [str(each) for each, waits in report.players.items() if waits]
    if called:
        parts.append(f"called by it as {', '.join(called)}")
    if callers:
        parts.append(f"calling it as {', '.join(callers)}")
    return "; ".join(parts)


def _finding_lines(result: Result) -> Iterator[str]:
    if result.finding is None:
        return
    yield f"{_INDENT}expected: {result.finding.expected}"
    for entry in result.finding.evidence:
        yield from (_INDENT + line for line in entry.lines())


def _summary(report: Report) -> str:
    number = counts(report.verdicts)
    text = f"{number['passed']} passed, {number['failed']} failed"
    if number["otherwise"]:
        text += f", {number['otherwise']} done otherwise, which they may be"
    text = f"{text}, {number['not_seen']} not seen, in {report.seconds:.0f} s"
    return f"{text}; {report.given_up}" if report.given_up else text


def report_json(report: Report) -> str:
    """
    The results as one JSON object; its keys are told in docs/conformance.md.
    """
    tested = report.subject.tested
    value = {
        **head(FORMAT, VERSION, report.verdicts),
        "is_good": report.is_good,
        "given_up": report.given_up,
        "seconds": round(report.seconds, 3),
        "tested": {"peer_id": tested.peer_id, "has_file": tested.has_file},
        "players": [
            {"peer_id": each, "is_called": waits}
            for each, waits in report.players.items()
        ],
        "clauses": [_clause_json(each) for each in report.results],
        "slips": [
            {"name": name, "evidence": [_entry_json(entry)]}
            for name, entry in report.slips.items()
        ],
    }
    return json.dumps(value)


def _clause_json(result: Result) -> dict[str, object]:
    finding = result.finding
    return {
        "id": result.clause.id,
        "level": result.clause.level,
        "text": result.clause.text,
        "verdict": result.verdict,
        "why": result.why,
        "times": result.times,
        "expected": "" if finding is None else finding.expected,
        "evidence": []
        if finding is None
        else [_entry_json(entry) for entry in finding.evidence],
    }


def _entry_json(entry: Entry) -> dict[str, object]:
    return {
        "seconds": round(entry.seconds, 6),
        "connection": entry.talk,
        "peer_id": entry.player,
        "is_ours": entry.is_ours,
        "kind": entry.kind,
        "offset": entry.offset,
        "size": entry.size,
        "hex": entry.data[:KEPT_BYTES].hex(),
        "meaning": entry.words(),
    }
