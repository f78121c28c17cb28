"""
What became of each clause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from swarmpeer.conformance.clauses import CLAUSES, Clause, Level
from swarmpeer.conformance.entries import Entry
from swarmpeer.verdicts import Verdict

MOST_EVIDENCE = 6
"""
So many happenings are shown for a finding.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Once a clause was looked at.

    @ivar expected: what should have come, and what came instead.
    @ivar evidence: the happenings that show it, oldest first.
    @ivar times: how often it was so.
    """

    clause_id: str
    is_kept: bool
    expected: str
    evidence: tuple[Entry, ...] = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """
    The verdict on one clause.

    @ivar finding: the first failure, else the first that shows that it is kept.
    @ivar times: how often the clause was looked at.
    @ivar why: why it was not seen.
    """

    clause: Clause
    verdict: Verdict
    finding: Finding | None = None
    times: int = 0
    why: str = ""


def conclude(
    findings: Sequence[Finding], why: Mapping[str, str], wanted: Sequence[str]
) -> tuple[Result, ...]:
    """
    A verdict for each clause: one failure fails it, and what was not looked at was
    not seen.

    @param why: by clause, why it was not seen.
    @param wanted: the clauses.
    """
    results = []
    for clause_id in wanted:
        own = [each for each in findings if each.clause_id == clause_id]
        failed = [each for each in own if not each.is_kept]
        clause = CLAUSES[clause_id]
        if own:
            verdict = _broken(clause) if failed else Verdict.PASS
            times = sum(each.times for each in own)
            results.append(Result(clause, verdict, (failed or own)[0], times))
        else:
            reason = why.get(clause_id, "it did not come to that")
            results.append(Result(clause, Verdict.NOT_SEEN, why=reason))
    return tuple(results)


def _broken(clause: Clause) -> Verdict:
    return Verdict.FAIL if clause.level is Level.MUST else Verdict.OTHERWISE
