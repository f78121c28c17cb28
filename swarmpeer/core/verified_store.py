"""
The pieces of a verified swarm: some may be held from before, and one that was held
may be lost.

The ways beside those of L{swarmpeer.core.pieces} are::

    HAVE -> MISSING   lose
    MISSING -> HAVE   regain
"""

from collections import Counter
from collections.abc import Callable, Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.seam import PieceContent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


class VerifiedStore(PieceStore):
    """
    A L{PieceStore} over a storage that knows what the pieces should be.

    An answer of the disk about a piece that was lost meanwhile is not believed: by
    then it may have been stored again.

    @ivar bits: the pieces that we hold.
    @ivar needless: the pieces that need no fetching: those, and the missing ones that
        were given up.  What else is missing is wanted.
    @ivar lost: told of a piece that turned out not to be on the disk any more, when it
        was to be read, and before the reader is; told again if it is read again.
    """

    _storage: IVerifiedStorage

    def __init__(
        self, layout: PieceLayout, storage: IVerifiedStorage, held: Bitfield
    ) -> None:
        """
        @param storage: opened and checked already.
        @param held: the pieces that it holds; taken over.
        """
        super().__init__(layout, storage)
        self.bits = held
        self.needless = held.copy()
        self._states = bytearray(layout.piece_count)
        for index in held:
            self._states[index] = PieceState.HAVE
        self.lost: Callable[[int, StorageError], None] = _unheard
        self._losses: Counter[int] = Counter()

    def begin_storing(self, index: int) -> bool:
        """
        The piece's bytes are here.

        @return: are they needed?
        """
        return index not in self.needless and super().begin_storing(index)

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the bytes of a piece that we HAVE.
        """
        super().read(index, done, self._if_lost(index, failed))

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch pieces that we HAVE in order to send them; see L{PieceStore.lend}.
        """
        super().lend(indexes, done, self._if_lost(indexes[0], failed))

    def check(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Look whether a piece is right, be it one that we HAVE or one that was lost.

        @param failed: it cannot be told, as when the piece was lost meanwhile.
        """
        losses = self._losses.get(index)

        def answer(is_right: bool) -> None:
            if self._losses.get(index) == losses:
                done(is_right)
            else:
                failed(StorageError(f"piece {index} was lost meanwhile"))

        self._storage.check_piece(index, answer, failed)

    def lose(self, index: int) -> None:
        """
        A piece that we HAVE is MISSING again, and wanted.
        """
        self._move(index, PieceState.HAVE, PieceState.MISSING)
        self._losses[index] += 1
        self.bits.discard(index)
        self.needless.discard(index)

    def regain(self, index: int) -> None:
        """
        A piece that is MISSING is on the disk as it should be: we HAVE it.
        """
        self._gain([index], PieceState.MISSING)

    def give_up(self, index: int) -> None:
        """
        A piece that is MISSING is wanted no more.
        """
        if self.state(index) is not PieceState.MISSING:
            raise self._misplaced(index, PieceState.MISSING)
        self.needless.add(index)

    def _if_lost(
        self, index: int, failed: Callable[[StorageError], None]
    ) -> Callable[[StorageError], None]:
        """
        @return: what to tell a failure; it tells C{lost} first, then C{failed}.
        """
        losses = self._losses.get(index)

        def not_read(error: StorageError) -> None:
            is_lost = isinstance(error, PieceLostError)
            if is_lost and self._losses.get(index) == losses:
                self.lost(index, error)
            failed(error)

        return not_read

    def _gain(self, indexes: Sequence[int], old: PieceState) -> None:
        super()._gain(indexes, old)
        self.needless.add_each(indexes)


def _unheard(_index: int, _error: StorageError) -> None:
    """
    Nobody is there yet.
    """
