"""
What happened when, on one clock: what is drawn.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from swarmpeer.log_reading.swarm import SLACK_SECONDS, Swarm


class Served(StrEnum):
    """
    As what somebody was unchoked.
    """

    PREFERRED = "preferred"
    OPTIMISTIC = "optimistic"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Bar:
    """
    C{by} unchoked C{whom} from C{start} to C{end}, in seconds from the beginning.
    """

    by: int
    whom: int
    start: float
    end: float
    served: Served


class Timeline:
    """
    The swarm over time.

    @ivar began: the first line of all, by the common clock.
    @ivar seconds: from there to the last line.
    """

    def __init__(self, swarm: Swarm) -> None:
        self._swarm = swarm
        told = {peer: each for peer, each in swarm.surveys.items() if each.entries}
        firsts = [
            each.first + swarm.offsets[peer]
            for peer, each in told.items()
            if peer in swarm.offsets
        ]
        self.began = min(firsts, default=0.0)
        # Logs that cannot be compared are drawn as if they had begun together.
        self._shift = {
            peer: swarm.offsets.get(peer, self.began - each.first) - self.began
            for peer, each in swarm.surveys.items()
        }
        ends = [each.last + self._shift[peer] for peer, each in told.items()]
        self.seconds = max(1.0, *ends, 0.0)

    def curve(self, peer_id: int) -> list[tuple[float, int]]:
        """
        How many pieces a peer held: from when on, and how many.
        """
        survey, shift = self._swarm.surveys[peer_id], self._shift[peer_id]
        if not survey.downloads:
            held = self._swarm.terms.pieces or 0
            held = held if self._swarm.is_seed(peer_id) else 0
            return [(0.0, held), (self.seconds, held)]
        return [(at + shift, held) for at, held in survey.curve.points]

    def completed(self, peer_id: int) -> float | None:
        """
        When a peer had everything.
        """
        completed = self._swarm.surveys[peer_id].completed
        return None if completed is None else completed + self._shift[peer_id]

    def bars(self) -> Iterator[Bar]:
        """
        Who unchoked whom when.
        """
        for whom, survey in sorted(self._swarm.surveys.items()):
            for by, spans in sorted(survey.served.items()):
                for start, end in spans.spans:
                    served = self._served(by, whom, start)
                    shift = self._shift[whom]
                    yield Bar(by, whom, start + shift, end + shift, served)

    def _served(self, by: int, whom: int, start: float) -> Served:
        apart = self._swarm.between(whom, by)
        its = self._swarm.surveys.get(by)
        choices = its.choices.get(whom) if its is not None else None
        if apart is None or choices is None:
            return Served.UNTOLD
        at = bisect_right(choices.chosen, start - apart + SLACK_SECONDS) - 1
        if at < 0:
            return Served.UNTOLD
        return Served.OPTIMISTIC if choices.is_optimistic[at] else Served.PREFERRED
