"""
Who fetches which piece in a verified swarm: a piece that takes long is asked of a
second neighbour.

Invariants, beside those of L{swarmpeer.core.requests}: a piece is waited for at two
neighbours at most, and the owner is one of them; one that gives it back leaves it to
the other, and it is open again only if there is none.
"""

from collections import deque
from collections.abc import Callable, Iterable

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.picking import PiecePicker
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.core.requests import RequestManager

#: How many of the last pieces tell how long one takes.
_MEMORY = 32

#: A piece takes long after so many times the median, and so many seconds.
_MEDIANS = 2
LEAST_SECONDS = 0.5

#: The share of the whole that may come twice on our account; one piece always may.
_DUPLICATE_SHARE = 0.01


class VerifiedRequests(RequestManager):
    """
    Hands out pieces to fetch, the last ones twice, and takes them back.

    @ivar received_bytes: of all pieces that came, needed or not.
    @ivar duplicate_bytes: of those that were not needed any more.
    """

    def __init__(
        self, store: PieceStore, picker: PiecePicker, seconds: Callable[[], float]
    ) -> None:
        """
        @param seconds: the time now.
        """
        super().__init__(store, picker)
        self._seconds = seconds
        # Of each piece, those who were asked and did not answer, and since when.
        # Whoever is waited for has it among its requests; from the others it may
        # still come.
        self._asked: dict[int, dict[NeighborState, float]] = {}
        self._durations: deque[float] = deque(maxlen=_MEMORY)
        layout = store.layout
        self._duplicates_allowed = max(
            layout.piece_size_bytes, int(layout.file_size_bytes * _DUPLICATE_SHARE)
        )
        self.received_bytes = 0
        self.duplicate_bytes = 0

    # What the node tells beside what every request manager is told.

    def review(
        self, neighbors: Iterable[NeighborState]
    ) -> list[tuple[NeighborState, int]]:
        """
        Choose whom to ask for the pieces that take long, and note that they are asked.

        @param neighbors: all that are here.
        @return: the neighbours that have nothing else for us, and the piece for each.
        """
        overdue = self._overdue()
        if not overdue or self.is_paused:
            return []
        idle = [neighbor for neighbor in neighbors if self._is_idle(neighbor)]
        chosen = []
        room = self._duplicates_allowed - self.duplicate_bytes - self._could_come()
        for index in overdue:
            size = self._store.layout.size(index)
            second = self._second_for(index, idle)
            if second is None or size > room:
                continue
            room -= size
            idle.remove(second)
            second.requested.add(index)
            self._asked[index][second] = self._seconds()
            chosen.append((second, index))
        return chosen

    def rejected(self, neighbor: NeighborState, index: int) -> bool:
        """
        They will not send a piece that was asked of them.

        @return: was it still waited for?
        """
        is_awaited = index in neighbor.requested
        neighbor.settle(index)
        self._settle(neighbor, index)
        if is_awaited:
            self._disown(neighbor, index)
        return is_awaited

    def give_back_one(self, neighbor: NeighborState, index: int) -> None:
        """
        One of the pieces asked of them will not come, but its answer may.
        """
        neighbor.expect_late(index)
        self._disown(neighbor, index)

    def owing(self, index: int) -> tuple[NeighborState, ...]:
        """
        Those who were asked for the piece and did not answer.
        """
        return tuple(self._asked.get(index, ()))

    def lost(self, index: int) -> None:
        """
        A piece that we held is missing, and to be fetched again.
        """
        if not self._pass_on(index):
            self._picker.reopen(index)

    def given_up(self, index: int) -> None:
        """
        The piece cannot be kept whoever sends it, and is not asked for any more.
        """
        self._unsettle(index)
        # One that is on its way all the same must be expected.
        self._pass_on(index)

    def regained(self, index: int) -> None:
        """
        A missing piece needs no fetching after all.
        """
        self._picker.shut(index)

    def forget(self, neighbor: NeighborState) -> None:
        """
        Nothing that was asked of them and given back comes any more.
        """
        for index in [i for i, asked in self._asked.items() if neighbor in asked]:
            self._settle(neighbor, index)

    # What every request manager is told.

    def next_for(self, neighbor: NeighborState) -> int | None:
        """
        Choose the next piece to ask of them, and note that it is asked.
        """
        index = super().next_for(neighbor)
        if index is not None:
            self._asked.setdefault(index, {})[neighbor] = self._seconds()
        return index

    def arrived(self, neighbor: NeighborState, index: int) -> bool:
        """
        They sent the piece.

        @return: is it needed?
        """
        asked_at = self._settle(neighbor, index)
        if asked_at is not None and index in neighbor.requested:
            self._durations.append(self._seconds() - asked_at)
        is_needed = super().arrived(neighbor, index)
        size = self._store.layout.size(index)
        self.received_bytes += size
        if not is_needed:
            self.duplicate_bytes += size
        return is_needed

    def store_failed(self, index: int) -> None:
        """
        The piece could not be kept; it is missing again, but another may be on its
        way.
        """
        self._unsettle(index)
        if not self._pass_on(index):
            self._picker.reopen(index)

    def _disown(self, neighbor: NeighborState, index: int) -> None:
        if self._owners.get(index) is neighbor:
            heir = self._awaited(index)
            if heir is not None:
                self._owners[index] = heir
                return
        super()._disown(neighbor, index)

    def _take_over(self, neighbor: NeighborState) -> int | None:
        """
        Take a piece from a neighbour that does not answer, unless a second one is
        asked for it already.
        """
        if neighbor.is_snubbed:
            return None
        for index, owner in self._owners.items():
            if (
                owner.is_snubbed
                and index in neighbor.bits
                and self._awaited(index, but=owner) is None
            ):
                owner.expect_late(index)
                return index
        return None

    # Inside.

    def _pass_on(self, index: int) -> bool:
        """
        A missing piece becomes that of a neighbour that is waited for anyway.

        @return: was there one?
        """
        heir = self._awaited(index)
        if heir is None:
            return False
        self._store.claim(index)
        self._picker.shut(index)
        self._owners[index] = heir
        self._unsettled_bytes += self._store.layout.size(index)
        return True

    def _awaited(
        self, index: int, but: NeighborState | None = None
    ) -> NeighborState | None:
        """
        Somebody who has the piece among its requests.
        """
        for neighbor in self._asked.get(index, ()):
            if neighbor is not but and index in neighbor.requested:
                return neighbor
        return None

    def _overdue(self) -> list[int]:
        """
        The pieces that one neighbour alone is asked for, and for too long, the oldest
        first.
        """
        if not self._durations:
            return []
        median = sorted(self._durations)[len(self._durations) // 2]
        latest = self._seconds() - max(_MEDIANS * median, LEAST_SECONDS)
        overdue = [
            (asked_at, index)
            for index, owner in self._owners.items()
            if (asked_at := self._asked[index][owner]) < latest
            and self._awaited(index, but=owner) is None
        ]
        return [index for _, index in sorted(overdue)]

    def _is_idle(self, neighbor: NeighborState) -> bool:
        return (
            neighbor.am_interested
            and not neighbor.peer_choking
            and not neighbor.is_snubbed
            and len(neighbor.requested) < self._window
            and self._picker.pick(neighbor.bits, neighbor.useful) is None
        )

    def _second_for(
        self, index: int, idle: Iterable[NeighborState]
    ) -> NeighborState | None:
        for neighbor in idle:
            if index in neighbor.bits and not neighbor.may_send(index):
                return neighbor
        return None

    def _could_come(self) -> int:
        """
        The bytes that could still come without need.
        """
        layout = self._store.layout
        return sum(
            layout.size(index)
            * (len(asked) - (self._store.state(index) <= PieceState.IN_FLIGHT))
            for index, asked in self._asked.items()
        )

    def _settle(self, neighbor: NeighborState, index: int) -> float | None:
        """
        Nothing is owed by them any more.

        @return: when they were asked.
        """
        asked = self._asked.get(index)
        if asked is None:
            return None
        asked_at = asked.pop(neighbor, None)
        if not asked:
            del self._asked[index]
        return asked_at
