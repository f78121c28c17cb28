"""
Pieces that are read in one go: of one file, and at once those that lie side by side.
"""

from collections.abc import Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire.bitfield import Bitfield


def held_stretches(
    layout: PieceLayout, held: Bitfield, indexes: Sequence[int]
) -> tuple[int, list[range]]:
    """
    Where the first of some pieces lies, and those behind it as far as they are of the
    same file and held.

    @param indexes: at least one.
    @return: the number of the file, and the pieces in the order in which they are
        wanted, those together that lie side by side.
    @raise IndexError: if the first does not exist.
    """
    number, count = layout.in_one_file(indexes)
    indexes = indexes[:count]
    if count > 1 and (missing := held.missing_among(indexes[1:])):
        indexes = indexes[: indexes.index(missing[0], 1)]
    return number, side_by_side(indexes)


def side_by_side(indexes: Sequence[int]) -> list[range]:
    """
    The same pieces in the same order, those together of which each is the next.

    @param indexes: at least one.
    """
    stretches: list[range] = []
    first = last = indexes[0]
    for index in indexes[1:]:
        if index != last + 1:
            stretches.append(range(first, last + 1))
            first = index
        last = index
    stretches.append(range(first, last + 1))
    return stretches
