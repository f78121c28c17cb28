"""
Pieces, as the log of the one who downloads tells of them.
"""

from swarmpeer.log_reading.ledger import Ledger, Rule
from swarmpeer.log_reading.lines import LogEntry
from swarmpeer.log_reading.piece_sets import PieceSets
from swarmpeer.log_reading.survey import Survey
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.protocol_log import LogKind

_AT_ONCE_SECONDS = 2.0


class PiecesCheck:
    """
    Which pieces, how many, and the end.
    """

    def __init__(self, survey: Survey, swarm: Swarm, ledger: Ledger) -> None:
        self._survey, self._ledger = survey, ledger
        self._pieces = swarm.terms.pieces
        self._is_seed = bool(swarm.is_seed(survey.peer_id))
        self._seen = PieceSets()
        self._held = 0
        self._downloads = 0
        self._last_at = 0.0
        self._completed = 0
        self.kinds = {
            LogKind.DOWNLOADED: self._on_download,
            LogKind.HAVE: self._check_index,
            LogKind.COMPLETED: self._on_completed,
        }

    def end(self) -> None:
        """
        A peer that holds everything has said so.
        """
        if self._downloads and self._held == self._pieces:
            self._ledger.looked(Rule.COMPLETION)
            if not self._completed:
                self._broken(
                    Rule.COMPLETION,
                    self._survey.lines.count,
                    f"the log ends with all {self._held} pieces, but without the line",
                )

    def _on_download(self, entry: LogEntry) -> None:
        self._check_index(entry)
        self._check_once(entry)
        self._downloads += 1
        self._check_count(entry)
        if self._completed:
            self._broken(
                Rule.COMPLETION, entry.number, "a download after the complete file"
            )
        self._held, self._last_at = entry.held, entry.seconds

    def _check_index(self, entry: LogEntry) -> None:
        if self._pieces is None:
            self._ledger.note(
                Rule.PIECE_INDEX,
                "the number of pieces is not known; give Common.cfg",
            )
            return
        self._ledger.looked(Rule.PIECE_INDEX)
        if not 0 <= entry.index < self._pieces:
            self._broken(
                Rule.PIECE_INDEX,
                entry.number,
                f"piece {entry.index}, of 0 to {self._pieces - 1}",
            )

    def _check_once(self, entry: LogEntry) -> None:
        self._ledger.looked(Rule.ONCE)
        me = self._survey.peer_id
        if self._seen.has(me, entry.index):
            first = self._survey.got_lines[entry.index]
            self._broken(
                Rule.ONCE, entry.number, f"piece {entry.index} came on line {first}"
            )
        elif entry.index < len(self._survey.got):
            self._seen.add(me, entry.index)

    def _check_count(self, entry: LogEntry) -> None:
        self._ledger.looked(Rule.COUNT)
        if self._is_seed:
            self._broken(Rule.COUNT, entry.number, "a seed has nothing to download")
        # Whoever slips once need not be wrong ever after.
        elif entry.held not in (self._held + 1, self._downloads):
            self._broken(
                Rule.COUNT,
                entry.number,
                f"{self._held} before, {entry.held} now",
            )
        elif self._pieces is not None and entry.held > self._pieces:
            self._broken(
                Rule.COUNT,
                entry.number,
                f"{entry.held} of {self._pieces} pieces",
            )

    def _on_completed(self, entry: LogEntry) -> None:
        self._ledger.looked(Rule.COMPLETION)
        self._completed += 1
        if self._is_seed:
            words = "a seed has nothing to complete"
        elif self._completed > 1:
            words = "it was told before"
        elif self._pieces is not None and self._held != self._pieces:
            words = f"with {self._held} of {self._pieces} pieces"
        elif entry.seconds - self._last_at > _AT_ONCE_SECONDS:
            late = entry.seconds - self._last_at
            words = f"{late:g} s after the last piece"
        else:
            return
        self._broken(Rule.COMPLETION, entry.number, words)

    def _broken(self, rule: Rule, number: int, words: str) -> None:
        self._ledger.broken(rule, self._survey.path, number, words)
