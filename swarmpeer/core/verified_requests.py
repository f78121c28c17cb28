"""
Who fetches which piece in a verified swarm: a piece that takes long is asked of a
second neighbour, and one that somebody refuses of others, for a while.

Invariants, beside those of L{swarmpeer.core.requests}: a piece is waited for at two
neighbours at most, and the owner is one of them; one that gives it back leaves it to
the other, and it is open again only if there is none.
"""

from collections.abc import Callable, Iterable, Sequence

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.outstanding import Outstanding
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.requests import BUDGET_BYTES, RequestManager
from swarmpeer.core.serving import QUEUE_LIMIT
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.core.window import LEAST_PIECES, RequestWindow, least_pieces
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.seam import Piece

#: The share of the whole that may come twice on our account; one piece always may.
_DUPLICATE_SHARE = 0.01

#: While the disk refuses pieces, so many are fetched to try it.
_PROBES = 3

#: No more is asked of one neighbour at once, be it ever so fast.
_MOST_WINDOW_BYTES = 16 * 1024 * 1024

#: Who refuses so many pieces cannot serve us now, and is not asked on and on.
REFUSALS_LIMIT = 8

WRONG_PIECE_SECONDS = 30.0
"""
How long somebody is not asked again for a piece that was wrong: enough to look at the
own disk, once they are told, and to withdraw it.
"""

Choice = list[tuple[NeighborState, int]]
"""
Whom to ask, and each for which piece.
"""


class VerifiedRequests(RequestManager):
    """
    Hands out pieces to fetch, the last ones twice, and takes them back.

    Who rejects a piece may hold it still, and who sent a wrong one may have a right
    one yet: they are asked again, when they have nothing else for us.

    @ivar duplicate_bytes: of the pieces that came and were not needed any more, or not
        kept.
    """

    _store: VerifiedStore

    def __init__(
        self,
        store: VerifiedStore,
        picker: IPiecePicker,
        seconds: Callable[[], float],
        *,
        request_window: int | None = None,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        """
        @param seconds: the time now.
        @param request_window: so many requests are outstanding at one neighbour;
            C{None}: by what each delivers.
        @param budget_bytes: bytes in flight and being stored, at most.
        """
        super().__init__(
            store, picker, request_window=request_window, budget_bytes=budget_bytes
        )
        layout = store.layout
        self._is_measured = request_window is None
        piece_bytes = layout.piece_size_bytes
        self._most_pieces = max(
            LEAST_PIECES, min(_MOST_WINDOW_BYTES // piece_bytes, QUEUE_LIMIT)
        )
        self._budget_pieces = budget_bytes // piece_bytes
        self._windows: dict[NeighborState, RequestWindow] = {}
        self._seconds = seconds
        self._outstanding = Outstanding(seconds)
        self._duplicates_allowed = max(
            layout.piece_size_bytes, int(layout.file_size_bytes * _DUPLICATE_SHARE)
        )
        self.duplicate_bytes = 0

    # What the node tells beside what every request manager is told.

    def review(self, neighbors: Iterable[NeighborState]) -> Choice:
        """
        Choose whom to ask for the pieces that take long, and note that they are asked.

        @param neighbors: all that are here.
        @return: the neighbours that have nothing else for us, and the piece for each.
        """
        overdue = self._outstanding.late(self._owners)
        if not overdue or self.is_paused:
            return []
        idle = [neighbor for neighbor in neighbors if self._is_idle(neighbor)]
        chosen: Choice = []
        room = min(
            self._duplicates_allowed - self.duplicate_bytes - self._could_come(),
            max(self.spare_bytes, self._store.layout.piece_size_bytes)
            - self._second_bytes(),
        )
        for index in overdue:
            size = self._store.layout.size(index)
            second = self._second_for(index, idle)
            if second is None or size > room:
                continue
            room -= size
            idle.remove(second)
            second.requested.add(index)
            self._outstanding.note(second, (index,), self._seconds())
            chosen.append((second, index))
        return chosen

    def probe(self, neighbors: Iterable[NeighborState]) -> Choice:
        """
        The disk refused a piece, so that fetching is paused: choose whom to ask for a
        few to try it with, and note that they are asked.

        @param neighbors: all that are here.
        @return: some of them, and the piece for each.
        """
        chosen: Choice = []
        is_paused, self.is_paused = self.is_paused, False
        # Some may never answer: those who did not are asked last.
        for neighbor in sorted(neighbors, key=lambda each: each.is_snubbed):
            if len(self._owners) >= _PROBES:
                break
            chosen += [(neighbor, index) for index in self.choose(neighbor, 1)]
        self.is_paused = is_paused
        return chosen

    def rejected(self, neighbor: NeighborState, index: int) -> bool:
        """
        They will not send a piece that was asked of them.

        @return: was it still waited for?
        """
        self._outstanding.settle(neighbor, index)
        is_awaited = neighbor.settle((index,)) == [True]
        if is_awaited:
            self._disown(neighbor, index)
            neighbor.note_refused(index, self._seconds())
        return is_awaited

    def ask_again(self, neighbor: NeighborState) -> bool:
        """
        If they serve us and have nothing else for us, what they refused some time ago
        may be asked of them again.

        @return: is there anything?
        """
        if not neighbor.refused or neighbor.requested or neighbor.peer_choking:
            return False
        now, refused = self._seconds(), neighbor.refused
        neighbor.refused = {i: until for i, until in refused.items() if until > now}
        neighbor.drop_news()
        return len(neighbor.refused) < len(refused)

    def give_back_one(self, neighbor: NeighborState, index: int) -> None:
        """
        One of the pieces asked of them will not come, but its answer may.
        """
        neighbor.expect_late(index)
        self._disown(neighbor, index)

    def owed(self, indexes: Iterable[int]) -> list[int]:
        """
        Which of the pieces was somebody asked for who did not answer?
        """
        return self._outstanding.owed(indexes)

    def owing(self, index: int) -> tuple[NeighborState, ...]:
        """
        Those who were asked for the piece and did not answer.
        """
        return self._outstanding.owing(index)

    def lost(self, index: int) -> None:
        """
        A piece that we held is missing, and to be fetched again.
        """
        self._reopen(index)

    def give_up(self, index: int) -> None:
        """
        The piece could not be kept, and is wanted no more.
        """
        self._store.give_up(index)
        self._unsettle(index)

    def regained(self, index: int) -> None:
        """
        A missing piece needs no fetching after all.
        """
        self.picker.shut(index)

    def forget(self, neighbor: NeighborState) -> None:
        """
        Nothing that was asked of them and given back comes any more.
        """
        self._outstanding.forget(neighbor)

    def left(self, neighbor: NeighborState) -> None:
        """
        They are gone.
        """
        self.forget(neighbor)
        self._windows.pop(neighbor, None)

    # What every request manager is told.

    def welcome(self, neighbor: NeighborState, *, pipelines: bool = False) -> None:
        """
        They may be asked from now on.

        @param pipelines: do they answer each of several requests?
        """
        super().welcome(neighbor)
        if pipelines and self._is_measured:
            window = RequestWindow(
                self._store.layout.piece_size_bytes, self._most_pieces
            )
            self._windows[neighbor] = window
            neighbor.window = window.pieces

    def choose(self, neighbor: NeighborState, most: int | None = None) -> list[int]:
        """
        Choose the next pieces to ask of them, and note that they are asked.
        """
        if len(neighbor.refused) >= REFUSALS_LIMIT:
            return []
        was_idle = not neighbor.requested
        if neighbor.is_snubbed:
            # One that does not answer gets its window back with its next piece.
            if not was_idle:
                return []
            most = 1
        chosen = super().choose(neighbor, most)
        if chosen:
            now = self._seconds()
            self._outstanding.note(neighbor, chosen, now)
            if was_idle and neighbor in self._windows:
                self._windows[neighbor].begin(now)
        return chosen

    def arrived(
        self, neighbor: NeighborState, pieces: Sequence[Piece]
    ) -> tuple[list[Piece], list[Piece]]:
        """
        They sent pieces.

        @return: those that are needed, and those that are not.
        """
        needed, needless = super().arrived(neighbor, pieces)
        if needless:
            indexes = [piece.index for piece in needless]
            self.duplicate_bytes += self._store.layout.total_size(indexes)
        return needed, needless

    def wrong(self, index: int, sender: NeighborState | None) -> None:
        """
        The piece was not right.

        @param sender: who sent it, if they are still here.
        """
        if sender is not None:
            sender.note_refused(index, self._seconds() + WRONG_PIECE_SECONDS)
        self.store_failed(index)

    def store_failed(self, index: int) -> None:
        """
        The piece could not be kept; it is missing again, but another may be on its
        way.
        """
        self._unsettle(index)
        self._reopen(index)

    def _settle(self, neighbor: NeighborState, indexes: Sequence[int]) -> list[bool]:
        awaited = super()._settle(neighbor, indexes)
        came, now = indexes[: len(awaited)], self._seconds()
        size = self._store.layout.total_size(came)
        self._outstanding.answered(neighbor, came, awaited, now)
        if neighbor in self._windows:
            self._fit_window(neighbor, size, now)
        return awaited

    def _disown(self, neighbor: NeighborState, index: int) -> None:
        if self._owners.get(index) is neighbor:
            heir = self._outstanding.awaited(index)
            if heir is not None:
                self._owners[index] = heir
                return
        super()._disown(neighbor, index)

    def _pick(self, neighbor: NeighborState) -> int | None:
        if not neighbor.refused:
            return super()._pick(neighbor)
        offered = neighbor.bits.copy()
        for index in neighbor.refused:
            offered.discard(index)
        return self.picker.pick(offered, neighbor.useful)

    def _may_take_over(self, neighbor: NeighborState, index: int) -> bool:
        return (
            index not in neighbor.refused
            and super()._may_take_over(neighbor, index)
            # Else two are asked for it already.
            and self._outstanding.awaited(index, but=self._owners[index]) is None
        )

    # Inside.

    def _fit_window(self, neighbor: NeighborState, size: int, now: float) -> None:
        """
        So much came from them.
        """
        window, neighbors = self._windows[neighbor], len(self._windows)
        window.came(size, now, least_pieces(neighbors))
        # All together may take what the memory bears, each its share.
        share = self._budget_pieces // neighbors
        neighbor.window = max(1, min(window.pieces, share))

    def _reopen(self, index: int) -> None:
        """
        A missing piece becomes that of a neighbour that is waited for anyway, or open.
        """
        heir = self._outstanding.awaited(index)
        if heir is None:
            self._open(index)
            return
        self._store.claim(index)
        self.picker.shut(index)
        self._owners[index] = heir
        self._unsettled_bytes += self._store.layout.size(index)

    def _is_idle(self, neighbor: NeighborState) -> bool:
        return (
            neighbor.am_interested
            and not neighbor.peer_choking
            and not neighbor.is_snubbed
            and len(neighbor.requested) < neighbor.window
            and len(neighbor.refused) < REFUSALS_LIMIT
            and self._pick(neighbor) is None
        )

    def _second_for(
        self, index: int, idle: Iterable[NeighborState]
    ) -> NeighborState | None:
        for neighbor in idle:
            was_asked = index in neighbor.refused or neighbor.may_send(index)
            if index in neighbor.bits and not was_asked:
                return neighbor
        return None

    def _could_come(self) -> int:
        """
        The bytes that could still come without need.
        """
        return sum(
            self._store.layout.size(index) * (count - self._is_to_come(index))
            for index, count in self._outstanding.counts()
        )

    def _second_bytes(self) -> int:
        """
        The bytes that are waited for at a second neighbour.
        """
        return sum(
            self._store.layout.size(index)
            for index, owner in self._owners.items()
            if self._outstanding.awaited(index, but=owner) is not None
        )

    def _is_to_come(self, index: int) -> bool:
        """
        Is the next answer about the piece needed?
        """
        store = self._store
        return index not in store.needless and store.state(index) < PieceState.STORING
