"""
How files are cut into pieces: every size and offset, and nothing else.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Self

from swarmpeer.manifest import Manifest


@dataclass(frozen=True, slots=True)
class PieceLayout:
    """
    The geometry of one file, or of several one behind the other.  Piece C{i}
    covers the bytes from C{offset(i)} up to C{offset(i) + size(i)}.  No piece spans
    two files: all pieces of a file but the last are C{piece_size_bytes} long, the
    last is what remains of the file and is never padded.  An empty file has no
    piece.

    @ivar file_size_bytes: of all files together; at least 0.
    @ivar piece_size_bytes: at least 1.
    @ivar file_sizes_bytes: of each file, in their order.
    @ivar piece_count: the sum of C{ceil(file size / piece size)} over the files.
    @ivar short_sizes: the size of each piece that is shorter than the others.
    """

    file_size_bytes: int
    piece_size_bytes: int
    file_sizes_bytes: tuple[int, ...] = field(init=False, repr=False)
    piece_count: int = field(init=False)
    short_sizes: dict[int, int] = field(init=False, repr=False, compare=False)
    # Of each file the first piece and the first byte, then where all end.
    _first_pieces: list[int] = field(init=False, repr=False, compare=False)
    _first_bytes: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """
        @raise ValueError: if a size is out of its range.
        """
        self._cut((self.file_size_bytes,))

    @classmethod
    def of_files(cls, sizes_bytes: Iterable[int], piece_size_bytes: int) -> Self:
        """
        The geometry of several files.

        @raise ValueError: if a size is out of its range.
        """
        sizes = tuple(sizes_bytes)
        layout = cls(sum(sizes), piece_size_bytes)
        layout._cut(sizes)
        return layout

    @property
    def bitfield_size_bytes(self) -> int:
        """
        The number of bytes that a bitfield of these pieces takes on the wire.
        """
        return -(-self.piece_count // 8)

    def is_valid(self, index: int) -> bool:
        """
        Is C{index} that of a piece?
        """
        return 0 <= index < self.piece_count

    def offset(self, index: int) -> int:
        """
        The position of the piece's first byte, the files counted as one.

        @raise IndexError: if there is no such piece.
        """
        file, position = self.place(index)
        return self._first_bytes[file] + position * self.piece_size_bytes

    def size(self, index: int) -> int:
        """
        The length of the piece in bytes.

        @raise IndexError: if there is no such piece.
        """
        # Asked for many times for each piece.
        if not 0 <= index < self.piece_count:
            raise self._out_of_range(index)
        if index in self.short_sizes:
            return self.short_sizes[index]
        return self.piece_size_bytes

    def total_size(self, indexes: Collection[int]) -> int:
        """
        The length of all these pieces in bytes.

        @param indexes: of pieces that there are.
        """
        short, size_bytes = self.short_sizes, self.piece_size_bytes
        total = size_bytes * len(indexes)
        for index in indexes:
            if index in short:
                total -= size_bytes - short[index]
        return total

    def place(self, index: int) -> tuple[int, int]:
        """
        Where the piece is: in which file, and after how many pieces of it.

        @raise IndexError: if there is no such piece.
        """
        if not 0 <= index < self.piece_count:
            raise self._out_of_range(index)
        # Of files that begin at one piece, all but the last are empty.
        file = bisect_right(self._first_pieces, index) - 1
        return file, index - self._first_pieces[file]

    def in_one_file(self, indexes: Sequence[int]) -> tuple[int, int]:
        """
        In which file the first of some pieces is, and how many there are before one
        that is not in that file.

        @param indexes: at least one.
        @raise IndexError: if the first does not exist.
        """
        file, _ = self.place(indexes[0])
        here = self.pieces_of(file)
        count = 0
        for index in indexes:
            if index not in here:
                break
            count += 1
        return file, count

    def pieces_of(self, file: int) -> range:
        """
        The pieces of one file.
        """
        return range(self._first_pieces[file], self._first_pieces[file + 1])

    def _cut(self, sizes: tuple[int, ...]) -> None:
        if self.piece_size_bytes < 1:
            raise ValueError(f"piece size {self.piece_size_bytes} is below 1")
        for size in sizes:
            if size < 0:
                raise ValueError(f"file size {size} is negative")
        counts = [-(-size // self.piece_size_bytes) for size in sizes]
        first_pieces = list(accumulate(counts, initial=0))
        short_sizes = {
            first_pieces[file + 1] - 1: size % self.piece_size_bytes
            for file, size in enumerate(sizes)
            if size % self.piece_size_bytes
        }
        object.__setattr__(self, "file_sizes_bytes", sizes)
        object.__setattr__(self, "piece_count", first_pieces[-1])
        object.__setattr__(self, "short_sizes", short_sizes)
        object.__setattr__(self, "_first_pieces", first_pieces)
        object.__setattr__(self, "_first_bytes", list(accumulate(sizes, initial=0)))

    def _out_of_range(self, index: int) -> IndexError:
        return IndexError(f"piece {index} is not among {self.piece_count}")


def layout_of(manifest: Manifest) -> PieceLayout:
    """
    The geometry of what a manifest tells of; its links and empty files have no
    piece.
    """
    return PieceLayout.of_files(
        [file.size_bytes for file in manifest.files], manifest.piece_size_bytes
    )
