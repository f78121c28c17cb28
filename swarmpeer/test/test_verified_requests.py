"""
Tests of L{swarmpeer.core.verified_requests}; those of
L{swarmpeer.test.test_requests} that tell what every request manager does hold for it
in the machine of L{swarmpeer.test.test_verified_node_machine}.
"""

from collections.abc import Iterable
from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.outstanding import LEAST_SECONDS
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.serving import QUEUE_LIMIT
from swarmpeer.core.verified_requests import (
    REFUSALS_LIMIT,
    WRONG_PIECE_SECONDS,
    VerifiedRequests,
)
from swarmpeer.core.window import FEW_NEIGHBORS
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.test.checked_memory import checked_store
from swarmpeer.test.one_piece import put_one
from swarmpeer.test.single_requests import arrived, next_for
from swarmpeer.wire.bitfield import Bitfield

LAYOUT = PieceLayout(19, 2)
"""
Ten pieces, the last of one byte.
"""
LAST = 9


class Fetching:
    """
    The last pieces of a file and who may be asked for them.
    """

    def __init__(self, layout: PieceLayout = LAYOUT, missing: int = 2) -> None:
        """
        @param missing: how many pieces we lack, the last ones.
        """
        self.now = 0.0
        _, self.store = checked_store(
            layout, bytes(layout.file_size_bytes), range(layout.piece_count - missing)
        )
        self.requests = VerifiedRequests(
            self.store, RandomPicker(self.store.bits, Random(0)), lambda: self.now
        )
        self.all: list[NeighborState] = []

    def neighbor(self, held: Iterable[int]) -> NeighborState:
        """
        One that holds C{held}, interests us and serves us.
        """
        neighbor = NeighborState(len(self.all), self.store.layout.piece_count)
        for index in held:
            neighbor.learn_haves([index], self.store.bits)
        self.requests.welcome(neighbor)
        neighbor.am_interested = True
        neighbor.peer_choking = False
        self.all.append(neighbor)
        return neighbor

    def review(self) -> list[tuple[NeighborState, int]]:
        """
        Look whether something takes long.
        """
        return self.requests.review(self.all)

    def arrive(self, neighbor: NeighborState, index: int, fill: bytes = b"\0") -> bool:
        """
        They send a piece, which is stored if it is needed and right.
        """
        if not arrived(self.requests, neighbor, index):
            return False

        def stored() -> None:
            self.requests.stored([index])

        def failed(_: StorageError) -> None:
            self.requests.store_failed(index)

        piece = Piece(index, fill * self.store.layout.size(index))
        put_one(self.store, piece, stored, failed)
        return True


class Late:
    """
    The last piece, of one byte, is asked of a neighbour that takes long; another one
    holds it, too, and has nothing else; the median is a second.
    """

    def __init__(self, layout: PieceLayout = LAYOUT) -> None:
        self.fetching = Fetching(layout)
        self.requests = self.fetching.requests
        self.store = self.fetching.store
        self.slow = self.fetching.neighbor([LAST])
        self.quick = self.fetching.neighbor([LAST - 1])
        assert next_for(self.requests, self.slow) == LAST
        assert next_for(self.requests, self.quick) == LAST - 1
        self.fetching.now = 1.0
        self.fetching.arrive(self.quick, LAST - 1)
        self.quick.learn_haves([LAST], self.store.bits)

    def ask_second(self) -> None:
        """
        It is asked of the quick one, too.
        """
        self.fetching.now = 2.5
        assert self.fetching.review() == [(self.quick, LAST)]

    def state(self) -> tuple[PieceState, NeighborState | None, list[NeighborState]]:
        """
        The state of the last piece, its owner, and who is waited for.
        """
        waited_for = [n for n in self.fetching.all if LAST in n.requested]
        return self.store.state(LAST), self.requests.owner(LAST), waited_for


class SecondTests(SynchronousTestCase):
    """
    When a piece is asked of a second neighbour, and of whom.
    """

    def test_twice_the_median(self) -> None:
        """
        That is so when it takes over twice as long as usual, and only once.
        """
        late = Late()
        late.fetching.now = 2.0
        self.assertEqual(late.fetching.review(), [])
        late.fetching.now = 2.1
        self.assertEqual(late.fetching.review(), [(late.quick, LAST)])
        self.assertEqual(
            late.state(), (PieceState.IN_FLIGHT, late.slow, [late.slow, late.quick])
        )
        third = late.fetching.neighbor([LAST])
        late.fetching.now = 100.0
        self.assertEqual(late.fetching.review(), [])
        self.assertIsNone(next_for(late.requests, third))

    def test_least(self) -> None:
        """
        Where pieces come at once, one may still take half a second.
        """
        fetching = Fetching()
        slow, quick = fetching.neighbor([LAST]), fetching.neighbor([LAST - 1])
        next_for(fetching.requests, slow)
        next_for(fetching.requests, quick)
        fetching.arrive(quick, LAST - 1)
        quick.learn_haves([LAST], fetching.store.bits)
        fetching.now = LEAST_SECONDS
        self.assertEqual(fetching.review(), [])
        fetching.now = LEAST_SECONDS + 0.1
        self.assertEqual(fetching.review(), [(quick, LAST)])

    def test_no_measure(self) -> None:
        """
        As long as no piece came, nobody knows how long one takes.
        """
        fetching = Fetching()
        next_for(fetching.requests, fetching.neighbor([LAST]))
        fetching.neighbor([LAST])
        fetching.now = 100.0
        self.assertEqual(fetching.review(), [])

    def test_not_while_pieces_are_open(self) -> None:
        """
        Who has an open piece for us is asked for that, once it is free.
        """
        late = Late()
        late.fetching.now = 100.0
        late.store.lose(0)
        late.requests.lost(0)
        late.quick.learn_haves([0], late.store.bits)
        self.assertEqual(late.fetching.review(), [])
        self.assertEqual(next_for(late.requests, late.quick), 0)
        self.assertEqual(late.fetching.review(), [])

    def test_whom(self) -> None:
        """
        Not one that chokes us, lacks the piece, does not answer, was asked before and
        gave it back, or does not interest us; and nobody while the disk fails.
        """
        late = Late()
        late.fetching.now = 100.0
        quick = late.quick
        quick.peer_choking = True
        self.assertEqual(late.fetching.review(), [])
        quick.peer_choking = False
        quick.is_snubbed = True
        self.assertEqual(late.fetching.review(), [])
        quick.is_snubbed = False
        quick.am_interested = False
        self.assertEqual(late.fetching.review(), [])
        quick.am_interested = True
        quick.bits.discard(LAST)
        self.assertEqual(late.fetching.review(), [])
        quick.bits.add(LAST)
        quick.expect_late(LAST)
        self.assertEqual(late.fetching.review(), [])
        quick.settle([LAST])
        late.requests.is_paused = True
        self.assertEqual(late.fetching.review(), [])
        late.requests.is_paused = False
        self.assertEqual(late.fetching.review(), [(quick, LAST)])


class RaceTests(SynchronousTestCase):
    """
    What becomes of the two.
    """

    def test_second_wins(self) -> None:
        """
        The piece is stored when the second one brings it; the first one owes it still,
        and what it sends is a duplicate.
        """
        late = Late()
        late.ask_second()
        self.assertTrue(late.fetching.arrive(late.quick, LAST))
        self.assertEqual(late.requests.owing(LAST), (late.slow,))
        self.assertEqual(late.requests.unsettled_bytes, 0)
        self.assertFalse(late.fetching.arrive(late.slow, LAST))
        self.assertEqual(late.requests.owing(LAST), ())
        self.assertEqual(late.requests.duplicate_bytes, 1)

    def test_first_wins(self) -> None:
        """
        The same the other way round.
        """
        late = Late()
        late.ask_second()
        self.assertTrue(late.fetching.arrive(late.slow, LAST))
        self.assertEqual(late.requests.owing(LAST), (late.quick,))
        late.requests.give_back_one(late.quick, LAST)
        self.assertEqual(late.state(), (PieceState.HAVE, None, []))
        self.assertFalse(late.requests.rejected(late.quick, LAST))
        self.assertEqual(late.requests.owing(LAST), ())

    def test_first_gives_back(self) -> None:
        """
        When the first one chokes us, leaves or stalls, the second is its owner, and it
        is not open for a third.
        """
        late = Late()
        late.ask_second()
        self.assertEqual(late.requests.give_back(late.slow), [LAST])
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, late.quick, [late.quick]))
        self.assertIsNone(next_for(late.requests, late.fetching.neighbor([LAST])))
        late.requests.give_back(late.quick)
        self.assertEqual(late.state(), (PieceState.MISSING, None, []))
        self.assertEqual(late.requests.unsettled_bytes, 0)

    def test_second_gives_back(self) -> None:
        """
        When the second one does, it stays with the first, and may be asked of a third.
        """
        late = Late()
        late.ask_second()
        late.requests.give_back(late.quick)
        late.requests.forget(late.quick)
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, late.slow, [late.slow]))
        third = late.fetching.neighbor([LAST])
        self.assertEqual(late.fetching.review(), [(third, LAST)])

    def test_rejected(self) -> None:
        """
        A reject leaves it to the other; the reject of the last one opens it.
        """
        late = Late()
        late.ask_second()
        self.assertTrue(late.requests.rejected(late.slow, LAST))
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, late.quick, [late.quick]))
        self.assertTrue(late.requests.rejected(late.quick, LAST))
        self.assertEqual(late.state(), (PieceState.MISSING, None, []))
        self.assertEqual(late.requests.owing(LAST), ())

    def test_wrong(self) -> None:
        """
        When what one brought is not kept, the other one, who is still waited for, owns
        it; when that fails, too, it is open.
        """
        late = Late()
        late.ask_second()
        late.fetching.arrive(late.slow, LAST, b"x")
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, late.quick, [late.quick]))
        self.assertEqual(late.requests.unsettled_bytes, 1)
        late.fetching.arrive(late.quick, LAST, b"x")
        self.assertEqual(late.state(), (PieceState.MISSING, None, []))
        self.assertEqual(late.requests.unsettled_bytes, 0)
        self.assertEqual(next_for(late.requests, late.quick), LAST)

    def test_no_third_by_take_over(self) -> None:
        """
        A piece of a neighbour that does not answer is taken over by another, unless
        a second one is asked for it already.
        """
        late = Late()
        late.ask_second()
        late.slow.is_snubbed = True
        third = late.fetching.neighbor([LAST])
        self.assertIsNone(next_for(late.requests, third))
        late.requests.give_back(late.quick)
        self.assertEqual(next_for(late.requests, third), LAST)
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, third, [third]))

    def test_lost_while_one_owes_it(self) -> None:
        """
        A piece that is lost after it came belongs to the one who still owes it, or is
        open.
        """
        late = Late()
        late.ask_second()
        late.fetching.arrive(late.quick, LAST)
        late.store.lose(LAST)
        late.requests.lost(LAST)
        self.assertEqual(late.state(), (PieceState.IN_FLIGHT, late.slow, [late.slow]))
        self.assertEqual(late.requests.unsettled_bytes, 1)
        late.store.lose(0)
        late.requests.lost(0)
        self.assertEqual(late.store.state(0), PieceState.MISSING)
        late.quick.learn_haves([0], late.store.bits)
        self.assertEqual(next_for(late.requests, late.quick), 0)


class RefusalTests(SynchronousTestCase):
    """
    Neighbours that do not give what they hold.
    """

    def test_asked_again(self) -> None:
        """
        What they reject is asked of others, and of them only after C{ask_again}, which
        lets it be while they have something else for us or choke us.
        """
        fetching = Fetching(missing=1)
        requests, one = fetching.requests, fetching.neighbor([LAST])
        self.assertEqual(next_for(requests, one), LAST)
        requests.rejected(one, LAST)
        self.assertIsNone(next_for(requests, one))
        self.assertEqual((list(one.bits), one.useful), ([LAST], 1))
        one.requested.add(0)
        self.assertFalse(requests.ask_again(one))
        one.requested.clear()
        one.peer_choking = True
        self.assertFalse(requests.ask_again(one))
        one.peer_choking = False
        self.assertIsNone(next_for(requests, one))
        self.assertTrue(requests.ask_again(one))
        self.assertFalse(requests.ask_again(one))
        self.assertEqual(next_for(requests, one), LAST)

    def test_wrong(self) -> None:
        """
        For a wrong piece they are given time to look.
        """
        fetching = Fetching(missing=1)
        requests, one = fetching.requests, fetching.neighbor([LAST])
        next_for(requests, one)
        arrived(requests, one, LAST)
        put_one(fetching.store, Piece(LAST, b"x"), lambda: None, lambda _: None)
        requests.wrong(LAST, one)
        fetching.now = WRONG_PIECE_SECONDS - 0.1
        self.assertFalse(requests.ask_again(one))
        self.assertIsNone(next_for(requests, one))
        fetching.now = WRONG_PIECE_SECONDS
        self.assertTrue(requests.ask_again(one))
        self.assertEqual(next_for(requests, one), LAST)

    def test_no_loop(self) -> None:
        """
        Who rejects piece after piece is left alone after some of them.
        """
        fetching = Fetching(missing=10)
        one, requests = fetching.neighbor(range(10)), fetching.requests
        for _ in range(2):
            for _ in range(REFUSALS_LIMIT):
                index = next_for(requests, one)
                assert index is not None
                requests.rejected(one, index)
            self.assertIsNone(next_for(requests, one))
            self.assertTrue(requests.ask_again(one))

    def test_not_as_second(self) -> None:
        """
        What they refused is not asked of them because it takes long at another, or
        because that one does not answer.
        """
        late = Late()
        late.ask_second()
        late.requests.rejected(late.quick, LAST)
        late.fetching.now = 100.0
        self.assertEqual(late.fetching.review(), [])
        late.slow.is_snubbed = True
        self.assertIsNone(next_for(late.requests, late.quick))
        late.requests.ask_again(late.quick)
        self.assertEqual(next_for(late.requests, late.quick), LAST)

    def test_told_anew(self) -> None:
        """
        What they withdraw and tell of anew may be asked of them at once.
        """
        fetching = Fetching(missing=1)
        requests, one = fetching.requests, fetching.neighbor([LAST])
        next_for(requests, one)
        requests.rejected(one, LAST)
        one.note_lacking(LAST, fetching.store.needless)
        one.learn_haves([LAST], fetching.store.needless)
        self.assertEqual(next_for(requests, one), LAST)


class GivenUpTests(SynchronousTestCase):
    """
    Pieces that are wanted no more.
    """

    def test_second_comes(self) -> None:
        """
        What another one still sends is not taken, and counts as come for nothing.
        """
        late = Late()
        late.ask_second()
        arrived(late.requests, late.quick, LAST)
        put_one(late.store, Piece(LAST, b"x"), lambda: None, lambda _: None)
        late.requests.give_up(LAST)
        self.assertEqual(late.state(), (PieceState.MISSING, None, [late.slow]))
        self.assertEqual(late.requests.unsettled_bytes, 0)
        self.assertFalse(late.fetching.arrive(late.slow, LAST))
        self.assertEqual(late.state(), (PieceState.MISSING, None, []))
        self.assertEqual(late.requests.duplicate_bytes, 1)
        self.assertIsNone(next_for(late.requests, late.slow))


class BoundTests(SynchronousTestCase):
    """
    How much may come twice.
    """

    def test_one_piece(self) -> None:
        """
        Of a small file one piece may; so while a second one is asked, or after a
        duplicate came, no other piece is asked for twice.
        """
        fetching = Fetching(PieceLayout(20, 2), missing=3)
        one, two, quick, idle = (fetching.neighbor([i]) for i in (7, 8, 9, 0))
        for neighbor in (one, two, quick):
            next_for(fetching.requests, neighbor)
        fetching.arrive(quick, 9)
        for neighbor in (quick, idle):
            for index in (7, 8):
                neighbor.learn_haves([index], fetching.store.bits)
        fetching.now = 10.0
        self.assertEqual(fetching.review(), [(quick, 7)])
        self.assertEqual(fetching.review(), [])
        fetching.arrive(quick, 7)
        fetching.arrive(one, 7)
        self.assertEqual(fetching.requests.duplicate_bytes, 2)
        self.assertEqual(fetching.review(), [])

    def test_room_again(self) -> None:
        """
        When the loser takes back what it owes, another piece may be asked for twice.
        """
        fetching = Fetching(PieceLayout(20, 2), missing=3)
        one, two, quick = (fetching.neighbor([i]) for i in (7, 8, 9))
        for neighbor in (one, two, quick):
            next_for(fetching.requests, neighbor)
        fetching.arrive(quick, 9)
        for index in (7, 8):
            quick.learn_haves([index], fetching.store.bits)
        fetching.now = 10.0
        self.assertEqual(fetching.review(), [(quick, 7)])
        fetching.arrive(quick, 7)
        self.assertEqual(fetching.review(), [])
        fetching.requests.give_back_one(one, 7)
        self.assertEqual(fetching.review(), [])
        fetching.requests.rejected(one, 7)
        self.assertEqual(fetching.review(), [(quick, 8)])

    @settings(deadline=None)
    @given(st.data())
    def test_any_order(self, data: st.DataObject) -> None:
        """
        Whoever answers when, at most one in a hundred bytes comes twice, or one piece.
        """
        layout = PieceLayout(data.draw(st.sampled_from([20, 600])), 2)
        missing = min(layout.piece_count, 12)
        fetching = Fetching(layout, missing)
        for _ in range(5):
            fetching.neighbor(range(layout.piece_count))
        draw_place = st.integers(0, len(fetching.all) - 1)
        for _ in range(40):
            fetching.now += data.draw(st.sampled_from([0.1, 1.0]))
            for neighbor in fetching.all:
                next_for(fetching.requests, neighbor)
            fetching.review()
            neighbor = fetching.all[data.draw(draw_place)]
            for index in sorted(neighbor.requested):
                fetching.arrive(neighbor, index)
        allowed = max(2, layout.file_size_bytes // 100)
        self.assertLessEqual(fetching.requests.duplicate_bytes, allowed)


class Pipeline:
    """
    A file that is fetched from neighbours with windows of their own.
    """

    def __init__(self, layout: PieceLayout, **options: int) -> None:
        self.now = 0.0
        self.layout = layout
        _, self.store = checked_store(layout, bytes(layout.file_size_bytes), [])
        self.requests = VerifiedRequests(
            self.store,
            RandomPicker(self.store.bits, Random(0)),
            lambda: self.now,
            **options,
        )

    def neighbor(self, *, pipelines: bool = True) -> NeighborState:
        """
        One that holds everything and serves us.
        """
        neighbor = NeighborState(1, self.layout.piece_count)
        neighbor.learn_bits(Bitfield.full(self.layout.piece_count), self.store.bits)
        self.requests.welcome(neighbor, pipelines=pipelines)
        neighbor.am_interested = True
        neighbor.peer_choking = False
        return neighbor

    def fill(self, neighbor: NeighborState) -> list[int]:
        """
        Ask for as much as may be asked for.
        """
        asked = []
        while (index := next_for(self.requests, neighbor)) is not None:
            asked.append(index)
        return asked

    def serve(self, neighbor: NeighborState, pieces: int, seconds: float) -> None:
        """
        They send so many, one each C{seconds}.
        """
        waiting = self.fill(neighbor)
        for _ in range(pieces):
            self.now += seconds
            index = waiting.pop(0)
            assert arrived(self.requests, neighbor, index)
            piece = Piece(index, bytes(self.layout.size(index)))
            put_one(self.store, piece, partial(self.requests.stored, [index]), _raise)
            waiting += self.fill(neighbor)


class PipelineTests(SynchronousTestCase):
    """
    Several pieces are asked of one neighbour.
    """

    def test_two_at_least(self) -> None:
        """
        One at first and two at least once it came; one on and on of a neighbour that
        knows no more than eight messages.
        """
        seen = []
        for pipelines in True, False:
            pipeline = Pipeline(PieceLayout(100, 1))
            neighbor = pipeline.neighbor(pipelines=pipelines)
            pipeline.serve(neighbor, 1, 60.0)
            seen.append(len(neighbor.requested))
        self.assertEqual(seen, [2, 1])

    def test_one_of_many(self) -> None:
        """
        One of a slow one where many others serve us, and more of a fast one all the
        same.
        """
        pipeline = Pipeline(PieceLayout(1000, 1))
        slow, fast, *_ = [pipeline.neighbor() for _ in range(FEW_NEIGHBORS + 1)]
        pipeline.serve(slow, 10, 60.0)
        pipeline.serve(fast, 200, 0.01)
        self.assertEqual(len(slow.requested), 1)
        self.assertGreater(len(fast.requested), 2)

    def test_fixed(self) -> None:
        """
        A window that was given stays as it is.
        """
        pipeline = Pipeline(PieceLayout(1000, 1), request_window=3)
        neighbor = pipeline.neighbor()
        pipeline.serve(neighbor, 200, 1e-4)
        self.assertEqual(len(neighbor.requested), 3)

    def test_as_many_as_they_keep(self) -> None:
        """
        Of a fast one as many as it keeps waiting for us, at most; of a slow one a
        few, also when it was fast.
        """
        pipeline = Pipeline(PieceLayout(1000, 1))
        neighbor = pipeline.neighbor()
        pipeline.serve(neighbor, 500, 1e-4)
        fast = len(neighbor.requested)
        pipeline.now += 1.0
        pipeline.requests.give_back(neighbor)
        pipeline.serve(neighbor, 300, 0.2)
        self.assertEqual((fast, len(neighbor.requested)), (QUEUE_LIMIT, 2))

    def test_one_that_stalls(self) -> None:
        """
        One that does not answer is asked for one piece, until a piece comes.
        """
        pipeline = Pipeline(PieceLayout(1000, 1))
        neighbor = pipeline.neighbor()
        pipeline.serve(neighbor, 200, 1e-4)
        given_back = pipeline.requests.give_back(neighbor)
        neighbor.is_snubbed = True
        asked = pipeline.fill(neighbor)
        arrived(pipeline.requests, neighbor, given_back[0])
        self.assertEqual(len(asked), 1)
        self.assertGreater(len(pipeline.fill(neighbor)), 10)

    def test_shares(self) -> None:
        """
        Fast neighbours share what the memory bears, and it is never exceeded.
        """
        pipeline = Pipeline(PieceLayout(4000, 1), budget_bytes=40)
        neighbors = [pipeline.neighbor() for _ in range(4)]
        pipeline.serve(neighbors[0], 100, 1e-4)
        seen = [len(neighbors[0].requested)]
        for neighbor in neighbors[1:]:
            pipeline.serve(neighbor, 100, 1e-4)
            seen.append(len(neighbor.requested))
            self.assertLessEqual(pipeline.requests.unsettled_bytes, 40)
        self.assertEqual(seen, [10, 10, 10, 10])

    def test_forty_with_large_pieces(self) -> None:
        """
        However many neighbours there are, what is on its way and being stored stays
        within the budget, or is one piece.
        """
        for budget_bytes in (1, 16, 24, 40):
            pipeline = Pipeline(PieceLayout(16 * 200, 16), budget_bytes=budget_bytes)
            for _ in range(40):
                pipeline.fill(pipeline.neighbor())
                self.assertLessEqual(
                    pipeline.requests.unsettled_bytes, max(16, budget_bytes)
                )


class RunTests(SynchronousTestCase):
    """
    Pieces that are chosen together, or come together.
    """

    @settings(deadline=None)
    @given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.data())
    def test_as_one_by_one(self, sizes: list[int], data: st.DataObject) -> None:
        """
        However they are split, the same pieces are asked for, needed, owed and counted
        as if each were asked for and came alone.
        """
        together, singly = (
            Pipeline(PieceLayout(99, 2), request_window=8) for _ in range(2)
        )
        one, other = together.neighbor(), singly.neighbor()
        on_their_way: list[int] = []
        for most in sizes:
            asked = together.requests.choose(one, most)
            chosen = [next_for(singly.requests, other) for _ in asked]
            self.assertEqual(asked, chosen)
            on_their_way += asked
            together.now = singly.now = together.now + 1.0
            come = data.draw(st.integers(0, len(on_their_way)))
            run = [
                Piece(index, data.draw(st.sampled_from([b"", b"x"])))
                for index in on_their_way[:come]
            ]
            del on_their_way[:come]
            needed, needless = together.requests.arrived(one, run)
            answers = [singly.requests.arrived(other, [piece]) for piece in run]
            self.assertEqual(needed, [piece for some, _ in answers for piece in some])
            self.assertEqual(needless, [piece for _, some in answers for piece in some])
            for pipeline, neighbor in ((together, one), (singly, other)):
                pipeline.requests.stored([piece.index for piece in needed])
                self.assertEqual(neighbor.requested, set(on_their_way))
                self.assertEqual(
                    pipeline.requests.owed(range(pipeline.layout.piece_count)),
                    sorted(on_their_way),
                )
            self.assertEqual(_counts(together), _counts(singly))

    def test_ends_before_what_was_not_asked(self) -> None:
        """
        A run is taken as far as it was asked for.
        """
        pipeline = Pipeline(PieceLayout(100, 1), request_window=2)
        neighbor = pipeline.neighbor()
        first, second = (Piece(i, b"x") for i in pipeline.requests.choose(neighbor))
        answer = pipeline.requests.arrived(neighbor, [first, first, second])
        self.assertEqual(answer, ([first], []))
        self.assertEqual(neighbor.requested, {second.index})


def _counts(pipeline: Pipeline) -> tuple[int, ...]:
    requests = pipeline.requests
    return (
        requests.duplicate_bytes,
        requests.unsettled_bytes,
        *pipeline.store.states(),
    )


def _raise(error: StorageError) -> None:
    raise error
