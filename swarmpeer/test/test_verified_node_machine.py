"""
Any order of events leaves a L{swarmpeer.core.verified_node.VerifiedNode} with its
invariants, as its neighbours see them: by what they were sent.
"""

import random
from collections import Counter
from collections.abc import Callable
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
    frozensets,
    integers,
    just,
    none,
    sampled_from,
    tuples,
)
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.blame import LIMIT, MOST_SECONDS
from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.pieces import PieceState
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_node import Equipment, VerifiedNode
from swarmpeer.core.verified_requests import (
    REFUSALS_LIMIT,
    WRONG_PIECE_SECONDS,
    VerifiedRequests,
)
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    FetchingResumed,
    FileCompleted,
    FilePlaced,
    PeerShutOut,
    PieceHealed,
    PieceStoreFailed,
    RequestCancelled,
    SecondRequested,
    SwarmEvent,
)
from swarmpeer.seam import Piece
from swarmpeer.test.checked_memory import CheckedMemory, HeldCheckedStorage
from swarmpeer.test.five_peers import NEIGHBORS, OWN_ID, five_peers
from swarmpeer.test.thoroughness import tries
from swarmpeer.testing.recorders import (
    Call,
    RecordingObserver,
    RecordingVerifiedNetwork,
)
from swarmpeer.wire.bitfield import Bitfield

PIECES = 6
PREFERRED = 1
WHOLE = bytes(range(PIECES))

indexes = integers(0, PIECES - 1)
places = integers(0, len(NEIGHBORS) - 1)
mostly = integers(0, 3).map(bool)
pieces = frozensets(indexes)
holdings = none() | just(frozenset(range(PIECES))) | pieces


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
    @ivar owed: the pieces that they were asked for and did not answer, oldest first.
    @ivar lacking: what they must not be asked for: what they withdrew and did not tell
        of anew.
    @ivar refused: what they must not be asked for by now: what they rejected or sent
        wrong, until when at least.
    @ivar asked: how many answers about each piece they are to get, or, if they speak
        only the eight messages, may get.
    @ivar is_closed: did we hang up?
    """

    conversation: VerifiedConnection
    is_verified: bool
    is_unchoked: bool = False
    is_wanted: bool = False
    owes_interest: bool = False
    wants: bool = False
    serves: bool = False
    owed: list[int] = field(default_factory=list)
    lacking: set[int] = field(default_factory=set)
    refused: dict[int, float] = field(default_factory=dict)
    asked: Counter[int] = field(default_factory=Counter)
    is_closed: bool = False

    def hear(self, method: str, *arguments: object) -> None:
        """
        They were sent something; is it what may be sent?
        """
        assert not self.is_closed or method == "stop_waiting", f"{method} at the end"
        match method, arguments:
            case "send_choke", ():
                assert self.is_unchoked, "a choke that changes nothing"
                self.is_unchoked = False
                if not self.is_verified:
                    self.asked.clear()
            case "send_unchoke", ():
                assert not self.is_unchoked, "an unchoke that changes nothing"
                assert not self.asked, "what waited at the choke was not rejected"
                self.is_unchoked = True
            case "send_interested", ():
                self._hear_interest(True)
            case "send_not_interested", ():
                self._hear_interest(False)
            case "send_request", (int(index),):
                assert self.serves, "a request to one that chokes us"
                assert index not in self.lacking, "a request for what they lack"
                assert index not in self.refused, "a request for what they refused"
                self.owed.append(index)
            case "send_piece", (int(index), data):
                assert self.is_unchoked, "a piece after a choke"
                assert data == bytes([index])
                self._hear_answer(index)
            case "send_reject", (int(index),):
                assert self.is_verified
                self._hear_answer(index)
            case "send_cancel", (int(index),):
                assert self.is_verified
                assert index in self.owed, "a cancel of what they do not owe"
            case "send_bad_piece", (int(index),):
                assert self.is_verified
            case "close", (_, *_):
                self.is_closed = True
            case _:
                assert method in (
                    "send_handshake",
                    "send_bitfield",
                    "send_have_all",
                    "send_have_none",
                    "stop_waiting",
                )

    def _hear_interest(self, is_wanted: bool) -> None:
        assert self.owes_interest or self.is_wanted != is_wanted, "the same interest"
        self.owes_interest = False
        self.is_wanted = is_wanted

    def _hear_answer(self, index: int) -> None:
        assert self.asked[index] > 0, f"an answer about {index} to no question"
        self.asked[index] -= 1
        self.asked += Counter()


class VerifiedNodeMachine(RuleBasedStateMachine):
    """
    Neighbours that do what they like, within the protocol, some of whom speak only
    the eight messages and some of whom send wrong pieces, and a disk that answers
    late, in any order, sometimes fails, and rots.
    """

    @initialize(
        missing=sampled_from([2, 3, PIECES]),
        heals=mostly,
        held=tuples(*[holdings] * len(NEIGHBORS)),
        serving=tuples(*[mostly] * len(NEIGHBORS)),
    )
    def start(
        self,
        missing: int,
        heals: bool,
        held: tuple[frozenset[int] | None, ...],
        serving: tuple[bool, ...],
    ) -> None:
        """
        A peer with some pieces, which everybody calls and many serve.
        """
        layout = PieceLayout(PIECES, 1)
        own = range(PIECES - missing)
        self.memory = CheckedMemory(layout, WHOLE, own)
        self.storage = HeldCheckedStorage(self.memory)
        self.calls: list[Call] = []
        self.failures: list[tuple[object, ...]] = []
        self.observer = RecordingObserver()
        self.now = 0.0
        self.heals = heals
        bus = EventBus(self._note_failure)
        bus.add(self.observer)
        store = VerifiedStore(layout, self.storage, self.memory.held())
        rng = random.Random(0)
        self.node = VerifiedNode(
            five_peers(layout, PREFERRED),
            store,
            VerifiedRequests(store, RarestPicker(store.bits, rng), lambda: self.now),
            ChokingManager(PREFERRED, rng),
            Equipment(bus, rng, lambda: self.now, lambda: b"manifest", heals),
        )
        self.node.start(is_placed=self.memory.is_whole)
        # By id; a name on the calls is that of one conversation.
        self.live: dict[int, Neighbor] = {}
        self.names: dict[int, str] = {}
        self.met = 0
        self.held_before = set(own)
        self.given_up: set[int] = set()
        self.heard = 0
        self.wrong: Counter[int] = Counter()
        for peer_id, theirs in zip(NEIGHBORS, held, strict=True):
            self.join(peer_id, theirs, peer_id != NEIGHBORS[0])
        for place, serves in enumerate(serving):
            if serves:
                self.choke_or_unchoke(place, serves)

    def _note_failure(self, *failure: object) -> None:
        self.failures.append(failure)

    def _play(self) -> None:
        """
        Let the neighbours hear what was sent.  What came to be ours, and nothing else,
        was told to everybody who is here, once; what we lost, to all that know what
        that means.
        """
        self._note_events()
        by_name = {name: self.live[peer_id] for peer_id, name in self.names.items()}
        told: list[Call] = []
        for call in self.calls:
            name, method, *arguments = call
            neighbor = by_name.get(str(name))
            if method in ("send_have", "send_withdrawal"):
                told.append(call)
            elif neighbor is not None:
                neighbor.hear(str(method), *arguments)
            else:
                assert method in ("close", "stop_waiting"), call
        for peer_id in [peer for peer, one in self.live.items() if one.is_closed]:
            self._forget(peer_id)
        held = set(self.node.store.bits)
        gained, lost = held - self.held_before, self.held_before - held
        self.held_before = held
        if not self.heals:
            self.given_up |= lost
        self.given_up -= gained
        expected: list[Call] = []
        for peer_id, name in self.names.items():
            expected += [(name, "send_have", index) for index in gained]
            if self.live[peer_id].is_verified:
                expected += [(name, "send_withdrawal", index) for index in lost]
        assert sorted(told, key=str) == sorted(expected, key=str)
        self.calls.clear()

    def _note_events(self) -> None:
        """
        What was wrong is not asked of its sender for a while, and what cannot be kept
        is given up.
        """
        events = self.observer.events
        for event in events[self.heard :]:
            match event:
                case BadPieceReceived(peer_id=peer_id, index=index):
                    neighbor = self.live.get(peer_id)
                    if neighbor is not None and index not in neighbor.lacking:
                        neighbor.refused[index] = self.now + WRONG_PIECE_SECONDS
                case PieceStoreFailed(index=index, is_final=True):
                    self.given_up.add(index)
        self.heard = len(events)

    def _forget(self, peer_id: int) -> None:
        del self.live[peer_id]
        del self.names[peer_id]

    def _one(self, place: int) -> Neighbor:
        """
        One of those that are here.
        """
        return self.live[sorted(self.live)[place % len(self.live)]]

    @rule(peer_id=sampled_from(NEIGHBORS), held=holdings, is_verified=mostly)
    def join(
        self, peer_id: int, held: frozenset[int] | None, is_verified: bool
    ) -> None:
        """
        They call, if they are here for the second time, and may tell what they hold.
        """
        self.met += 1
        name = f"{peer_id}, number {self.met}"
        network = RecordingVerifiedNetwork(name, self.calls, is_verified=is_verified)
        conversation = self.node.open_conversation(network, None)
        conversation.on_connect()
        if self.node.is_shut_out(peer_id):
            conversation.on_handshake(peer_id)
            assert self.calls[-1][:3] == (name, "close", "sent wrong pieces")
            self.calls.clear()
            return
        neighbor = Neighbor(conversation, is_verified)
        self.live[peer_id], self.names[peer_id] = neighbor, name
        conversation.on_handshake(peer_id)
        own = self.node.store.bits
        greeting: Call = ("send_bitfield", own.to_bytes())
        if is_verified and own.is_full:
            greeting = ("send_have_all",)
        elif is_verified and own.is_empty:
            greeting = ("send_have_none",)
        assert [call[1:] for call in self.calls if call[0] == name] == [
            ("send_handshake", OWN_ID),
            greeting,
        ]
        if held is not None:
            neighbor.owes_interest = True
            self._tell(neighbor, held)
        self._play()
        assert not neighbor.owes_interest, "no answer to a bitfield"

    def _tell(self, neighbor: Neighbor, held: frozenset[int]) -> None:
        if neighbor.is_verified and len(held) == PIECES:
            neighbor.conversation.on_have_all()
        elif neighbor.is_verified and not held:
            neighbor.conversation.on_have_none()
        else:
            bits = Bitfield(PIECES)
            for index in held:
                bits.add(index)
            neighbor.conversation.on_bitfield(bits)

    @precondition(lambda self: self.live)
    @rule(place=places)
    def leave(self, place: int) -> None:
        """
        They hang up.
        """
        neighbor = self._one(place)
        self._forget(neighbor.conversation.peer_id)
        neighbor.conversation.on_disconnect("gone")
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def have(self, place: int, index: int) -> None:
        """
        They got a piece, or say so again.
        """
        neighbor = self._one(place)
        if index in neighbor.lacking:
            neighbor.lacking.discard(index)
            neighbor.refused.pop(index, None)
        neighbor.conversation.on_haves([index])
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
        They ask, whether they may or not; twice at once is as good as once.
        """
        neighbor = self._one(place)
        is_served = neighbor.is_unchoked and index in self.node.store.bits
        is_waiting = index in neighbor.conversation.neighbor.wanted_from_us
        if not is_waiting and (is_served or neighbor.is_verified):
            neighbor.asked[index] += 1
        neighbor.conversation.on_requests([index])
        self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def cancel(self, place: int, index: int) -> None:
        """
        They want a piece no more, whether they asked for it or not.
        """
        neighbor = self._one(place)
        if neighbor.is_verified:
            neighbor.conversation.on_cancel(index)
            self._play()
            assert not neighbor.asked[index], "neither sent nor rejected"

    @precondition(lambda self: any(one.owed for one in self.live.values()))
    @rule(place=places, is_right=mostly, how=mostly)
    def answer(self, place: int, is_right: bool, how: bool) -> None:
        """
        They send the oldest piece that they owe, however late, right or wrong, or
        reject it.
        """
        owing = [one for one in self.live.values() if one.owed]
        neighbor = owing[place % len(owing)]
        index = neighbor.owed.pop(0)
        conversation = neighbor.conversation
        if neighbor.is_verified and not how:
            if index in conversation.neighbor.requested:
                neighbor.refused[index] = self.now
            conversation.on_reject(index)
        elif is_right:
            conversation.on_pieces([Piece(index, bytes([index]))])
        else:
            self.wrong[conversation.peer_id] += 1
            conversation.on_pieces([Piece(index, b"x")])
        self._play()

    @precondition(lambda self: any(one.owed for one in self.live.values()))
    @rule(place=places)
    def fetch(self, place: int) -> None:
        """
        All goes well with a piece, and with all that is written.
        """
        owing = [one for one in self.live.values() if one.owed]
        neighbor = owing[place % len(owing)]
        index = neighbor.owed.pop(0)
        neighbor.conversation.on_pieces([Piece(index, bytes([index]))])
        self._play()
        for call in [call for call in self.storage.waiting if call.name == "write"]:
            self.storage.release(self.storage.waiting.index(call))
            self._play()

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def reject_or_withdraw(self, place: int, index: int) -> None:
        """
        They lost a piece, or say so of one that they never had, or reject what was
        not asked of them.
        """
        neighbor = self._one(place)
        if not neighbor.is_verified:
            return
        if index not in neighbor.owed:
            neighbor.conversation.on_reject(index)
        neighbor.lacking.add(index)
        neighbor.conversation.on_withdrawal(index)
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

    @precondition(lambda self: self.live)
    @rule(place=places, index=indexes)
    def complain(self, place: int, index: int) -> None:
        """
        They say that a piece of ours was wrong, whether they got it or not.
        """
        neighbor = self._one(place)
        if neighbor.is_verified:
            neighbor.conversation.on_bad_piece(index)
            self._play()

    @rule(seconds=sampled_from([0.1, 1.0, 100.0]), place=places)
    def time_passes(self, seconds: float, place: int) -> None:
        """
        The timers of the service.
        """
        self.now += seconds
        self.node.review_requests()
        self._play()
        if place == 0:
            self.retry()
        self.node.scrub(1)
        self._play()

    def retry(self) -> None:
        """
        The timer of what failed: whoever has nothing else for us is asked again for
        what it refused, in time.
        """
        for neighbor in self.live.values():
            refused = neighbor.refused.items()
            neighbor.refused = {i: until for i, until in refused if until > self.now}
        self.node.retry_storage()
        self._play()
        for neighbor in self.live.values():
            facts = neighbor.conversation.neighbor
            assert (
                facts.requested
                or not neighbor.serves
                or not [
                    index for index, until in facts.refused.items() if until <= self.now
                ]
            )

    @rule(index=indexes)
    def rot(self, index: int) -> None:
        """
        A piece is not on the disk any more as it was.
        """
        if index in self.node.store.bits:
            self.memory.rot(index)

    @precondition(lambda self: self.storage.waiting)
    @rule(place=places, is_well=mostly)
    def storage_answers(self, place: int, is_well: bool) -> None:
        """
        The disk is done with something, or failed.
        """
        position = place % len(self.storage.waiting)
        if is_well:
            self.storage.release(position)
        else:
            self.storage.fail("no space", position)
        self._play()

    @precondition(lambda self: any(c.name == "write" for c in self.storage.waiting))
    @rule(place=places)
    def file_was_replaced(self, place: int) -> None:
        """
        A piece cannot be kept, now or later.
        """
        writes = [call for call in self.storage.waiting if call.name == "write"]
        call = writes[place % len(writes)]
        self.storage.waiting.remove(call)
        assert call.failed is not None
        call.failed(StorageError("the file was replaced", is_final=True))
        self._play()

    def all_goes_well(self) -> None:
        """
        One neighbour alone is left, and it holds everything, serves us and answers:
        whatever happened before, all that we want comes to be ours.
        """
        self._answer_storage()
        peers = [peer for peer in NEIGHBORS if not self.node.is_shut_out(peer)]
        if not peers:
            self.now += MOST_SECONDS
        last = (peers or NEIGHBORS)[-1]
        for peer_id in sorted({*self.live} - {last}):
            self.leave(sorted(self.live).index(peer_id))
        if last not in self.live:
            self.join(last, frozenset(range(PIECES)), True)
        neighbor = self.live[last]
        for index in set(range(PIECES)) - set(neighbor.conversation.neighbor.bits):
            self.have(0, index)
        self.choke_or_unchoke(0, True)
        for _ in range(3 * PIECES):
            self.now += WRONG_PIECE_SECONDS / PIECES
            self.retry()
            for index in list(neighbor.owed):
                neighbor.owed.remove(index)
                neighbor.conversation.on_pieces([Piece(index, bytes([index]))])
                self._play()
            self._answer_storage()
        assert self.node.store.needless.is_full, "a sole holder that is not asked"

    def _answer_storage(self) -> None:
        while self.storage.waiting:
            self.storage.release()
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

    def _check_unchoked(self) -> set[int]:
        """
        The unchoked are the preferred ones and the optimistic one.

        @return: their ids.
        """
        choking = self.node.choking
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
        want, and what they took back counts for nothing.
        """
        store = self.node.store
        wanted = set(range(PIECES)) - set(store.bits) - self.given_up
        assert wanted == set(range(PIECES)) - set(store.needless)
        for neighbor in self.live.values():
            facts = neighbor.conversation.neighbor
            useful = wanted & set(facts.bits)
            assert facts.useful == len(useful)
            assert neighbor.is_wanted == bool(useful)
            assert not neighbor.lacking & set(facts.bits)

    @invariant()
    def requests_are_right(self) -> None:
        """
        A request is outstanding only at one that does not choke us; a piece in flight
        is waited for at its owner and at one more at most; one that is missing, at
        nobody; one that we hold or gave up, only at who cannot be told.
        """
        store, requests = self.node.store, self.node.requests
        waited_for: dict[int, list[Neighbor]] = {index: [] for index in range(PIECES)}
        for neighbor in self.live.values():
            requested = neighbor.conversation.neighbor.requested
            assert len(requested) <= 1 or neighbor.is_verified
            assert neighbor.serves or not requested
            assert requested <= set(neighbor.owed)
            for index in requested:
                waited_for[index].append(neighbor)
        unsettled = 0
        for index, waiting in waited_for.items():
            state, owner = store.state(index), requests.owner(index)
            assert (state is PieceState.HAVE) == (index in store.bits)
            assert (state is PieceState.IN_FLIGHT) == (owner is not None)
            unsettled += state in (PieceState.IN_FLIGHT, PieceState.STORING)
            facts = [neighbor.conversation.neighbor for neighbor in waiting]
            assert len(facts) <= 2
            match state:
                case PieceState.IN_FLIGHT:
                    assert owner in facts
                case PieceState.MISSING if index not in self.given_up:
                    assert not facts
                case PieceState.MISSING | PieceState.HAVE:
                    assert not any(neighbor.is_verified for neighbor in waiting)
        assert requests.unsettled_bytes == unsettled
        owed = [index for one in self.live.values() for index in one.owed]
        assert sum(len(requests.debtors(index)) for index in range(PIECES)) <= len(owed)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """
        Whoever serves us, has an open piece and is not busy was asked for one,
        unless the disk just failed, or it does not answer: then it is asked at
        its next stall.  And whoever asked us was answered, or waits for the disk.
        """
        is_reading = any(call.name == "read" for call in self.storage.waiting)
        store = self.node.store
        for neighbor in self.live.values():
            facts = neighbor.conversation.neighbor
            # Those who speak only the eight messages hear nothing of what is dropped.
            assert is_reading or not neighbor.asked or not neighbor.is_verified
            assert is_reading or not facts.wanted_from_us
            if self.node.requests.is_paused or not neighbor.serves or facts.requested:
                continue
            if facts.is_snubbed or len(facts.refused) >= REFUSALS_LIMIT:
                continue
            for index in set(facts.bits) - self.given_up - set(facts.refused):
                assert store.state(index) is not PieceState.MISSING

    @invariant()
    def only_the_guilty_are_blamed(self) -> None:
        """
        Who sent nothing wrong is never blamed, and who is shut out sent two wrong
        pieces for each time.
        """
        events = self.observer.events
        blamed = Counter(e.peer_id for e in events if isinstance(e, BadPieceReceived))
        assert blamed <= self.wrong
        shut_out = Counter(e.peer_id for e in events if isinstance(e, PeerShutOut))
        for peer_id, times in shut_out.items():
            assert times * LIMIT <= blamed[peer_id]

    @invariant()
    def nothing_wrong_is_kept(self) -> None:
        """
        Everything is complete once, put in place once, and nothing that was not
        right was written; no observer failed.
        """
        kinds = Counter(type(event) for event in self.observer.events)
        assert kinds[FileCompleted] <= 1
        assert kinds[FilePlaced] <= 1
        assert set(self.node.store.bits) <= set(self.memory.pieces)
        assert b"x" not in self.memory.pieces.values()
        assert not self.failures


_INVARIANTS = (
    VerifiedNodeMachine.interest_is_right,
    VerifiedNodeMachine.requests_are_right,
    VerifiedNodeMachine.nothing_is_forgotten,
    VerifiedNodeMachine.only_the_guilty_are_blamed,
    VerifiedNodeMachine.nothing_wrong_is_kept,
)


class Walk:
    """
    The same machine, driven by lot towards what takes many steps: pieces that come,
    are asked for twice, and get lost.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.machine = VerifiedNodeMachine()
        count = len(NEIGHBORS)
        held = tuple(self._held() for _ in range(count))
        serving = tuple(self._mostly() for _ in range(count))
        missing = self._rng.choice([2, 3, PIECES])
        self.machine.start(
            missing=missing, heals=self._mostly(), held=held, serving=serving
        )

    def step(self) -> None:
        """
        Something happens, and all must still be right.
        """
        machine, rng = self.machine, self._rng
        place, index = rng.randrange(len(NEIGHBORS)), rng.randrange(PIECES)
        happenings: list[tuple[int, Callable[[], None]]] = [
            (1, lambda: machine.join(rng.choice(NEIGHBORS), self._held(), True)),
            (6, lambda: machine.time_passes(rng.choice([0.1, 1.0, 100.0]), place)),
            (1, lambda: machine.rot(index)),
            (1, machine.preferred_round),
            (1, machine.optimistic_round),
        ]
        if machine.live:
            happenings += [
                (3, lambda: machine.have(place, index)),
                (3, lambda: machine.choke_or_unchoke(place, self._mostly())),
                (3, lambda: machine.want_or_not(place, self._mostly())),
                (4, lambda: machine.request(place, index)),
                (1, lambda: machine.cancel(place, index)),
                (1, lambda: machine.reject_or_withdraw(place, index)),
                (1, lambda: machine.complain(place, index)),
            ]
        if any(one.owed for one in machine.live.values()):
            happenings += [
                (4, lambda: machine.answer(place, self._mostly(), self._mostly())),
                (4, lambda: machine.fetch(place)),
                (1, lambda: machine.stall(place)),
                (1, lambda: machine.leave(place)),
            ]
        if machine.storage.waiting:
            happenings.append((8, lambda: machine.storage_answers(place, True)))
            happenings.append((2, lambda: machine.storage_answers(place, False)))
            if any(call.name == "write" for call in machine.storage.waiting):
                happenings.append((1, lambda: machine.file_was_replaced(place)))
        weights = [weight for weight, _ in happenings]
        rng.choices([happen for _, happen in happenings], weights)[0]()
        for holds in _INVARIANTS:
            holds(machine)

    def _held(self) -> frozenset[int]:
        some = frozenset(self._rng.sample(range(PIECES), 3))
        return frozenset(range(PIECES)) if self._mostly() else some

    def _mostly(self) -> bool:
        return self._rng.random() < 0.75


class VerifiedNodeMachineTests(SynchronousTestCase):
    """
    The machine, run.
    """

    def test_any_order(self) -> None:
        """
        The invariants hold after every event, in any order of events.
        """
        run_state_machine_as_test(
            VerifiedNodeMachine,
            settings=settings(
                max_examples=tries(40, 200), stateful_step_count=50, deadline=None
            ),
        )

    def test_long_walks(self) -> None:
        """
        They hold in long histories, too, in which all that can happen does; and the
        sole holder that is left in the end is enough.
        """
        seen: set[type[SwarmEvent]] = set()
        for seed in range(60):
            walk = Walk(seed)
            for _ in range(120):
                walk.step()
            walk.machine.all_goes_well()
            seen |= {type(event) for event in walk.machine.observer.events}
        rare = {PeerShutOut, PieceHealed, FetchingResumed, BadPieceTold}
        self.assertEqual({SecondRequested, RequestCancelled, *rare} - seen, set())
