"""
Whom to serve: plans from numbers.  Nothing is sent from here.

The unchoked neighbours are always the preferred ones plus the optimistic one.
Both rounds keep to that, so neither undoes the other's work.
"""

from collections.abc import Sequence
from random import Random

from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld


class ChokingManager:
    """
    Chooses at most C{k} preferred neighbours at every preferred round and at
    most one optimistic one at every optimistic round.

    Where the protocol is silent: an optimistic neighbour that lost interest
    loses its place at the next round of either kind; one that leaves frees the
    place until the next optimistic round; and while nobody else waits, the
    optimistic neighbour keeps its place.

    @ivar preferred: the ids chosen in the last preferred round, ascending,
        without those that left since.
    @ivar optimistic: the id drawn in the last optimistic round.
    """

    def __init__(self, preferred_count: int, rng: Random) -> None:
        """
        @param preferred_count: the C{k} of the protocol.
        """
        self._preferred_count = preferred_count
        self._rng = rng
        self._last_preferred: tuple[int, ...] = ()
        self.preferred: tuple[int, ...] = ()
        self.optimistic: int | None = None

    def is_unchoked(self, peer_id: int) -> bool:
        """
        Is the neighbour to be served?
        """
        return peer_id in self.preferred or peer_id == self.optimistic

    def hold_preferred_round(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> PreferredRoundHeld:
        """
        Choose the preferred neighbours.

        @param candidates: every interested neighbour, by ascending id.
        @param by_rate: rank by what they gave, equal ones by lot; otherwise, as
            with a complete file, all by lot.
        """
        lots = {candidate.peer_id: self._rng.random() for candidate in candidates}

        def rank(candidate: Candidate) -> tuple[int, float]:
            gave = candidate.received_bytes if by_rate else 0
            return -gave, lots[candidate.peer_id]

        best = sorted(candidates, key=rank)[: self._preferred_count]
        self.preferred = tuple(sorted(candidate.peer_id for candidate in best))
        if self.optimistic not in lots:
            self.optimistic = None
        is_changed = self.preferred != self._last_preferred
        self._last_preferred = self.preferred
        return PreferredRoundHeld(
            tuple(candidates), self.preferred, self.optimistic, by_rate, is_changed
        )

    def hold_optimistic_round(
        self, candidates: Sequence[Candidate]
    ) -> OptimisticRoundHeld:
        """
        Draw the optimistic neighbour.

        @param candidates: every interested neighbour, by ascending id.
        """
        interested = [candidate.peer_id for candidate in candidates]
        waiting = [peer for peer in interested if not self.is_unchoked(peer)]
        former = self.optimistic
        if waiting:
            self.optimistic = self._rng.choice(waiting)
        elif former not in interested:
            self.optimistic = None
        return OptimisticRoundHeld(
            tuple(waiting), self.optimistic, self.optimistic != former
        )

    def forget(self, peer_id: int) -> None:
        """
        They left.
        """
        self.preferred = tuple(peer for peer in self.preferred if peer != peer_id)
        if self.optimistic == peer_id:
            self.optimistic = None
