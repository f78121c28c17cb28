"""
The pieces of one file: what each one's state is, and where their bytes go.

Invariant: a piece is in exactly one state, and the only ways are::

    MISSING -> IN_FLIGHT   claim
    IN_FLIGHT -> MISSING   release
    MISSING, IN_FLIGHT -> STORING   begin_storing
    STORING -> HAVE or MISSING      the storage's answer
"""

from collections.abc import Callable, Sequence
from enum import IntEnum

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import ILendingStorage, IPieceStorage
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

_Lend = Callable[
    [
        Sequence[int],
        Callable[[Sequence[PieceContent]], None],
        Callable[[StorageError], None],
    ],
    None,
]


class PieceState(IntEnum):
    """
    Where a piece is on its way to us.
    """

    MISSING = 0
    IN_FLIGHT = 1
    STORING = 2
    HAVE = 3


class PieceStore:
    """
    Our own bits and the state of every piece, with the storage behind them.

    @ivar layout: the geometry of the file.
    @ivar bits: the pieces that we hold; only grows.
    @ivar needless: the pieces that need no fetching: those, here.
    """

    def __init__(self, layout: PieceLayout, storage: IPieceStorage) -> None:
        """
        @param storage: opened already.
        """
        self.layout = layout
        self._storage = storage
        self._lend: _Lend = (
            storage.lend if ILendingStorage.providedBy(storage) else self._read_first
        )
        count = layout.piece_count
        if storage.is_whole:
            self.bits = Bitfield.full(count)
            self._states = bytearray([PieceState.HAVE]) * count
        else:
            self.bits = Bitfield(count)
            self._states = bytearray(count)
        self.needless = self.bits

    @property
    def is_complete(self) -> bool:
        """
        Do we hold every piece?
        """
        return self.bits.is_full

    def state(self, index: int) -> PieceState:
        """
        The state of one piece.

        @raise IndexError: if there is no such piece.
        """
        if index < 0:
            raise _negative(index)
        return PieceState(self._states[index])

    def states(self) -> bytes:
        """
        The states of all pieces, one byte each, as they are now.
        """
        return bytes(self._states)

    def claim(self, index: int) -> None:
        """
        The piece is asked of somebody now.
        """
        self._move(index, PieceState.MISSING, PieceState.IN_FLIGHT)

    def release(self, index: int) -> None:
        """
        The piece is asked of nobody any more.
        """
        self._move(index, PieceState.IN_FLIGHT, PieceState.MISSING)

    def begin_storing(self, index: int) -> bool:
        """
        The piece's bytes are here.

        @return: are they needed?  If so the piece is STORING now, and C{put}
            must follow.
        """
        # Not by way of C{state}, which makes an enumeration's member for each piece.
        if index < 0:
            raise _negative(index)
        if self._states[index] >= PieceState.STORING:
            return False
        self._states[index] = PieceState.STORING
        return True

    def put(
        self,
        pieces: Sequence[Piece],
        stored: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep the bytes of pieces that are STORING.  Their bits are set before
        C{stored} is called; after C{failed} a piece is MISSING again.

        @raise RuntimeError: if one of them is not STORING; none is kept then.
        """
        states = self._states
        for piece in pieces:
            if piece.index < 0 or states[piece.index] != PieceState.STORING:
                raise self._misplaced(piece.index, PieceState.STORING)

        def on_done(kept: Sequence[Piece]) -> None:
            self._gain([piece.index for piece in kept], PieceState.STORING)
            stored(kept)

        def on_failed(index: int, error: StorageError) -> None:
            self._move(index, PieceState.STORING, PieceState.MISSING)
            failed(index, error)

        self._storage.write(pieces, on_done, on_failed)

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the bytes of a piece that we HAVE.
        """
        self._storage.read(index, done, failed)

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch pieces that we HAVE in order to send them: the first, and as many of those
        behind it as can be had in the same go.  Of each its bytes, or a span of the
        file, which is to be given back.

        @param failed: told if the first cannot be had.
        """
        self._lend(indexes, done, failed)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        We HAVE every piece: put the file in place.
        """
        self._storage.finish(done, failed)

    def _read_first(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Lend in the name of a storage that does not.
        """
        self._storage.read(indexes[0], lambda data: done((data,)), failed)

    def _gain(self, indexes: Sequence[int], old: PieceState) -> None:
        """
        We HAVE these pieces from now on.
        """
        states = self._states
        for index in indexes:
            if index < 0 or states[index] != old:
                raise self._misplaced(index, old)
            states[index] = PieceState.HAVE
        self.bits.add_each(indexes)

    def _move(self, index: int, old: PieceState, new: PieceState) -> None:
        if index < 0 or self._states[index] != old:
            raise self._misplaced(index, old)
        self._states[index] = new

    def _misplaced(self, index: int, expected: PieceState) -> RuntimeError:
        """
        The error of a piece that is in another state.

        @raise IndexError: if there is no such piece.
        """
        name = self.state(index).name
        return RuntimeError(f"piece {index} is {name}, not {expected.name}")


def _negative(index: int) -> IndexError:
    return IndexError(f"piece {index} is negative")
