"""
Whom each piece was asked of, who did not answer yet, and how long answers take.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from swarmpeer.core.neighbor import NeighborState

#: How many of the last pieces tell how long one takes.
_MEMORY = 32

#: A piece takes long after so many times the median, and so many seconds.
_MEDIANS = 2
LEAST_SECONDS = 0.5


class Outstanding:
    """
    Of each piece, those who were asked and did not answer, and since when.  Whoever is
    waited for has it among its requests; from the others it may still come.
    """

    def __init__(self) -> None:
        """
        Nobody was asked for anything.
        """
        self._asked: dict[int, dict[NeighborState, float]] = {}
        self._durations: deque[float] = deque(maxlen=_MEMORY)

    def note(self, neighbor: NeighborState, indexes: Iterable[int], now: float) -> None:
        """
        They are asked for pieces.
        """
        asked = self._asked
        for index in indexes:
            if index in asked:
                asked[index][neighbor] = now
            else:
                asked[index] = {neighbor: now}

    def answered(
        self,
        neighbor: NeighborState,
        indexes: Iterable[int],
        awaited: Iterable[bool],
        now: float,
    ) -> None:
        """
        They sent pieces.

        @param awaited: of each, was it waited for?  Only then does it tell how long one
            takes.
        """
        for index, is_awaited in zip(indexes, awaited, strict=True):
            asked_at = self.settle(neighbor, index)
            if is_awaited and asked_at is not None:
                self._durations.append(now - asked_at)

    def settle(self, neighbor: NeighborState, index: int) -> float | None:
        """
        Nothing is owed by them any more.

        @return: when they were asked; C{None} if they were not.
        """
        if index not in self._asked or neighbor not in self._asked[index]:
            return None
        asked = self._asked[index]
        asked_at = asked[neighbor]
        del asked[neighbor]
        if not asked:
            del self._asked[index]
        return asked_at

    def forget(self, neighbor: NeighborState) -> None:
        """
        Nothing comes from them any more.
        """
        for index in [i for i, asked in self._asked.items() if neighbor in asked]:
            self.settle(neighbor, index)

    def late(self, owners: Mapping[int, NeighborState], now: float) -> list[int]:
        """
        The pieces that take long at their owner, and are waited for at nobody else,
        the longest first.
        """
        if not self._durations:
            return []
        median = sorted(self._durations)[len(self._durations) // 2]
        latest = now - max(_MEDIANS * median, LEAST_SECONDS)
        late = [
            (asked_at, index)
            for index, owner in owners.items()
            if (asked_at := self._asked[index][owner]) < latest
            and self.awaited(index, but=owner) is None
        ]
        return [index for _, index in sorted(late)]

    def debtors(self, index: int) -> tuple[NeighborState, ...]:
        """
        Those who owe us an answer about the piece.
        """
        return tuple(self._asked.get(index, ()))

    def owed_among(self, indexes: Iterable[int]) -> list[int]:
        """
        Which of the pieces does somebody owe us an answer about?
        """
        asked = self._asked
        return [index for index in indexes if index in asked]

    def awaited(
        self, index: int, but: NeighborState | None = None
    ) -> NeighborState | None:
        """
        Somebody who is waited for.
        """
        for neighbor in self._asked.get(index, ()):
            if neighbor is not but and index in neighbor.requested:
                return neighbor
        return None

    def counts(self) -> Iterator[tuple[int, int]]:
        """
        Each piece that is owed, and by how many.
        """
        for index, asked in self._asked.items():
            yield index, len(asked)
