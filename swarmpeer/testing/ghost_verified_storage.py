"""
The storage of a verified peer for swarms that are too large to keep their bytes.
"""

from collections.abc import Callable, Sequence

from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.seam import Piece
from swarmpeer.storage.answering import refuse_each, tell_each
from swarmpeer.testing.ghost_storage import GhostStorage
from swarmpeer.wire.bitfield import Bitfield


@implementer(IVerifiedStorage)
class GhostVerifiedStorage(GhostStorage):
    """
    A L{GhostStorage} that refuses wrong bytes, and that has what it was given still
    when it is opened again.
    """

    def __init__(
        self,
        layout: PieceLayout,
        source: Callable[[int], bytes],
        *,
        whole: bool,
        held: bytearray | None = None,
    ) -> None:
        """
        @param source: the right bytes of a piece.
        @param whole: begin with all pieces?
        @param held: for each piece 1 if it is here, changed with what comes: what a
            machine keeps from process to process.  By default nothing is here.
        """
        super().__init__(layout, source, whole=whole)
        if held is not None:
            self._held = held
        if whole:
            self._held[:] = b"\1" * len(self._held)

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        There is nothing to tell.
        """

    def open(self) -> None:
        """
        Begin with what is here.
        """
        self._is_open = True
        self.is_whole = self.is_finished = 0 not in self._held

    def check(
        self,
        progress: Callable[[int, int], None],  # noqa: ARG002  (it is done at once)
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Tell which pieces are here.
        """
        if not self._is_open:
            failed(self._not_open())
            return
        bits = Bitfield(len(self._held))
        for index, is_here in enumerate(self._held):
            if is_here:
                bits.add(index)
        done(bits)

    def check_piece(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Tell whether a piece is here; what is here is right.
        """
        if self._is_open:
            done(bool(self._held[index]))
        else:
            failed(self._not_open())

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Remember that the pieces are here, those that are right.

        @raise IndexError: if the layout has no such piece.
        """
        for piece in pieces:
            self._layout.offset(piece.index)
        if not self._is_open:
            refuse_each(pieces, lambda _: self._not_open(), failed)
            return
        failures: dict[int, StorageError] = {}
        for piece in pieces:
            index = piece.index
            if bytes(piece.data) != self._source(index):
                failures[index] = BadPieceError(f"piece {index} is wrong")
            else:
                self._held[index] = 1
        tell_each(pieces, failures, done, failed)
