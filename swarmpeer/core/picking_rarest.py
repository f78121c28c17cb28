"""
The piece first that the fewest neighbours hold.
"""

from array import array
from collections.abc import Sequence
from random import Random
from sys import byteorder

from zope.interface import implementer

from swarmpeer.interfaces import IPiecePicker
from swarmpeer.wire.bitfield import Bitfield

#: Entries of the list that are looked at for one choice, in all and of one rarity in
#: vain.  More make no better swarm, only a slower peer.
_MOST_LOOKS = 48
_LOOKS_IN_VAIN = 8

#: Where one piece in so many is a candidate, they are not looked for by lot.
_SPARSE = 16

#: Of so few candidates the rarest is found by looking at each; of more, some are drawn.
_FEW = 64
_DRAWN = 8

#: A count that no number of neighbours takes below nothing, and how far all may
#: drift above it before they are brought down.
_NOBODY = 2**14
_MOST_DRIFT = 64

#: For each byte of a bitfield, a count of nothing or one for each of its bits.
_ONE_EACH = [
    array("H", [byte >> shift & 1 for shift in range(7, -1, -1)]).tobytes()
    for byte in range(256)
]


@implementer(IPiecePicker)
class RarestPicker:
    """
    Of the open pieces that they have, one that the fewest neighbours hold; by lot among
    those.

    How many hold each piece is always known.  A neighbour that comes or goes with
    everything is counted in one number, any other with a few operations on long
    integers.  The open pieces stand in one list for each count, I{or a lower one}:
    a have changes the count alone, and a piece moves to the right list when it is
    looked at.  There it is also seen if it is shut, and dropped.  So whatever
    happened costs one step, then or later; a choice looks at a few pieces and takes
    the rarest of them, which is not always the rarest of all.  Some six bytes a piece.

    @ivar _full: of the neighbours that hold everything, how many are not in the
        counts; may be negative, since one may be counted that got it piece by piece.
    """

    counts_holders = True

    def __init__(self, held: Bitfield, rng: Random) -> None:
        """
        @param held: the pieces that need no fetching.
        """
        self._rng = rng
        self._shut = held.copy()
        self._open_count = held.size - held.count
        self._counts = array("H", [_NOBODY]) * held.size
        self._full = 0
        # The first list has the pieces of the count C{_lowest} and so on.
        self._lowest = _NOBODY
        if held.is_empty:
            # The usual start, without a step for each of perhaps millions.
            self._lists = [array("I", range(held.size))]
            self._listed = Bitfield.full(held.size)
        else:
            self._listed = held.missing_from(Bitfield.full(held.size))
            self._lists = [array("I", self._listed)]

    def reopen(self, index: int) -> None:
        """
        The piece is missing, and nobody is asked for it any more.
        """
        if self._shut.discard(index):
            self._open_count += 1
            if self._listed.add(index):
                self._list(index, self._counts[index])

    def shut(self, index: int) -> None:
        """
        The piece was asked of somebody, or is here.
        """
        if self._shut.add(index):
            self._open_count -= 1

    def pick(self, theirs: Bitfield, useful: int) -> int | None:
        """
        @param useful: how many of C{theirs} we do not hold.
        @return: an open piece among C{theirs}, still open, or C{None}.
        """
        if not useful or not self._open_count:
            return None
        # One that has few that we lack is not found by lot.
        if useful * _SPARSE > self._open_count:
            index = self._by_lot(theirs)
            if index is not None:
                return index
        return self._by_bits(theirs)

    def pick_among(self, few: list[int]) -> int | None:
        """
        @return: one of the rarest open pieces among them, still open, or C{None}.
        """
        while few:
            # Some that stand together, since one draw is quicker than many.
            room = len(few) - _DRAWN
            at = int(self._rng.random() * (room + 1)) if room > 0 else 0
            some = self._shut.missing_among(few[at : at + _DRAWN])
            few[at : at + _DRAWN] = some
            if some:
                return min(some, key=self._counts.__getitem__)
        return None

    def note_haves(self, indexes: Sequence[int]) -> None:
        """
        A neighbour holds more pieces.
        """
        counts = self._counts
        for index in indexes:
            counts[index] += 1

    def note_lacking(self, index: int) -> None:
        """
        A neighbour holds a piece no more.
        """
        self._counts[index] -= 1
        self._sink()

    def note_bits(self, theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds.
        """
        if theirs.is_full:
            self._full += 1
        elif not theirs.is_empty:
            self._change(theirs, 1)

    def note_left(self, theirs: Bitfield) -> None:
        """
        A neighbour that told is gone.
        """
        if theirs.is_full:
            self._full -= 1
            if self._full < -_MOST_DRIFT:
                self._bring_down(theirs)
        elif not theirs.is_empty:
            self._change(theirs, -1)
            self._sink()

    def _change(self, which: Bitfield, by: int) -> None:
        """
        Count all of these pieces up or down: the counts together are one long integer,
        in which none reaches the next.
        """
        size_bytes = len(self._counts) * self._counts.itemsize
        ones = b"".join(map(_ONE_EACH.__getitem__, which.to_bytes()))[:size_bytes]
        before = int.from_bytes(self._counts.tobytes(), byteorder)
        changed = before + by * int.from_bytes(ones, byteorder)
        self._counts = array("H", changed.to_bytes(size_bytes, byteorder))

    def _bring_down(self, everything: Bitfield) -> None:
        """
        All were counted up so often that all can be counted down at once.
        """
        self._full += _MOST_DRIFT
        self._change(everything, -_MOST_DRIFT)
        self._lowest -= _MOST_DRIFT
        # No piece is held by fewer than nobody, so the first lists may be one.
        below = max(0, _NOBODY - self._full - self._lowest)
        together = array("I")
        for some in self._lists[: below + 1]:
            together.extend(some)
        self._lists[: below + 1] = [together]
        self._lowest += below

    def _sink(self) -> None:
        """
        Some pieces are rarer by one than they were: now each list may be.
        """
        if self._lowest > _NOBODY - self._full:
            self._lowest -= 1
        elif len(self._lists) > 1:
            # Fewer than nobody cannot hold them.
            fewer, more = sorted(self._lists[:2], key=len)
            more.extend(fewer)
            self._lists[:2] = [more]

    def _list(self, index: int, count: int) -> None:
        place = count - self._lowest
        if place < 0:
            self._lists[:0] = [array("I") for _ in range(-place)]
            self._lowest, place = count, 0
        while len(self._lists) <= place:
            self._lists.append(array("I"))
        self._lists[place].append(index)

    def _by_lot(self, theirs: Bitfield) -> int | None:
        """
        Look at some of those that are thought to be the rarest, then at some that are
        less rare.
        """
        counts, draw = self._counts, self._rng.random
        # The bits are read by hand: a call for each look would cost more than the look.
        shut, held = self._shut.octets, theirs.octets
        while len(self._lists) > 1 and not self._lists[0]:
            del self._lists[0]
            self._lowest += 1
        looks = _MOST_LOOKS
        rarest, least = None, 0
        for place, some in enumerate(self._lists):
            in_vain = 0
            while some and looks and in_vain < _LOOKS_IN_VAIN:
                looks -= 1
                at = int(draw() * len(some))
                index = some[at]
                count = counts[index]
                octet, bit = index >> 3, 0x80 >> (index & 7)
                is_shut = shut[octet] & bit
                if is_shut or count != self._lowest + place:
                    some[at] = some[-1]
                    some.pop()
                    if is_shut:
                        self._listed.discard(index)
                    else:
                        self._list(index, count)
                        if held[octet] & bit and (rarest is None or count < least):
                            rarest, least = index, count
                elif held[octet] & bit:
                    return index
                else:
                    in_vain += 1
            if rarest is not None and least <= self._lowest + place:
                return rarest
        return rarest

    def _by_bits(self, theirs: Bitfield) -> int | None:
        """
        Compare the bits of all pieces.
        """
        eligible = self._shut.missing_from(theirs)
        if eligible.count <= _FEW:
            some = list(eligible)
        else:
            ranks = [self._draw(eligible.count) for _ in range(_DRAWN)]
            some = [eligible.at_rank(rank) for rank in ranks]
        if not some:
            return None
        least = min(map(self._counts.__getitem__, some))
        some = [index for index in some if self._counts[index] == least]
        return some[self._draw(len(some))]

    def _draw(self, count: int) -> int:
        return int(self._rng.random() * count)
