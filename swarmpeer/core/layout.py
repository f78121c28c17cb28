"""
How a file is cut into pieces: every size and offset, and nothing else.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PieceLayout:
    """
    The geometry of one file.  Piece C{i} covers the bytes from C{offset(i)} up
    to C{offset(i) + size(i)}; all pieces but the last are C{piece_size_bytes}
    long, the last is what remains and is never padded.  An empty file has no
    piece.

    @ivar file_size_bytes: at least 0.
    @ivar piece_size_bytes: at least 1.
    @ivar piece_count: C{ceil(file size / piece size)}.
    """

    file_size_bytes: int
    piece_size_bytes: int
    piece_count: int = field(init=False)

    def __post_init__(self) -> None:
        """
        @raise ValueError: if a size is out of its range.
        """
        if self.file_size_bytes < 0:
            raise ValueError(f"file size {self.file_size_bytes} is negative")
        if self.piece_size_bytes < 1:
            raise ValueError(f"piece size {self.piece_size_bytes} is below 1")
        count = -(-self.file_size_bytes // self.piece_size_bytes)
        object.__setattr__(self, "piece_count", count)

    @property
    def bitfield_size_bytes(self) -> int:
        """
        The number of bytes that a bitfield of this file takes on the wire.
        """
        return -(-self.piece_count // 8)

    def is_valid(self, index: int) -> bool:
        """
        Is C{index} that of a piece?
        """
        return 0 <= index < self.piece_count

    def offset(self, index: int) -> int:
        """
        The position of the piece's first byte in the file.

        @raise IndexError: if there is no such piece.
        """
        self._check(index)
        return index * self.piece_size_bytes

    def size(self, index: int) -> int:
        """
        The length of the piece in bytes.

        @raise IndexError: if there is no such piece.
        """
        self._check(index)
        if index < self.piece_count - 1:
            return self.piece_size_bytes
        return self.file_size_bytes - index * self.piece_size_bytes

    def _check(self, index: int) -> None:
        if not 0 <= index < self.piece_count:
            raise IndexError(f"piece {index} is not among {self.piece_count}")
