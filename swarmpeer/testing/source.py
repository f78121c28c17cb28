"""
The file that a simulated swarm spreads.
"""

from hashlib import shake_128

from swarmpeer.core.layout import PieceLayout


class Source:
    """
    A file full of chance that follows from a seed.  A piece is made when it is
    first asked for, and kept.
    """

    def __init__(self, seed: int, layout: PieceLayout) -> None:
        """
        @param seed: another one gives another file.
        """
        self._seed = seed
        self._layout = layout
        self._pieces: dict[int, bytes] = {}
        self._whole: bytes | None = None

    def piece(self, index: int) -> bytes:
        """
        The bytes of a piece.  Those of two pieces differ, unless they are so
        short that chance makes them alike.

        @raise IndexError: if the layout has no such piece.
        """
        piece = self._pieces.get(index)
        if piece is None:
            size_bytes = self._layout.size(index)
            piece = shake_128(b"%d/%d" % (self._seed, index)).digest(size_bytes)
            self._pieces[index] = piece
        return piece

    def whole(self) -> bytes:
        """
        The bytes of the file.
        """
        if self._whole is None:
            self._whole = b"".join(map(self.piece, range(self._layout.piece_count)))
        return self._whole
