"""
What all first readings together tell of the swarm.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from swarmpeer.log_reading.clocks import clock_offsets
from swarmpeer.log_reading.survey import Survey
from swarmpeer.log_reading.terms import Terms
from swarmpeer.protocol_log import LogKind
from swarmpeer.quantities import format_numbers

SLACK_SECONDS = 2.5
"""
So much later than it should a line may seem to stand in another log: times are in
whole seconds, and clocks are compared by them.
"""

_USUAL_PATIENCE_SECONDS = 15.0
_LONGEST_LIST = 60


@dataclass(frozen=True, slots=True)
class Swarm:
    """
    The logs, by peer, and what can be said of all of them.

    @ivar told: what the configuration says.
    @ivar terms: the same, and what the logs let one conclude.
    @ivar offsets: what to add to a peer's times; without those that cannot be
        compared.
    @ivar peers: everybody who is a member, or has a log, or is named where no
        members are known.
    @ivar missing_words: of whom there is no log, in words; C{""} if nobody's is
        missing.
    """

    surveys: Mapping[int, Survey]
    told: Terms
    terms: Terms
    offsets: Mapping[int, float]
    peers: tuple[int, ...]
    missing_words: str

    @classmethod
    def of(cls, surveys: Mapping[int, Survey], told: Terms) -> "Swarm":
        """
        Conclude what can be concluded.
        """
        terms = _concluded(surveys, told)
        peers = _peers(surveys, terms)
        return cls(
            surveys,
            told,
            terms,
            clock_offsets(surveys),
            peers,
            _missing_words(set(peers).difference(surveys)),
        )

    @property
    def patience_seconds(self) -> float:
        """
        After so long a choice must have been carried out and told at the other end:
        some programs do it at the next round only.
        """
        interval = self.terms.unchoking_seconds
        if interval is None:
            return _USUAL_PATIENCE_SECONDS
        return max(10.0, 2 * interval) + SLACK_SECONDS

    def is_seed(self, peer_id: int) -> bool | None:
        """
        Did it begin with the file?  C{None}: nobody can tell.
        """
        if self.terms.seeds is not None and peer_id in self.terms.seeds:
            return True
        if self.told.seeds is not None:
            return False
        survey = self.surveys.get(peer_id)
        return False if survey is not None and survey.downloads else None

    def between(self, peer_id: int, other: int) -> float | None:
        """
        What to add to times of C{other} to have those of C{peer_id}; C{None}: their
        clocks cannot be compared.
        """
        mine, its = self.offsets.get(peer_id), self.offsets.get(other)
        return None if mine is None or its is None else its - mine

    def is_one_conversation(self, peer_id: int, other: int) -> bool:
        """
        Do both logs tell of one connection between the two, and of no more?
        """
        here, there = self.surveys.get(peer_id), self.surveys.get(other)
        return (
            here is not None
            and there is not None
            and max(len(here.links.get(other, ())), len(there.links.get(peer_id, ())))
            == 1
        )

    def linked_at(self, peer_id: int, other: int) -> float | None:
        """
        When the two were first connected, by the clock of C{peer_id}.
        """
        links = self.surveys[peer_id].links.get(other)
        if links:
            return links[0].seconds
        apart = self.between(peer_id, other)
        if apart is None or not (back := self.surveys[other].links.get(peer_id)):
            return None
        return back[0].seconds + apart


def _peers(surveys: Mapping[int, Survey], terms: Terms) -> tuple[int, ...]:
    if terms.members is not None:
        return (*terms.members, *sorted(set(surveys).difference(terms.members)))
    named = (survey.mentioned for survey in surveys.values())
    return tuple(sorted(set(surveys).union(*named)))


def _missing_words(missing: Iterable[int]) -> str:
    words = format_numbers(sorted(missing), ", ")
    if len(words) > _LONGEST_LIST:
        words = f"{words[:_LONGEST_LIST]}..."
    return f"there is no log of {words}" if words else ""


def _concluded(surveys: Mapping[int, Survey], told: Terms) -> Terms:
    terms = told
    if terms.pieces is None:
        ends = Counter(
            survey.completed_held
            for survey in surveys.values()
            if survey.completed is not None and survey.completed_held
        )
        if ends:
            terms = replace(terms, pieces=ends.most_common(1)[0][0])
    if terms.seeds is None:
        givers = {giver for each in surveys.values() for giver in each.taken}
        downloads = {LogKind.DOWNLOADED}
        seeds = (
            peer
            for peer in givers & set(surveys)
            if downloads.isdisjoint(surveys[peer].kinds | surveys[peer].unread)
        )
        terms = replace(terms, seeds=frozenset(seeds))
    return terms
