"""
Tests of L{swarmpeer.core.guarding.storage}.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer.core.guarding import guard_storage, guard_verified_storage
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.events import IgnoredReason
from swarmpeer.interfaces import ILendingStorage, IVerifiedStorage
from swarmpeer.net.spans import SpanBroken, SpanOnItsWay
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.checked_memory import CheckedMemory
from swarmpeer.test.test_serving import Counter, ignored, sent

LAYOUT = PieceLayout(7, 2)
DATA = bytes(range(7))
PIECES = [Piece(0, DATA[:2]), Piece(3, DATA[6:])]


class Span:
    """
    Where a piece of two bytes lies, for as long as nobody gave it back.
    """

    fd, offset, size_bytes = 3, 0, 2

    def __init__(self) -> None:
        self.returns = 0

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        It would be sent from the file.
        """
        return DATA[at : at + size_bytes]

    def give_back(self) -> None:
        """
        Once is enough.
        """
        self.returns += 1


@implementer(ILendingStorage)
class Theirs(MemoryStorage):
    """
    A storage of others.

    @ivar act: what C{lend}, C{read} and C{write} do.
    """

    __module__ = "theirs"

    def __init__(self, act: Callable[..., object], data: bytes | None = DATA) -> None:
        super().__init__(LAYOUT, data)
        self.act = act
        self.open()

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        As the test has it.
        """
        self.act(indexes, done, failed)

    def read(self, index: int, done: Any, failed: Any) -> None:
        """
        The same.
        """
        self.act(index, done, failed)

    def write(self, pieces: Sequence[Piece], done: Any, failed: Any) -> None:
        """
        The same.
        """
        self.act(pieces, done, failed)


class Plain(MemoryStorage):
    """
    One that does not lend.
    """

    __module__ = "theirs"

    def __init__(self, answer: object) -> None:
        super().__init__(LAYOUT, DATA)
        self.answer = answer

    def read(self, index: int, done: Any, failed: Any) -> None:  # noqa: ARG002
        """
        The same each time.
        """
        done(self.answer)


def answering(*answers: object) -> Callable[..., None]:
    """
    What answers so, once for each.
    """

    def act(_what: object, done: Callable[[object], None], _failed: object) -> None:
        for answer in answers:
            done(answer)

    return act


def raising(*_: object) -> None:
    """
    What it must not do.
    """
    raise TypeError("too many arguments")


class GuardedStorageTests(SynchronousTestCase):
    """
    Storages of others, which do what they must not.
    """

    def setUp(self) -> None:
        """
        Nothing was said.
        """
        self.told: list[str] = []
        self.said: list[Any] = []

    def guard(self, act: Callable[..., object], data: bytes | None = DATA) -> Any:
        """
        One that does so.
        """
        return guard_storage(Theirs(act, data), LAYOUT, self.told.append)

    def fail_with(self, *words: object) -> None:
        """
        Hear why.
        """
        self.said.append(tuple(map(str, words)))

    def test_asked_on(self) -> None:
        """
        After an answer that cannot be the piece is not served, and whoever asked is
        served again; the name of the storage is told, once.
        """
        for act, fault in (
            (answering([]), "answered with nothing"),
            (answering(None), "answered None, which is no list of contents"),
            (answering(b"ab"), "answered b'ab', which is no list of contents"),
            (answering([7]), "answered 7, which is neither bytes nor span"),
            (answering([b"1"]), "answered 1 bytes for piece 1, which has 2"),
            (raising, "raised TypeError: too many arguments (" + __file__),
        ):
            with self.subTest(fault=fault):
                self.told.clear()
                storage = self.guard(act)
                counter = Counter(PieceStore(LAYOUT, storage))
                counter.ask(1, 2)
                unreadable = IgnoredReason.UNREADABLE
                self.assertEqual(
                    counter.take(),
                    [ignored(1, unreadable), ignored(2, unreadable)],
                )
                (line,) = self.told
                self.assertIn(f"the storage theirs:Theirs {fault}", line)
                self.assertNotIn("\n", line)

    def test_as_far_as_it_is_right(self) -> None:
        """
        Contents in front of a wrong one are sent.
        """
        counter = Counter(PieceStore(LAYOUT, self.guard(answering([b"ab", b"c"]))))
        counter.serving.take([0, 1])
        self.assertEqual(counter.take()[:2], sent(0, b"ab"))

    def test_spans_given_back(self) -> None:
        """
        What was lent beyond what is asked for, or behind a wrong one, or twice, is
        given back, and no more is.
        """
        spans = [Span() for _ in range(4)]
        storage = self.guard(answering(spans[:3], spans[3:]))
        storage.lend([0, 1], self.said.append, self.fail_with)
        (lent,) = self.said
        self.assertEqual([span.returns for span in spans], [0, 0, 1, 1])
        for span in lent:
            span.give_back()
        self.assertEqual([span.returns for span in spans], [1, 1, 1, 1])
        spans = [Span(), Span()]
        storage = self.guard(answering([spans[0], 3, spans[1]]))
        storage.lend([0, 1, 2], self.said.append, self.fail_with)
        ((first,),) = self.said[1:]
        self.assertEqual([span.returns for span in spans], [0, 1])
        first.give_back()
        self.assertEqual([span.returns for span in spans], [1, 1])
        self.assertEqual(self.told, [])

    def test_span_asked_on(self) -> None:
        """
        A span that fails while it is sent is one whose file does, and one that fails
        when it is given back hurts nobody; both are told once.
        """
        name = "the storage theirs:Theirs"
        for read, fault in (
            (lambda *_: DATA[:1], None),
            (lambda *_: bytearray(1), None),
            (raising, "raised TypeError: too many arguments ("),
            (lambda *_: DATA, "answered 7 bytes, more than the 1 asked in span.read"),
            (lambda *_: "a", "answered 'a', which are no bytes in span.read"),
        ):
            with self.subTest(fault=fault):
                self.told.clear()
                self.said.clear()
                spans = [Span(), Span()]
                for span in spans:
                    vars(span).update(read=read, give_back=raising)
                storage = self.guard(answering(spans))
                storage.lend([0, 1], self.said.append, self.fail_with)
                ((first, second),) = self.said
                self.assertEqual((first.fd, first.offset, first.size_bytes), (3, 0, 2))
                for lent in (first, second):
                    on_its_way = SpanOnItsWay(lent)
                    if fault is None:
                        self.assertEqual(len(on_its_way.read(1)), 1)
                    else:
                        error = self.assertRaises(SpanBroken, on_its_way.read, 1)
                        self.assertIn(f"{name} {fault}", str(error))
                    on_its_way.give_back()
                *read_told, given_back = self.told
                self.assertIn(f"{name} raised TypeError: ", given_back)
                self.assertTrue(given_back.endswith(" in span.give_back; said once"))
                self.assertEqual(len(read_told), 0 if fault is None else 1)

    def test_span_nowhere(self) -> None:
        """
        What does not say where it lies is no span, and is given back.
        """
        for where in (
            {"fd": "3"},
            {"fd": 2**31},
            {"fd": -1},
            {"fd": True},
            {"offset": 2**63},
            {"offset": -1},
            {"offset": 0.5},
        ):
            span = Span()
            vars(span).update(where)
            self.guard(answering([span])).lend([0], self.said.append, self.fail_with)
            self.assertIn("which is neither bytes nor span", str(self.said.pop()))
            self.assertEqual(span.returns, 1)

    def test_span_raises(self) -> None:
        """
        Nor is one whose looks raise, whatever they raise, unless it is to end us.
        """
        for error in (SystemExit(3), KeyboardInterrupt()):

            def look(_: object, error: BaseException = error) -> None:
                raise error

            span: Any = type("Raising", (Span,), {"fd": property(look)})()
            storage = self.guard(answering([span]))
            asked = [0], self.said.append, self.fail_with
            if isinstance(error, KeyboardInterrupt):
                self.assertRaises(KeyboardInterrupt, storage.lend, *asked)
            else:
                storage.lend(*asked)
                self.assertIn("which is neither bytes nor span", str(self.said.pop()))
                self.assertEqual(span.returns, 1)

    def test_surplus_raises(self) -> None:
        """
        That giving back what is not sent raises is told once, and hurts nobody.
        """
        spans = [Span(), Span(), Span()]
        for span in spans[1:]:
            vars(span)["give_back"] = raising
        storage = self.guard(answering([*spans, b"ab", None]))
        storage.lend([0], self.said.append, self.fail_with)
        ((lent,),) = self.said
        self.assertEqual((lent.size_bytes, spans[0].returns), (2, 0))
        (line,) = self.told
        name = "the storage theirs:Theirs raised TypeError: too many arguments ("
        self.assertTrue(line.startswith(name + __file__), line)
        self.assertTrue(line.endswith(" in span.give_back; said once"), line)

    def test_released(self) -> None:
        """
        A view that was released has no bytes any more, also if it comes late.
        """
        view = memoryview(b"ab")
        view.release()
        late: list[Callable[[object], None]] = []

        def later(_index: object, done: Any, _failed: object) -> None:
            late.append(done)

        storage = self.guard(later)
        storage.read(0, self.said.append, self.fail_with)
        self.assertEqual(self.said, [])
        late[0](view)
        ((fault,),) = self.said
        self.assertTrue(
            fault.startswith("the storage theirs:Theirs answered <released")
        )
        self.assertTrue(fault.endswith(", which are no bytes in read"), fault)
        self.assertEqual(self.told, [f"{fault}; said once"])

    def test_read(self) -> None:
        """
        One that does not lend is read, and what it reads is looked at.
        """
        for answer, fault in (
            (b"ab", None),
            ("ab", "answered 'ab', which are no bytes in read"),
            (b"abc", "answered 3 bytes for piece 0, which has 2 in read"),
        ):
            self.said.clear()
            plain: Any = Plain(answer)
            storage: Any = guard_storage(plain, LAYOUT, self.told.append)
            storage.lend([0, 1], self.said.append, self.fail_with)
            name = "the storage theirs:Plain"
            expected = (answer,) if fault is None else (f"{name} {fault}",)
            self.assertEqual(self.said, [expected])

    def test_views(self) -> None:
        """
        A view of items that are no bytes is as long as the bytes of them.
        """
        words = memoryview(array("H", [1, 2]))
        fault = "answered 4 bytes for piece 0, which has 2"
        for view, data in (
            (memoryview(b"ab"), b"ab"),
            (memoryview(b"acbd")[::2], b"ab"),
            (memoryview(b"ab").cast("B", (1, 2)), b"ab"),
            (memoryview(b"ab").cast("c"), b"ab"),
            (words[:1], words[:1].tobytes()),
            (words, None),
        ):
            plain: Any = guard_storage(Plain(view), LAYOUT, self.told.append)
            for storage in (plain, self.guard(answering([view]))):
                self.said.clear()
                storage.lend([0], self.said.append, self.fail_with)
                ((content,),) = self.said
                if data is None:
                    self.assertIn(fault, content)
                else:
                    self.assertEqual((len(content), bytes(content)), (2, data))
                    self.assertEqual(memoryview(content)[1:], data[1:])

    def test_write(self) -> None:
        """
        Pieces about which it says nothing before it raises, or what cannot be, are not
        kept; those that it keeps are.
        """

        def half(pieces: Sequence[Piece], done: Any, _failed: object) -> None:
            done(pieces[:1])
            raising()

        def twice(pieces: Sequence[Piece], done: Any, failed: Any) -> None:
            done(pieces)
            done(pieces)
            failed(0, StorageError("what is it now?"))

        def odd(_pieces: object, _done: object, failed: Any) -> None:
            failed(0, "full")
            failed(3, StorageError("full, too"))

        storage = "the storage theirs:Theirs"
        raised = f"{storage} raised TypeError: too many arguments ("
        for act, kept, faults in (
            (raising, [], [("0", raised), ("3", raised)]),
            (half, PIECES[:1], [("3", raised)]),
            (twice, PIECES, []),
            (answering(3), [], [("0", f"{storage} answered 3, "), ("3", storage)]),
            (odd, [], [("0", f"{storage} failed with 'full'"), ("3", "full, too")]),
        ):
            self.said.clear()
            held: list[Piece] = []
            guard = self.guard(act, None)
            guard.write(PIECES, held.extend, self.fail_with)
            self.assertEqual(held, kept)
            told: list[Any] = self.said
            self.assertEqual(len(told), len(faults))
            for (index, words), (at, fault) in zip(told, faults, strict=True):
                self.assertEqual(index, at)
                self.assertTrue(words.startswith(fault), words)

    def test_fault_of_ours(self) -> None:
        """
        What is raised by who hears the answer is not its fault.
        """
        storage = self.guard(answering([b"ab"]))
        self.assertRaises(TypeError, storage.lend, [0], raising, self.fail_with)
        storage = self.guard(answering(PIECES), None)
        self.assertRaises(TypeError, storage.write, PIECES, raising, self.fail_with)
        storage = self.guard(answering(PIECES[:1]), None)
        self.assertRaises(TypeError, storage.write, PIECES, raising, self.fail_with)
        self.assertEqual((self.told, self.said), ([], []))

    def test_fault_behind_the_answer(self) -> None:
        """
        What a storage raises after it answered is told once, by its name, and changes
        nothing of the answer.
        """

        def served(_indexes: object, done: Any, _failed: object) -> None:
            done([b"ab"])
            raising()

        def kept(pieces: object, done: Any, _failed: object) -> None:
            done(pieces)
            raising()

        def refused(_pieces: object, _done: object, failed: Any) -> None:
            failed(0, StorageError("full"))
            failed(3, StorageError("full, too"))
            raising()

        raised = "the storage theirs:Theirs raised TypeError: too many arguments ("
        counter = Counter(PieceStore(LAYOUT, self.guard(served)))
        for _ in range(2):
            counter.ask(0)
            self.assertEqual(counter.take(), sent(0, b"ab"))
        (line,) = self.told
        self.assertTrue(line.startswith(raised + __file__), line)
        self.assertTrue(line.endswith(" in lend; said once"), line)
        for act, held, said in (
            (kept, PIECES, []),
            (refused, [], [("0", "full"), ("3", "full, too")]),
        ):
            self.told.clear()
            self.said.clear()
            written: list[Piece] = []
            storage = self.guard(act, None)
            for _ in range(2):
                storage.write(PIECES, written.extend, self.fail_with)
            self.assertEqual((written, self.said), (2 * held, 2 * said))
            (line,) = self.told
            self.assertTrue(line.startswith(raised + __file__), line)
            self.assertTrue(line.endswith(" in write; said once"), line)

    def test_interfaces(self) -> None:
        """
        A guard is asked as what it guards is; nothing stands between a peer and a
        storage of our own.
        """
        verifyObject(ILendingStorage, self.guard(raising))
        own = MemoryStorage(LAYOUT, DATA)
        self.assertIs(guard_storage(own, LAYOUT, self.fail), own)

    def test_verified(self) -> None:
        """
        A check that raises has failed.
        """
        theirs: Any = type("Theirs", (CheckedMemory,), {"__module__": "theirs"})
        theirs.check = theirs.check_piece = raising
        storage = guard_verified_storage(theirs(LAYOUT, DATA), LAYOUT, self.told.append)
        verifyObject(IVerifiedStorage, storage)
        storage.check(lambda *_: None, self.said.append, self.fail_with)
        storage.check_piece(1, self.said.append, self.fail_with)
        self.assertEqual(len(self.said), 2)
        self.assertIn("the storage theirs:Theirs raised TypeError", str(self.said[1]))

    def test_verified_fault_of_ours(self) -> None:
        """
        Nor is it the fault of a check what is raised by who hears how far it is.
        """

        def check(_self: object, progress: Any, *_: object) -> None:
            progress(1, 4)

        theirs: Any = type("Theirs", (CheckedMemory,), {"__module__": "theirs"})
        theirs.check = check
        storage = guard_verified_storage(theirs(LAYOUT, DATA), LAYOUT, self.told.append)
        heard = self.said.append, self.fail_with
        self.assertRaises(TypeError, storage.check, raising, *heard)
        self.assertEqual((self.told, self.said), ([], []))
