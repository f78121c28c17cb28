"""
Chokes and unchokes, as the log of the one who is served tells of them, and what the
log of the one who serves says of the same.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry
from swarmpeer.log_reading.survey import MOST_CHOICES, Survey
from swarmpeer.log_reading.swarm import SLACK_SECONDS, Swarm
from swarmpeer.protocol_log import LogKind

_AT_ONCE_SECONDS = 1.0


@dataclass(slots=True)
class _Served:
    """
    How it stands between us and one that may serve us.
    """

    is_unchoked: bool = False
    since: float = float("-inf")
    since_line: int = 0
    late_pieces: int = 0


class ChokesCheck:
    """
    Whether they alternate, were decided, and let pieces come.
    """

    def __init__(self, survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
        self._survey, self._swarm, self._ledger = survey, swarm, ledger
        self._patience = swarm.patience_seconds
        self._served: dict[int, _Served] = {}
        self.kinds = {
            LogKind.UNCHOKED: self._on_unchoked,
            LogKind.CHOKED: self._on_choked,
            LogKind.DOWNLOADED: self._on_download,
            LogKind.DIALLED: self._on_connected,
            LogKind.ACCEPTED: self._on_connected,
        }

    def end(self) -> None:
        """
        How it stood in the end stayed so until the last line.
        """
        # Also of those that chose us and of whom we never heard.
        for other in self._swarm.surveys:
            if other != self._survey.peer_id:
                self._check_stretch(other, self._of(other), self._survey.last, 0)

    def _of(self, other: int) -> _Served:
        return self._served.setdefault(other, _Served())

    def _on_connected(self, entry: LogEntry) -> None:
        self._served[entry.others[0]] = _Served(since=entry.seconds)

    def _on_unchoked(self, entry: LogEntry) -> None:
        other = entry.others[0]
        served = self._of(other)
        self._check_alternate(entry, served, is_unchoked=True)
        if not served.is_unchoked:
            self._check_stretch(other, served, entry.seconds, entry.number)
            self._check_chosen(other, entry)
        self._served[other] = _Served(True, entry.seconds, entry.number)

    def _on_choked(self, entry: LogEntry) -> None:
        other = entry.others[0]
        served = self._of(other)
        self._check_alternate(entry, served, is_unchoked=False)
        if served.is_unchoked:
            self._check_stretch(other, served, entry.seconds, entry.number)
        self._served[other] = _Served(False, entry.seconds, entry.number)

    def _check_alternate(
        self, entry: LogEntry, served: _Served, *, is_unchoked: bool
    ) -> None:
        self._ledger.looked(Rule.ALTERNATE)
        if served.is_unchoked == is_unchoked:
            state = "unchoked" if is_unchoked else "choked"
            words = f"{entry.others[0]} had {state} it already"
            if not served.since_line:
                words = f"{entry.others[0]} had not unchoked it"
            self._broken(Rule.ALTERNATE, entry.number, words)

    def _on_download(self, entry: LogEntry) -> None:
        served = self._of(entry.others[0])
        self._ledger.looked(Rule.DOWNLOAD_UNCHOKED)
        if served.is_unchoked:
            return
        if served.since_line:
            # Under way when the choke came, or being stored.
            served.late_pieces += 1
            is_close = entry.seconds - served.since <= _AT_ONCE_SECONDS
            if served.late_pieces == 1 or is_close:
                return
            words = f"{entry.others[0]} choked it on line {served.since_line}"
        else:
            words = f"{entry.others[0]} had not unchoked it"
        self._broken(Rule.DOWNLOAD_UNCHOKED, entry.number, words)

    def _apart(self, other: int) -> float | None:
        """
        What to add to the times of the other log, if it can be held against ours.
        """
        me = self._survey.peer_id
        if other not in self._swarm.surveys:
            why = self._swarm.missing_words
        elif not self._swarm.is_one_conversation(me, other):
            why = f"{me} and {other} had several connections, or none that is told"
        elif self._swarm.surveys[other].choice_count > MOST_CHOICES:
            why = f"{other} chose more often than can be kept"
        elif (apart := self._swarm.between(me, other)) is None:
            why = "the clocks of some logs cannot be compared"
        else:
            return apart
        for rule in (Rule.UNCHOKES_CHOSEN, Rule.CHOKES_CHOSEN):
            self._ledger.note(rule, why)
        return None

    def _check_chosen(self, other: int, entry: LogEntry) -> None:
        """
        Somebody who unchokes has chosen.
        """
        apart = self._apart(other)
        if apart is None:
            return
        self._ledger.looked(Rule.UNCHOKES_CHOSEN)
        choices = self._swarm.surveys[other].choices.get(self._survey.peer_id)
        its_time = entry.seconds - apart
        if choices is not None:
            low = bisect_left(choices.chosen, its_time - self._patience)
            if low < bisect_right(choices.chosen, its_time + SLACK_SECONDS):
                return
        self._broken(
            Rule.UNCHOKES_CHOSEN,
            entry.number,
            f"the log of {other} does not tell then that {self._survey.peer_id} "
            "was chosen",
        )

    def _check_stretch(
        self, other: int, served: _Served, until: float, number: int
    ) -> None:
        """
        While somebody chokes it chooses otherwise, and while it does not, too.
        """
        if number == 0 and other not in self._survey.links:
            return
        apart = self._apart(other)
        if apart is None:
            return
        choices = self._swarm.surveys[other].choices.get(self._survey.peer_id)
        rule = Rule.CHOKES_CHOSEN if served.is_unchoked else Rule.UNCHOKES_CHOSEN
        self._ledger.looked(rule)
        if choices is None:
            return
        told, lines = choices.chosen, choices.chosen_lines
        if served.is_unchoked:
            told, lines = choices.left, choices.left_lines
        at = bisect_right(told, served.since - apart + SLACK_SECONDS)
        if at >= len(told) or told[at] + self._patience >= until - apart:
            return
        if served.is_unchoked:
            again = bisect_left(choices.chosen, told[at])
            if (
                again < len(choices.chosen)
                and choices.chosen[again] <= told[at] + self._patience
            ):
                return
        verb = "is not chosen any more" if served.is_unchoked else "is chosen"
        state = "unchoked" if served.is_unchoked else "choked"
        self._ledger.broken(
            rule,
            self._swarm.surveys[other].path,
            lines[at],
            f"{self._survey.peer_id} {verb}, but stays {state} in its own log",
        )

    def _broken(self, rule: Rule, number: int, words: str) -> None:
        self._ledger.broken(rule, self._survey.path, number, words)
