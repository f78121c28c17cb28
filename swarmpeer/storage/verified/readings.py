"""
Readings of pieces that are under way, and whether what they find still counts.
"""

from collections.abc import Iterable


class ReadingsUnderWay:
    """
    What a reading finds is of the moment when it read.  If the piece was written or
    lost since it began, that is no news any more.
    """

    def __init__(self) -> None:
        self._under_way: dict[int, set[object]] = {}

    def begin(self, index: int) -> object:
        """
        Begin to read a piece.

        @return: what to end that reading with.
        """
        reading = object()
        self._under_way.setdefault(index, set()).add(reading)
        return reading

    def end(self, index: int, reading: object) -> bool:
        """
        A reading has its answer.

        @return: does it count?
        """
        here = self._under_way.get(index, set())
        if reading not in here:
            return False
        here.remove(reading)
        if not here:
            del self._under_way[index]
        return True

    def outdate(self, indexes: Iterable[int]) -> None:
        """
        These pieces are others now.
        """
        if self._under_way:
            for index in indexes:
                self._under_way.pop(index, None)
