"""
Choke rounds, as the log of the one who chooses tells of them.
"""

from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry, note_usage
from swarmpeer.log_reading.round_grid import Fit, RoundGrid
from swarmpeer.log_reading.survey import Survey
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.log_reading.wording import Variant
from swarmpeer.protocol_log import LogKind

_UNTOLD = (
    "the lines would fit anywhere: times are in whole seconds, and rounds that change "
    "nothing are not told"
)


class _Rounds:
    """
    What is known of the rounds of one kind.
    """

    def __init__(self, interval: float | None) -> None:
        self.interval = interval
        self.grid = None if interval is None else RoundGrid(interval)
        self.before: float | None = None


class RoundsCheck:
    """
    How many are chosen, how often, and whom.
    """

    def __init__(self, survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
        self._survey, self._ledger = survey, ledger
        self._terms = swarm.terms
        self._preferred: tuple[int, ...] | None = None
        self._preferred_rounds = _Rounds(self._terms.unchoking_seconds)
        self._optimistic: int | None = None
        self._optimistic_rounds = _Rounds(self._terms.optimistic_seconds)
        self._interested: set[int] = set()
        self._in_doubt: set[int] = set()
        self.kinds = {
            LogKind.PREFERRED: self._on_preferred,
            LogKind.OPTIMISTIC: self._on_optimistic,
            LogKind.INTERESTED: self._on_interested,
            LogKind.NOT_INTERESTED: self._on_not_interested,
            LogKind.DIALLED: self._on_not_interested,
            LogKind.ACCEPTED: self._on_not_interested,
        }

    def end(self) -> None:
        """
        Nothing is left.
        """

    def _on_interested(self, entry: LogEntry) -> None:
        self._interested.add(entry.others[0])

    def _on_not_interested(self, entry: LogEntry) -> None:
        self._interested.discard(entry.others[0])
        # It may have lost its place, of which no line tells.
        self._in_doubt.add(entry.others[0])

    def _on_preferred(self, entry: LogEntry) -> None:
        self._check_count(entry)
        self._check_interest(entry)
        self._check_interval(Rule.PREFERRED_INTERVAL, self._preferred_rounds, entry)
        same = self._preferred is not None and set(entry.others) == set(self._preferred)
        if same and entry.others and self._in_doubt.isdisjoint(entry.others):
            note_usage(self._survey.usages, Variant.SAME, entry.number, "")
        self._preferred = entry.others
        self._in_doubt.difference_update({*entry.others} - {self._optimistic})

    def _on_optimistic(self, entry: LogEntry) -> None:
        (chosen,) = entry.others
        self._check_interest(entry)
        self._check_interval(Rule.OPTIMISTIC_INTERVAL, self._optimistic_rounds, entry)
        self._ledger.looked(Rule.OPTIMISTIC_CHANGE)
        if chosen == self._optimistic and chosen not in self._in_doubt:
            self._broken(
                Rule.OPTIMISTIC_CHANGE, entry, f"{chosen} was the optimistic one before"
            )
        self._optimistic = chosen
        self._in_doubt.discard(chosen)

    def _check_count(self, entry: LogEntry) -> None:
        most, count = self._terms.preferred, len(entry.others)
        if len(set(entry.others)) < count:
            self._broken(Rule.PREFERRED_COUNT, entry, "a neighbour is named twice")
        if most is None:
            self._ledger.note(
                Rule.PREFERRED_COUNT,
                "NumberOfPreferredNeighbors is not known; give Common.cfg",
            )
            return
        self._ledger.looked(Rule.PREFERRED_COUNT)
        if count > most:
            self._broken(
                Rule.PREFERRED_COUNT, entry, f"{count} are preferred, {most} may be"
            )

    def _check_interest(self, entry: LogEntry) -> None:
        self._ledger.looked(Rule.CHOSEN_INTERESTED, len(entry.others))
        for other in entry.others:
            if other not in self._interested:
                self._broken(
                    Rule.CHOSEN_INTERESTED, entry, f"{other} is not interested"
                )

    def _check_interval(self, rule: Rule, rounds: "_Rounds", entry: LogEntry) -> None:
        before, rounds.before = rounds.before, entry.seconds
        if rounds.interval is None or rounds.grid is None:
            self._ledger.note(rule, "the interval is not known; give Common.cfg")
            return
        fit = rounds.grid.take(entry.seconds)
        if before is None:
            return
        if fit is Fit.UNTOLD:
            self._ledger.unseen(rule, _UNTOLD)
            return
        self._ledger.looked(rule)
        if fit is Fit.BROKEN:
            gap = entry.seconds - before
            self._broken(
                rule,
                entry,
                f"{gap:g} s after the one before; with those before it, rounds of "
                f"{rounds.interval:g} s do not fit",
            )

    def _broken(self, rule: Rule, entry: LogEntry, words: str) -> None:
        self._ledger.broken(rule, self._survey.path, entry.number, words)
