"""
The rules, and what was found about each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from swarmpeer.verdicts import Verdict

MOST_EVIDENCE = 5
"""
So many lines that break a rule are shown; all are counted.
"""


class Rule(Enum):
    """
    What must hold: its name, and what it says.
    """

    LINES = ("lines", "every line can be read, and none is left out altogether")
    WORDING = (
        "wording",
        "every line is worded as the protocol has it, or in a known way",
    )
    WRITER = ("writer", "each log names its own peer, and is the only one of it")
    MEMBERS = ("members", "only members are named, and nobody itself")
    TIMES = ("times", "times never go back within a log")
    CONNECTIONS = ("connections", "each pair of peers connects, and once")
    BOTH_ENDS = (
        "both-ends",
        "a connection stands in both logs, made by one of the two",
    )
    DIRECTION = ("direction", "the later peer of PeerInfo.cfg calls the earlier one")
    PREFERRED_COUNT = (
        "preferred-count",
        "no more than NumberOfPreferredNeighbors are preferred, each once",
    )
    PREFERRED_INTERVAL = (
        "preferred-interval",
        "preferred neighbours change every UnchokingInterval seconds only",
    )
    OPTIMISTIC_INTERVAL = (
        "optimistic-interval",
        "the optimistic one changes every OptimisticUnchokingInterval seconds only",
    )
    OPTIMISTIC_CHANGE = (
        "optimistic-change",
        "the optimistic neighbour is told when it is another one",
    )
    CHOSEN_INTERESTED = (
        "chosen-interested",
        "only interested neighbours are preferred or optimistic",
    )
    ALTERNATE = ("alternate", "unchoke and choke of one neighbour alternate")
    UNCHOKES_CHOSEN = (
        "unchokes-chosen",
        "who is unchoked was chosen in the other's log, and who is chosen is unchoked",
    )
    CHOKES_CHOSEN = (
        "chokes-chosen",
        "who is not chosen any more in the other's log is choked",
    )
    DOWNLOAD_UNCHOKED = (
        "download-unchoked",
        "pieces come from neighbours that unchoke; after a choke one more at most",
    )
    DOWNLOAD_HELD = ("download-held", "the giver held the piece, and had told of it")
    PIECE_INDEX = ("piece-index", "every piece named is one of the file")
    ONCE = ("download-once", "no piece is downloaded twice")
    COUNT = ("count", "each download makes one piece more, from 0 to all")
    HAVE_TRUE = (
        "have-true",
        "a have tells of a piece that its sender downloaded, and once",
    )
    HAVE_ALL = ("have-all", "every download is told to every connected neighbour")
    INTEREST = (
        "interest",
        "who downloads was interested, and who has everything is not",
    )
    COMPLETION = (
        "completion",
        "the completion is told once, right after the last piece",
    )
    EVERYBODY = ("everybody", "everybody is complete in the end")

    def __init__(self, rule_id: str, text: str) -> None:
        self.id = rule_id
        self.text = text


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    Something that shows that a rule is broken.

    @ivar path: the log; C{""} if it is about the swarm.
    @ivar number: of the line; 0 if it is about the whole log.
    """

    path: str
    number: int
    words: str


@dataclass(slots=True)
class RuleResult:
    """
    What was found about one rule.

    @ivar times: how often it was looked at.
    @ivar breaches: how often it did not hold.
    @ivar evidence: the first of those.
    @ivar notes: what could not be told, and why; or what else is worth a word.
    @ivar why: why it was not seen, if that is known.
    """

    rule: Rule
    times: int = 0
    breaches: int = 0
    evidence: list[Evidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """
        A rule that nothing was held against was not seen.
        """
        if self.breaches:
            return Verdict.FAIL
        return Verdict.PASS if self.times else Verdict.NOT_SEEN

    @property
    def reason(self) -> str:
        """
        Why it was not seen; C{""} if it was.
        """
        if self.verdict is not Verdict.NOT_SEEN:
            return ""
        return self.why or "the logs have no line about it, or not enough of them"

    @property
    def remarks(self) -> list[str]:
        """
        The notes, or why there is nothing to tell.
        """
        return self.notes or [self.reason] * bool(self.reason)


class Ledger:
    """
    What was found about all rules, in their order.
    """

    def __init__(self) -> None:
        self.results = {rule: RuleResult(rule) for rule in Rule}

    def looked(self, rule: Rule, count: int = 1) -> None:
        """
        The rule was looked at, and holds unless C{broken} is told as well.
        """
        self.results[rule].times += count

    def broken(self, rule: Rule, path: str, number: int, words: str) -> None:
        """
        It does not hold.
        """
        result = self.results[rule]
        result.breaches += 1
        if len(result.evidence) < MOST_EVIDENCE:
            result.evidence.append(Evidence(path, number, words))

    def note(self, rule: Rule, words: str) -> None:
        """
        Say something about it, once.
        """
        notes = self.results[rule].notes
        if words not in notes and len(notes) < MOST_EVIDENCE:
            notes.append(words)

    def unseen(self, rule: Rule, words: str) -> None:
        """
        Say why there was nothing to look at, for if that is so in all logs.
        """
        self.results[rule].why = words

    def without(self, rules: Iterable[Rule], why: str) -> "Ledger":
        """
        The same for one that cannot tell about some rules: what it says of those is
        forgotten.

        @param why: what is said of them instead.
        """
        if not (rules := list(rules)):
            return self
        part = Ledger()
        part.results = dict(self.results)
        for rule in rules:
            self.note(rule, why)
            part.results[rule] = RuleResult(rule)
        return part

    @property
    def verdicts(self) -> list[Verdict]:
        """
        On each of them.
        """
        return [result.verdict for result in self.results.values()]

    @property
    def is_good(self) -> bool:
        """
        Is no rule broken?
        """
        return Verdict.FAIL not in self.verdicts
