"""
Tests of L{swarmpeer.core.verified_store}.
"""

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.test.checked_memory import CheckedMemory, HeldCheckedStorage
from swarmpeer.test.one_piece import put_one
from swarmpeer.testing.recorders import Call
from swarmpeer.wire.messages import PieceData

HAVE, MISSING = PieceState.HAVE, PieceState.MISSING


class StoreTests(SynchronousTestCase):
    """
    Pieces that are known from before, and pieces that are lost.
    """

    def setUp(self) -> None:
        """
        The pieces 1 and 3 of four are held.
        """
        layout = PieceLayout(4, 1)
        self.memory = CheckedMemory(layout, bytes(4), [1, 3])
        self.storage = HeldCheckedStorage(self.memory)
        self.store = VerifiedStore(layout, self.storage, self.memory.held())
        self.told: list[Call] = []
        self.store.lost = lambda index, error: self.told.append(("lost", index, error))

    def fetch(self, index: int) -> bool:
        """
        A piece comes.

        @return: is it needed?
        """
        if not self.store.begin_storing(index):
            return False
        put_one(self.store, Piece(index, b"\0"), lambda: None, lambda _: None)
        self.storage.release(-1)
        return True

    def read(self, index: int) -> None:
        """
        Somebody asks for a piece.
        """
        self.store.read(
            index,
            lambda data: self.told.append(("read", bytes(data))),
            lambda error: self.told.append(("failed", error)),
        )

    def lend(self, index: int) -> None:
        """
        A piece is to be sent; the storage lends none.
        """

        def done(contents: Sequence[PieceContent]) -> None:
            [content] = contents
            assert isinstance(content, PieceData)
            self.told.append(("lent", bytes(content)))

        def failed(error: StorageError) -> None:
            self.told.append(("failed", error))

        self.store.lend((index, 3), done, failed)

    def check(self, index: int) -> None:
        """
        Somebody has a doubt about a piece.
        """
        self.store.check(
            index,
            lambda is_right: self.told.append(("right", is_right)),
            lambda error: self.told.append(("failed", str(error))),
        )

    def test_held(self) -> None:
        """
        The store begins with what is held, whatever the storage says of the whole.
        """
        self.memory.is_whole = True
        store = VerifiedStore(self.store.layout, self.storage, self.memory.held())
        self.assertEqual((list(store.bits), list(store.needless)), ([1, 3], [1, 3]))
        self.assertEqual(store.states(), bytes([MISSING, HAVE, MISSING, HAVE]))
        self.assertFalse(store.is_complete)

    def test_lose(self) -> None:
        """
        A piece that is lost is missing, and may be fetched again; what is not held
        cannot be lost.
        """
        self.store.lose(1)
        self.assertEqual((list(self.store.bits), list(self.store.needless)), ([3], [3]))
        self.assertRaises(RuntimeError, self.store.lose, 1)
        self.assertTrue(self.fetch(1))
        self.assertEqual(list(self.store.needless), [1, 3])
        self.store.lose(1)
        self.store.claim(1)
        self.assertRaises(RuntimeError, self.store.lose, 1)

    def test_regain(self) -> None:
        """
        A missing piece that is right on the disk is held, wanted or not.
        """
        self.store.give_up(2)
        for index in (0, 2):
            self.store.regain(index)
        self.assertTrue(self.store.is_complete)
        self.assertTrue(self.store.needless.is_full)
        self.assertRaises(RuntimeError, self.store.regain, 2)

    def test_give_up(self) -> None:
        """
        A piece that was given up is not needed when it comes; nor does it count as
        held.
        """
        self.store.give_up(2)
        self.assertFalse(self.fetch(2))
        self.assertEqual(self.storage.waiting, [])
        self.assertEqual(
            (list(self.store.bits), list(self.store.needless)), ([1, 3], [1, 2, 3])
        )
        self.assertIs(self.store.state(2), MISSING)
        self.assertRaises(RuntimeError, self.store.give_up, 1)

    def test_lost_at_a_read(self) -> None:
        """
        A loss that a read finds is told before the reader hears of it; another
        failure is the reader's alone.
        """
        lost, other = PieceLostError("it rotted"), StorageError("it closes")
        for ask in self.read, self.lend:
            for error in lost, other:
                ask(1)
                failed = self.storage.waiting.pop().failed
                assert failed is not None
                failed(error)
            self.assertEqual(
                self.told, [("lost", 1, lost), ("failed", lost), ("failed", other)]
            )
            self.told.clear()

    def test_lend(self) -> None:
        """
        A storage that lends nothing is read.
        """
        self.lend(1)
        self.storage.release()
        self.assertEqual(self.told, [("lent", b"\0")])

    def test_read_from_before(self) -> None:
        """
        A read that ends in vain after the piece was lost and stored again says nothing
        of what was stored.
        """
        self.read(1)
        self.store.lose(1)
        self.fetch(1)
        failed = self.storage.waiting.pop().failed
        assert failed is not None
        failed(PieceLostError("it rotted"))
        self.assertEqual([call[0] for call in self.told], ["failed"])

    def test_check_from_before(self) -> None:
        """
        Nor does a check that was begun before.
        """
        self.check(1)
        self.memory.rot(1)
        self.store.lose(1)
        self.storage.release(0)
        self.check(1)
        self.storage.release(0)
        self.assertEqual(
            self.told, [("failed", "piece 1 was lost meanwhile"), ("right", False)]
        )
