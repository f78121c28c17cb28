"""
Both readings of all logs of a swarm.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from swarmpeer.log_reading.check_chokes import ChokesCheck
from swarmpeer.log_reading.check_holdings import HoldingsCheck
from swarmpeer.log_reading.check_interest import InterestCheck
from swarmpeer.log_reading.check_pieces import PiecesCheck
from swarmpeer.log_reading.check_rounds import RoundsCheck
from swarmpeer.log_reading.check_swarm import check_swarm
from swarmpeer.log_reading.gaps import WHY, Gaps
from swarmpeer.log_reading.ledger import MOST_EVIDENCE, Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry, LogLines
from swarmpeer.log_reading.sources import Source
from swarmpeer.log_reading.survey import Survey, Surveyor
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.log_reading.terms import Terms
from swarmpeer.log_reading.times import clock_text
from swarmpeer.protocol_log import LogKind

Telling = Callable[[str], None]
"""
Told which log is read now.
"""


class Check(Protocol):
    """
    Holds the lines of one log against some rules.
    """

    @property
    def kinds(self) -> Mapping[LogKind, Callable[[LogEntry], None]]:
        """
        Which lines it looks at, and with what.
        """

    def end(self) -> None:
        """
        The log is over.
        """


_CHECKS: tuple[Callable[[Survey, Swarm, Ledger], Check], ...] = (
    RoundsCheck,
    PiecesCheck,
    ChokesCheck,
    HoldingsCheck,
    InterestCheck,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What became of it.
    """

    swarm: Swarm
    ledger: Ledger


def check_logs(
    sources: Sequence[Source],
    told: Terms,
    *,
    is_exact: bool = False,
    telling: Telling = lambda _: None,
) -> Checked:
    """
    Read the logs of a swarm twice.

    @param told: what the configuration says.
    @param is_exact: does a wording that differs break a rule?
    @raise LogError: if one cannot be read.
    """
    surveys = {}
    for source in sources:
        telling(source.path)
        surveyor = Surveyor(
            LogLines(source.path),
            source.peer_id,
            most_flaws=MOST_EVIDENCE,
            pieces=told.pieces,
        )
        surveys[source.peer_id] = surveyor.read()
    swarm, ledger = Swarm.of(surveys, told), Ledger()
    gaps = Gaps.of(swarm)
    for survey in surveys.values():
        telling(survey.path)
        unjudged = gaps.unjudged(survey.peer_id, surveys)
        _read_again(survey, swarm, ledger.without(unjudged, WHY))
    check_swarm(swarm, gaps, ledger, is_exact=is_exact)
    return Checked(swarm, ledger)


def _read_again(survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
    checks = [check(survey, swarm, ledger) for check in _CHECKS]
    by_kind = {
        kind: [check.kinds[kind] for check in checks if kind in check.kinds]
        for kind in LogKind
    }
    members = set(swarm.terms.members or ())
    before = float("-inf")
    for entry in survey.lines:
        if not isinstance(entry, LogEntry) or entry.writer != survey.peer_id:
            continue
        if survey.strangers and not survey.mentioned.issuperset(entry.others):
            continue
        if entry.seconds < before:
            words = f"{clock_text(entry.seconds)} after {clock_text(before)}"
            ledger.broken(Rule.TIMES, survey.path, entry.number, words)
        before = entry.seconds
        _check_names(entry, members, survey, ledger)
        for take in by_kind[entry.kind]:
            take(entry)
    for rule in (Rule.TIMES, Rule.MEMBERS):
        ledger.looked(rule, survey.entries)
    for check in checks:
        check.end()


def _check_names(
    entry: LogEntry, members: set[int], survey: Survey, ledger: Ledger
) -> None:
    for other in entry.others:
        if other == entry.writer:
            words = "it names itself as a neighbour"
        elif members and other not in members:
            words = f"{other} is no member"
        else:
            continue
        ledger.broken(Rule.MEMBERS, survey.path, entry.number, words)
