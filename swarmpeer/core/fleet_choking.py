"""
Whom to serve among hosts of one owner: nobody has to earn anything.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from random import Random
from typing import ClassVar

from zope.interface import implementer

from swarmpeer.core.slots import Slots
from swarmpeer.events import Candidate, OptimisticRoundHeld, PreferredRoundHeld
from swarmpeer.interfaces import IChokingPolicy

#: Who holds a place keeps it until it was sent so many pieces, but not for longer than
#: so many rounds: a part of a piece would be of no use to anybody.
_PIECES_A_TURN = 2
_ROUNDS_A_TURN = 4

#: Of those that had their turn before, one place in so many is passed on in a round.
_SHARE_PASSED_ON = 4


@implementer(IChokingPolicy)
class FleetChoking:
    """
    Serves whoever is interested at once, as long as there are places; there are as
    many as the uplink bears (see L{Slots}).  Where there are too few, they are passed
    on in the preferred rounds: to those that were never served first, then to those
    whose turn is the longest ago; from those that want nothing now first, then from
    those that have been served the longest.

    Nobody flaps: who was unchoked or choked stays so for a whole interval, even if it
    wants nothing meanwhile.
    """

    ranks_by_rate: ClassVar[bool] = False
    shows_pieces: ClassVar[bool] = True
    optimistic: ClassVar[int | None] = None

    def __init__(self, preferred_count: int, rng: Random) -> None:
        """
        @param preferred_count: one more are served at least, if so many want it.
        """
        self._slots = Slots(preferred_count + 1)
        self._rng = rng
        self._round = 0
        self._turn = 0
        self._served: set[int] = set()
        # Whose turn began when; who is in it was served before.
        self._turns: dict[int, int] = {}
        # The first round in which somebody may be choked or unchoked again.
        self._settled_from: dict[int, int] = {}
        self._is_short = False
        self._busy = self._sent_pieces = 0
        # What those that are served were sent in their turn, and for how many rounds
        # it lasts.
        self._got: Counter[int] = Counter()
        self._rounds: Counter[int] = Counter()
        self._last_told: tuple[int, ...] = ()

    @property
    def preferred(self) -> tuple[int, ...]:
        """
        All that are served, by ascending id.
        """
        return tuple(sorted(self._served))

    def is_unchoked(self, peer_id: int) -> bool:
        """
        Is the neighbour to be served?
        """
        return peer_id in self._served

    def note_uplink(self, busy: int, sent_pieces: Mapping[int, int]) -> None:
        """
        How the uplink did since the last preferred round.
        """
        self._busy, self._sent_pieces = busy, sum(sent_pieces.values())
        for peer in self._served:
            self._got[peer] += sent_pieces.get(peer, 0)
            self._rounds[peer] += 1

    def hold_preferred_round(
        self,
        candidates: Sequence[Candidate],
        *,
        by_rate: bool,  # noqa: ARG002  (what they give does not matter)
    ) -> PreferredRoundHeld:
        """
        Pass places on.
        """
        self._round += 1
        interested = [candidate.peer_id for candidate in candidates]
        wanting = set(interested)
        waiting = self._waiting(interested)
        self._slots.hold_round(
            busy=self._busy,
            served=len(self._served),
            sent_pieces=self._sent_pieces,
            is_short=self._is_short or len(waiting) > self._room,
        )
        self._make_room(wanting, waiting)
        self._unchoke(waiting)
        self._note_short(interested)
        told = tuple(peer for peer in self.preferred if peer in wanting)
        is_changed = told != self._last_told
        self._last_told = told
        return PreferredRoundHeld(tuple(candidates), told, None, False, is_changed)

    def hold_optimistic_round(
        self, candidates: Sequence[Candidate]
    ) -> OptimisticRoundHeld:
        """
        Nobody has a place beside the others.
        """
        waiting = tuple(
            candidate.peer_id
            for candidate in candidates
            if candidate.peer_id not in self._served
        )
        return OptimisticRoundHeld(waiting, None, False)

    def wants_review(self, peer_id: int, *, is_interested: bool) -> bool:
        """
        Does somebody wait for a place, who may have one now?
        """
        return peer_id not in self._served if is_interested else self._is_short

    def review(self, candidates: Sequence[Candidate]) -> bool:
        """
        Fill what is free; until it is known what the uplink bears more places come at
        once, and one that wants nothing makes room.
        """
        interested = [candidate.peer_id for candidate in candidates]
        waiting = self._waiting(interested)
        if len(waiting) > self._room:
            self._slots.grow_at_once(len(self._served) + len(waiting))
        wanted = max(0, len(waiting) - self._room)
        wanting = set(interested)
        idle = [peer for peer in self._leaving(wanting) if peer not in wanting]
        choked = idle[:wanted]
        self._choke(choked, is_round=False)
        unchoked = self._unchoke(waiting, is_round=False)
        self._note_short(interested)
        return bool(choked or unchoked)

    def forget(self, peer_id: int) -> None:
        """
        They left; if they come back, they are new.
        """
        self._served.discard(peer_id)
        self._turns.pop(peer_id, None)
        self._settled_from.pop(peer_id, None)
        self._begin_turn(peer_id)

    # Inside.

    @property
    def _room(self) -> int:
        return self._slots.count - len(self._served)

    def _waiting(self, interested: Iterable[int]) -> list[int]:
        """
        Those that may be unchoked now, the most urgent first.
        """
        waiting = [
            peer
            for peer in interested
            if peer not in self._served and self._is_settled(peer)
        ]
        lots = {peer: self._rng.random() for peer in waiting}
        return sorted(waiting, key=lambda peer: (self._turns.get(peer, 0), lots[peer]))

    def _leaving(self, wanting: Container[int]) -> list[int]:
        """
        Those that may be choked now, in the order in which they are.
        """
        return sorted(
            filter(self._is_settled, self._served),
            key=lambda peer: (peer in wanting, self._turns[peer]),
        )

    def _make_room(self, wanting: Container[int], waiting: Sequence[int]) -> None:
        """
        Choke those that make room in this round.
        """
        leaving = self._leaving(wanting)
        # Where there are fewer places than before, some have to go anyway.
        too_many = max(-self._room, 0)
        self._choke(leaving[:too_many])
        newcomers = sum(peer not in self._turns for peer in waiting)
        passed_on = max(newcomers, -(-self._slots.count // _SHARE_PASSED_ON))
        done = [
            peer
            for peer in leaving[too_many:]
            if peer not in wanting
            or self._got[peer] >= _PIECES_A_TURN
            or self._rounds[peer] >= _ROUNDS_A_TURN
        ]
        self._choke(done[: max(min(len(waiting) - self._room, passed_on), 0)])

    def _choke(self, peers: Iterable[int], *, is_round: bool = True) -> None:
        for peer in peers:
            self._served.discard(peer)
            self._settle(peer, is_round=is_round)

    def _unchoke(self, waiting: Sequence[int], *, is_round: bool = True) -> list[int]:
        unchoked = list(waiting[: max(self._room, 0)])
        for peer in unchoked:
            self._turn += 1
            self._turns[peer] = self._turn
            self._served.add(peer)
            self._begin_turn(peer)
            self._settle(peer, is_round=is_round)
        return unchoked

    def _begin_turn(self, peer_id: int) -> None:
        self._got.pop(peer_id, None)
        self._rounds.pop(peer_id, None)

    def _is_settled(self, peer_id: int) -> bool:
        return self._settled_from.get(peer_id, 0) <= self._round

    def _settle(self, peer_id: int, *, is_round: bool) -> None:
        # In between, the interval is over within the one after the next round.
        self._settled_from[peer_id] = self._round + (1 if is_round else 2)

    def _note_short(self, interested: Iterable[int]) -> None:
        self._is_short = any(peer not in self._served for peer in interested)
