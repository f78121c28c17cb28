"""
Pieces that are read in one go: of one file, and at once those that lie side by side.
"""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from swarmpeer.core.layout import PieceLayout
from swarmpeer.storage.verified.stored_file import StoredFile, Stretch
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


class HeldRun(NamedTuple):
    """
    Pieces of one file where they lie, in the order in which they are wanted.
    """

    file: StoredFile
    stretches: Sequence[Stretch]

    def read_at_once(self, *, may_wait: bool) -> Sequence[PieceData]:
        """
        Read them, as far as they are in memory and nothing is to be looked at; waits
        for nobody.

        @param may_wait: read also if nobody knows what is in memory?
        @return: the first of them; all, some or none.
        @raise OSError: if one cannot be read.
        """
        return self.file.read_at_once(self.stretches, may_wait=may_wait)


def held_run(
    layout: PieceLayout,
    files: Mapping[int, StoredFile],
    held: Bitfield,
    indexes: Sequence[int],
) -> HeldRun:
    """
    Where the first of some pieces lies, and those behind it as far as they are of the
    same file and held.

    @param indexes: at least one.
    @raise IndexError: if the first does not exist.
    """
    number, _ = layout.place(indexes[0])
    there = layout.pieces_of(number)
    if len(indexes) > 1:
        indexes = [*takewhile(there.__contains__, indexes)]
        missing = held.missing_among(indexes[1:])
        if missing:
            indexes = indexes[: indexes.index(missing[0], 1)]
    return HeldRun(files[number], _stretches(layout, there.start, indexes))


def _stretches(
    layout: PieceLayout, start: int, indexes: Sequence[int]
) -> list[Stretch]:
    """
    @param start: the first piece of their file.
    """
    size, count = layout.piece_size_bytes, len(indexes)
    stretches: list[Stretch] = []
    begin = 0
    for end in range(1, count + 1):
        last = indexes[end - 1]
        if end < count and indexes[end] == last + 1:
            continue
        position, pieces = indexes[begin] - start, end - begin
        size_bytes = (pieces - 1) * size + layout.size(last)
        stretches.append(Stretch(position, pieces, position * size, size_bytes, size))
        begin = end
    return stretches
