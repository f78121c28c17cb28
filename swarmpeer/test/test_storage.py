"""
Tests for what every storage promises: L{swarmpeer.interfaces.IPieceStorage}.
"""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.storage import FileStorage, MemoryStorage
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FastCalls, LaterThreads
from swarmpeer.wire.messages import PieceData


class Answers:
    """
    All answers of a storage, in the order in which they come.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def done(self, *name: object) -> Callable[[], None]:
        """An answer without a value."""
        return lambda: self.heard.append((*name, "done"))

    def read(self, *name: object) -> Callable[[PieceData], None]:
        """An answer with bytes."""
        return lambda data: self.heard.append((*name, bytes(data)))

    def failed(self, *name: object) -> Callable[[StorageError], None]:
        """A failure."""
        return lambda error: self.heard.append((*name, "failed", str(error)))

    def take(self) -> list[tuple[object, ...]]:
        """All that was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard


@st.composite
def layouts(draw: st.DrawFn) -> PieceLayout:
    """
    Layouts around whole multiples of the piece size, and the empty file.
    """
    piece_size = draw(st.integers(1, 50))
    pieces = draw(st.integers(0, 12))
    beyond = draw(st.sampled_from([-1, 0, 1]))
    return PieceLayout(max(0, pieces * piece_size + beyond), piece_size)


def some_bytes(size: int) -> bytes:
    """
    Bytes that differ from piece to piece.
    """
    return bytes((i * 7 + i // 251) % 256 for i in range(size))


def piece_of(layout: PieceLayout, data: bytes, index: int) -> bytes:
    """
    The bytes of one piece.
    """
    return data[layout.offset(index) :][: layout.size(index)]


def kinds_of_storage(
    layout: PieceLayout, folder: str
) -> list[tuple[IPieceStorage, LaterThreads]]:
    """
    One empty storage of each kind, and the threads that it works in.
    """
    threads = [LaterThreads() for _ in range(3)]
    in_place = FileStorage(
        layout,
        folder + "-inline",
        "file",
        whole=False,
        run_in_thread=threads[1],
        calls=FastCalls(),
    )
    in_threads = FileStorage(
        layout,
        folder + "-threads",
        "file",
        whole=False,
        run_in_thread=threads[2],
        calls=FastCalls(),
        inline_limit_bytes=0,
    )
    return list(
        zip([MemoryStorage(layout), in_place, in_threads], threads, strict=True)
    )


class ContractTests(SynchronousTestCase):
    """
    What holds for every storage.
    """

    layout = PieceLayout(25, 10)
    data = some_bytes(25)

    def kinds(self) -> list[tuple[IPieceStorage, LaterThreads]]:
        """
        One storage of each kind, for three pieces.
        """
        return kinds_of_storage(self.layout, self.mktemp())

    def test_interface(self) -> None:
        """
        Every storage provides the interface.
        """
        for storage, _ in self.kinds():
            verifyObject(IPieceStorage, storage)
            self.assertFalse(storage.is_whole)

    def test_kept(self) -> None:
        """
        A piece that was written is read, from whatever kind of buffer it came.
        """
        answers = Answers()
        for storage, threads in self.kinds():
            storage.open()
            piece = [piece_of(self.layout, self.data, i) for i in range(3)]
            write_one(storage, 0, piece[0], answers.done(0), answers.failed(0))
            threads.run_all()
            write_one(
                storage, 2, bytearray(piece[2]), answers.done(2), answers.failed(2)
            )
            threads.run_all()
            view = memoryview(b"--" + piece[1])[2:]
            write_one(storage, 1, view, answers.done(1), answers.failed(1))
            threads.run_all()
            for index in range(3):
                storage.read(index, answers.read(index), answers.failed(index))
                threads.run_all()
            self.assertEqual(
                answers.take(),
                [(0, "done"), (2, "done"), (1, "done"), *enumerate(piece)],
            )
            storage.close(answers.done())
            self.assertEqual(answers.take(), [("done",)])

    def test_buffer_let_go(self) -> None:
        """
        Once a write has answered, the buffer is free to be resized.
        """
        for storage, threads in self.kinds():
            storage.open()
            answers = Answers()
            buffer = bytearray(10)
            write_one(storage, 0, buffer, answers.done(), answers.failed())
            threads.run_all()
            buffer.extend(b"more")
            self.assertEqual(answers.take(), [("done",)])
            storage.close(answers.done())

    def test_wrong_size(self) -> None:
        """
        Bytes that are not exactly the piece's, and pieces that do not exist, are
        mistakes of the caller and raise.
        """
        answers = Answers()
        for storage, _ in self.kinds():
            storage.open()
            for index, size in [(0, 9), (0, 11), (2, 10)]:
                with self.assertRaises(ValueError):
                    write_one(
                        storage, index, bytes(size), answers.done(), answers.failed()
                    )
            for index in (-1, 3):
                with self.assertRaises(IndexError):
                    write_one(
                        storage, index, bytes(5), answers.done(), answers.failed()
                    )
                with self.assertRaises(IndexError):
                    storage.read(index, answers.read(), answers.failed())
            self.assertEqual(answers.take(), [])
            storage.close(answers.done())
            answers.take()

    def test_not_open(self) -> None:
        """
        Before it is opened and after it is closed a storage refuses at once;
        closing it again is fine.
        """
        for storage, _ in self.kinds():
            answers = Answers()

            def ask(storage: IPieceStorage, answers: Answers) -> list[object]:
                storage.read(0, answers.read(), answers.failed())
                write_one(storage, 0, bytes(10), answers.done(), answers.failed())
                storage.finish(answers.done(), answers.failed())
                return [answer[0] for answer in answers.take()]

            self.assertEqual(ask(storage, answers), ["failed"] * 3)
            storage.open()
            storage.close(answers.done("first"))
            storage.close(answers.done("second"))
            self.assertEqual(answers.take(), [("first", "done"), ("second", "done")])
            self.assertEqual(ask(storage, answers), ["failed"] * 3)

    def test_complete_is_kept(self) -> None:
        """
        A finished storage can be read but not changed; finishing it again is
        fine.
        """
        for storage, threads in self.kinds():
            answers = Answers()
            storage.open()
            for index in range(3):
                piece = piece_of(self.layout, self.data, index)
                write_one(storage, index, piece, answers.done(), answers.failed())
            threads.run_all()
            for _ in range(2):
                storage.finish(answers.done(), answers.failed())
                threads.run_all()
            self.assertEqual(answers.take(), [("done",)] * 5)
            write_one(storage, 1, bytes(10), answers.done(), answers.failed())
            storage.read(1, answers.read(), answers.failed())
            threads.run_all()
            self.assertEqual(
                [answer[0] for answer in answers.take()],
                ["failed", piece_of(self.layout, self.data, 1)],
            )
            storage.close(answers.done())

    def test_any_order(self) -> None:
        """
        Whatever the sizes, the order of the writes and the order in which the
        threads get to them, the file ends up identical under its final name and
        nothing else is left in the folder.
        """
        folders = iter(range(10_000))
        root = self.mktemp()

        @settings(deadline=None, max_examples=60)
        @given(layouts(), st.data())
        def any_order(layout: PieceLayout, data: st.DataObject) -> None:
            whole = some_bytes(layout.file_size_bytes)
            order = data.draw(st.permutations(range(layout.piece_count)))
            folder = f"{root}-{next(folders)}"
            for storage, threads in kinds_of_storage(layout, folder):
                answers = Answers()
                storage.open()
                for index in order:
                    piece = piece_of(layout, whole, index)
                    write_one(
                        storage, index, piece, answers.done(index), answers.failed()
                    )
                while threads.waiting:
                    last = len(threads.waiting) - 1
                    threads.run(data.draw(st.integers(0, last)))
                self.assertEqual(
                    sorted(answers.take()), [(i, "done") for i in sorted(order)]
                )
                for index in order:
                    storage.read(index, answers.read(), answers.failed())
                    threads.run_all()
                self.assertEqual(
                    answers.take(), [(piece_of(layout, whole, i),) for i in order]
                )
                storage.finish(answers.done(), answers.failed())
                threads.run_all()
                storage.close(answers.done())
                self.assertEqual(answers.take(), [("done",)] * 2)
                if isinstance(storage, MemoryStorage):
                    self.assertEqual(storage.contents(), whole)
            for kind in ("-inline", "-threads"):
                [left] = Path(folder + kind).iterdir()
                self.assertEqual((left.name, left.read_bytes()), ("file", whole))

        any_order()


class MemoryTests(SynchronousTestCase):
    """
    L{MemoryStorage} by itself.
    """

    layout = PieceLayout(25, 10)

    def test_whole(self) -> None:
        """
        A storage made with the file has every piece and is finished.
        """
        answers = Answers()
        storage = MemoryStorage(self.layout, some_bytes(25))
        storage.open()
        self.assertTrue(storage.is_whole and storage.is_finished)
        storage.read(2, answers.read(), answers.failed())
        storage.finish(answers.done(), answers.failed())
        self.assertEqual(answers.take(), [(some_bytes(25)[20:],), ("done",)])

    def test_wrong_length(self) -> None:
        """
        A file of another length than the layout's is refused at once.
        """
        error = self.assertRaises(
            StorageError, MemoryStorage(self.layout, bytes(24)).open
        )
        self.assertIn("24", str(error))
        self.assertIn("25", str(error))

    def test_missing(self) -> None:
        """
        A piece that was never written cannot be read, and the file cannot be
        finished without it; its place in the contents is zeros.
        """
        answers = Answers()
        storage = MemoryStorage(self.layout)
        storage.open()
        write_one(storage, 0, b"x" * 10, answers.done(), answers.failed())
        storage.read(1, answers.read(), answers.failed())
        storage.finish(answers.done(), answers.failed())
        self.assertEqual(
            answers.take(),
            [
                ("done",),
                ("failed", "piece 1 is not in memory"),
                ("failed", "2 pieces are not in memory"),
            ],
        )
        self.assertEqual(storage.contents(), b"x" * 10 + bytes(15))
        self.assertFalse(storage.is_finished)
