"""
Tests of L{swarmpeer.testing.storage}.
"""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.one_piece import write_one
from swarmpeer.testing.recorders import Call
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.messages import PieceData


class HeldStorageTests(SynchronousTestCase):
    """
    What is asked of a held storage is done when the test says so.
    """

    def setUp(self) -> None:
        """
        Two pieces of a byte each, not written yet.
        """
        self.memory = MemoryStorage(PieceLayout(2, 1))
        self.storage = HeldStorage(self.memory)
        self.storage.open()
        self.answers: list[Call] = []

    def done(self) -> None:
        """
        Remember that something was done.
        """
        self.answers.append(("done",))

    def read(self, data: PieceData) -> None:
        """
        Remember what was read.
        """
        self.answers.append(("read", bytes(data)))

    def failed(self, error: StorageError) -> None:
        """
        Remember what failed.
        """
        self.answers.append(("failed", str(error)))

    def test_interface(self) -> None:
        """
        It is a storage, whole if the one behind is.
        """
        self.assertTrue(verifyObject(IPieceStorage, self.storage))
        whole = HeldStorage(MemoryStorage(PieceLayout(1, 1), b"x"))
        self.assertEqual((self.storage.is_whole, whole.is_whole), (False, True))

    def test_waits(self) -> None:
        """
        Each call waits, known by its name and its piece, and is done in the
        order in which the calls are released.
        """
        write_one(self.storage, 0, b"a", self.done, self.failed)
        self.storage.read(0, self.read, self.failed)
        write_one(self.storage, 1, b"b", self.done, self.failed)
        self.storage.finish(self.done, self.failed)
        self.storage.close(self.done)
        waiting = [(call.name, call.index) for call in self.storage.waiting]
        self.assertEqual(
            waiting,
            [
                ("write", 0),
                ("read", 0),
                ("write", 1),
                ("finish", None),
                ("close", None),
            ],
        )
        self.assertEqual((self.answers, self.memory.contents()), ([], b"\0\0"))
        self.storage.release(2)
        self.assertEqual(self.answers, [("done",)])
        self.assertEqual(self.memory.contents(), b"\0b")
        self.storage.release_all()
        self.assertEqual(
            self.answers, [("done",), ("done",), ("read", b"a"), ("done",), ("done",)]
        )
        self.assertEqual((self.memory.contents(), self.memory.is_finished), (b"ab", 1))

    def test_fails(self) -> None:
        """
        A call that is made to fail is answered with the reason, and not done.
        """
        write_one(self.storage, 0, b"a", self.done, self.failed)
        self.storage.read(0, self.read, self.failed)
        self.storage.fail("no space", 0)
        self.storage.fail("no disk")
        self.assertEqual(self.answers, [("failed", "no space"), ("failed", "no disk")])
        self.assertEqual(self.memory.contents(), b"\0\0")

    def test_nothing_waits(self) -> None:
        """
        What does not wait cannot be released, and a close cannot fail.
        """
        self.assertRaises(IndexError, self.storage.release)
        self.assertRaises(IndexError, self.storage.fail, "no")
        self.storage.close(self.done)
        self.assertRaises(ValueError, self.storage.fail, "no")
        self.storage.release()
        self.assertEqual(self.answers, [("done",)])
