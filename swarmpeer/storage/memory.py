"""
A storage that keeps the pieces in memory.
"""

from collections.abc import Callable, Sequence

from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.seam import Piece
from swarmpeer.storage.answering import check_sizes, refuse_each
from swarmpeer.wire.messages import PieceData


@implementer(IPieceStorage)
class MemoryStorage:
    """
    The pieces as C{bytes}; every answer comes before the call returns.  Memory
    is taken only for the pieces that are there.

    @ivar is_whole: was the storage made with the whole file?
    @ivar is_finished: was the file put in place, or whole from the start?
    """

    def __init__(self, layout: PieceLayout, data: bytes | None = None) -> None:
        """
        @param data: the whole file, or C{None} to begin with nothing.
        """
        self._layout = layout
        self._data = data
        self._pieces: dict[int, bytes] = {}
        self._is_open = False
        self.is_whole = data is not None
        self.is_finished = self.is_whole

    def contents(self) -> bytes:
        """
        The file, as far as it is there; pieces that are not are zeros.
        """
        return b"".join(
            self._piece(index) or bytes(self._layout.size(index))
            for index in range(self._layout.piece_count)
        )

    def open(self) -> None:
        """
        Check the given file.

        @raise StorageError: if it is not as long as the layout says.
        """
        size_bytes = self._layout.file_size_bytes
        if self._data is not None and len(self._data) != size_bytes:
            raise StorageError(
                f"the file in memory is {len(self._data)} bytes long, but the "
                f"layout says {size_bytes}; give the right file or the right size"
            )
        if not self.is_whole:
            self._pieces.clear()
            self.is_finished = False
        self._is_open = True

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hand out the piece, or fail if it was never written.

        @raise IndexError: if the layout has no such piece.
        """
        self._layout.offset(index)
        if not self._is_open:
            failed(self._not_open())
        elif (piece := self._piece(index)) is None:
            failed(StorageError(f"piece {index} is not in memory"))
        else:
            done(piece)

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep a copy of each piece, or its bytes themselves if they are C{bytes}.

        @raise IndexError: if the layout has no such piece.
        @raise ValueError: if a piece is not as long as it should be.
        """
        check_sizes(self._layout, pieces)
        if not self._is_open:
            refuse_each(pieces, lambda _: self._not_open(), failed)
        elif self.is_finished:
            error = StorageError("the file in memory is complete and is not changed")
            refuse_each(pieces, lambda _: error, failed)
        else:
            self._pieces.update((p.index, bytes(p.data)) for p in pieces)
            done(pieces)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Declare the file complete, or fail if a piece was never written.
        """
        missing = self._layout.piece_count - len(self._pieces)
        if not self._is_open:
            failed(self._not_open())
        elif not self.is_whole and missing:
            failed(StorageError(f"{missing} pieces are not in memory"))
        else:
            self.is_finished = True
            done()

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on; C{contents} stays.
        """
        self._is_open = False
        done()

    def _piece(self, index: int) -> bytes | None:
        if self._data is not None:
            offset = self._layout.offset(index)
            return self._data[offset : offset + self._layout.size(index)]
        return self._pieces.get(index)

    def _not_open(self) -> StorageError:
        return StorageError("the storage in memory is not open")
