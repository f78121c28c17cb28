"""
What pickers have in common to which it makes no difference who holds what.
"""

from collections.abc import Sequence

from swarmpeer.wire.bitfield import Bitfield


class IgnoresHolders:
    """
    The part of an L{swarmpeer.interfaces.IPiecePicker} that counts holders, for one
    that does not: it is not called.
    """

    counts_holders = False

    def note_haves(self, indexes: Sequence[int]) -> None:
        """
        A neighbour holds more pieces.
        """

    def note_lacking(self, index: int) -> None:
        """
        A neighbour holds a piece no more.
        """

    def note_bits(self, theirs: Bitfield) -> None:
        """
        A neighbour told all that it holds.
        """

    def note_left(self, theirs: Bitfield) -> None:
        """
        A neighbour that told is gone.
        """
