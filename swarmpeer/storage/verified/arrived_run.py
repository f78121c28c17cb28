"""
Pieces that came together, and where they go: whether they are right, and writing them.
"""

from collections.abc import Mapping, Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.system_errors import reason_of
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.stored_file import StoredFile


class ArrivedRun:
    """
    Pieces of one file, in the order in which they came.  What is wrong with one of
    them is noted and hurts none of the others.  Its calls may block and may come from
    any thread, one at a time.

    @ivar file: their file.
    @ivar pieces: the pieces.
    @ivar good: those with which nothing is wrong so far.
    @ivar faults: by the piece, what is wrong with it.
    @ivar changes: how many changes of the file there were when they were written.
    """

    __slots__ = ("changes", "faults", "file", "good", "pieces")

    def __init__(self, file: StoredFile, pieces: Sequence[Piece]) -> None:
        self.file = file
        self.pieces = self.good = pieces
        self.faults: dict[int, Exception] = {}
        self.changes = 0

    def check(self, hashes: PieceHashes) -> None:
        """
        Look whether these are their bytes.
        """
        is_right_at = hashes.is_right_at
        number, first = self.file.number, self.file.pieces.start
        faults: dict[int, Exception] = {}
        for piece in self.good:
            if not is_right_at(number, piece.index - first, piece.data):
                faults[piece.index] = BadPieceError(
                    "its bytes are not what the manifest tells"
                )
        if faults:
            self._note(faults)

    def write(self) -> None:
        """
        Write those with which nothing is wrong.

        @raise OSError: if none of them can be written.
        @raise StorageError: if none of them must be written.
        """
        if not self.good:
            # Nothing is opened, or made, for what is wrong.
            return
        self.changes, faults = self.file.write(self.good)
        if faults:
            self._note(faults)

    def fail(self, error: Exception) -> None:
        """
        Nothing came of those with which nothing was wrong so far.
        """
        self._note({piece.index: error for piece in self.good})

    def failures(self, where: str) -> Mapping[int, StorageError]:
        """
        By the piece, what to tell of it in one line, if it is not kept.

        @param where: the path of the file.
        """
        return {
            index: _unwritable(index, error, where)
            for index, error in self.faults.items()
        }

    def _note(self, faults: Mapping[int, Exception]) -> None:
        self.faults.update(faults)
        self.good = [piece for piece in self.good if piece.index not in faults]


def arrived_runs(
    layout: PieceLayout,
    files: Mapping[int, StoredFile],
    pieces: Sequence[Piece],
    most_bytes: int,
) -> list[ArrivedRun]:
    """
    Where pieces go.  Those are together that come one behind the other and are in one
    file; large ones are alone.

    @param most_bytes: pieces up to this size share a run.
    @raise IndexError: if there is no such piece.
    """
    indexes = [piece.index for piece in pieces]
    end = len(pieces)
    most = end if layout.piece_size_bytes <= most_bytes else 1
    runs: list[ArrivedRun] = []
    start = 0
    while start < end:
        number, count = layout.in_one_file(indexes[start : start + most])
        runs.append(ArrivedRun(files[number], pieces[start : start + count]))
        start += count
    return runs


def _unwritable(index: int, error: Exception, where: str) -> StorageError:
    line = f"{where}: cannot write piece {index}: {reason_of(error)}"
    if isinstance(error, BadPieceError):
        return BadPieceError(line)
    return StorageError(
        line, is_final=isinstance(error, StorageError) and error.is_final
    )
