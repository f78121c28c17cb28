"""
Which piece a seed shows to whom, so that it sends each once before it sends any twice,
which BitTorrent calls super-seeding (BEP 16): plans from numbers.  Nothing is sent from
here.
"""

from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import chain

from swarmpeer.wire.bitfield import Bitfield


class ShowingPlan:
    """
    Each piece is shown to one neighbour, and counts as spread once it was sent to
    somebody, or somebody says that it holds it.  When all are, the plan is over.

    The pieces are gone through in their order, from one that is drawn: so two seeds
    that know nothing of each other seldom show the same ones, and the disk is read in
    order.

    Invariant: a piece that is not spread is still ahead, has been returned, or is
    pending at exactly one neighbour, its owner.
    """

    def __init__(self, piece_count: int, start: int) -> None:
        """
        @param start: the first piece to be shown, below C{piece_count}.
        """
        self._spread = Bitfield(piece_count)
        # Two stretches are ahead: from the start to the end, then up to the start.
        self._next, self._end = start, piece_count
        self._rest = start
        self._returned: deque[int] = deque()
        self._owners: dict[int, int] = {}
        # By neighbour: what it is shown and was not sent, in that order; and what it
        # was sent and too few say to hold yet.
        self._pending: dict[int, dict[int, None]] = {}
        self._kept: dict[int, set[int]] = {}

    @property
    def is_over(self) -> bool:
        """
        Is every piece spread?
        """
        return self._spread.is_full

    @property
    def spread_count(self) -> int:
        """
        How many pieces are.
        """
        return self._spread.count

    def pending_count(self, peer_id: int) -> int:
        """
        How many pieces a neighbour is shown that it was not sent.
        """
        return len(self._pending.get(peer_id, ()))

    def kept_count(self, peer_id: int) -> int:
        """
        How many pieces a neighbour was sent that it has not passed on.
        """
        return len(self._kept.get(peer_id, ()))

    def is_receiving(self, peer_id: int, theirs: Bitfield) -> bool:
        """
        Was a neighbour sent something that it does not say to hold yet?

        @param theirs: what it says.
        """
        return bool(theirs.missing_among(self._kept.get(peer_id, ())))

    def take(self, peer_id: int) -> int | None:
        """
        Choose a piece to be shown to a neighbour, which is its owner from now on.

        @return: one that is shown to nobody; C{None} if there is none.
        """
        index = self._take_returned()
        if index is None:
            index = self._take_ahead()
        if index is not None:
            self._own(peer_id, index)
        return index

    def take_over(
        self, peer_id: int, asked: Callable[[int], Container[int]]
    ) -> int | None:
        """
        Choose one that is shown to somebody else, who may never ask for it, or gets
        it slowly.

        @param asked: what a neighbour asked for and was not sent.
        @return: of whom most is pending, what was shown last and not asked for, else
            what was shown last; C{None} if nothing is pending elsewhere.
        """
        if not self._owners:
            # So it is again and again when all were shown.
            return None
        others = [other for other in self._pending if other != peer_id]
        owner = max(others, key=self.pending_count, default=None)
        if owner is None or not self._pending[owner]:
            return None
        waiting = asked(owner)
        latest = list(reversed(self._pending[owner]))
        index = next((each for each in latest if each not in waiting), latest[0])
        self._disown(index)
        self._own(peer_id, index)
        return index

    def sent(self, peer_id: int, index: int) -> None:
        """
        A neighbour was sent a piece.
        """
        self._disown(index)
        if self._spread.add(index):
            self._kept.setdefault(peer_id, set()).add(index)

    def note_holdings(self, holdings: Sequence[Bitfield]) -> None:
        """
        Look at what the neighbours say to hold.
        """
        for theirs in holdings:
            self._spread.add_all(theirs)
        for index in [index for index in self._owners if index in self._spread]:
            self._disown(index)
        most_lacking = len(holdings) - _holders(len(holdings))
        for kept in self._kept.values():
            lacking = Counter(
                chain.from_iterable(theirs.missing_among(kept) for theirs in holdings)
            )
            passed_on = [index for index in kept if lacking[index] <= most_lacking]
            kept.difference_update(passed_on)

    def put_back(self, peer_id: int) -> None:
        """
        What is pending at a neighbour is to be shown to others: it is not served now.
        """
        for index in self._pending.pop(peer_id, {}):
            del self._owners[index]
            self._returned.append(index)

    def left(self, peer_id: int, holdings: Iterable[Bitfield]) -> None:
        """
        A neighbour is gone, with what it has not passed on.

        @param holdings: what the others say to hold.
        """
        self.put_back(peer_id)
        for index in sorted(self._kept.pop(peer_id, ())):
            if not any(index in theirs for theirs in holdings):
                self._spread.discard(index)
                self._returned.append(index)

    def _take_returned(self) -> int | None:
        while self._returned:
            index = self._returned.popleft()
            if index not in self._spread and index not in self._owners:
                return index
        return None

    def _take_ahead(self) -> int | None:
        while True:
            index = self._spread.first_missing(self._next)
            if index is not None and index < self._end:
                self._next = index + 1
                # It may have been sent on a request, and come back.
                if index not in self._owners:
                    return index
            elif self._rest:
                self._next, self._end, self._rest = 0, self._rest, 0
            else:
                self._next = self._end
                return None

    def _own(self, peer_id: int, index: int) -> None:
        self._owners[index] = peer_id
        self._pending.setdefault(peer_id, {})[index] = None

    def _disown(self, index: int) -> None:
        owner = self._owners.pop(index, None)
        if owner is not None:
            del self._pending[owner][index]


def _holders(neighbors: int) -> int:
    """
    How many have a piece when it is passed on: the one that it was sent to, another
    one at least, and half of all.
    """
    return max(2, (neighbors + 1) // 2)
