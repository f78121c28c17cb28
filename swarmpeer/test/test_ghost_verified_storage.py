"""
Tests of L{swarmpeer.testing.ghost_verified_storage}.
"""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.test.one_piece import write_one
from swarmpeer.testing.ghost_verified_storage import GhostVerifiedStorage
from swarmpeer.testing.source import Source

LAYOUT = PieceLayout(25, 10)


class GhostVerifiedStorageTests(SynchronousTestCase):
    """
    Pieces of which no bytes are kept, and no wrong ones are taken.
    """

    def setUp(self) -> None:
        """
        A file of three pieces, and all answers in one list.
        """
        self.source = Source(1, LAYOUT)
        self.answers: list[object] = []
        self.held = bytearray(3)

    def storage(self, *, whole: bool = False) -> GhostVerifiedStorage:
        """
        An open one.
        """
        storage = GhostVerifiedStorage(
            LAYOUT, self.source.piece, whole=whole, held=self.held
        )
        storage.open()
        return storage

    def write(self, storage: GhostVerifiedStorage, index: int, data: bytes) -> None:
        """
        Write a piece.
        """
        write_one(
            storage,
            index,
            data,
            lambda: self.answers.append(index),
            self.answers.append,
        )

    def checked(self, storage: GhostVerifiedStorage) -> list[int]:
        """
        What it finds.
        """
        found: list[int] = []
        storage.check(lambda *_: None, found.extend, self.answers.append)
        return found

    def test_provides(self) -> None:
        """
        It is a verified storage.
        """
        self.assertTrue(verifyObject(IVerifiedStorage, self.storage()))

    def test_right_and_wrong(self) -> None:
        """
        A right piece is kept, a wrong one is refused.
        """
        storage = self.storage()
        self.write(storage, 0, self.source.piece(0))
        self.write(storage, 1, self.source.piece(0))
        self.assertEqual(self.answers[0], 0)
        self.assertIsInstance(self.answers[1], BadPieceError)
        self.assertEqual(self.checked(storage), [0])

    def test_next_process(self) -> None:
        """
        The next one has what this one was given, and is whole if that is all.
        """
        for index in range(3):
            storage = self.storage()
            self.assertFalse(storage.is_whole)
            self.assertEqual(self.checked(storage), list(range(index)))
            self.write(storage, index, self.source.piece(index))
            storage.close(lambda: None)
        self.assertTrue(self.storage().is_whole)

    def test_seed(self) -> None:
        """
        One that begins with everything has it, and it is right.
        """
        storage = self.storage(whole=True)
        self.assertTrue(storage.is_whole)
        self.assertEqual(self.checked(storage), [0, 1, 2])
        storage.check_piece(2, self.answers.append, self.answers.append)
        storage.read(2, self.answers.append, self.answers.append)
        self.assertEqual(self.answers, [True, self.source.piece(2)])

    def test_closed(self) -> None:
        """
        Closed, it refuses everything.
        """
        storage = self.storage()
        storage.close(lambda: None)
        self.write(storage, 0, self.source.piece(0))
        storage.check_piece(0, self.answers.append, self.answers.append)
        self.assertEqual(self.checked(storage), [])
        self.assertEqual([type(each) for each in self.answers], [StorageError] * 3)
