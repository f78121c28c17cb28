"""
Interest, as the log of the one who is asked tells of it.
"""

from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry
from swarmpeer.log_reading.survey import Survey
from swarmpeer.log_reading.swarm import SLACK_SECONDS, Swarm
from swarmpeer.protocol_log import LogKind


class InterestCheck:
    """
    Who is interested lacks something; who takes something was interested.
    """

    def __init__(self, survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
        self._survey, self._swarm, self._ledger = survey, swarm, ledger
        self._heard: set[int] = set()
        self._state: dict[int, bool] = {}
        self._repeats = 0
        self.kinds = {
            LogKind.INTERESTED: self._on_interested,
            LogKind.NOT_INTERESTED: self._on_not_interested,
        }

    def end(self) -> None:
        """
        Nobody took anything without having asked for attention.
        """
        me, rule = self._survey.peer_id, Rule.INTEREST
        for other, its in self._swarm.surveys.items():
            if its.taken.get(me):
                self._ledger.looked(rule)
                if other not in self._heard:
                    self._ledger.broken(
                        rule,
                        self._survey.path,
                        0,
                        f"{other} downloaded from {me} and was never interested",
                    )
        if self._repeats:
            self._ledger.note(
                rule, f"repeated without a change, which is allowed, in the log of {me}"
            )

    def _on_interested(self, entry: LogEntry) -> None:
        other, rule = entry.others[0], Rule.INTEREST
        self._ledger.looked(rule)
        self._heard.add(other)
        self._turn(other, is_interested=True)
        if self._swarm.is_seed(other):
            self._broken(entry, f"{other} is a seed and lacks nothing")
            return
        its = self._swarm.surveys.get(other)
        apart = self._swarm.between(self._survey.peer_id, other)
        if its is None or apart is None or its.completed is None:
            return
        if its.completed + apart + SLACK_SECONDS < entry.seconds:
            self._broken(entry, f"{other} had completed the file and lacks nothing")

    def _on_not_interested(self, entry: LogEntry) -> None:
        self._ledger.looked(Rule.INTEREST)
        self._turn(entry.others[0], is_interested=False)

    def _turn(self, other: int, *, is_interested: bool) -> None:
        self._repeats += self._state.get(other) is is_interested
        self._state[other] = is_interested

    def _broken(self, entry: LogEntry, words: str) -> None:
        self._ledger.broken(Rule.INTEREST, self._survey.path, entry.number, words)
