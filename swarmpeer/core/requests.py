"""
Who fetches which piece.

Invariants: a piece IN_FLIGHT has exactly one owner, the neighbour it was asked
of; an owner gives it back at a choke, a close or a stall; and nothing is asked
for that would take the bytes in flight and being stored over the budget.
"""

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.interfaces import IPiecePicker

#: Requests outstanding at one neighbour.  The course protocol knows no
#: pipelining: the next goes out when the last was answered.
REQUEST_WINDOW = 1

#: Bytes in flight and being stored, all neighbours together.  Bounds the memory
#: that a fast network and a slow disk can take; one piece is always allowed.
BUDGET_BYTES = 24 * 1024 * 1024


class RequestManager:
    """
    Hands out pieces to fetch and takes them back.

    @ivar _openings: how often a piece was opened again.
    @ivar picker: how the next piece is chosen.
    @ivar is_paused: nothing is handed out while the storage fails.
    @ivar is_starved: somebody got nothing because the budget was spent.
    """

    def __init__(
        self,
        store: PieceStore,
        picker: IPiecePicker,
        *,
        request_window: int | None = None,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        """
        @param request_window: so many requests are outstanding at one neighbour;
            C{None}: as many as the protocol knows.
        @param budget_bytes: bytes in flight and being stored, at most.
        """
        self._store = store
        self.picker = picker
        self._request_window = request_window or REQUEST_WINDOW
        self._budget_bytes = budget_bytes
        self._owners: dict[int, NeighborState] = {}
        self._unsettled_bytes = 0
        self._openings = 0
        self.is_paused = False
        self.is_starved = False

    def welcome(self, neighbor: NeighborState) -> None:
        """
        They may be asked from now on.
        """
        neighbor.window = self._request_window

    @property
    def unsettled_bytes(self) -> int:
        """
        The bytes that are in flight or being stored.
        """
        return self._unsettled_bytes

    @property
    def spare_bytes(self) -> int:
        """
        What the budget leaves; for one piece there is always room.
        """
        if not self._unsettled_bytes:
            return max(self._budget_bytes, self._store.layout.piece_size_bytes)
        return max(0, self._budget_bytes - self._unsettled_bytes)

    def owner(self, index: int) -> NeighborState | None:
        """
        Whom the piece is asked of.
        """
        return self._owners.get(index)

    @property
    def owners(self) -> tuple[tuple[int, NeighborState], ...]:
        """
        Each piece that is in flight, and whom it is asked of.
        """
        return tuple(self._owners.items())

    def next_for(self, neighbor: NeighborState) -> int | None:
        """
        Choose the next piece to ask of them, and note that it is asked.

        @return: the piece, or C{None} if they serve us nothing, have nothing
            that nobody else was asked for, or we have no room.
        """
        if (
            self.is_paused
            or neighbor.peer_choking
            or not neighbor.am_interested
            or len(neighbor.requested) >= neighbor.window
        ):
            return None
        index = self._claim_open(neighbor)
        if index is None:
            # This takes no room that was not taken already.
            index = self._take_over(neighbor)
            if index is None:
                return None
        self._owners[index] = neighbor
        neighbor.requested.add(index)
        return index

    def give_back(self, neighbor: NeighborState) -> list[int]:
        """
        They choked us, left or stalled: what they were asked for is open to
        everybody again.

        @return: the pieces that were withdrawn from them.
        """
        withdrawn = neighbor.withdraw_requests()
        for index in withdrawn:
            self._disown(neighbor, index)
        return withdrawn

    def arrived(self, neighbor: NeighborState, index: int) -> bool:
        """
        They sent the piece.

        @return: is it needed?  If so it is STORING from now on, and C{stored}
            or C{store_failed} must follow.
        """
        neighbor.settle(index)
        if not self._store.begin_storing(index):
            return False
        # It may have been asked of another one meanwhile, who still owes us an
        # answer but no longer owns the piece.
        if self._owners.pop(index, None) is None:
            self.picker.shut(index)
            self._unsettled_bytes += self._store.layout.size(index)
        return True

    def missed(self, neighbor: NeighborState, index: int) -> bool:
        """
        Their answer about the piece is in, and brought nothing.

        @return: was it still waited for?  Then it is open again.
        """
        is_awaited = index in neighbor.requested
        neighbor.settle(index)
        if is_awaited:
            self._disown(neighbor, index)
        return is_awaited

    def stored(self, index: int) -> None:
        """
        The piece is kept.
        """
        self._unsettle(index)

    def store_failed(self, index: int) -> None:
        """
        The piece could not be kept; it is missing again.
        """
        self._unsettle(index)
        self._open(index)

    def _disown(self, neighbor: NeighborState, index: int) -> None:
        """
        They are not waited for any more; if the piece was theirs to fetch, it is
        open again.
        """
        # It may have come late from somebody else and have no owner.
        if self._owners.get(index) is neighbor:
            del self._owners[index]
            self._store.release(index)
            self._open(index)
            self._unsettle(index)

    def _open(self, index: int) -> None:
        """
        The piece may be asked of anybody.
        """
        self._openings += 1
        self.picker.reopen(index)

    def _claim_open(self, neighbor: NeighborState) -> int | None:
        """
        Claim an open piece that they have, if there is room for it.
        """
        index = self._open_piece(neighbor)
        if index is None:
            return None
        size = self._store.layout.size(index)
        if self._unsettled_bytes and self._unsettled_bytes + size > self._budget_bytes:
            self.is_starved = True
            return None
        self._store.claim(index)
        self.picker.shut(index)
        self._unsettled_bytes += size
        return index

    def _open_piece(self, neighbor: NeighborState) -> int | None:
        """
        Choose an open piece that they may be asked for.  Most often there was none
        before, so that it is one of those that they told of since.
        """
        news = neighbor.news(self._openings)
        if news is not None:
            # Mostly there is none, and each have is a reason to ask.
            return self.picker.pick_among(news) if news else None
        index = self._pick(neighbor)
        if index is None:
            neighbor.begin_news(self._openings)
        return index

    def _pick(self, neighbor: NeighborState) -> int | None:
        """
        Choose an open piece that they may be asked for.
        """
        return self.picker.pick(neighbor.bits, neighbor.useful)

    def _take_over(self, neighbor: NeighborState) -> int | None:
        """
        Every piece they have is asked of somebody: take one from a neighbour
        that does not answer.  That one's connection goes on watching, and at
        the next stall it is asked again.
        """
        if neighbor.is_snubbed:
            return None
        for index, owner in self._owners.items():
            if owner.is_snubbed and self._may_take_over(neighbor, index):
                owner.expect_late(index)
                return index
        return None

    def _may_take_over(self, neighbor: NeighborState, index: int) -> bool:
        """
        May they be asked for a piece that somebody else owns?
        """
        return index in neighbor.bits

    def _unsettle(self, index: int) -> None:
        self._unsettled_bytes -= self._store.layout.size(index)
