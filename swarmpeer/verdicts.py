"""
What is known of something that must hold: of a clause that a peer was held against, or
of a rule that logs were.
"""

from collections import Counter
from collections.abc import Collection
from enum import StrEnum

from swarmpeer import __version__


class Verdict(StrEnum):
    """
    Was it kept?

    @cvar OTHERWISE: it was not, and need not be.
    @cvar NOT_SEEN: nothing was there to be looked at.
    """

    PASS = "pass"
    FAIL = "fail"
    OTHERWISE = "otherwise"
    NOT_SEEN = "not seen"


def counts(verdicts: Collection[Verdict]) -> dict[str, int]:
    """
    How often each was given.
    """
    number = Counter(verdicts)
    return {
        "passed": number[Verdict.PASS],
        "failed": number[Verdict.FAIL],
        "otherwise": number[Verdict.OTHERWISE],
        "not_seen": number[Verdict.NOT_SEEN],
    }


def head(
    kind: str, version: int, verdicts: Collection[Verdict]
) -> dict[str, str | int | bool | dict[str, int]]:
    """
    What the results of every command that judges begin with, for programs.

    @param kind: the name of their format.
    @param version: of that.
    """
    return {
        "format": kind,
        "version": version,
        "swarmpeer": __version__,
        "is_good": Verdict.FAIL not in verdicts,
        "counts": counts(verdicts),
    }
