"""
Any order of events leaves a L{swarmpeer.core.node.PeerNode} with its invariants,
as its neighbours see them: by what they were sent.
"""

import random
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import (
    booleans,
    frozensets,
    integers,
    just,
    none,
    sampled_from,
    tuples,
)
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.node import PeerNode
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.core.requests import RequestManager
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.five_peers import NEIGHBORS, OWN_ID, five_peers
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.recorders import Call, RecordingNetwork
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.bitfield import Bitfield

PIECES = 6
PREFERRED = 1

indexes = integers(0, PIECES - 1)
places = integers(0, len(NEIGHBORS) - 1)
mostly = integers(0, 3).map(bool)
holdings = none() | just(frozenset(range(PIECES))) | frozensets(indexes)


@dataclass
class Neighbor:
    """
    One conversation from the other end.

    @ivar is_unchoked: what they were told last.
    @ivar is_wanted: were they told last that we are interested?
    @ivar owes_interest: are they to be told, changed or not, because they sent a
        bitfield?
    @ivar wants: did they say that they are interested?
    @ivar serves: did they unchoke us?
    @ivar owed: the pieces that they were asked for and did not send, oldest
        first.
    @ivar asked: the pieces that they are to be sent.
    """

    conversation: PeerConnection
    is_unchoked: bool = False
    is_wanted: bool = False
    owes_interest: bool = False
    wants: bool = False
    serves: bool = False
    owed: list[int] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)

    def hear(self, method: str, *arguments: object) -> None:
        """
        They were sent something; is it what may be sent?
        """
        match method, arguments:
            case "send_choke", ():
                assert self.is_unchoked, "a choke that changes nothing"
                self.is_unchoked = False
                self.asked.clear()
            case "send_unchoke", ():
                assert not self.is_unchoked, "an unchoke that changes nothing"
                self.is_unchoked = True
            case "send_interested", ():
                self._hear_interest(True)
            case "send_not_interested", ():
                self._hear_interest(False)
            case "send_request", (int(index),):
                assert self.serves, "a request to one that chokes us"
                self.owed.append(index)
            case "send_piece", (int(index), data):
                assert index in self.asked, f"piece {index} was not to be sent"
                assert data == bytes([index])
                self.asked.remove(index)
            case _:
                assert method in ("send_handshake", "send_bitfield", "stop_waiting")

    def _hear_interest(self, is_wanted: bool) -> None:
        assert self.owes_interest or self.is_wanted != is_wanted, "the same interest"
        self.owes_interest = False
        self.is_wanted = is_wanted


class NodeMachine(RuleBasedStateMachine):
    """
    Neighbours that do what they like, within the protocol, and a disk that
    answers late, in any order, and sometimes fails.
    """

    @initialize(is_whole=booleans(), held=tuples(*[holdings] * len(NEIGHBORS)))
    def start(self, is_whole: bool, held: tuple[frozenset[int] | None, ...]) -> None:
        """
        A peer with everything or with nothing, which everybody calls.
        """
        layout = PieceLayout(PIECES, 1)
        memory = MemoryStorage(layout, bytes(range(PIECES)) if is_whole else None)
        self.storage = HeldStorage(memory)
        self.storage.open()
        self.calls: list[Call] = []
        self.failures: list[tuple[object, ...]] = []
        store, rng = PieceStore(layout, self.storage), random.Random(0)
        self.node = PeerNode(
            five_peers(layout, PREFERRED),
            store,
            RequestManager(store, RandomPicker(store.bits, rng)),
            ChokingManager(PREFERRED, rng),
            EventBus(self._note_failure),
        )
        self.node.start(is_placed=is_whole)
        # By id; a name on the calls is that of one conversation.
        self.live: dict[int, Neighbor] = {}
        self.names: dict[int, str] = {}
        self.met = 0
        self.held_before: set[int] = set()
        for peer_id, theirs in zip(NEIGHBORS, held, strict=True):
            self.join(peer_id, theirs)

    def _note_failure(self, *failure: object) -> None:
        self.failures.append(failure)

    def _play(self, stored: int | None = None) -> None:
        """
        Let the neighbours hear what was sent.

        @param stored: the piece that came to be ours: it, and nothing else, was
            told to everybody who is here, once.
        """
        by_name = {name: self.live[peer_id] for peer_id, name in self.names.items()}
        told: list[Call] = []
        for call in self.calls:
            name, method, *arguments = call
            neighbor = by_name.get(str(name))
            if method == "send_have":
                told.append(call)
            elif neighbor is not None:
                neighbor.hear(str(method), *arguments)
            else:
                assert method in ("close", "stop_waiting"), f"{call} after the end"
        expected: list[Call] = []
        if stored is not None:
            expected = [(name, "send_have", stored) for name in self.names.values()]
        assert sorted(told, key=str) == sorted(expected, key=str)
        self.calls.clear()

    def _one(self, place: int) -> Neighbor:
        """
        One of those that are here.
        """
        return self.live[sorted(self.live)[place % len(self.live)]]

    @rule(peer_id=sampled_from(NEIGHBORS), held=holdings)
    def join(self, peer_id: int, held: frozenset[int] | None) -> None:
        """
        They call, if they are here for the second time, and may tell what they hold.
        """
        self.met += 1
        name = f"{peer_id}, number {self.met}"
        network = RecordingNetwork(name, self.calls)
        conversation = self.node.open_conversation(network, None)
        neighbor = Neighbor(conversation)
        self.live[peer_id], self.names[peer_id] = neighbor, name
        conversation.on_connect()
        conversation.on_handshake(peer_id)
        own = self.node.store.bits.to_bytes()
        assert [call[1:] for call in self.calls if call[0] == name] == [
            ("send_handshake", OWN_ID),
            ("send_bitfield", own),
        ]
        if held is not None:
            neighbor.owes_interest = True
            bits = Bitfield(PIECES)
            for index in held:
                bits.add(index)
            conversation.on_bitfield(bits)
        self._play()
        assert not neighbor.owes_interest, "no answer to a bitfield"

    @precondition(lambda self: self.live)
    @rule(place=places)
    def leave(self, place: int) -> None:
        """
        They hang up.
        """
        neighbor = self._one(place)
        del self.live[neighbor.conversation.peer_id]
        del self.names[neighbor.conversation.peer_id]
        neighbor.conversation.on_disconnect("gone")
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def have(self, place: int, index: int) -> None:
        """
        They got a piece, or say so again.
        """
        self._one(place).conversation.on_haves([index])
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, serves=mostly)
    def choke_or_unchoke(self, place: int, serves: bool) -> None:
        """
        They serve us or do not, or say so again; what they owe may still come.
        """
        neighbor = self._one(place)
        neighbor.serves = serves
        if serves:
            neighbor.conversation.on_unchoke()
        else:
            neighbor.conversation.on_choke()
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, wants=mostly)
    def want_or_not(self, place: int, wants: bool) -> None:
        """
        They want something or nothing, or say so again.
        """
        neighbor = self._one(place)
        neighbor.wants = wants
        if wants:
            neighbor.conversation.on_interested()
        else:
            neighbor.conversation.on_not_interested()
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def request(self, place: int, index: int) -> None:
        """
        They ask, whether they may or not.
        """
        neighbor = self._one(place)
        if neighbor.is_unchoked and index in self.node.store.bits:
            neighbor.asked.add(index)
        neighbor.conversation.on_requests([index])
        self._play()

    @precondition(lambda self: any(one.owed for one in self.live.values()))
    @rule(place=places)
    def answer(self, place: int) -> None:
        """
        They send the oldest piece that they owe, however late.
        """
        owing = [one for one in self.live.values() if one.owed]
        neighbor = owing[place % len(owing)]
        index = neighbor.owed.pop(0)
        neighbor.conversation.on_pieces([Piece(index, bytes([index]))])
        self._play()

    @precondition(lambda self: any(one.owed for one in self.live.values()))
    @rule(place=places)
    def stall(self, place: int) -> None:
        """
        They owe a piece and send nothing.
        """
        conversation = self._one(place).conversation
        if conversation.neighbor.requested:
            conversation.on_stall()
            self._play()

    @precondition(lambda self: self.storage.waiting)
    @rule(place=places, is_well=mostly)
    def storage_answers(self, place: int, is_well: bool) -> None:
        """
        The disk is done with something; what it holds it can read.
        """
        position = place % len(self.storage.waiting)
        call = self.storage.waiting[position]
        if is_well or call.name == "read":
            self.storage.release(position)
            self._play(stored=call.index if call.name == "write" else None)
        else:
            self.storage.fail("no space", position)
            self._play()

    @rule()
    def preferred_round(self) -> None:
        """
        The timer of the preferred neighbours.
        """
        self.node.hold_preferred_round()
        self._play()
        for peer_id in self._check_unchoked():
            assert self.live[peer_id].wants, "served, but not interested"

    @rule()
    def optimistic_round(self) -> None:
        """
        The timer of the optimistic one.
        """
        self.node.hold_optimistic_round()
        self._play()
        self._check_unchoked()
        optimistic = self.node.choking.optimistic
        if optimistic is not None:
            assert self.live[optimistic].wants, "drawn, but not interested"

    def _check_unchoked(self) -> set[int]:
        """
        The unchoked are the preferred ones and the optimistic one.

        @return: their ids.
        """
        choking = self.node.choking
        assert len(choking.preferred) <= PREFERRED
        expected = {*choking.preferred, choking.optimistic} - {None}
        unchoked = {
            peer_id for peer_id, neighbor in self.live.items() if neighbor.is_unchoked
        }
        assert unchoked == expected, (unchoked, expected)
        return unchoked

    @invariant()
    def interest_is_right(self) -> None:
        """
        They know that we are interested exactly if they have something that we
        lack.
        """
        own = self.node.store.bits
        for neighbor in self.live.values():
            facts = neighbor.conversation.neighbor
            lacking = own.count_missing_from(facts.bits)
            assert facts.useful == lacking
            assert neighbor.is_wanted == (lacking > 0)

    @invariant()
    def requests_are_right(self) -> None:
        """
        A request is outstanding only at one that does not choke us; a piece in
        flight has the owner that holds the request, and no other has.
        """
        store, requests = self.node.store, self.node.requests
        for neighbor in self.live.values():
            requested = neighbor.conversation.neighbor.requested
            assert len(requested) <= 1
            assert neighbor.serves or not requested
        unsettled = 0
        for index in range(PIECES):
            state, owner = store.state(index), requests.owner(index)
            assert (state is PieceState.HAVE) == (index in store.bits)
            assert (state is PieceState.IN_FLIGHT) == (owner is not None)
            unsettled += state in (PieceState.IN_FLIGHT, PieceState.STORING)
            if owner is not None:
                assert index in owner.requested
                assert self.live[owner.peer_id].conversation.neighbor is owner
        assert requests.unsettled_bytes == unsettled

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """
        Whoever serves us, has an open piece and is not busy was asked for one,
        unless the disk just failed, or it does not answer: then it is asked at
        its next stall.  And whoever was to be served was, or waits for the disk.
        """
        is_reading = any(call.name == "read" for call in self.storage.waiting)
        store = self.node.store
        for neighbor in self.live.values():
            assert is_reading or not neighbor.asked
            facts = neighbor.conversation.neighbor
            if self.node.requests.is_paused or not neighbor.serves or facts.requested:
                continue
            if facts.is_snubbed:
                continue
            for index in facts.bits:
                assert store.state(index) is not PieceState.MISSING

    @invariant()
    def bits_only_grow(self) -> None:
        """
        What we held we hold, and no observer failed.
        """
        held = set(self.node.store.bits)
        assert held >= self.held_before
        self.held_before = held
        assert not self.failures


class NodeMachineTests(SynchronousTestCase):
    """
    The machine, run.
    """

    def test_any_order(self) -> None:
        """
        The invariants hold after every event, in any order of events.
        """
        run_state_machine_as_test(
            NodeMachine,
            settings=settings(
                max_examples=tries(60, 400), stateful_step_count=50, deadline=None
            ),
        )
