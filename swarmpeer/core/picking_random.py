"""
Any piece, by lot.
"""

from array import array
from random import Random

from zope.interface import implementer

from swarmpeer.core.picking_blind import IgnoresHolders
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.wire.bitfield import Bitfield

#: Before the bits are compared whole, a few open pieces are tried by lot: as many
#: as take about the time of the comparison, one per so many pieces.
_PIECES_PER_DRAW = 4096
_LEAST_DRAWS = 8
_MOST_DRAWS = 64


@implementer(IPiecePicker)
class RandomPicker(IgnoresHolders):
    """
    Every open piece that they have is equally likely, as the course protocol
    says.

    The open pieces stand in one array in no order, so one of them is drawn,
    added or removed in constant time; each piece's place in it is in a second
    array.  Eight bytes a piece in all.
    """

    def __init__(self, held: Bitfield, rng: Random) -> None:
        """
        @param held: the pieces that need no fetching.
        """
        self._rng = rng
        self._draws = min(_LEAST_DRAWS + held.size // _PIECES_PER_DRAW, _MOST_DRAWS)
        self._shut = held.copy()
        if held.is_empty:
            # The usual start, without a step for each of perhaps millions.
            self._open = array("I", range(held.size))
            self._places = self._open[:]
        else:
            self._open = array("I")
            self._places = array("I", bytes(self._open.itemsize * held.size))
            for index in held.missing_from(Bitfield.full(held.size)):
                self._append(index)

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        if self._shut.discard(index):
            self._append(index)

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        if not self._shut.add(index):
            return
        last = self._open.pop()
        if last != index:
            place = self._places[index]
            self._open[place] = last
            self._places[last] = place

    def pick(self, theirs: Bitfield, useful: int) -> int | None:
        """
        @param useful: how many of C{theirs} we do not hold.
        @return: an open piece among C{theirs}, still open, or C{None}.
        """
        count = len(self._open)
        if not count:
            return None
        # One that got its pieces with us has few that we lack; then draws are lost.
        if useful * self._draws > count:
            for _ in range(self._draws):
                index = self._open[self._rng.randrange(count)]
                if index in theirs:
                    return index
        eligible = self._shut.missing_from(theirs)
        if eligible.is_empty:
            return None
        return eligible.at_rank(self._rng.randrange(eligible.count))

    def pick_among(self, few: list[int]) -> int | None:
        """
        @return: an open piece among them, still open, or C{None}.
        """
        while few:
            at = self._rng.randrange(len(few))
            index = few[at]
            if index not in self._shut:
                return index
            few[at] = few[-1]
            few.pop()
        return None

    def _append(self, index: int) -> None:
        self._places[index] = len(self._open)
        self._open.append(index)
