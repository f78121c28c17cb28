"""
Who gave how much to whom, and how evenly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from swarmpeer.log_reading.swarm import Swarm


@dataclass(frozen=True, slots=True)
class Share:
    """
    What one peer gave and took, in pieces.
    """

    peer_id: int
    is_seed: bool
    given: int
    taken: int

    @property
    def ratio(self) -> float | None:
        """
        What it gave for each piece that it took.
        """
        return self.given / self.taken if self.taken else None


def shares(swarm: Swarm) -> list[Share]:
    """
    Of every peer; as far as those that took from it have logs.
    """
    return [
        Share(
            peer,
            bool(swarm.is_seed(peer)),
            sum(each.taken[peer] for each in swarm.surveys.values()),
            swarm.surveys[peer].downloads if peer in swarm.surveys else 0,
        )
        for peer in swarm.peers
    ]


def jain(values: Sequence[float]) -> float | None:
    """
    Jain's index: 1 if all are the same, 1/n if one of n has everything; C{None} if
    nobody has anything.
    """
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else None


def fairness(swarm: Swarm) -> float | None:
    """
    How evenly those that fetch give; C{None} also if logs are missing, which would
    tell of more.
    """
    if set(swarm.peers) - set(swarm.surveys):
        return None
    return jain([share.given for share in shares(swarm) if not share.is_seed])
