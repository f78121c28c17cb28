"""
Tests of L{swarmpeer.core.requests}.
"""

from collections.abc import Iterable
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.core.requests import BUDGET_BYTES, REQUEST_WINDOW, RequestManager
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.one_piece import put_one
from swarmpeer.test.single_requests import arrived, next_for
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.bitfield import Bitfield

MISSING, IN_FLIGHT, STORING, HAVE = PieceState


class Fetching:
    """
    Everything about fetching a file, except the neighbours: they are made by
    C{neighbor}.
    """

    def __init__(
        self,
        layout: PieceLayout,
        *,
        seed: int = 0,
        request_window: int = REQUEST_WINDOW,
        budget_bytes: int = BUDGET_BYTES,
    ) -> None:
        memory = MemoryStorage(layout)
        memory.open()
        self.layout = layout
        self.storage = HeldStorage(memory)
        self.store = PieceStore(layout, self.storage)
        self.picker = RandomPicker(self.store.bits, Random(seed))
        self.requests = RequestManager(
            self.store,
            self.picker,
            request_window=request_window,
            budget_bytes=budget_bytes,
        )

    def neighbor(self, peer_id: int, held: Iterable[int]) -> NeighborState:
        """
        One that holds C{held}, interests us and serves us.
        """
        neighbor = NeighborState(peer_id, self.layout.piece_count)
        for index in held:
            neighbor.learn_haves([index], self.store.bits)
        self.requests.welcome(neighbor)
        neighbor.am_interested = True
        neighbor.peer_choking = False
        return neighbor

    def arrive(self, neighbor: NeighborState, index: int) -> bool:
        """
        They send a piece, which goes to the storage if it is needed.
        """
        if not arrived(self.requests, neighbor, index):
            return False

        def stored() -> None:
            self.requests.stored([index])

        def failed(_: StorageError) -> None:
            self.requests.store_failed(index)

        put_one(
            self.store, Piece(index, bytes(self.layout.size(index))), stored, failed
        )
        return True

    def fetch(self, neighbor: NeighborState) -> int | None:
        """
        Ask, get and keep a piece.
        """
        index = next_for(self.requests, neighbor)
        if index is not None:
            self.arrive(neighbor, index)
            self.storage.release()
        return index

    def states(self) -> list[PieceState]:
        """
        The state of every piece.
        """
        return [self.store.state(index) for index in range(self.layout.piece_count)]


class NextRequestTests(SynchronousTestCase):
    """
    What is asked of whom.
    """

    def test_open_only(self) -> None:
        """
        Only what they have, we lack and nobody else was asked for is asked; it
        is in flight then, and theirs.
        """
        fetching = Fetching(PieceLayout(6, 1))
        self.assertEqual(fetching.fetch(fetching.neighbor(1, [0])), 0)
        busy = fetching.neighbor(2, [1])
        self.assertEqual(next_for(fetching.requests, busy), 1)
        asked = fetching.neighbor(3, [0, 1, 2])
        self.assertEqual(next_for(fetching.requests, asked), 2)
        self.assertIs(fetching.requests.owner(1), busy)
        self.assertIs(fetching.requests.owner(2), asked)
        self.assertEqual((busy.requested, asked.requested), ({1}, {2}))
        self.assertEqual(
            fetching.states(),
            [HAVE, IN_FLIGHT, IN_FLIGHT, MISSING, MISSING, MISSING],
        )
        self.assertIsNone(fetching.requests.owner(0))

    def test_by_lot(self) -> None:
        """
        The choice is by lot: the same for the same seed, and over many seeds
        each piece comes first.
        """
        first = [
            next_for(fetching.requests, fetching.neighbor(1, range(1, 5)))
            for fetching in (
                Fetching(PieceLayout(6, 1), seed=seed // 2) for seed in range(100)
            )
        ]
        self.assertEqual(first[::2], first[1::2])
        self.assertEqual(set(first), {1, 2, 3, 4})

    def test_nothing(self) -> None:
        """
        Nothing is asked of one that chokes us, that has nothing for us, or
        that has only what others were asked for, nor while fetching pauses;
        and none of these is for want of room.
        """
        fetching = Fetching(PieceLayout(6, 1))
        requests = fetching.requests
        next_for(requests, fetching.neighbor(1, [5]))
        choking = fetching.neighbor(2, range(5))
        choking.peer_choking = True
        boring = fetching.neighbor(3, range(5))
        boring.am_interested = False
        late = fetching.neighbor(4, [5])
        asked = [next_for(requests, each) for each in (choking, boring, late)]
        requests.is_paused = True
        ready = fetching.neighbor(5, range(5))
        asked.append(next_for(requests, ready))
        self.assertEqual(asked, [None] * 4)
        self.assertFalse(requests.is_starved)
        requests.is_paused = False
        self.assertIn(next_for(requests, ready), range(5))

    def test_window(self) -> None:
        """
        One request is outstanding at a neighbour; the next goes out when the
        piece is in, before it is stored.
        """
        fetching = Fetching(PieceLayout(6, 1))
        neighbor = fetching.neighbor(1, range(6))
        index = next_for(fetching.requests, neighbor)
        assert index is not None
        self.assertIsNone(next_for(fetching.requests, neighbor))
        fetching.arrive(neighbor, index)
        self.assertEqual(fetching.states()[index], STORING)
        self.assertIsNotNone(next_for(fetching.requests, neighbor))
        self.assertFalse(fetching.requests.is_starved)

    def test_wider_window(self) -> None:
        """
        The window may be wider.
        """
        fetching = Fetching(PieceLayout(6, 1), request_window=3)
        neighbor = fetching.neighbor(1, range(6))
        asked = [next_for(fetching.requests, neighbor) for _ in range(4)]
        self.assertEqual(len(set(asked[:3])), 3)
        self.assertEqual((asked[3], neighbor.requested), (None, set(asked[:3])))

    def test_news(self) -> None:
        """
        Where nothing was open for somebody, only what they tell of since, and what is
        opened again, may be.
        """
        fetching = Fetching(PieceLayout(8, 1), request_window=8)
        one, two = fetching.neighbor(1, [0, 1]), fetching.neighbor(2, [1])
        self.assertEqual({next_for(fetching.requests, one) for _ in range(2)}, {0, 1})
        for neighbor in one, two:
            self.assertIsNone(next_for(fetching.requests, neighbor))
        needless = fetching.store.needless
        for neighbor in one, two:
            neighbor.learn_haves([5, 6], needless)
        self.assertIn(next_for(fetching.requests, two), (5, 6))
        self.assertIn(next_for(fetching.requests, one), (5, 6))
        for neighbor in one, two:
            self.assertIsNone(next_for(fetching.requests, neighbor))
        fetching.requests.give_back(one)
        asked = {next_for(fetching.requests, two) for _ in range(3)}
        self.assertEqual(asked - {None, 5, 6}, {1})
        two.learn_bits(Bitfield.full(8), needless)
        self.assertIsNotNone(next_for(fetching.requests, two))


class BudgetTests(SynchronousTestCase):
    """
    What is in flight or being stored fits the memory given to it.
    """

    def test_spent(self) -> None:
        """
        When the budget is spent nothing is asked and the want of room is told,
        until a piece is stored.  Being stored counts as being in flight does.
        """
        fetching = Fetching(PieceLayout(100, 10), budget_bytes=20)
        requests = fetching.requests
        first, second, third = (fetching.neighbor(n, range(10)) for n in (1, 2, 3))
        index = next_for(requests, first)
        assert index is not None
        next_for(requests, second)
        self.assertEqual((requests.unsettled_bytes, requests.is_starved), (20, False))
        self.assertIsNone(next_for(requests, third))
        self.assertTrue(requests.is_starved)
        fetching.arrive(first, index)
        self.assertIsNone(next_for(requests, third))
        self.assertEqual(requests.unsettled_bytes, 20)
        fetching.storage.release()
        self.assertEqual(requests.unsettled_bytes, 10)
        self.assertIsNotNone(next_for(requests, third))

    def test_does_not_fit(self) -> None:
        """
        A piece that would exceed what is left waits, and changes nothing.
        """
        fetching = Fetching(PieceLayout(30, 10), budget_bytes=19)
        requests = fetching.requests
        next_for(requests, fetching.neighbor(1, [0]))
        second = fetching.neighbor(2, [1])
        self.assertIsNone(next_for(requests, second))
        self.assertEqual(
            (requests.is_starved, requests.unsettled_bytes, second.requested),
            (True, 10, set()),
        )
        self.assertEqual(fetching.states(), [IN_FLIGHT, MISSING, MISSING])

    def test_exact_fit(self) -> None:
        """
        The short last piece takes no more room than its bytes.
        """
        fetching = Fetching(PieceLayout(24, 10), budget_bytes=14)
        requests = fetching.requests
        next_for(requests, fetching.neighbor(1, [0]))
        self.assertEqual(next_for(requests, fetching.neighbor(2, [2])), 2)
        self.assertEqual((requests.unsettled_bytes, requests.is_starved), (14, False))

    def test_huge_piece(self) -> None:
        """
        One piece is always allowed, even if it is larger than the budget, and
        never two.
        """
        fetching = Fetching(PieceLayout(30, 10), budget_bytes=1)
        requests = fetching.requests
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [1])
        self.assertEqual(next_for(requests, first), 0)
        self.assertIsNone(next_for(requests, second))
        fetching.arrive(first, 0)
        fetching.storage.release()
        self.assertEqual(next_for(requests, second), 1)

    def test_given_back(self) -> None:
        """
        What is given back, or could not be kept, leaves its room to others.
        """
        fetching = Fetching(PieceLayout(30, 10), budget_bytes=10)
        requests = fetching.requests
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [1])
        next_for(requests, first)
        requests.give_back(first)
        self.assertEqual((requests.unsettled_bytes, next_for(requests, second)), (0, 1))
        fetching.arrive(second, 1)
        fetching.storage.fail("no space")
        self.assertEqual(requests.unsettled_bytes, 0)


class GiveBackTests(SynchronousTestCase):
    """
    What will not come is open to everybody again.
    """

    def test_open(self) -> None:
        """
        After a choke, a close or a stall the pieces are missing, have no owner,
        and may be asked of anybody, of the same neighbour too.
        """
        fetching = Fetching(PieceLayout(4, 1), request_window=3)
        requests = fetching.requests
        first = fetching.neighbor(1, [3, 0, 2])
        for _ in range(3):
            next_for(requests, first)
        self.assertEqual(requests.give_back(first), [0, 2, 3])
        self.assertEqual(requests.give_back(first), [])
        self.assertEqual(
            (fetching.states(), first.requested, requests.unsettled_bytes),
            ([MISSING] * 4, set(), 0),
        )
        self.assertEqual([requests.owner(index) for index in range(4)], [None] * 4)
        self.assertEqual(next_for(requests, fetching.neighbor(2, [2])), 2)
        self.assertEqual({next_for(requests, first) for _ in range(2)}, {0, 3})

    def test_others_keep(self) -> None:
        """
        What others were asked for stays with them.
        """
        fetching = Fetching(PieceLayout(2, 1))
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [1])
        next_for(fetching.requests, first)
        next_for(fetching.requests, second)
        fetching.requests.give_back(first)
        self.assertEqual(fetching.states(), [MISSING, IN_FLIGHT])
        self.assertIs(fetching.requests.owner(1), second)

    def test_late_but_needed(self) -> None:
        """
        A piece that comes after it was given back is taken, if nobody else
        was asked for it meanwhile.
        """
        fetching = Fetching(PieceLayout(2, 1))
        first = fetching.neighbor(1, [0])
        next_for(fetching.requests, first)
        fetching.requests.give_back(first)
        self.assertTrue(fetching.arrive(first, 0))
        self.assertEqual(
            (fetching.states(), fetching.requests.unsettled_bytes),
            ([STORING, MISSING], 1),
        )
        self.assertIsNone(next_for(fetching.requests, fetching.neighbor(2, [0])))
        fetching.storage.release()
        self.assertEqual(
            (fetching.states(), fetching.requests.unsettled_bytes),
            ([HAVE, MISSING], 0),
        )

    def test_late_while_asked(self) -> None:
        """
        It is taken as well if somebody else was asked for it.  That one owns
        the piece no longer, still owes its answer, and is asked for the next
        piece when it comes, as a duplicate.
        """
        fetching = Fetching(PieceLayout(2, 1))
        requests = fetching.requests
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [0, 1])
        next_for(requests, first)
        requests.give_back(first)
        second.bits.discard(1)
        next_for(requests, second)
        second.bits.add(1)
        self.assertTrue(fetching.arrive(first, 0))
        self.assertEqual((requests.owner(0), requests.unsettled_bytes), (None, 1))
        self.assertEqual((second.requested, next_for(requests, second)), ({0}, None))
        fetching.storage.release()
        self.assertFalse(fetching.arrive(second, 0))
        self.assertEqual(
            (fetching.states(), second.requested), ([HAVE, MISSING], set())
        )
        self.assertEqual(next_for(requests, second), 1)
        self.assertEqual(requests.unsettled_bytes, 1)

    def test_gave_back_what_came(self) -> None:
        """
        What came late from another is not opened again when the one that was
        asked for it last goes.
        """
        fetching = Fetching(PieceLayout(1, 1))
        requests = fetching.requests
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [0])
        next_for(requests, first)
        requests.give_back(first)
        next_for(requests, second)
        fetching.arrive(first, 0)
        self.assertEqual(requests.give_back(second), [0])
        self.assertEqual((fetching.states(), requests.unsettled_bytes), ([STORING], 1))
        self.assertIsNone(next_for(requests, fetching.neighbor(3, [0])))

    def test_gave_back_what_another_fetches(self) -> None:
        """
        Nor does one that goes take away what somebody else was asked for after
        a late copy came and could not be kept.
        """
        fetching = Fetching(PieceLayout(1, 1))
        requests = fetching.requests
        first, second, third = (fetching.neighbor(n, [0]) for n in (1, 2, 3))
        next_for(requests, first)
        requests.give_back(first)
        next_for(requests, second)
        fetching.arrive(first, 0)
        fetching.storage.fail("no space")
        self.assertEqual(next_for(requests, third), 0)
        requests.give_back(second)
        self.assertIs(requests.owner(0), third)
        self.assertEqual((fetching.states(), third.requested), ([IN_FLIGHT], {0}))

    def test_twice(self) -> None:
        """
        While a piece is being stored, and after, another copy is not needed.
        """
        fetching = Fetching(PieceLayout(1, 1))
        requests = fetching.requests
        first, second = fetching.neighbor(1, [0]), fetching.neighbor(2, [0])
        for neighbor in first, second:
            next_for(requests, neighbor)
            requests.give_back(neighbor)
        self.assertEqual(
            [fetching.arrive(first, 0), fetching.arrive(second, 0)], [True, False]
        )
        self.assertEqual((requests.unsettled_bytes, second.may_send(0)), (1, False))


class StoreFailedTests(SynchronousTestCase):
    """
    What could not be kept is fetched anew.
    """

    def test_open(self) -> None:
        """
        The piece is missing and may be asked of anybody again.
        """
        fetching = Fetching(PieceLayout(1, 1))
        first = fetching.neighbor(1, [0])
        next_for(fetching.requests, first)
        fetching.arrive(first, 0)
        fetching.storage.fail("no space")
        self.assertEqual((fetching.states(), first.requested), ([MISSING], set()))
        self.assertEqual(fetching.fetch(fetching.neighbor(2, [0])), 0)
        self.assertEqual(fetching.states(), [HAVE])


class TakeOverTests(SynchronousTestCase):
    """
    Nobody waits for one that does not answer.
    """

    def setUp(self) -> None:
        """
        Two pieces; one neighbour was asked for the first and does not answer.
        """
        self.fetching = Fetching(PieceLayout(2, 1), budget_bytes=2)
        self.requests = self.fetching.requests
        self.snubbed = self.fetching.neighbor(1, [0])
        next_for(self.requests, self.snubbed)
        self.snubbed.is_snubbed = True

    def test_takes_over(self) -> None:
        """
        When all that they have was asked of others, they are asked for the
        piece of one that does not answer; who may still send it.
        """
        helper = self.fetching.neighbor(2, [0])
        self.assertEqual(next_for(self.requests, helper), 0)
        self.assertIs(self.requests.owner(0), helper)
        self.assertEqual(
            (helper.requested, self.snubbed.requested, self.snubbed.may_send(0)),
            ({0}, set(), True),
        )
        self.assertEqual(self.requests.unsettled_bytes, 1)
        self.assertEqual(self.requests.give_back(self.snubbed), [])
        self.assertEqual(self.fetching.states(), [IN_FLIGHT, MISSING])

    def test_open_first(self) -> None:
        """
        An open piece goes before a piece of somebody else's.
        """
        self.assertEqual(next_for(self.requests, self.fetching.neighbor(2, [0, 1])), 1)
        self.assertIs(self.requests.owner(0), self.snubbed)

    def test_only_theirs(self) -> None:
        """
        They are not asked for what they do not have.
        """
        self.fetching.fetch(self.fetching.neighbor(2, [1]))
        self.assertIsNone(next_for(self.requests, self.fetching.neighbor(3, [1])))

    def test_only_of_silent(self) -> None:
        """
        Nothing is taken from a neighbour that answers.
        """
        self.snubbed.is_snubbed = False
        self.assertIsNone(next_for(self.requests, self.fetching.neighbor(2, [0])))

    def test_not_by_silent(self) -> None:
        """
        One that does not answer itself takes nothing over.
        """
        helper = self.fetching.neighbor(2, [0])
        helper.is_snubbed = True
        self.assertIsNone(next_for(self.requests, helper))

    def test_both_send(self) -> None:
        """
        When both send it in the end, the first copy is kept, and each of the
        two is free again.
        """
        helper = self.fetching.neighbor(2, [0])
        next_for(self.requests, helper)
        needed = [self.fetching.arrive(each, 0) for each in (self.snubbed, helper)]
        self.assertEqual((needed, self.requests.unsettled_bytes), ([True, False], 1))
        self.assertEqual((helper.requested, self.snubbed.is_snubbed), (set(), False))
        self.assertIsNone(self.requests.owner(0))

    def test_without_room(self) -> None:
        """
        It takes no room that was not taken already, so it goes on when the
        budget is spent, and nobody starves.
        """
        next_for(self.requests, self.fetching.neighbor(2, [1]))
        self.assertEqual(self.requests.unsettled_bytes, 2)
        self.assertEqual(next_for(self.requests, self.fetching.neighbor(3, [0])), 0)
        self.assertEqual(
            (self.requests.unsettled_bytes, self.requests.is_starved), (2, False)
        )


class FetchingMachine(RuleBasedStateMachine):
    """
    Three neighbours that do whatever neighbours do, and a slow disk.
    """

    LAYOUT = PieceLayout(54, 10)
    COUNT = LAYOUT.piece_count
    WHO = st.integers(0, 2)
    INDEX = st.integers(0, COUNT - 1)

    @initialize(
        seed=st.integers(0, 2**32),
        window=st.integers(1, 2),
        budget_bytes=st.sampled_from([5, 24, 1000]),
    )
    def begin(self, seed: int, window: int, budget_bytes: int) -> None:
        """
        Nobody has told anything.
        """
        self.window, self.budget_bytes = window, budget_bytes
        self.fetching = Fetching(
            self.LAYOUT, seed=seed, request_window=window, budget_bytes=budget_bytes
        )
        self.requests, self.store = self.fetching.requests, self.fetching.store
        self.neighbors = [self._newcomer(who) for who in range(3)]

    def _newcomer(self, who: int) -> NeighborState:
        newcomer = NeighborState(who, self.COUNT)
        self.requests.welcome(newcomer)
        return newcomer

    def review(self, neighbor: NeighborState) -> None:
        """
        We are interested exactly when they have something we lack.
        """
        wanted = self.store.bits.lacks_any_of(neighbor.bits)
        neighbor.am_interested = wanted

    @rule(who=WHO, index=INDEX)
    def have(self, who: int, index: int) -> None:
        """
        They hold one more piece.
        """
        self.neighbors[who].learn_haves([index], self.store.bits)
        self.review(self.neighbors[who])

    @rule(who=WHO)
    def unchoke(self, who: int) -> None:
        """
        They serve us.
        """
        self.neighbors[who].peer_choking = False
        self.neighbors[who].is_snubbed = False

    @rule(who=WHO)
    def choke(self, who: int) -> None:
        """
        They serve us no more.
        """
        self.neighbors[who].peer_choking = True
        self.requests.give_back(self.neighbors[who])

    @rule(who=WHO)
    def stall(self, who: int) -> None:
        """
        They do not answer.
        """
        if self.neighbors[who].requested:
            self.neighbors[who].is_snubbed = True
            self.requests.give_back(self.neighbors[who])

    @rule(who=WHO)
    def leave(self, who: int) -> None:
        """
        They go, and another conversation begins.
        """
        self.requests.give_back(self.neighbors[who])
        self.neighbors[who] = self._newcomer(who)

    @rule(who=WHO)
    def ask(self, who: int) -> None:
        """
        What is chosen was open, or was asked of one that does not answer; and
        when nothing is chosen there is a reason.
        """
        neighbor, requests = self.neighbors[who], self.requests
        states = self.fetching.states()
        owners = [requests.owner(index) for index in range(self.COUNT)]
        before_bytes = requests.unsettled_bytes
        may_ask = (
            not neighbor.peer_choking
            and neighbor.am_interested
            and len(neighbor.requested) < self.window
        )
        useful = [index for index in neighbor.bits if states[index] is not HAVE]
        open_pieces = [index for index in useful if states[index] is MISSING]
        requests.is_starved = False
        index = next_for(requests, neighbor)
        if index is None:
            self.check_nothing(neighbor, may_ask, open_pieces)
            return
        assert may_ask and index in useful
        former = owners[index]
        if former is None:
            assert index in open_pieces
            after_bytes = before_bytes + self.LAYOUT.size(index)
            assert before_bytes == 0 or after_bytes <= self.budget_bytes
        else:
            assert former.is_snubbed and not neighbor.is_snubbed
            assert index not in former.requested and former.may_send(index)

    def check_nothing(
        self, neighbor: NeighborState, may_ask: bool, open_pieces: list[int]
    ) -> None:
        """
        Nothing was asked because we may not, because there is no room, or
        because they have nothing that can be asked.
        """
        if self.requests.is_starved:
            assert may_ask and self.requests.unsettled_bytes
            wanted_bytes = self.requests.unsettled_bytes + self.LAYOUT.size(0)
            assert wanted_bytes > self.budget_bytes
        elif may_ask:
            assert not open_pieces
            silent = (
                owner is not None and owner.is_snubbed
                for owner in map(self.requests.owner, neighbor.bits)
            )
            assert neighbor.is_snubbed or not any(silent)

    @rule(who=WHO, index=INDEX)
    def arrive(self, who: int, index: int) -> None:
        """
        They send what was asked of them, in time or late; it is needed exactly
        when we have no copy yet.
        """
        neighbor = self.neighbors[who]
        if neighbor.may_send(index):
            is_needed = self.store.state(index) in (MISSING, IN_FLIGHT)
            assert self.fetching.arrive(neighbor, index) is is_needed
            assert index not in neighbor.requested and not neighbor.is_snubbed

    @precondition(lambda self: self.fetching.storage.waiting)
    @rule(position=st.integers(0, 9), is_good=st.booleans())
    def answer(self, position: int, is_good: bool) -> None:
        """
        The storage keeps one of the pieces, or fails to.
        """
        storage = self.fetching.storage
        position %= len(storage.waiting)
        index = storage.waiting[position].index
        assert index is not None
        if not is_good:
            storage.fail("no", position)
            assert self.store.state(index) is MISSING
            return
        storage.release(position)
        assert self.store.state(index) is HAVE
        for neighbor in self.neighbors:
            neighbor.note_needless([index])
            self.review(neighbor)

    @invariant()
    def owned(self) -> None:
        """
        A piece in flight has exactly one owner, who waits to send it and does
        not choke us; any other piece has none.
        """
        for index, state in enumerate(self.fetching.states()):
            owner = self.requests.owner(index)
            assert (owner is not None) is (state is IN_FLIGHT)
            if owner is not None:
                assert index in owner.requested
                assert not owner.peer_choking
                assert any(owner is neighbor for neighbor in self.neighbors)

    @invariant()
    def bounded(self) -> None:
        """
        The unsettled bytes are those in flight and being stored; nobody is
        asked beyond the window, and one that chokes us is asked nothing.
        """
        assert self.requests.unsettled_bytes == sum(
            self.LAYOUT.size(index)
            for index, state in enumerate(self.fetching.states())
            if state in (IN_FLIGHT, STORING)
        )
        for neighbor in self.neighbors:
            assert len(neighbor.requested) <= self.window
            assert not (neighbor.peer_choking and neighbor.requested)

    @invariant()
    def open(self) -> None:
        """
        The pieces that may be picked are exactly the missing ones.
        """
        for index, state in enumerate(self.fetching.states()):
            only = Bitfield(self.COUNT)
            only.add(index)
            picked = self.fetching.picker.pick(only, 1)
            assert (picked == index) is (state is MISSING)

    def teardown(self) -> None:
        """
        Whatever happened, one honest neighbour is enough to get all the rest.
        """
        for neighbor in self.neighbors:
            self.requests.give_back(neighbor)
        self.fetching.storage.release_all()
        honest = self.fetching.neighbor(9, range(self.COUNT))
        while not self.store.is_complete:
            assert self.fetching.fetch(honest) is not None
        assert self.requests.unsettled_bytes == 0


class FetchingInvariantsTests(SynchronousTestCase):
    """
    What holds whatever the neighbours and the disk do.
    """

    def test_machine(self) -> None:
        """
        The machine above finds no sequence that breaks an invariant.
        """
        run_state_machine_as_test(
            FetchingMachine,
            settings=settings(
                deadline=None, max_examples=tries(30, 100), stateful_step_count=40
            ),
        )
