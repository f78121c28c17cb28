"""
Tests of L{swarmpeer.testing.ghost_storage}.
"""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.test_storage import Answers
from swarmpeer.testing.ghost_storage import GhostStorage
from swarmpeer.testing.source import Source

LAYOUT = PieceLayout(25, 10)


class GhostStorageTests(SynchronousTestCase):
    """
    Pieces of which no bytes are kept.
    """

    def setUp(self) -> None:
        """
        A file of three pieces, and all answers in one list.
        """
        self.source = Source(1, LAYOUT)
        self.answers = Answers()

    def storage(self, whole: bool = False) -> GhostStorage:
        """
        An open one.
        """
        storage = GhostStorage(LAYOUT, self.source.piece, whole=whole)
        storage.open()
        return storage

    def write(self, storage: GhostStorage, index: int, data: bytes) -> None:
        """
        Write a piece.
        """
        answers = self.answers
        write_one(storage, index, data, answers.done(index), answers.failed(index))

    def write_all(self, storage: GhostStorage) -> None:
        """
        Write every piece as it should be.
        """
        for index in range(3):
            self.write(storage, index, self.source.piece(index))

    def read(self, storage: GhostStorage, index: int) -> None:
        """
        Read a piece.
        """
        storage.read(index, self.answers.read(index), self.answers.failed(index))

    def finish(self, storage: GhostStorage) -> None:
        """
        Finish the file.
        """
        storage.finish(self.answers.done("finish"), self.answers.failed("finish"))

    def test_interface(self) -> None:
        """
        It is a storage.
        """
        self.assertTrue(verifyObject(IPieceStorage, self.storage()))

    def test_whole(self) -> None:
        """
        A whole one has every piece and takes none.
        """
        storage = self.storage(whole=True)
        self.assertTrue(storage.is_whole and storage.is_finished)
        self.read(storage, 2)
        self.finish(storage)
        self.write(storage, 0, self.source.piece(0))
        self.assertEqual(
            self.answers.take(),
            [
                (2, self.source.piece(2)),
                ("finish", "done"),
                (0, "failed", "the file is complete and is not changed"),
            ],
        )

    def test_right_pieces(self) -> None:
        """
        A piece can be read once it was written; when all were, the file can be
        finished, once.
        """
        storage = self.storage()
        self.read(storage, 0)
        self.write(storage, 0, self.source.piece(0))
        self.read(storage, 0)
        self.finish(storage)
        self.write(storage, 1, self.source.piece(1))
        self.write(storage, 2, self.source.piece(2))
        self.finish(storage)
        self.write(storage, 2, self.source.piece(2))
        self.finish(storage)
        self.assertEqual(
            self.answers.take(),
            [
                (0, "failed", "piece 0 was never written"),
                (0, "done"),
                (0, self.source.piece(0)),
                ("finish", "failed", "2 pieces were never written"),
                (1, "done"),
                (2, "done"),
                ("finish", "done"),
                (2, "failed", "the file is complete and is not changed"),
                ("finish", "done"),
            ],
        )
        self.assertEqual((storage.wrong, storage.is_finished), ([], True))

    def test_wrong_piece(self) -> None:
        """
        A wrong piece is taken, told of and handed on as it came, until the
        right one is written over it.
        """
        storage = self.storage()
        wrong = bytearray(self.source.piece(1))
        wrong[3] ^= 1
        self.write(storage, 1, bytes(wrong))
        self.write(storage, 0, self.source.piece(0))
        self.read(storage, 1)
        self.assertEqual(
            self.answers.take(), [(1, "done"), (0, "done"), (1, bytes(wrong))]
        )
        self.assertEqual(storage.wrong, [1])
        self.write(storage, 1, self.source.piece(1))
        self.assertEqual(storage.wrong, [])

    def test_close(self) -> None:
        """
        Once it is closed everything is refused, and when it is opened again
        nothing is there.
        """
        storage = self.storage()
        self.write(storage, 0, bytes(10))
        storage.close(self.answers.done("closed"))
        self.read(storage, 0)
        self.write(storage, 1, bytes(10))
        self.finish(storage)
        storage.open()
        self.read(storage, 0)
        refusal = "the ghost storage is not open"
        self.assertEqual(
            self.answers.take(),
            [
                (0, "done"),
                ("closed", "done"),
                (0, "failed", refusal),
                (1, "failed", refusal),
                ("finish", "failed", refusal),
                (0, "failed", "piece 0 was never written"),
            ],
        )
        self.assertEqual(storage.wrong, [])

    def test_closed_when_finished(self) -> None:
        """
        A finished file is gone too when it is opened again.
        """
        storage = self.storage()
        self.write_all(storage)
        self.finish(storage)
        storage.close(self.answers.done("closed"))
        storage.open()
        self.assertFalse(storage.is_finished)
        self.finish(storage)
        self.assertEqual(
            self.answers.take(),
            [
                *((index, "done") for index in range(3)),
                ("finish", "done"),
                ("closed", "done"),
                ("finish", "failed", "3 pieces were never written"),
            ],
        )
