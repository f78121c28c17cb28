"""
The first reading of one log: what its peer did, without a judgement.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

from swarmpeer.log_reading.curves import Curve, Spans
from swarmpeer.log_reading.lines import Flaw, LogEntry, LogLines, Usage
from swarmpeer.log_reading.wording import Variant
from swarmpeer.protocol_log import LogKind

MOST_PIECES = 1 << 22
"""
If nobody tells how many pieces there are, a higher index is taken for a slip: the
times of all below are kept.
"""

MOST_OTHERS = 10_000
MOST_CHOICES = 1_000_000
"""
When somebody was chosen is kept so many times of each log.
"""

_MOST_LINKS = 8

NEVER = -1.0


@dataclass(frozen=True, slots=True)
class Link:
    """
    A connection as one end tells of it.
    """

    number: int
    seconds: float
    is_dialled: bool


@dataclass(slots=True)
class Choices:
    """
    When a neighbour was chosen, and when others were and it was not.

    @ivar is_optimistic: for each time that it was chosen.
    """

    chosen: "array[float]" = field(default_factory=lambda: array("d"))
    chosen_lines: "array[int]" = field(default_factory=lambda: array("L"))
    is_optimistic: bytearray = field(default_factory=bytearray)
    left: "array[float]" = field(default_factory=lambda: array("d"))
    left_lines: "array[int]" = field(default_factory=lambda: array("L"))


@dataclass(slots=True)
class Survey:
    """
    What one log tells.  All times are by the clock of its writer.

    @ivar peer_id: whose log it is.
    @ivar flaws: the first line of each wording that says nothing; C{flaw_count} is of
        all lines.
    @ivar kinds: what the lines are that can be read.
    @ivar unread: what those may be that cannot.
    @ivar got: when each piece came, L{NEVER} if it did not; seconds after C{first}.
    @ivar got_lines: the line that tells of it.
    @ivar taken: pieces by giver.
    @ivar links: the first connections with each neighbour.
    @ivar choices: whom the peer served, by neighbour.
    @ivar served: when others unchoked it, by neighbour.
    @ivar strangers: were there more neighbours than anybody has?
    """

    lines: LogLines
    peer_id: int
    first: float = 0.0
    last: float = 0.0
    entries: int = 0
    foreign: int = 0
    first_foreign: int = 0
    flaws: dict[str, Flaw] = field(default_factory=dict)
    flaw_count: int = 0
    kinds: set[LogKind] = field(default_factory=set)
    unread: frozenset[LogKind] = frozenset()
    got: "array[float]" = field(default_factory=lambda: array("f"))
    got_lines: "array[int]" = field(default_factory=lambda: array("I"))
    downloads: int = 0
    held: int = 0
    completed: float | None = None
    completed_held: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    links: dict[int, list[Link]] = field(default_factory=dict)
    choices: dict[int, Choices] = field(default_factory=dict)
    choice_count: int = 0
    most_preferred: int = 0
    curve: Curve = field(default_factory=Curve)
    served: dict[int, Spans] = field(default_factory=dict)
    usages: dict[Variant, Usage] = field(default_factory=dict)
    mentioned: set[int] = field(default_factory=set)
    strangers: bool = False

    @property
    def path(self) -> str:
        """
        Where the log is.
        """
        return self.lines.path

    def got_at(self, index: int) -> float | None:
        """
        When a piece came; C{None}: never.
        """
        if not 0 <= index < len(self.got) or self.got[index] == NEVER:
            return None
        return self.first + self.got[index]


class Surveyor:
    """
    Makes the survey of one log.
    """

    def __init__(
        self, lines: LogLines, peer_id: int, *, most_flaws: int, pieces: int | None
    ) -> None:
        """
        @param most_flaws: so many are kept.
        @param pieces: how many the file has, if it is known.
        """
        self._survey = Survey(lines, peer_id)
        self._most_flaws = most_flaws
        self._most_pieces = MOST_PIECES if pieces is None else pieces
        self._preferred: frozenset[int] = frozenset()
        self._optimistic: int | None = None

    def read(self) -> Survey:
        """
        Read the whole log.

        @raise LogError: if it cannot be read.
        """
        survey = self._survey
        for found in survey.lines:
            if isinstance(found, Flaw):
                survey.flaw_count += 1
                survey.unread |= found.meant
                if len(survey.flaws) < self._most_flaws:
                    survey.flaws.setdefault(found.wording, found)
            elif found.writer == survey.peer_id:
                self._note(found)
            elif found.kind is LogKind.COMPLETED:
                words = f"Peer {found.writer} {found.kind.value}"
                survey.lines.note(Variant.OTHERS_COMPLETION, words)
            else:
                survey.foreign += 1
                survey.first_foreign = survey.first_foreign or found.number
        for spans in survey.served.values():
            spans.end(survey.last)
        survey.curve.end(survey.last)
        survey.usages = survey.lines.usages
        return survey

    def _note(self, entry: LogEntry) -> None:
        survey = self._survey
        if not survey.entries:
            survey.first = entry.seconds
            survey.curve.add(entry.seconds, 0)
        survey.entries += 1
        survey.kinds.add(entry.kind)
        survey.last = max(survey.last, entry.seconds)
        for other in entry.others:
            if other not in survey.mentioned:
                if len(survey.mentioned) >= MOST_OTHERS:
                    survey.strangers = True
                    return
                survey.mentioned.add(other)
        match entry.kind:
            case LogKind.DIALLED | LogKind.ACCEPTED:
                self._connected(entry)
            case LogKind.PREFERRED:
                survey.most_preferred = max(survey.most_preferred, len(entry.others))
                self._chosen(entry, frozenset(entry.others), self._optimistic)
            case LogKind.OPTIMISTIC:
                self._chosen(entry, self._preferred, entry.others[0])
            case LogKind.UNCHOKED:
                self._served_by(entry).begin(entry.seconds)
            case LogKind.CHOKED:
                self._served_by(entry).end(entry.seconds)
            case LogKind.DOWNLOADED:
                self._downloaded(entry)
            case LogKind.COMPLETED if survey.completed is None:
                survey.completed = entry.seconds
                survey.completed_held = survey.held

    def _served_by(self, entry: LogEntry) -> Spans:
        return self._survey.served.setdefault(entry.others[0], Spans())

    def _connected(self, entry: LogEntry) -> None:
        links = self._survey.links.setdefault(entry.others[0], [])
        if len(links) < _MOST_LINKS:
            is_dialled = entry.kind is LogKind.DIALLED
            links.append(Link(entry.number, entry.seconds, is_dialled))
        if len(links) > 1 and (spans := self._survey.served.get(entry.others[0])):
            # A new conversation begins choked.
            spans.end(entry.seconds)

    def _chosen(
        self, entry: LogEntry, preferred: frozenset[int], optimistic: int | None
    ) -> None:
        survey = self._survey
        before = self._preferred | {self._optimistic}
        now = preferred | {optimistic}
        self._preferred, self._optimistic = preferred, optimistic
        # Told is who is named; who is not named any more is left.
        for other in entry.others:
            choices = self._choices_of(other)
            choices.chosen.append(entry.seconds)
            choices.chosen_lines.append(entry.number)
            choices.is_optimistic.append(entry.kind is LogKind.OPTIMISTIC)
        for gone in before - now:
            if gone is not None:
                choices = self._choices_of(gone)
                choices.left.append(entry.seconds)
                choices.left_lines.append(entry.number)
        survey.choice_count += len(entry.others)

    def _choices_of(self, other: int) -> Choices:
        if self._survey.choice_count > MOST_CHOICES:
            # Nothing is judged by an incomplete record.
            return Choices()
        return self._survey.choices.setdefault(other, Choices())

    def _downloaded(self, entry: LogEntry) -> None:
        survey = self._survey
        survey.downloads += 1
        survey.taken[entry.others[0]] += 1
        survey.held = min(entry.held, MOST_PIECES)
        survey.curve.add(entry.seconds, survey.held)
        if entry.index >= self._most_pieces:
            return
        if (more := entry.index + 1 - len(survey.got)) > 0:
            survey.got.extend([NEVER] * more)
            survey.got_lines.extend([0] * more)
        if survey.got[entry.index] == NEVER:
            survey.got[entry.index] = max(0.0, entry.seconds - survey.first)
            survey.got_lines[entry.index] = entry.number & 0xFFFFFFFF
