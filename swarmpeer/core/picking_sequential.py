"""
The first piece first.
"""

from heapq import heappop, heappush
from random import Random

from zope.interface import implementer

from swarmpeer.core.picking_blind import IgnoresHolders
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.wire.bitfield import Bitfield

#: So many open pieces are tried before the bits are compared whole, which takes about
#: as long.
_TRIES = 32


@implementer(IPiecePicker)
class SequentialPicker(IgnoresHolders):
    """
    The lowest open piece that they have comes first, so that a file can be used from
    its beginning on while the rest is on its way.

    Below C{_reached} every open piece is among those that were opened again, which
    stand in a heap, each once.  Some there may be shut by now: they go when they are
    the lowest.
    """

    def __init__(self, held: Bitfield, rng: Random) -> None:  # noqa: ARG002
        """
        @param held: the pieces that need no fetching.
        @param rng: there is nothing to draw.
        """
        self._shut = held.copy()
        self._reached = 0
        self._reopened: list[int] = []
        self._is_in_heap: set[int] = set()

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        if (
            self._shut.discard(index)
            and index < self._reached
            and index not in self._is_in_heap
        ):
            self._is_in_heap.add(index)
            heappush(self._reopened, index)

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        self._shut.add(index)

    def pick(self, theirs: Bitfield, useful: int) -> int | None:
        """
        @param useful: how many of C{theirs} we do not hold.
        @return: the first open piece among C{theirs}, still open, or C{None}.
        """
        self._advance()
        if not useful:
            return None
        shut, reopened = self._shut, self._reopened
        if len(reopened) <= _TRIES:
            again = [i for i in reopened if i in theirs and i not in shut]
            if again:
                return min(again)
            # Who holds most of the file holds one of the next few.
            for index in range(self._reached, min(self._reached + _TRIES, shut.size)):
                if index in theirs and index not in shut:
                    return index
        eligible = shut.missing_from(theirs)
        return None if eligible.is_empty else eligible.at_rank(0)

    def pick_among(self, few: list[int]) -> int | None:
        """
        @return: the first open piece among them, still open, or C{None}.
        """
        few[:] = self._shut.missing_among(few)
        return min(few, default=None)

    def _advance(self) -> None:
        """
        Leave behind what is shut.
        """
        shut, reopened = self._shut, self._reopened
        while reopened and reopened[0] in shut:
            self._is_in_heap.discard(heappop(reopened))
        while self._reached < shut.size and self._reached in shut:
            self._reached += 1
