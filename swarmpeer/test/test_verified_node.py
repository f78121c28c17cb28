"""
Tests of L{swarmpeer.core.verified_node}.
"""

import random
from collections.abc import Iterable, Sequence

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.core.blame import FIRST_SECONDS
from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_node import Equipment, VerifiedNode
from swarmpeer.core.verified_requests import WRONG_PIECE_SECONDS, VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import ProtocolViolation, StorageError
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    ConnectionRefused,
    DuplicatePieceReceived,
    FetchingResumed,
    FileCompleted,
    FilePlaced,
    FilePlacingFailed,
    GivenBackReason,
    NeighborDisconnected,
    PeerShutOut,
    PieceHealed,
    PieceRequested,
    PieceStored,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordSaved,
    RequestCancelled,
    RequestGivenBack,
    SecondRequested,
    SwarmCompleted,
    SwarmEvent,
    WithdrawalReceived,
)
from swarmpeer.interfaces import (
    IChokingPolicy,
    IPiecePicker,
    ISwarmObserver,
    IVerifiedStorage,
)
from swarmpeer.seam import Piece
from swarmpeer.test.checked_memory import CheckedMemory, HeldCheckedStorage
from swarmpeer.test.five_peers import NEIGHBORS, five_peers
from swarmpeer.testing.recorders import (
    Call,
    RecordingObserver,
    RecordingVerifiedNetwork,
)
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extension import GoodbyeCode

PIECES = 6
WHOLE = bytes(range(PIECES))
ALL = frozenset(range(PIECES))


class World:
    """
    A node in the middle of recorders; peer 2 of the peers 1 to 5.

    @ivar calls: all that the node sent to anybody.
    @ivar events: all that it published.
    """

    def __init__(
        self,
        held: Iterable[int] = (),
        *,
        is_held: bool = False,
        heals: bool = True,
        choking: IChokingPolicy | None = None,
        picker: IPiecePicker | None = None,
        request_window: int | None = 1,
    ) -> None:
        """
        @param is_held: do the answers of the storage wait for the test?
        @param choking: who chooses whom to serve; the classic way if not given.
        """
        layout = PieceLayout(PIECES, 1)
        self.memory = CheckedMemory(layout, WHOLE, held)
        self.door = HeldCheckedStorage(self.memory)
        storage: IVerifiedStorage = self.door if is_held else self.memory
        self.calls: list[Call] = []
        self.observer = RecordingObserver([])
        self.events = self.observer.events
        self.now = 0.0
        bus = EventBus(self._note_failure)
        bus.add(self.observer)
        store = VerifiedStore(layout, storage, self.memory.held())
        rng = random.Random(1)
        self.node = VerifiedNode(
            five_peers(layout),
            store,
            VerifiedRequests(
                store,
                picker or RarestPicker(store.bits, rng),
                lambda: self.now,
                request_window=request_window,
            ),
            choking or ChokingManager(2, rng),
            Equipment(bus, rng, lambda: self.now, lambda: b"manifest", heals),
        )
        self.node.start(is_placed=self.memory.is_whole)

    def _note_failure(self, *failure: object) -> None:
        raise AssertionError(failure)

    def join(
        self,
        peer_id: int,
        held: Iterable[int] = (),
        *,
        serves: bool = False,
        is_verified: bool = True,
        dialled: bool = False,
    ) -> VerifiedConnection:
        """
        A neighbour connects, with these pieces.
        """
        network = RecordingVerifiedNetwork(
            str(peer_id), self.calls, dialled, is_verified=is_verified
        )
        conversation = self.node.open_conversation(network, None)
        conversation.on_connect()
        conversation.on_handshake(peer_id)
        bits = Bitfield(PIECES)
        for index in held:
            bits.add(index)
        conversation.on_bitfield(bits)
        if serves:
            conversation.on_unchoke()
        return conversation

    def meet(self, peer_id: int) -> VerifiedConnection:
        """
        A neighbour connects, and says who it is.
        """
        network = RecordingVerifiedNetwork(str(peer_id), self.calls)
        conversation = self.node.open_conversation(network, None)
        conversation.on_connect()
        conversation.on_handshake(peer_id)
        return conversation

    def calling(self, peer_id: int) -> list[Call]:
        """
        A neighbour tries to connect.

        @return: what they were sent.
        """
        self.calls.clear()
        self.meet(peer_id)
        return list(self.calls)

    def asked(self, conversation: VerifiedConnection) -> int:
        """
        The piece that is outstanding at a neighbour.
        """
        (index,) = conversation.neighbor.requested
        return index

    def answer(self, conversation: VerifiedConnection, *, is_right: bool = True) -> int:
        """
        They send what they were asked for.

        @return: which piece.
        """
        index = self.asked(conversation)
        data = self.memory.right(index) if is_right else b"x"
        conversation.on_pieces([Piece(index, data)])
        return index

    def sent(self, *methods: str) -> list[Call]:
        """
        What was sent, of some kinds.
        """
        return [call for call in self.calls if call[1] in methods]

    def told(self, *kinds: type[SwarmEvent]) -> list[SwarmEvent]:
        """
        What was published, of some kinds.
        """
        return [event for event in self.events if isinstance(event, kinds)]

    def forget(self) -> None:
        """
        Look only at what comes from now on.
        """
        self.calls.clear()
        self.events.clear()


@implementer(ISwarmObserver)
class CancelWitness:
    """
    Whenever it hears something, it looks how many cancels were sent.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.seen: list[int] = []

    def observe(self, event: SwarmEvent) -> None:  # noqa: ARG002 (that it came)
        """
        Look.
        """
        self.seen.append(len(self._world.sent("send_cancel")))


class PickerWitness(RandomPicker):
    """
    Remembers what it was told of neighbours.
    """

    def __init__(self, *, counts_holders: bool) -> None:
        super().__init__(Bitfield(PIECES), random.Random(0))
        self.counts_holders = counts_holders
        self.heard: list[tuple[str, object]] = []

    def note_haves(self, indexes: Sequence[int]) -> None:
        """
        Remember.
        """
        self.heard += [("have", index) for index in indexes]

    def note_lacking(self, index: int) -> None:
        """
        Remember.
        """
        self.heard.append(("lacking", index))

    def note_bits(self, theirs: Bitfield) -> None:
        """
        Remember.
        """
        self.heard.append(("bits", list(theirs)))

    def note_left(self, theirs: Bitfield) -> None:
        """
        Remember.
        """
        self.heard.append(("left", list(theirs)))


class PickerTests(SynchronousTestCase):
    """
    What the picker is told of what neighbours hold.
    """

    def heard(self, *, counts_holders: bool) -> list[tuple[str, object]]:
        """
        What it is told when one tells all that it holds, changes that and leaves, one
        begins with a have, and one leaves before it said anything.
        """
        picker = PickerWitness(counts_holders=counts_holders)
        world = World(picker=picker)
        told = world.join(1, {0, 1})
        told.on_haves([1, 4])
        told.on_withdrawal(0)
        told.on_withdrawal(0)
        begins = world.meet(3)
        begins.on_haves([5])
        silent = world.meet(4)
        for conversation in (silent, begins, told):
            conversation.on_disconnect()
        return picker.heard

    def test_counts(self) -> None:
        """
        Of everybody that said something it is told what they hold, even if that is
        nothing so far, then each change, and in the end that they are gone.
        """
        self.assertEqual(
            self.heard(counts_holders=True),
            [
                ("bits", [0, 1]),
                ("have", 4),
                ("lacking", 0),
                ("bits", []),
                ("have", 5),
                ("left", [5]),
                ("left", [1, 4]),
            ],
        )

    def test_does_not_count(self) -> None:
        """
        One that does not care is told nothing.
        """
        self.assertEqual(self.heard(counts_holders=False), [])


class BlameTests(SynchronousTestCase):
    """
    Wrong pieces and who sent them.
    """

    def test_first_wrong_piece(self) -> None:
        """
        The sender is told and not asked for it again; it is open for others at once,
        and nothing pauses.
        """
        world = World(ALL - {0})
        bad = world.join(1, {0}, serves=True)
        good = world.join(3, {0}, serves=True)
        world.forget()
        world.answer(bad, is_right=False)
        self.assertEqual(
            world.sent("send_bad_piece", "send_request"),
            [("1", "send_bad_piece", 0), ("3", "send_request", 0)],
        )
        self.assertEqual(
            world.told(BadPieceReceived, PieceStoreFailed), [BadPieceReceived(1, 0, 1)]
        )
        world.answer(good)
        self.assertTrue(world.node.store.is_complete)

    def test_sole_holder(self) -> None:
        """
        When nobody else has it, the sender is asked again after a while, in which it
        may have looked: it may have been wrong once only.
        """
        world = World(ALL - {0})
        one = world.join(1, {0}, serves=True)
        world.answer(one, is_right=False)
        world.forget()
        world.now = WRONG_PIECE_SECONDS - 1
        world.node.retry_storage()
        self.assertEqual(world.calls, [])
        world.now = WRONG_PIECE_SECONDS
        world.node.retry_storage()
        self.assertEqual(world.calls, [("1", "send_request", 0)])
        world.answer(one)
        self.assertTrue(world.node.store.is_complete)

    def test_sole_holder_again(self) -> None:
        """
        If it is wrong again, its sender is shut out as others are.
        """
        world = World(ALL - {0})
        one = world.join(1, {0}, serves=True)
        world.answer(one, is_right=False)
        world.now = WRONG_PIECE_SECONDS
        world.node.retry_storage()
        world.answer(one, is_right=False)
        self.assertEqual(world.told(PeerShutOut), [PeerShutOut(1, 2, FIRST_SECONDS)])

    def test_told_anew(self) -> None:
        """
        A sender that withdraws the piece and tells of it anew is asked at once.
        """
        world = World(ALL - {0})
        one = world.join(1, {0}, serves=True)
        world.answer(one, is_right=False)
        one.on_withdrawal(0)
        self.assertFalse(one.neighbor.am_interested)
        one.on_haves([0])
        world.answer(one)
        self.assertTrue(world.node.store.is_complete)

    def test_shut_out(self) -> None:
        """
        The second wrong piece ends the conversation, and there is no other until the
        time is over; the next time it is twice as long.  Bystanders are not blamed.
        """
        world = World()
        good = world.join(3, ALL, serves=True)
        for seconds in (FIRST_SECONDS, 2 * FIRST_SECONDS):
            bad = world.join(1, ALL, serves=True)
            world.answer(bad, is_right=False)
            world.forget()
            world.answer(bad, is_right=False)
            self.assertEqual(
                world.told(PeerShutOut, NeighborDisconnected),
                [
                    PeerShutOut(1, 2, seconds),
                    NeighborDisconnected(1, "sent wrong pieces"),
                ],
            )
            self.assertEqual(
                world.sent("close"),
                [("1", "close", "sent wrong pieces", GoodbyeCode.BAD_PIECES)],
            )
            self.assertEqual(
                world.calling(1),
                [
                    ("1", "send_handshake", 2),
                    ("1", "close", "sent wrong pieces", GoodbyeCode.BAD_PIECES),
                ],
            )
            self.assertEqual(
                world.events[-1], ConnectionRefused(1, "sent wrong pieces")
            )
            self.assertTrue(world.node.is_shut_out(1))
            world.now += seconds
            self.assertFalse(world.node.is_shut_out(1))
        self.assertFalse(world.node.is_shut_out(3))
        self.assertIs(world.node.registry.find(3), good)

    def test_right_pieces_between(self) -> None:
        """
        Right pieces, and another conversation, do not wash it off.
        """
        world = World()
        bad = world.join(1, ALL, serves=True)
        world.answer(bad, is_right=False)
        world.answer(bad)
        bad.on_disconnect("gone")
        again = world.join(1, ALL, serves=True)
        world.answer(again, is_right=False)
        self.assertTrue(world.node.is_shut_out(1))

    def test_more_on_its_way(self) -> None:
        """
        A piece that is asked of a peer that is shut out is asked of others; one that
        it sent before and that turns out to be wrong is not counted again.
        """
        world = World(is_held=True)
        bad = world.join(1, ALL, serves=True)
        good = world.join(3, serves=True)
        for _ in range(3):
            world.answer(bad, is_right=False)
        outstanding = world.asked(bad)
        good.on_haves([outstanding])
        world.forget()
        world.door.release()
        world.door.release()
        self.assertIn(("3", "send_request", outstanding), world.calls)
        world.door.release()
        self.assertEqual(len(world.told(BadPieceReceived)), 3)
        self.assertEqual(len(world.told(PeerShutOut)), 1)
        self.assertEqual(world.node.requests.unsettled_bytes, 1)
        world.now = FIRST_SECONDS
        world.answer(world.join(1, ALL, serves=True), is_right=False)
        world.door.release_all()
        self.assertFalse(world.node.is_shut_out(1))

    def test_classic_neighbor(self) -> None:
        """
        One that speaks only the eight messages is blamed as others are.
        """
        world = World()
        bad = world.join(1, ALL, serves=True, is_verified=False)
        world.answer(bad, is_right=False)
        world.forget()
        world.answer(bad, is_right=False)
        self.assertEqual(
            world.sent("send_bad_piece", "close"),
            [("1", "close", "sent wrong pieces")],
        )
        self.assertTrue(world.node.is_shut_out(1))


class RejectTests(SynchronousTestCase):
    """
    Neighbours that do not send what they were asked for.
    """

    def test_told_and_taken_back(self) -> None:
        """
        A piece that they told of while they choked us, and hold no more, is not asked
        of them.
        """
        world = World(ALL - {0, 1, 2})
        world.join(1, {2}, serves=True)
        one = world.join(3, {0, 2}, serves=True)
        world.answer(one)
        one.on_choke()
        one.on_haves([1])
        one.on_withdrawal(1)
        world.forget()
        one.on_unchoke()
        self.assertEqual(world.sent("send_request"), [])

    def test_reject(self) -> None:
        """
        A piece that they reject is asked of others, and of them not now; what they
        withdraw, only when they tell of it anew.
        """
        world = World(ALL - {0})
        one = world.join(1, {0}, serves=True)
        world.join(3, {0})
        world.forget()
        one.on_reject(0)
        self.assertEqual(
            world.told(RequestGivenBack),
            [RequestGivenBack(1, 0, GivenBackReason.REJECT)],
        )
        self.assertEqual(world.sent("stop_waiting"), [("1", "stop_waiting")])
        world.node.hold_preferred_round()
        one.on_unchoke()
        one.on_reject(0)
        self.assertEqual(world.sent("send_request", "send_not_interested"), [])
        one.on_withdrawal(0)
        world.node.retry_storage()
        self.assertEqual(world.sent("send_request"), [])
        one.on_haves([0])
        self.assertEqual(world.sent("send_request"), [("1", "send_request", 0)])

    def test_sole_holder_rejects(self) -> None:
        """
        When nobody else has it, the one who rejected it is asked again at the next
        look at what failed, however often; and once for each time.
        """
        world = World(ALL - {0})
        one = world.join(1, ALL, serves=True)
        for _ in range(3):
            world.forget()
            one.on_reject(0)
            self.assertEqual(world.sent("send_request"), [])
            world.node.retry_storage()
            world.node.retry_storage()
            self.assertEqual(world.sent("send_request"), [("1", "send_request", 0)])
        world.answer(one)
        self.assertTrue(world.node.store.is_complete)

    def test_sole_holder_rejects_one_of_all(self) -> None:
        """
        It is asked for the others first, and all come.
        """
        world = World()
        seed = world.join(1, ALL, serves=True)
        rejected = world.asked(seed)
        seed.on_reject(rejected)
        for _ in range(PIECES - 1):
            world.node.retry_storage()
            self.assertNotEqual(world.answer(seed), rejected)
        world.node.retry_storage()
        self.assertEqual(world.answer(seed), rejected)
        self.assertTrue(world.node.store.is_complete)

    def test_next_piece(self) -> None:
        """
        They are asked for another one at once.
        """
        world = World(ALL - {0, 1})
        one = world.join(1, {0, 1}, serves=True)
        first = world.asked(one)
        one.on_reject(first)
        self.assertEqual(world.asked(one), 1 - first)

    def test_after_a_choke(self) -> None:
        """
        The reject of what was given up already does not mean that they lack it, and
        nothing of it may come any more.
        """
        world = World(ALL - {0})
        one = world.join(1, {0}, serves=True)
        one.on_choke()
        one.on_reject(0)
        self.assertFalse(one.neighbor.may_send(0))
        one.on_unchoke()
        self.assertEqual(world.asked(one), 0)

    def test_not_asked(self) -> None:
        """
        What was never asked of them they may reject as they like.
        """
        world = World()
        one = world.join(1, ALL)
        world.forget()
        one.on_reject(3)
        one.on_reject(2**32 - 1)
        self.assertEqual((world.calls, world.events), ([], []))

    def test_withdrawal(self) -> None:
        """
        A piece that they lost is asked of others, and they are not complete any more;
        the reject that follows says nothing new.
        """
        world = World(ALL - {0})
        one = world.join(1, ALL, serves=True)
        world.join(3, {0}, serves=True)
        self.assertNotIn(1, world.node.registry.incomplete)
        world.forget()
        one.on_withdrawal(0)
        self.assertEqual(
            world.calls,
            [
                ("1", "stop_waiting"),
                ("1", "send_not_interested"),
                ("3", "send_request", 0),
            ],
        )
        self.assertEqual(
            world.events[-2:],
            [
                RequestGivenBack(1, 0, GivenBackReason.REJECT),
                WithdrawalReceived(1, 0),
            ],
        )
        self.assertIn(1, world.node.registry.incomplete)
        world.forget()
        one.on_reject(0)
        self.assertEqual(world.sent("send_request"), [])
        one.on_haves([0])
        self.assertNotIn(1, world.node.registry.incomplete)

    def test_withdrawal_while_it_is_written(self) -> None:
        """
        A piece that they withdraw after it came is kept if it is right.
        """
        world = World(ALL - {0}, is_held=True)
        one = world.join(1, {0}, serves=True)
        world.answer(one)
        one.on_withdrawal(0)
        world.door.release_all()
        self.assertTrue(world.node.store.is_complete)
        self.assertEqual(one.neighbor.useful, 0)


class LossTests(SynchronousTestCase):
    """
    Pieces that we held and that are not right any more.
    """

    def test_found_at_a_read(self) -> None:
        """
        A piece that turns out to be wrong while it is served is withdrawn and
        rejected, fetched anew from others, and told of anew; the file is not complete
        or put in place a second time.
        """
        world = World(ALL)
        asking = world.join(1)
        holding = world.join(3, ALL, serves=True)
        classic = world.join(4, ALL, is_verified=False)
        asking.on_interested()
        asking.unchoke()
        world.memory.rot(2)
        world.forget()
        asking.on_requests([2])
        self.assertEqual(
            world.calls,
            [
                ("1", "send_withdrawal", 2),
                ("1", "send_reject", 2),
                ("3", "send_withdrawal", 2),
                ("3", "send_interested"),
                ("4", "send_interested"),
                ("3", "send_request", 2),
            ],
        )
        self.assertEqual(
            world.told(PieceWithdrawn), [PieceWithdrawn(2, "piece 2 has rotted")]
        )
        self.assertEqual(classic.neighbor.useful, 1)
        world.forget()
        world.answer(holding)
        self.assertEqual(len(world.sent("send_have")), 3)
        self.assertEqual(world.told(PieceHealed), [PieceHealed(2)])
        self.assertEqual(world.told(FileCompleted, FilePlaced), [])
        self.assertTrue(world.node.is_placed)

    def test_right_again(self) -> None:
        """
        A piece that is right on the disk again is held again, without fetching.
        """
        world = World(ALL)
        one = world.join(1, ALL)
        world.memory.rot(2)
        world.node.healing.lose(2, "rotten")
        world.node.retry_storage()
        self.assertEqual(world.told(PieceHealed), [])
        world.memory.pieces[2] = world.memory.right(2)
        world.forget()
        world.node.retry_storage()
        self.assertEqual(
            world.calls, [("1", "send_have", 2), ("1", "send_not_interested")]
        )
        self.assertEqual(world.events[-1], PieceHealed(2))
        self.assertTrue(world.node.store.is_complete)
        one.on_unchoke()
        self.assertEqual(world.sent("send_request"), [])

    def test_looked_at_in_turn(self) -> None:
        """
        Of those that were lost all are looked at, whatever one that stays wrong.
        """
        world = World(ALL)
        for index in (1, 3, 4):
            world.memory.rot(index)
            world.node.healing.lose(index, "rotten")
        for index in (3, 4):
            world.memory.pieces[index] = world.memory.right(index)
        world.node.retry_storage()
        self.assertEqual(world.told(PieceHealed), [PieceHealed(3), PieceHealed(4)])

    def test_fetched_meanwhile(self) -> None:
        """
        One that comes while it is looked at is ours but once.
        """
        world = World(ALL, is_held=True)
        holding = world.join(3, ALL, serves=True)
        world.node.healing.lose(2, "rotten")
        world.node.give_back(holding, GivenBackReason.STALL)
        world.node.retry_storage()
        (look,) = [c for c in world.door.waiting if c.name == "check_piece"]
        holding.on_pieces([Piece(2, world.memory.right(2))])
        world.memory.pieces[2] = world.memory.right(2)
        look.go()
        self.assertEqual(world.told(PieceHealed), [])
        (write,) = [c for c in world.door.waiting if c.name == "write"]
        write.go()
        self.assertEqual(world.told(PieceHealed), [PieceHealed(2)])

    def test_not_healed(self) -> None:
        """
        Who does not heal does not ask for it.
        """
        world = World(ALL, heals=False)
        holding = world.join(3, ALL, serves=True)
        world.forget()
        world.node.healing.lose(2, "rotten")
        holding.on_unchoke()
        self.assertEqual(world.sent("send_request"), [])
        self.assertEqual(world.sent("send_withdrawal"), [("3", "send_withdrawal", 2)])

    def test_not_healed_is_not_wanted(self) -> None:
        """
        Nobody is told that we are interested in what we do not ask for, now or later;
        and what comes all the same is not taken.
        """
        world = World(ALL - {0, 1}, heals=False)
        slow = world.join(1, {0}, serves=True, is_verified=False)
        quick = world.join(3, {1}, serves=True)
        world.answer(quick)
        quick.on_haves([0])
        world.now = 3.0
        world.node.review_requests()
        world.answer(quick)
        self.assertEqual(slow.neighbor.requested, {0})
        world.memory.rot(0)
        world.forget()
        world.node.healing.lose(0, "rotten")
        slow.on_pieces([Piece(0, world.memory.right(0))])
        for peer_id in (4, 5):
            world.join(peer_id, {0}).on_haves([1])
        quick.on_haves([2])
        self.assertEqual(world.sent("send_interested", "send_have"), [])
        self.assertEqual(world.told(DuplicatePieceReceived, PieceHealed)[1:], [])
        self.assertNotIn(0, world.node.store.bits)

    def test_not_healed_is_right_again(self) -> None:
        """
        One that is right again by itself is held again all the same.
        """
        world = World(ALL, heals=False)
        one = world.join(1, ALL)
        world.node.healing.lose(2, "rotten")
        world.node.retry_storage()
        self.assertEqual(world.told(PieceHealed), [PieceHealed(2)])
        self.assertEqual(one.neighbor.useful, 0)
        self.assertTrue(world.node.store.is_complete)

    def test_found_wrong_before_it_came_anew(self) -> None:
        """
        What a check or a read tells of a piece that was lost and stored again while
        it was under way is not believed.
        """
        world = World(ALL, is_held=True)
        asking = world.join(1)
        asking.unchoke()
        holding = world.join(3, ALL, serves=True)
        world.node.healing.check(2, "somebody doubts it")
        asking.on_requests([2])
        world.memory.rot(2)
        check, read = world.door.waiting
        world.door.waiting.clear()
        world.node.healing.lose(2, "rotten")
        read.go()
        check.go()
        world.answer(holding)
        world.door.release_all()
        self.assertEqual(len(world.told(PieceWithdrawn)), 1)
        self.assertEqual(world.told(PieceHealed), [PieceHealed(2)])
        world.forget()
        world.memory.rot(2)
        world.node.healing.check(2, "somebody doubts it")
        asking.on_requests([2])
        world.node.healing.lose(2, "rotten")
        late = list(world.door.waiting)
        world.door.waiting.clear()
        world.answer(holding)
        world.door.release_all()
        world.memory.rot(2)
        for call in late:
            call.go()
        self.assertEqual(len(world.told(PieceWithdrawn)), 1)
        self.assertIn(2, world.node.store.bits)

    def test_not_ours(self) -> None:
        """
        What we do not hold, or lost already, cannot be lost.
        """
        world = World({0})
        world.node.healing.lose(0, "rotten")
        world.forget()
        world.node.healing.lose(0, "rotten")
        world.node.healing.lose(1, "rotten")
        self.assertEqual((world.calls, world.events), ([], []))

    def test_scrub(self) -> None:
        """
        The scrub finds what rots.
        """
        world = World({0, 4})
        world.memory.rot(4)
        world.node.scrub(2)
        self.assertEqual(
            world.told(PieceWithdrawn), [PieceWithdrawn(4, "the scrub found it wrong")]
        )

    def test_complaint(self) -> None:
        """
        When somebody complains of a piece, it is looked whether they are right.
        """
        world = World({0, 4})
        asking = world.join(1)
        asking.unchoke()
        asking.on_requests([0])
        asking.on_requests([4])
        world.memory.rot(4)
        asking.on_bad_piece(0)
        asking.on_bad_piece(4)
        self.assertEqual(
            world.told(BadPieceTold, PieceWithdrawn),
            [
                BadPieceTold(1, 0),
                BadPieceTold(1, 4),
                PieceWithdrawn(4, "peer 1 found it wrong"),
            ],
        )

    def test_lost_while_it_is_placed(self) -> None:
        """
        A piece that is lost while the files are being put in place is fetched again;
        if they could not be put in place, that is tried again then, and everybody is
        done only after that.
        """
        world = World(ALL - {0}, is_held=True)
        one = world.join(1, ALL, serves=True)
        for peer_id in NEIGHBORS[1:]:
            world.join(peer_id, ALL)
        world.answer(one)
        world.door.release()
        self.assertEqual([call.name for call in world.door.waiting], ["finish"])
        world.node.healing.lose(0, "rotten")
        world.door.fail("it is not whole")
        world.node.retry_storage()
        self.assertEqual(world.door.waiting, [])
        world.answer(one)
        world.door.release_all()
        self.assertEqual(
            world.told(
                FileCompleted,
                FilePlacingFailed,
                FilePlaced,
                PieceHealed,
                SwarmCompleted,
            ),
            [
                FileCompleted(),
                FilePlacingFailed("it is not whole"),
                PieceHealed(0),
                FilePlaced(),
                SwarmCompleted(),
            ],
        )

    def test_placed_meanwhile(self) -> None:
        """
        If they could, then all is done when the piece is healed.
        """
        world = World(ALL - {0}, is_held=True)
        one = world.join(1, ALL, serves=True)
        for peer_id in NEIGHBORS[1:]:
            world.join(peer_id, ALL)
        world.answer(one)
        world.door.release()
        world.node.healing.lose(0, "rotten")
        world.door.release()
        self.assertEqual(world.told(FilePlaced, SwarmCompleted), [FilePlaced()])
        world.answer(one)
        world.door.release_all()
        self.assertEqual(
            world.told(FilePlaced, SwarmCompleted), [FilePlaced(), SwarmCompleted()]
        )


class EndGameTests(SynchronousTestCase):
    """
    A piece that takes long.
    """

    def setUp(self) -> None:
        """
        The piece 0 takes long at peer 1; peer 3 gave us the piece 1 within a second,
        and holds 0, too.
        """
        self.world = World(ALL - {0, 1})
        self.slow = self.world.join(1, {0}, serves=True)
        self.quick = self.world.join(3, {1}, serves=True)
        self.world.now = 1.0
        self.world.answer(self.quick)
        self.quick.on_haves([0])
        self.world.now = 3.0
        self.world.forget()

    def test_asked_twice(self) -> None:
        """
        It is asked of another one, and once only; when it is here, the first one need
        not send it, and is free for others.
        """
        self.world.node.review_requests()
        self.world.node.review_requests()
        self.assertEqual(self.world.calls, [("3", "send_request", 0)])
        self.assertEqual(
            self.world.events, [PieceRequested(3, 0), SecondRequested(3, 0)]
        )
        self.world.forget()
        self.world.answer(self.quick)
        self.assertEqual(
            self.world.sent("stop_waiting", "send_cancel"),
            [("1", "stop_waiting"), ("1", "send_cancel", 0)],
        )
        self.assertEqual(self.world.told(RequestCancelled), [RequestCancelled(1, 0)])
        self.assertEqual(self.slow.neighbor.requested, set())
        self.world.forget()
        self.slow.on_pieces([Piece(0, b"\0")])
        self.assertEqual(self.world.events, [DuplicatePieceReceived(1, 0, 1)])
        self.assertEqual(self.world.node.requests.duplicate_bytes, 1)

    def test_loser_is_free(self) -> None:
        """
        The loser is asked for the next piece that is open.
        """
        self.world.node.review_requests()
        self.slow.on_haves([4])
        self.world.node.healing.lose(4, "rotten")
        self.world.forget()
        self.world.answer(self.quick)
        self.assertEqual(self.world.sent("send_request"), [("1", "send_request", 4)])

    def test_no_answer(self) -> None:
        """
        When the loser takes it back in time, nothing came twice.
        """
        self.world.node.review_requests()
        self.world.answer(self.quick)
        self.slow.on_reject(0)
        self.assertFalse(self.slow.neighbor.may_send(0))
        self.assertEqual(self.world.node.requests.duplicate_bytes, 0)

    def test_wrong(self) -> None:
        """
        While it is not known whether what came is right, the other one goes on.
        """
        self.world.node.review_requests()
        self.world.answer(self.quick, is_right=False)
        self.assertEqual(self.world.sent("send_cancel"), [])
        self.world.answer(self.slow)
        self.assertTrue(self.world.node.store.is_complete)

    def test_first_leaves(self) -> None:
        """
        When the first one leaves, nothing changes for the second.
        """
        self.world.node.review_requests()
        self.slow.on_disconnect("gone")
        self.world.answer(self.quick)
        self.assertTrue(self.world.node.store.is_complete)
        self.assertEqual(self.world.sent("send_cancel"), [])

    def test_one_leaves_when_told(self) -> None:
        """
        When one that need not send it leaves at being told, the other may be asked for
        what was asked of that one at once, and it is watched.
        """
        world = World(ALL - {0, 1})
        late = world.join(4, {0}, serves=True)
        late.on_choke()
        first = world.join(1, {0}, serves=True)
        first.on_haves([1])
        second = world.join(3, {0}, serves=True)
        first.on_stall()
        self.assertEqual((world.asked(second), world.asked(first)), (0, 1))
        second.on_haves([1])
        world.forget()
        self.patch(
            first.network, "send_cancel", lambda _: first.on_disconnect("takes nothing")
        )
        late.on_pieces([Piece(0, world.memory.right(0))])
        self.assertEqual(world.asked(second), 1)
        self.assertEqual(
            [call[1:] for call in world.calls if call[0] == "3"][:2],
            [("stop_waiting",), ("send_request", 1)],
        )
        self.assertEqual(world.sent("stop_waiting").count(("3", "stop_waiting")), 1)

    def test_classic_loser(self) -> None:
        """
        One that speaks only the eight messages cannot be told; its answer is waited
        for.
        """
        world = World(ALL - {0, 1})
        slow = world.join(1, {0}, serves=True, is_verified=False)
        quick = world.join(3, {1}, serves=True)
        world.answer(quick)
        quick.on_haves([0])
        world.now = 3.0
        world.node.review_requests()
        world.forget()
        world.answer(quick)
        self.assertEqual(world.told(RequestCancelled), [])
        self.assertEqual(world.asked(slow), 0)
        slow.on_pieces([Piece(0, b"\0")])
        self.assertEqual(slow.neighbor.requested, set())

    def test_classic_choke(self) -> None:
        """
        What one asked of it before it choked us does not come as a rule, and is not
        reckoned with; others tell of each request what became of it.
        """
        for is_verified in (False, True):
            world = World(ALL - {0})
            one = world.join(1, {0}, serves=True, is_verified=is_verified)
            one.on_choke()
            self.assertEqual(len(world.node.requests.debtors(0)), int(is_verified))

    def test_stall(self) -> None:
        """
        A piece that came from elsewhere after a stall is cancelled at who stalled.
        """
        world = World(ALL - {0})
        slow = world.join(1, {0}, serves=True)
        quick = world.join(3, {0}, serves=True)
        slow.on_stall()
        world.forget()
        world.answer(quick)
        self.assertEqual(
            world.sent("send_cancel", "stop_waiting"), [("1", "send_cancel", 0)]
        )

    def test_told_at_last(self) -> None:
        """
        Everybody is told before anybody hears of it who watches.
        """
        world = World(ALL - {0})
        slow = [world.join(peer_id, {0}, serves=True) for peer_id in (1, 3)]
        quick = world.join(4, {0}, serves=True)
        for each in slow:
            each.on_stall()
        witness = CancelWitness(world)
        world.node.bus.add(witness, RequestCancelled)
        world.answer(quick)
        self.assertEqual(witness.seen, [2, 2])


class PauseTests(SynchronousTestCase):
    """
    A disk that takes no pieces.
    """

    def test_few_pieces_tell(self) -> None:
        """
        Fetching pauses; then three pieces at a time try the disk, and when it takes
        one, everybody is asked.
        """
        world = World()
        ids = (1, 3, 4, 5)
        neighbors = [world.join(peer_id, ALL, serves=True) for peer_id in ids]
        world.memory.failure = StorageError("no space")
        # The first one was asked for another before the disk answered.
        for neighbor in [*neighbors, neighbors[0]]:
            world.answer(neighbor)
        self.assertTrue(world.node.progress().is_paused)
        for _ in range(3):
            world.forget()
            world.node.retry_storage()
            world.node.retry_storage()
            asked = [call[0] for call in world.sent("send_request")]
            self.assertEqual(asked, ["1", "3", "4"])
            for neighbor in neighbors[:3]:
                world.answer(neighbor)
        self.assertEqual(len(world.told(PieceStoreFailed)), 3)
        world.memory.failure = None
        world.node.retry_storage()
        world.forget()
        world.answer(neighbors[0])
        asked = [call[0] for call in world.sent("send_request")]
        self.assertEqual(asked, ["1", "5"])
        self.assertEqual(world.told(FetchingResumed), [FetchingResumed()])
        self.assertFalse(world.node.progress().is_paused)

    def test_one_that_does_not_answer(self) -> None:
        """
        Who leaves requests without an answer is asked last, so that the disk is tried
        all the same.
        """
        world = World()
        ids = (1, 3, 4, 5)
        silent, *others = [world.join(peer_id, ALL, serves=True) for peer_id in ids]
        world.memory.failure = StorageError("no space")
        world.answer(others[0])
        silent.on_stall()
        for neighbor in others:
            if neighbor.neighbor.requested:
                world.answer(neighbor)
        world.forget()
        world.node.retry_storage()
        asked = [call[0] for call in world.sent("send_request")]
        self.assertEqual(asked, ["3", "4", "5"])

    def test_given_up(self) -> None:
        """
        A piece that can never be kept is fetched no more, and others go on.
        """
        world = World(ALL - {0, 1})
        one = world.join(1, ALL, serves=True)
        world.memory.failure = StorageError("the file was replaced", is_final=True)
        index = world.answer(one)
        self.assertEqual(
            world.told(PieceStoreFailed),
            [PieceStoreFailed(1, index, "the file was replaced", is_final=True)],
        )
        world.memory.failure = None
        self.assertNotEqual(world.answer(one), index)
        self.assertFalse(world.node.progress().is_paused)
        world.forget()
        world.node.retry_storage()
        self.assertEqual(world.sent("send_request"), [])

    def test_given_up_is_not_wanted(self) -> None:
        """
        Nobody is told that we are interested in what is given up; who was asked for it
        as the second one is told that it need not come, and is free for another.
        """
        world = World(ALL - {0, 1, 2})
        slow = world.join(1, {0}, serves=True)
        quick = world.join(3, {1}, serves=True)
        world.answer(quick)
        quick.on_haves([0])
        world.now = 3.0
        world.node.review_requests()
        slow.on_haves([2])
        world.memory.failure = StorageError("the file was replaced", is_final=True)
        world.forget()
        world.answer(quick)
        self.assertEqual(
            world.calls,
            [
                ("1", "stop_waiting"),
                ("1", "send_cancel", 0),
                ("1", "send_request", 2),
                ("3", "send_not_interested"),
            ],
        )
        self.assertEqual(
            world.events[-2:],
            [
                PieceStoreFailed(3, 0, "the file was replaced", is_final=True),
                RequestCancelled(1, 0),
            ],
        )
        world.memory.failure = None
        slow.on_pieces([Piece(0, world.memory.right(0))])
        self.assertEqual(world.told(PieceStored), [])
        world.forget()
        world.join(4, {0})
        self.assertEqual(
            world.calls[2:], [("4", "send_not_interested")], "nothing to want"
        )

    def test_wrong_piece_does_not_pause(self) -> None:
        """
        The piece that is to tell may be wrong; then the next one tells.
        """
        world = World()
        one = world.join(1, ALL, serves=True)
        world.memory.failure = StorageError("no space")
        world.answer(one)
        world.node.retry_storage()
        world.memory.failure = None
        world.answer(one, is_right=False)
        self.assertEqual(one.neighbor.requested, set())
        world.node.retry_storage()
        world.answer(one)
        self.assertEqual(world.told(FetchingResumed), [FetchingResumed()])


class ConversationTests(SynchronousTestCase):
    """
    Conversations that end, or do not begin.
    """

    def test_replaced(self) -> None:
        """
        The older of two conversations is told why it ends.
        """
        world = World()
        world.join(1)
        self.assertEqual(
            world.calling(1)[1],
            ("1", "close", "replaced by a new connection", GoodbyeCode.REPLACED),
        )

    def test_one_too_many(self) -> None:
        """
        When both called each other, the one that does not stay is told.
        """
        world = World()
        world.join(1, dialled=True)
        reason = "there is a conversation with 1 already"
        self.assertEqual(
            world.calling(1)[1:], [("1", "close", reason, GoodbyeCode.REPLACED)]
        )

    def test_started_whole(self) -> None:
        """
        A peer that has all in place from the start says nothing of it.
        """
        world = World(ALL)
        self.assertEqual(world.events, [])
        self.assertTrue(world.node.is_placed)

    def test_recorded(self) -> None:
        """
        What the storage tells is passed on, and how much is recorded is known.
        """
        world = World()
        self.assertIsNone(world.node.progress().recorded)
        world.node.storage_told(RecordSaved(3))
        self.assertEqual(world.events, [RecordSaved(3)])
        self.assertEqual(world.node.progress().recorded, 3)

    def test_states(self) -> None:
        """
        A peer that takes up where an earlier one stopped asks for the rest alone.
        """
        world = World({0, 1, 2, 3, 4})
        world.join(1, ALL, serves=True)
        self.assertEqual(world.sent("send_request"), [("1", "send_request", 5)])
        self.assertEqual(world.node.store.state(0), PieceState.HAVE)


class PipelineTests(SynchronousTestCase):
    """
    Several pieces are asked of one neighbour, the rare ones first.
    """

    def requests(self, world: World) -> list[Call]:
        """
        Who was asked for what.
        """
        return [(call[0], call[2]) for call in world.calls if call[1] == "send_request"]

    def test_fills_the_window(self) -> None:
        """
        As many as may be outstanding are asked for at once, and one more for each that
        comes.
        """
        world = World(request_window=3)
        neighbor = world.join(1, ALL, serves=True)
        self.assertEqual(len(self.requests(world)), 3)
        index = min(neighbor.neighbor.requested)
        neighbor.on_pieces([Piece(index, bytes([index]))])
        self.assertEqual(len(self.requests(world)), 4)

    def test_one_of_a_classic_one(self) -> None:
        """
        By itself a peer asks two pieces of a neighbour once one came, and one of one
        that speaks only the eight messages.
        """
        for is_verified, count in (True, 2), (False, 1):
            world = World(request_window=None)
            neighbor = world.join(1, ALL, serves=True, is_verified=is_verified)
            (index,) = neighbor.neighbor.requested
            neighbor.on_pieces([Piece(index, bytes([index]))])
            self.assertEqual(len(neighbor.neighbor.requested), count)

    def test_pieces_that_came_together(self) -> None:
        """
        What follows from pieces that came together is done once for all: the next
        requests, then the haves to everybody, each of which the observers hear of in
        its turn.
        """
        world = World(request_window=3)
        neighbor = world.join(1, ALL, serves=True)
        world.join(3)
        asked = sorted(neighbor.neighbor.requested)
        world.calls.clear()
        neighbor.on_pieces([Piece(index, bytes([index])) for index in asked])
        self.assertEqual(
            [call[:2] for call in world.calls],
            [("1", "send_request")] * 3
            + [("1", "send_have")] * 3
            + [("3", "send_have")] * 3,
        )
        self.assertEqual({call[2] for call in world.calls[:3]}, ALL - set(asked))
        self.assertEqual(
            world.told(PieceStored),
            [PieceStored(1, index, 1, at + 1) for at, index in enumerate(asked)],
        )

    def test_one_of_them_wrong(self) -> None:
        """
        If one of them is wrong the others are kept, and everybody hears of those.
        """
        world = World(request_window=3)
        neighbor = world.join(1, ALL, serves=True)
        first, wrong, last = asked = sorted(neighbor.neighbor.requested)
        world.calls.clear()
        neighbor.on_pieces(
            [
                Piece(index, b"x" if index == wrong else bytes([index]))
                for index in asked
            ]
        )
        self.assertEqual(list(world.node.store.bits), [first, last])
        haves = [call[2] for call in world.sent("send_have")]
        self.assertEqual(haves, [first, last])
        self.assertEqual(world.sent("send_bad_piece"), [("1", "send_bad_piece", wrong)])

    def test_one_that_was_not_asked_for(self) -> None:
        """
        Those before one that was not asked for, or not once more, are kept.
        """
        world = World(request_window=3)
        neighbor = world.join(1, ALL, serves=True)
        first, second, _ = sorted(neighbor.neighbor.requested)
        with self.assertRaises(ProtocolViolation):
            neighbor.on_pieces(
                [Piece(index, bytes([index])) for index in (first, second, first)]
            )
        self.assertEqual(list(world.node.store.bits), [first, second])
        self.assertEqual(len(world.told(PieceStored)), 2)

    def test_have_while_busy(self) -> None:
        """
        A have of one that has enough to do leads to nothing; of one that has not, to a
        request.
        """
        world = World(request_window=2)
        neighbor = world.join(1, [0], serves=True)
        for index in 1, 2, 3:
            neighbor.on_haves([index])
        self.assertEqual(self.requests(world), [("1", 0), ("1", 1)])

    def test_rare_ones_first(self) -> None:
        """
        What few hold is asked for first; it is known what neighbours have gained, lost
        and taken with them.
        """
        world = World(request_window=PIECES)
        serving = world.join(1, ALL)
        other = world.join(3, [0, 1, 2])
        gone = world.join(4, [3, 4, 5])
        other.on_haves([4])
        other.on_withdrawal(2)
        gone.on_disconnect()
        serving.on_unchoke()
        asked = [call[1] for call in self.requests(world)]
        self.assertEqual(set(asked[:3]), {2, 3, 5})

    def test_choke_and_stall(self) -> None:
        """
        At a choke all of them are given back and asked of others, at a stall too; then
        one is asked again of who stalled.
        """
        world = World(request_window=3)
        first = world.join(1, ALL, serves=True)
        second = world.join(3, ALL)
        seen = [len(first.neighbor.requested)]
        first.on_choke()
        second.on_unchoke()
        seen += [len(first.neighbor.requested), len(second.neighbor.requested)]
        second.on_stall()
        seen.append(len(second.neighbor.requested))
        self.assertEqual(seen, [3, 0, 3, 1])

    def test_end_while_asking(self) -> None:
        """
        Who is gone while it is asked is asked for nothing more, and what it was asked
        for is open.
        """
        world = World(request_window=3)
        neighbor = world.join(1, ALL)

        def end(indexes: Sequence[int]) -> None:
            world.calls.append(("1", "send_request", len(indexes)))
            neighbor.on_disconnect("too much")

        self.patch(neighbor.network, "send_requests", end)
        neighbor.on_unchoke()
        self.assertEqual(len(self.requests(world)), 1)
        states = {world.node.store.state(index) for index in ALL}
        self.assertEqual(states, {PieceState.MISSING})
