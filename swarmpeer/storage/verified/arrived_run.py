"""
Pieces that came together, and where they go: whether they are right, and writing them.
"""

from collections.abc import Mapping, Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.system_errors import reason_of
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.stored_file import Spot, StoredFile


class ArrivedRun:
    """
    Pieces of one file, in the order in which they came.  What is wrong with one of
    them is noted and hurts none of the others.  Its calls may block and may come from
    any thread, one at a time.

    @ivar file: their file.
    @ivar pieces: the pieces.
    @ivar faults: what is wrong, by the position of the piece in the file.
    """

    __slots__ = ("_first", "_spots", "faults", "file", "pieces")

    def __init__(
        self,
        file: StoredFile,
        first: int,
        piece_size_bytes: int,
        pieces: Sequence[Piece],
    ) -> None:
        """
        @param first: the first piece of the file, as the swarm counts it.
        """
        self.file = file
        self.pieces = pieces
        self.faults: dict[int, Exception] = {}
        self._first = first
        self._spots: list[Spot] = [
            (piece.index - first, (piece.index - first) * piece_size_bytes, piece.data)
            for piece in pieces
        ]

    @property
    def good(self) -> list[int]:
        """
        The pieces with which nothing is wrong so far, as the swarm counts them.
        """
        first, faults = self._first, self.faults
        return [
            piece.index for piece in self.pieces if piece.index - first not in faults
        ]

    def check(self, hashes: PieceHashes) -> None:
        """
        Look whether these are their bytes.
        """
        is_right_at, number = hashes.is_right_at, self.file.number
        for position, _, data in self._spots:
            if not is_right_at(number, position, data):
                self.faults[position] = BadPieceError(
                    "its bytes are not what the manifest tells"
                )

    def write(self) -> int:
        """
        Write those with which nothing is wrong.

        @return: how many changes of the file there were then.
        @raise OSError: if none of them can be written.
        @raise StorageError: if none of them must be written.
        """
        faults, spots = self.faults, self._spots
        if faults:
            spots = [spot for spot in spots if spot[0] not in faults]
        if not spots:
            # Nothing is opened, or made, for what is wrong.
            return self.file.changes
        changes, unwritten = self.file.write(spots)
        if unwritten:
            faults.update(unwritten)
        return changes

    def fail(self, error: Exception) -> None:
        """
        Nothing came of those with which nothing was wrong so far.
        """
        for position, _, _ in self._spots:
            self.faults.setdefault(position, error)

    def failures(self, where: str) -> Mapping[int, StorageError]:
        """
        By the piece, what to tell of it in one line, if it is not kept.

        @param where: the path of the file.
        """
        first = self._first
        return {
            first + position: _unwritable(first + position, error, where)
            for position, error in self.faults.items()
        }


def arrived_runs(
    layout: PieceLayout,
    files: Mapping[int, StoredFile],
    pieces: Sequence[Piece],
    most_bytes: int,
) -> list[ArrivedRun]:
    """
    Where pieces go.  Those are together that come one behind the other and are in one
    file; large ones are alone.

    @param most_bytes: so long pieces are, at most, that are together.
    @raise IndexError: if there is no such piece.
    """
    size_bytes, count = layout.piece_size_bytes, len(pieces)
    most = count if size_bytes <= most_bytes else 1
    runs: list[ArrivedRun] = []
    start = 0
    while start < count:
        number, _ = layout.place(pieces[start].index)
        here = layout.pieces_of(number)
        end = start + 1
        while end < count and end - start < most and pieces[end].index in here:
            end += 1
        runs.append(
            ArrivedRun(files[number], here.start, size_bytes, pieces[start:end])
        )
        start = end
    return runs


def _unwritable(index: int, error: Exception, where: str) -> StorageError:
    line = f"{where}: cannot write piece {index}: {reason_of(error)}"
    if isinstance(error, BadPieceError):
        return BadPieceError(line)
    return StorageError(
        line, is_final=isinstance(error, StorageError) and error.is_final
    )
