"""
Which kinds of lines a log lacks that it must have, and what cannot be judged then.

One wording that nobody knows is one fault.  It is told once, with the lines that cannot
be read; what follows from those lines would all seem broken without them, and is left
alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from swarmpeer.log_reading.ledger import Rule
from swarmpeer.log_reading.survey import Survey
from swarmpeer.log_reading.swarm import Swarm
from swarmpeer.protocol_log import LogKind

K = LogKind

_LINKS = frozenset({K.DIALLED, K.ACCEPTED})
_CHOKES = _LINKS | {K.UNCHOKED, K.CHOKED}
_CHOICES = _LINKS | {K.PREFERRED, K.OPTIMISTIC}
_NONE = frozenset[LogKind]()

WHY = "lines that it needs cannot be read, or are left out: see the rule lines"
"""
What is said of a rule that is not judged.
"""

_NEEDS: dict[Rule, tuple[frozenset[LogKind], frozenset[LogKind]]] = {
    Rule.CONNECTIONS: (_LINKS, _LINKS),
    Rule.BOTH_ENDS: (_LINKS, _LINKS),
    Rule.OPTIMISTIC_CHANGE: (_LINKS | {K.OPTIMISTIC, K.NOT_INTERESTED}, _NONE),
    Rule.CHOSEN_INTERESTED: (frozenset({K.INTERESTED}), _NONE),
    Rule.ALTERNATE: (_CHOKES, _NONE),
    Rule.UNCHOKES_CHOSEN: (_CHOKES, _CHOICES),
    Rule.CHOKES_CHOSEN: (_CHOKES, _CHOICES),
    Rule.DOWNLOAD_UNCHOKED: (_CHOKES, _NONE),
    Rule.DOWNLOAD_HELD: (_LINKS | {K.HAVE}, _LINKS | {K.DOWNLOADED}),
    Rule.COUNT: (frozenset({K.DOWNLOADED}), _NONE),
    Rule.HAVE_TRUE: (_NONE, frozenset({K.DOWNLOADED})),
    Rule.HAVE_ALL: (_LINKS | {K.HAVE}, _LINKS | {K.DOWNLOADED}),
    Rule.INTEREST: (frozenset({K.INTERESTED}), _NONE),
    Rule.COMPLETION: (frozenset({K.DOWNLOADED, K.COMPLETED}), _NONE),
    Rule.EVERYBODY: (frozenset({K.DOWNLOADED, K.COMPLETED}), _NONE),
}
"""
What a rule needs of the log that is held against it, and of the others' logs.  One that
is not named looks at each line alone.
"""

_FOLLOWS: tuple[tuple[LogKind, frozenset[LogKind], str], ...] = (
    (K.UNCHOKED, frozenset({K.CHOKED, K.DOWNLOADED}), "chokes, or gives pieces"),
    (K.INTERESTED, frozenset({K.PREFERRED, K.OPTIMISTIC}), "is chosen"),
    (K.DOWNLOADED, frozenset({K.COMPLETED}), "completes the file"),
)
"""
Lines without which others in the same log cannot be, and what those tell of somebody.
"""


@dataclass(frozen=True, slots=True)
class Gaps:
    """
    What the logs lack.

    @ivar by_peer: kinds of lines that cannot all be read, or are not there at all.
    @ivar absent: of those that are not there, whose log it is, and what is wrong.
    """

    by_peer: Mapping[int, frozenset[LogKind]]
    absent: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, swarm: Swarm) -> "Gaps":
        """
        Find them.
        """
        by_peer = {peer: each.unread for peer, each in swarm.surveys.items()}
        absent = []
        for peer, kind, words in _absent(swarm):
            by_peer[peer] |= {kind}
            absent.append((peer, words))
        return cls(by_peer, tuple(absent))

    def unjudged(self, peer_id: int, others: Iterable[int]) -> Iterator[Rule]:
        """
        The rules that a log cannot be held against.

        @param others: whose logs it would be compared with.
        """
        own = self.by_peer[peer_id]
        its = _NONE.union(
            *(self.by_peer[other] for other in others if other != peer_id)
        )
        for rule, (needs, needs_of_others) in _NEEDS.items():
            if own & needs or its & needs_of_others:
                yield rule


def _absent(swarm: Swarm) -> Iterator[tuple[int, LogKind, str]]:
    for peer, survey in swarm.surveys.items():
        for kind, others, what in _FOLLOWS:
            if kind is K.DOWNLOADED and swarm.is_seed(peer):
                continue
            if _lacks(survey, kind) and survey.kinds & others:
                words = f'no line tells "{_words(kind)}", though somebody {what}'
                yield peer, kind, words
    if swarm.missing_words:
        return
    # Who makes all its connections need not be connected from anybody.
    for kind, other in ((K.DIALLED, K.ACCEPTED), (K.ACCEPTED, K.DIALLED)):
        everybody = swarm.surveys.values()
        if not all(_lacks(survey, kind) for survey in everybody):
            continue
        for peer, survey in swarm.surveys.items():
            if other in survey.kinds:
                words = (
                    f'no log has a line "{_words(kind)}", though some have '
                    f'"{_words(other)}"'
                )
                yield peer, kind, words


def _lacks(survey: Survey, kind: LogKind) -> bool:
    """
    Is there no such line, and none that may be meant as one?
    """
    return kind not in survey.kinds and kind not in survey.unread


def _words(kind: LogKind) -> str:
    return kind.value.partition(" {")[0].rstrip(".")
