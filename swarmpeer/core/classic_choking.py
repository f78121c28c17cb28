"""
Whom to serve: plans from numbers.  Nothing is sent from here.

The unchoked neighbours are always the preferred ones plus the optimistic one.
Both rounds keep to that, so neither undoes the other's work.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import ClassVar

from zope.interface import implementer

from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.interfaces import IChokingPolicy


@implementer(IChokingPolicy)
class ChokingManager:
    """
    Chooses at most C{k} preferred neighbours at every preferred round and at
    most one optimistic one at every optimistic round.

    Where the protocol is silent: an optimistic neighbour that lost interest
    loses its place at the next round of either kind; one that leaves frees the
    place until the next optimistic round; and while nobody else waits, the
    optimistic neighbour keeps its place.

    Another policy overrides C{choose_preferred} or C{choose_optimistic}; what must
    be remembered from round to round is kept here.

    @cvar ranks_by_rate: do those come first who gave most, before the file is
        complete?  A policy that has another order says no.
    @cvar shows_pieces: no: a complete peer tells of everything at once.
    @ivar preferred_count: the C{k} of the protocol.
    @ivar rng: where every draw comes from.
    @ivar preferred: the ids chosen in the last preferred round, ascending,
        without those that left since.
    @ivar optimistic: the id drawn in the last optimistic round.
    """

    ranks_by_rate: ClassVar[bool] = True
    shows_pieces: ClassVar[bool] = False

    def __init__(self, preferred_count: int, rng: Random) -> None:
        """
        Nobody is chosen yet.
        """
        self.preferred_count = preferred_count
        self.rng = rng
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
        self.preferred = tuple(
            sorted(self.choose_preferred(candidates, by_rate=by_rate))
        )
        if all(candidate.peer_id != self.optimistic for candidate in candidates):
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
        chosen = self.choose_optimistic(waiting) if waiting else None
        if chosen is not None:
            self.optimistic = chosen
        elif former not in interested:
            self.optimistic = None
        return OptimisticRoundHeld(
            tuple(waiting), self.optimistic, self.optimistic != former
        )

    def choose_preferred(
        self, candidates: Sequence[Candidate], *, by_rate: bool
    ) -> Sequence[int]:
        """
        Choose at most C{preferred_count} of them.

        @param candidates: every interested neighbour, by ascending id.
        @param by_rate: rank by what they gave, equal ones by lot; otherwise all by
            lot.
        @return: their ids.
        """
        lots = {candidate.peer_id: self.rng.random() for candidate in candidates}

        def rank(candidate: Candidate) -> tuple[int, float]:
            gave = candidate.received_bytes if by_rate else 0
            return -gave, lots[candidate.peer_id]

        best = sorted(candidates, key=rank)[: self.preferred_count]
        return [candidate.peer_id for candidate in best]

    def choose_optimistic(self, waiting: Sequence[int]) -> int | None:
        """
        Choose one.

        @param waiting: the ids of those that are interested and not served, at
            least one.
        @return: its id; C{None}: nobody new.
        """
        return self.rng.choice(waiting)

    def note_uplink(self, busy: int, sent_pieces: Mapping[int, int]) -> None:
        """
        The number of places does not depend on it.
        """

    def wants_review(
        self,
        peer_id: int,  # noqa: ARG002
        *,
        is_interested: bool,  # noqa: ARG002
    ) -> bool:
        """
        The course protocol chooses on its two timers only.
        """
        return False

    def review(
        self,
        candidates: Sequence[Candidate],  # noqa: ARG002
    ) -> bool:
        """
        Nothing changes between the rounds.
        """
        return False

    def forget(self, peer_id: int) -> None:
        """
        They left.
        """
        self.preferred = tuple(peer for peer in self.preferred if peer != peer_id)
        if self.optimistic == peer_id:
            self.optimistic = None
