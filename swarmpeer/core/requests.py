"""
Who fetches which piece.

Invariants: a piece IN_FLIGHT has exactly one owner, the neighbour it was asked
of; an owner gives it back at a choke, a close or a stall; and nothing is asked
for that would take the bytes in flight and being stored over the budget.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.seam import Piece

#: Requests outstanding at one neighbour.  The course protocol knows no
#: pipelining: the next goes out when the last was answered.
REQUEST_WINDOW = 1

#: Bytes in flight and being stored, all neighbours together.  Bounds the memory
#: that a fast network and a slow disk can take; one piece is always allowed.
BUDGET_BYTES = 24 * 1024 * 1024


@dataclass(slots=True)
class Arrived:
    """
    What became of pieces that came.

    @ivar needed: they are STORING from now on, and C{stored} or C{store_failed} must
        follow.
    @ivar needless: nothing is to be done about them.
    @ivar unasked: the first that was not asked of them, if any: it may not come, and
        neither it nor one behind it was taken.
    """

    needed: list[Piece]
    needless: list[Piece]
    unasked: Piece | None


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

    def choose(self, neighbor: NeighborState, most: int | None = None) -> list[int]:
        """
        Choose the next pieces to ask of them, and note that they are asked.

        @param most: how many at most; C{None}: as many as their window has room for,
            which is never exceeded.
        @return: none if they serve us nothing, have nothing that nobody else was asked
            for, or we have no room.
        """
        if self.is_paused or neighbor.peer_choking or not neighbor.am_interested:
            return []
        room = neighbor.window - len(neighbor.requested)
        if most is not None and most < room:
            room = most
        chosen = self._claim_open(neighbor, room)
        # This takes no room that was not taken already.
        while len(chosen) < room and (index := self._take_over(neighbor)) is not None:
            chosen.append(index)
        return chosen

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

    def arrived(self, neighbor: NeighborState, pieces: Sequence[Piece]) -> Arrived:
        """
        They sent pieces; one of which nothing was kept has no data.
        """
        needed: list[Piece] = []
        needless: list[Piece] = []
        awaited = self._settle(neighbor, [piece.index for piece in pieces])
        for piece, is_awaited in zip(pieces, awaited, strict=False):
            index = piece.index
            if not piece.data:
                needless.append(piece)
                if is_awaited:
                    self._disown(neighbor, index)
            elif self._store.begin_storing(index):
                needed.append(piece)
                if index in self._owners:
                    del self._owners[index]
                else:
                    # It was asked of another one meanwhile, who still owes us an
                    # answer but no longer owns the piece.
                    self.picker.shut(index)
                    self._unsettled_bytes += self._store.layout.size(index)
            else:
                needless.append(piece)
        came = len(awaited)
        unasked = pieces[came] if came < len(pieces) else None
        return Arrived(needed, needless, unasked)

    def stored(self, indexes: Collection[int]) -> None:
        """
        The pieces are kept.
        """
        self._unsettled_bytes -= self._store.layout.total_size(indexes)

    def store_failed(self, index: int) -> None:
        """
        The piece could not be kept; it is missing again.
        """
        self._unsettle(index)
        self._open(index)

    def _settle(self, neighbor: NeighborState, indexes: Sequence[int]) -> list[bool]:
        """
        Note that they sent pieces; see L{NeighborState.settle}.
        """
        return neighbor.settle(indexes)

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

    def _claim_open(self, neighbor: NeighborState, most: int) -> list[int]:
        """
        Claim so many open pieces that they have, as far as there is room for them.

        Most often there was none before, so that each is one of those that they told of
        since.
        """
        store, picker, owners = self._store, self.picker, self._owners
        claimed: list[int] = []
        maybe_open = neighbor.maybe_open(self._openings)
        for _ in range(most):
            if maybe_open is None:
                index = self._pick(neighbor)
                if index is None:
                    neighbor.note_none_open(self._openings)
            else:
                # Mostly there is none, and each have is a reason to ask.
                index = picker.pick_among(maybe_open) if maybe_open else None
            if index is None:
                break
            size = store.layout.size(index)
            unsettled = self._unsettled_bytes
            if unsettled and unsettled + size > self._budget_bytes:
                self.is_starved = True
                break
            store.claim(index)
            picker.shut(index)
            self._unsettled_bytes = unsettled + size
            owners[index] = neighbor
            neighbor.requested.add(index)
            claimed.append(index)
        return claimed

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
                self._owners[index] = neighbor
                neighbor.requested.add(index)
                return index
        return None

    def _may_take_over(self, neighbor: NeighborState, index: int) -> bool:
        """
        May they be asked for a piece that somebody else owns?
        """
        return index in neighbor.bits

    def _unsettle(self, index: int) -> None:
        self._unsettled_bytes -= self._store.layout.size(index)
