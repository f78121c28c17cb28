"""
Tests of L{swarmpeer.core.pieces}.
"""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.one_piece import put_one
from swarmpeer.testing.recorders import Call
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.messages import PieceData

MISSING, IN_FLIGHT, STORING, HAVE = PieceState


class HeldStore:
    """
    A store whose storage answers when the test says so.

    @ivar answers: what the store told us about C{put}, C{read}, C{finish}.
    """

    def __init__(self, layout: PieceLayout) -> None:
        self.memory = MemoryStorage(layout)
        self.memory.open()
        self.storage = HeldStorage(self.memory)
        self.store = PieceStore(layout, self.storage)
        self.answers: list[Call] = []

    def put(self, index: int) -> None:
        """
        Hand in the piece's bytes: C{index} again and again.
        """
        size = self.store.layout.size(index)
        put_one(
            self.store,
            Piece(index, bytes([index]) * size),
            # The bit is set before we are told.
            lambda: self.answers.append(("stored", index, index in self.store.bits)),
            self._failed(index),
        )

    def read(self, index: int) -> None:
        """
        Fetch a piece.
        """

        def done(data: PieceData) -> None:
            self.answers.append(("read", index, bytes(data)))

        self.store.read(index, done, self._failed(index))

    def finish(self) -> None:
        """
        Put the file in place.
        """
        self.store.finish(
            lambda: self.answers.append(("finished",)), self._failed("finish")
        )

    def _failed(self, name: object) -> Callable[[StorageError], None]:
        return lambda error: self.answers.append(
            ("failed", name, str(error), self.states())
        )

    def states(self) -> list[PieceState]:
        """
        The state of every piece.
        """
        count = self.store.layout.piece_count
        return [self.store.state(index) for index in range(count)]

    def bring(self, index: int, state: PieceState) -> None:
        """
        Bring a MISSING piece into C{state}.
        """
        if state is IN_FLIGHT:
            self.store.claim(index)
        elif state in (STORING, HAVE):
            self.store.begin_storing(index)
        if state is HAVE:
            self.put(index)
            self.storage.release()
            self.answers.clear()


class PieceStoreStartTests(SynchronousTestCase):
    """
    A store begins with everything or with nothing.
    """

    def begin(self, size: int, data: bytes | None) -> PieceStore:
        """
        A store over memory, in pieces of two bytes.
        """
        layout = PieceLayout(size, 2)
        return PieceStore(layout, MemoryStorage(layout, data))

    def test_nothing(self) -> None:
        """
        Over a storage that is not whole every piece is MISSING.
        """
        store = self.begin(5, None)
        self.assertEqual([store.state(index) for index in range(3)], [MISSING] * 3)
        self.assertEqual((list(store.bits), store.is_complete), ([], False))

    def test_everything(self) -> None:
        """
        Over a whole one we HAVE every piece.
        """
        store = self.begin(5, b"abcde")
        self.assertEqual([store.state(index) for index in range(3)], [HAVE] * 3)
        self.assertEqual((list(store.bits), store.is_complete), ([0, 1, 2], True))

    def test_empty(self) -> None:
        """
        An empty file is complete without a single piece.
        """
        self.assertEqual(
            [self.begin(0, data).is_complete for data in (None, b"")], [True, True]
        )

    def test_no_such_piece(self) -> None:
        """
        Neither a question nor a move accepts an index that is not a piece's,
        negative ones included.
        """
        store = self.begin(5, None)
        for index in -1, -3, 3, 2**32 - 1:
            for method in store.state, store.claim, store.release, store.begin_storing:
                self.assertRaises(IndexError, method, index)
        self.assertEqual([store.state(index) for index in range(3)], [MISSING] * 3)


class PieceMovesTests(SynchronousTestCase):
    """
    A piece is in exactly one state, and there is no way but the legal ones.
    """

    def move(
        self, start: PieceState, move: Callable[[HeldStore, int], object]
    ) -> tuple[object, PieceState]:
        """
        Do C{move} to piece 1 of 3, which is in the state C{start}.

        @return: what came back, or C{"illegal"}; and the state then.  The other
            pieces never change.
        """
        held = HeldStore(PieceLayout(3, 1))
        held.bring(1, start)
        self.assertEqual(held.states(), [MISSING, start, MISSING])
        try:
            result = move(held, 1)
        except RuntimeError:
            result = "illegal"
        self.assertEqual(held.states()[::2], [MISSING, MISSING])
        self.assertEqual(1 in held.store.bits, held.store.state(1) is HAVE)
        return result, held.store.state(1)

    def test_claim(self) -> None:
        """
        Only a MISSING piece can be asked of somebody.
        """
        self.assertEqual(
            [
                self.move(start, lambda held, index: held.store.claim(index))
                for start in PieceState
            ],
            [
                (None, IN_FLIGHT),
                ("illegal", IN_FLIGHT),
                ("illegal", STORING),
                ("illegal", HAVE),
            ],
        )

    def test_release(self) -> None:
        """
        Only a piece IN_FLIGHT can be given back.
        """
        self.assertEqual(
            [
                self.move(start, lambda held, index: held.store.release(index))
                for start in PieceState
            ],
            [
                ("illegal", MISSING),
                (None, MISSING),
                ("illegal", STORING),
                ("illegal", HAVE),
            ],
        )

    def test_begin_storing(self) -> None:
        """
        The bytes of a piece are needed unless we are storing or HAVE it; that
        they are not is an ordinary answer.
        """
        self.assertEqual(
            [
                self.move(start, lambda held, index: held.store.begin_storing(index))
                for start in PieceState
            ],
            [(True, STORING), (True, STORING), (False, STORING), (False, HAVE)],
        )

    def test_put(self) -> None:
        """
        Only a piece that is STORING can be put; any other is refused before
        the storage hears of it.
        """

        def put(held: HeldStore, index: int) -> list[str]:
            try:
                held.put(index)
            finally:
                self.asked = [call.name for call in held.storage.waiting]
            return self.asked

        seen = [(*self.move(start, put), self.asked) for start in PieceState]
        self.assertEqual(
            seen,
            [
                ("illegal", MISSING, []),
                ("illegal", IN_FLIGHT, []),
                (["write"], STORING, ["write"]),
                ("illegal", HAVE, []),
            ],
        )

    def test_says(self) -> None:
        """
        What is illegal is told by the piece and its state.
        """
        held = HeldStore(PieceLayout(3, 1))
        held.bring(2, HAVE)
        error = self.assertRaises(RuntimeError, held.store.claim, 2)
        self.assertIn("piece 2 is HAVE, not MISSING", str(error))


class StorageAnswersTests(SynchronousTestCase):
    """
    A piece is ours when the storage says so, and not before.
    """

    def test_stored(self) -> None:
        """
        The bit is set once the storage has the bytes, and before we are told.
        """
        held = HeldStore(PieceLayout(5, 2))
        held.bring(2, STORING)
        held.put(2)
        self.assertEqual(
            (held.states(), list(held.store.bits), held.answers),
            ([MISSING, MISSING, STORING], [], []),
        )
        held.storage.release()
        self.assertEqual(
            (held.states(), list(held.store.bits), held.answers),
            ([MISSING, MISSING, HAVE], [2], [("stored", 2, True)]),
        )
        self.assertEqual(held.memory.contents(), b"\0\0\0\0\2")

    def test_at_once(self) -> None:
        """
        A storage may answer before it returns.
        """
        layout = PieceLayout(1, 1)
        memory = MemoryStorage(layout)
        memory.open()
        store = PieceStore(layout, memory)
        answers: list[str] = []
        store.begin_storing(0)
        put_one(store, Piece(0, b"x"), lambda: answers.append("stored"), self.fail)
        self.assertEqual((answers, store.is_complete), (["stored"], True))

    def test_failed(self) -> None:
        """
        A piece that could not be kept is MISSING again before we are told, and
        may be fetched and kept another time.
        """
        held = HeldStore(PieceLayout(3, 2))
        held.bring(0, STORING)
        held.put(0)
        held.storage.fail("no space")
        self.assertEqual(held.answers, [("failed", 0, "no space", [MISSING, MISSING])])
        self.assertEqual(list(held.store.bits), [])
        held.answers.clear()
        held.store.claim(0)
        self.assertTrue(held.store.begin_storing(0))
        held.put(0)
        held.storage.release()
        self.assertEqual(held.answers, [("stored", 0, True)])

    def test_any_order(self) -> None:
        """
        Several pieces may be on their way to the storage, and it may answer
        about them in any order.
        """
        held = HeldStore(PieceLayout(3, 1))
        for index in range(3):
            held.bring(index, STORING)
            held.put(index)
        held.storage.release(2)
        held.storage.fail("bad sector", 1)
        held.storage.release()
        self.assertEqual(
            held.answers,
            [
                ("stored", 2, True),
                ("failed", 1, "bad sector", [STORING, MISSING, HAVE]),
                ("stored", 0, True),
            ],
        )

    def test_read(self) -> None:
        """
        What we HAVE can be read, later or never.
        """
        held = HeldStore(PieceLayout(3, 2))
        held.bring(1, HAVE)
        held.read(1)
        held.read(1)
        held.storage.release()
        held.storage.fail("no disk")
        self.assertEqual(
            held.answers,
            [("read", 1, b"\1"), ("failed", 1, "no disk", [MISSING, HAVE])],
        )

    def test_finish(self) -> None:
        """
        The whole file is put in place, or is not.
        """
        held = HeldStore(PieceLayout(1, 1))
        held.bring(0, HAVE)
        held.finish()
        held.storage.fail("read-only")
        held.finish()
        held.storage.release()
        self.assertEqual(
            held.answers, [("failed", "finish", "read-only", [HAVE]), ("finished",)]
        )
        self.assertTrue(held.memory.is_finished)

    @settings(deadline=None)
    @given(st.integers(1, 6), st.data())
    def test_bits_only_grow(self, count: int, data: st.DataObject) -> None:
        """
        Whatever is fetched, given back, kept or not: the bits are those of the
        pieces that we HAVE, none is ever lost, and the store is complete
        exactly when we HAVE all of them.
        """
        held = HeldStore(PieceLayout(count, 1))
        store, storage = held.store, held.storage
        states = [MISSING] * count
        steps = st.tuples(
            st.sampled_from(["claim", "release", "arrive", "answer", "fail"]),
            st.integers(0, count - 1),
        )
        for step, index in data.draw(st.lists(steps, max_size=40)):
            if step == "claim" and states[index] is MISSING:
                store.claim(index)
                states[index] = IN_FLIGHT
            elif step == "release" and states[index] is IN_FLIGHT:
                store.release(index)
                states[index] = MISSING
            elif step == "arrive":
                is_needed = states[index] in (MISSING, IN_FLIGHT)
                self.assertIs(store.begin_storing(index), is_needed)
                if is_needed:
                    held.put(index)
                    states[index] = STORING
            elif step in ("answer", "fail") and storage.waiting:
                position = index % len(storage.waiting)
                answered = storage.waiting[position].index
                assert answered is not None
                if step == "answer":
                    storage.release(position)
                else:
                    storage.fail("no", position)
                states[answered] = HAVE if step == "answer" else MISSING
            had = [index for index in range(count) if states[index] is HAVE]
            self.assertEqual((held.states(), list(store.bits)), (states, had))
            self.assertIs(store.is_complete, len(had) == count)
