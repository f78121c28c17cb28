"""
A storage for swarms that are too large to keep their bytes.
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
class GhostStorage:
    """
    Remembers which pieces it was given and compares each with what it should
    be.  Bytes are kept only where they were wrong, so that they are handed on
    as wrong as they came.  Every answer comes before the call returns.

    @ivar is_whole: see L{IPieceStorage}.
    @ivar is_finished: was the file put in place, or whole from the start?
    """

    def __init__(
        self, layout: PieceLayout, source: Callable[[int], bytes], *, whole: bool
    ) -> None:
        """
        @param source: the right bytes of a piece.
        @param whole: begin with all pieces?
        """
        self._layout = layout
        self._source = source
        self._held = bytearray(layout.piece_count)
        self._wrong: dict[int, bytes] = {}
        self._is_open = False
        self.is_whole = whole
        self.is_finished = whole

    @property
    def wrong(self) -> list[int]:
        """
        The pieces that are held with wrong bytes, as they came.
        """
        return list(self._wrong)

    def open(self) -> None:
        """
        Begin: with all pieces, or with none.
        """
        if not self.is_whole:
            self._held = bytearray(self._layout.piece_count)
            self._wrong.clear()
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
        elif not (self.is_whole or self._held[index]):
            failed(StorageError(f"piece {index} was never written"))
        else:
            done(self._wrong.get(index) or self._source(index))

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Compare the pieces and remember that they are here.

        @raise IndexError: if the layout has no such piece.
        @raise ValueError: if a piece is not as long as it should be.
        """
        check_sizes(self._layout, pieces)
        if not self._is_open:
            refuse_each(pieces, lambda _: self._not_open(), failed)
        elif self.is_finished:
            error = StorageError("the file is complete and is not changed")
            refuse_each(pieces, lambda _: error, failed)
        else:
            for piece in pieces:
                self._keep(piece.index, bytes(piece.data))
            done(pieces)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Declare the file complete, or fail if a piece was never written.
        """
        missing = self._held.count(0)
        if not self._is_open:
            failed(self._not_open())
        elif not self.is_whole and missing:
            failed(StorageError(f"{missing} pieces were never written"))
        else:
            self.is_finished = True
            done()

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on.
        """
        self._is_open = False
        done()

    def _keep(self, index: int, piece: bytes) -> None:
        self._held[index] = True
        if piece == self._source(index):
            self._wrong.pop(index, None)
        else:
            self._wrong[index] = piece

    def _not_open(self) -> StorageError:
        return StorageError("the ghost storage is not open")
