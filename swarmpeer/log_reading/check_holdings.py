"""
Who held what when: downloads and haves, held against the giver's own log.
"""

from math import inf

from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry
from swarmpeer.log_reading.piece_sets import PieceSets
from swarmpeer.log_reading.survey import NEVER, Survey
from swarmpeer.log_reading.swarm import SLACK_SECONDS, Swarm
from swarmpeer.log_reading.times import clock_text
from swarmpeer.protocol_log import LogKind


class HoldingsCheck:
    """
    Whether givers held what they gave, and told of what they got.
    """

    def __init__(self, survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
        self._survey, self._swarm, self._ledger = survey, swarm, ledger
        self._haves = PieceSets()
        self.kinds = {
            LogKind.DOWNLOADED: self._on_download,
            LogKind.HAVE: self._on_have,
        }

    def end(self) -> None:
        """
        Nobody kept a piece to itself.
        """
        for other in self._swarm.surveys:
            if other != self._survey.peer_id:
                self._check_all_told(other)

    def _on_download(self, entry: LogEntry) -> None:
        giver, index, rule = entry.others[0], entry.index, Rule.DOWNLOAD_HELD
        if self._swarm.is_seed(giver):
            self._ledger.looked(rule)
            return
        has_told = self._haves.has(giver, index)
        if giver not in self._swarm.surveys:
            if has_told:
                self._ledger.looked(rule)
            else:
                self._ledger.note(rule, self._swarm.missing_words)
            return
        got_at = self._got_at(giver, index)
        apart = self._swarm.between(self._survey.peer_id, giver)
        if got_at is None:
            self._ledger.looked(rule)
            self._broken(rule, entry, f"{giver} never downloaded piece {index}")
        elif apart is None:
            self._ledger.note(rule, "the clocks of some logs cannot be compared")
        else:
            self._ledger.looked(rule)
            self._check_told(entry, got_at + apart, has_told=has_told)

    def _check_told(self, entry: LogEntry, got_at: float, *, has_told: bool) -> None:
        giver, index, rule = entry.others[0], entry.index, Rule.DOWNLOAD_HELD
        linked_at = self._swarm.linked_at(self._survey.peer_id, giver)
        if got_at > entry.seconds + SLACK_SECONDS:
            when = clock_text(got_at)
            self._broken(rule, entry, f"{giver} got piece {index} only at {when}")
        elif (
            not has_told
            and linked_at is not None
            and got_at > linked_at + SLACK_SECONDS
            and self._swarm.is_one_conversation(self._survey.peer_id, giver)
        ):
            self._broken(rule, entry, f"{giver} had not told of piece {index}")

    def _on_have(self, entry: LogEntry) -> None:
        sender, index, rule = entry.others[0], entry.index, Rule.HAVE_TRUE
        self._ledger.looked(rule)
        if self._swarm.is_seed(sender):
            self._broken(rule, entry, f"{sender} is a seed and downloads nothing")
        elif self._haves.has(sender, index):
            self._broken(rule, entry, f"{sender} had told of piece {index} before")
        elif sender not in self._swarm.surveys:
            self._ledger.note(rule, self._swarm.missing_words)
        else:
            self._check_true(entry)
        self._haves.add(sender, index)

    def _check_true(self, entry: LogEntry) -> None:
        sender, index, rule = entry.others[0], entry.index, Rule.HAVE_TRUE
        got_at = self._got_at(sender, index)
        apart = self._swarm.between(self._survey.peer_id, sender)
        if got_at is None:
            self._broken(rule, entry, f"{sender} never downloaded piece {index}")
        elif apart is not None and got_at + apart > entry.seconds + SLACK_SECONDS:
            when = clock_text(got_at + apart)
            self._broken(rule, entry, f"{sender} got piece {index} only at {when}")

    def _check_all_told(self, other: int) -> None:
        me, rule = self._survey.peer_id, Rule.HAVE_ALL
        its = self._swarm.surveys[other]
        apart = self._swarm.between(me, other)
        linked_at = self._swarm.linked_at(me, other) if apart is not None else None
        if apart is None or linked_at is None:
            self._ledger.note(
                rule, f"it is not known when {me} and {other} were connected"
            )
            return
        if not self._swarm.is_one_conversation(me, other):
            self._ledger.note(rule, f"{me} and {other} had several connections")
            return
        # What came before they met was in the bitfield.
        from_then = linked_at - apart + SLACK_SECONDS - its.first
        from_line = self._first_told(other)
        was_looked_at = False
        for index, since in enumerate(its.got):
            line = its.got_lines[index]
            if since != NEVER and (since > from_then or line >= from_line):
                was_looked_at = True
                self._ledger.looked(rule)
                if not self._haves.has(other, index):
                    self._ledger.broken(
                        rule,
                        its.path,
                        line,
                        f"the log of {me} has no have of {other} for piece {index}",
                    )
        links = its.links.get(me)
        if (
            not was_looked_at
            and links
            and max(its.got_lines, default=0) > links[0].number
        ):
            self._ledger.note(
                rule,
                f"the log of {me} has no have of {other}; the run was too short to "
                "tell whether all was in the bitfield",
            )

    def _first_told(self, other: int) -> float:
        """
        The line of the first download that the other told of: what it got after that
        one cannot have been in its bitfield, either, however short the run was.
        """
        its = self._swarm.surveys[other]
        told = (
            its.got_lines[index]
            for index, since in enumerate(its.got)
            if since != NEVER and self._haves.has(other, index)
        )
        return min(told, default=inf)

    def _got_at(self, peer_id: int, index: int) -> float | None:
        return self._swarm.surveys[peer_id].got_at(index)

    def _broken(self, rule: Rule, entry: LogEntry, words: str) -> None:
        self._ledger.broken(rule, self._survey.path, entry.number, words)
