"""
Tests for L{swarmpeer.core.keeping}.
"""

from collections.abc import Callable, Sequence

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.keeping import Keeping
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.testing.storage import HeldStorage

PIECES = 5


class PromptStorage(HeldStorage):
    """
    Answers at once about some pieces, and about the others when the test says so.

    @ivar kept: those that it keeps at once.
    @ivar refused: those that it refuses at once.
    """

    kept: Sequence[int] = ()
    refused: Sequence[int] = ()

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Hold the calls, or not for long.
        """
        for piece in pieces:
            super().write([piece], done, failed)
            if piece.index in self.kept:
                self.release(-1)
            elif piece.index in self.refused:
                self.fail("no room", -1)


class KeepingTests(SynchronousTestCase):
    """
    Pieces came together.
    """

    def setUp(self) -> None:
        """
        Nothing is kept yet.
        """
        layout = PieceLayout(PIECES, 1)
        memory = MemoryStorage(layout)
        memory.open()
        self.storage = PromptStorage(memory)
        self.store = PieceStore(layout, self.storage)
        self.told: list[object] = []

    def put(self, *indexes: int) -> None:
        """
        These came.
        """
        for index in indexes:
            self.store.begin_storing(index)
        pieces = [Piece(index, bytes([index])) for index in indexes]
        Keeping(self.store, self._stored, self._failed).put(pieces)

    def _stored(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self.assertIn(piece.index, self.store.bits)
        self.told.append([piece.index for piece in pieces])

    def _failed(self, index: int, error: StorageError) -> None:
        self.assertIs(self.store.state(index), PieceState.MISSING)
        self.told.append((index, str(error)))

    def test_at_once(self) -> None:
        """
        Of all that are kept at once is told once, in their order.
        """
        self.storage.kept = range(PIECES)
        self.put(2, 0, 1)
        self.assertEqual(self.told, [[2, 0, 1]])

    def test_later(self) -> None:
        """
        Of those that are kept later is told as they are, whatever came meanwhile.
        """
        self.storage.kept = (1,)
        self.put(0, 1, 2)
        self.assertEqual(self.told, [[1]])
        self.put(3)
        self.storage.release(1)
        self.storage.release_all()
        self.assertEqual(self.told, [[1], [2], [0], [3]])

    def test_refused(self) -> None:
        """
        One that is refused is told of between those before it and those behind it.
        """
        self.storage.kept, self.storage.refused = (0, 1, 3, 4), (2,)
        self.put(*range(PIECES))
        self.assertEqual(self.told, [[0, 1], (2, "no room"), [3, 4]])

    def test_refused_later(self) -> None:
        """
        So is one that is refused later.
        """
        self.put(0, 1)
        self.storage.fail("no room")
        self.storage.release_all()
        self.assertEqual(self.told, [(0, "no room"), [1]])

    def test_mistake(self) -> None:
        """
        Where there is one that may not be stored none is.
        """
        self.storage.kept = range(PIECES)
        self.assertRaises(RuntimeError, self.put_unclaimed)
        self.assertEqual(self.told, [])

    def put_unclaimed(self) -> None:
        """
        One that came as it should, and one out of turn.
        """
        self.store.begin_storing(0)
        pieces = [Piece(0, b"a"), Piece(1, b"b")]
        Keeping(self.store, self._stored, self._failed).put(pieces)
