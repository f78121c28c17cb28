"""
Any order of events leaves a L{swarmpeer.core.node.PeerNode} with its invariants.
"""

import random
from collections.abc import Callable

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import integers, sets
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.bus import EventBus
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.node import PeerNode
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.storage import MemoryStorage
from swarmpeer.testing.recorders import Call, RecordingNetwork
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

PIECES = 6
NEIGHBORS = (1, 3, 4, 5)
PREFERRED = 2

peers = integers(0, len(NEIGHBORS) - 1).map(NEIGHBORS.__getitem__)
indexes = integers(0, PIECES - 1)


class SlowStorage(MemoryStorage):
    """
    Answers to writes when it is told to.
    """

    def __init__(self, layout: PieceLayout) -> None:
        super().__init__(layout)
        self.held: list[tuple[Callable[[], None], Callable[[StorageError], None]]] = []

    def write(
        self,
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Keep, and answer later.
        """
        answers: list[None] = []
        super().write(index, data, lambda: answers.append(None), failed)
        if answers:
            self.held.append((done, failed))


class NodeMachine(RuleBasedStateMachine):
    """
    Neighbours that do what they like, within the protocol, and a slow disk that
    sometimes fails.
    """

    def __init__(self) -> None:
        super().__init__()
        layout = PieceLayout(PIECES, 1)
        config = Config(
            2,
            CommonConfig(PREFERRED, 1.0, 2.0, "file", PIECES, 1),
            tuple(PeerInfo(i, "localhost", 6000 + i, i == 1) for i in range(1, 6)),
        )
        self.storage = SlowStorage(layout)
        self.storage.open()
        self.calls: list[Call] = []
        self.haves: dict[tuple[int, int], int] = {}
        self.failures: list[tuple[object, ...]] = []
        bus = EventBus(self._note_failure)
        self.node = PeerNode(
            config,
            PieceStore(layout, self.storage),
            bus=bus,
            rng=random.Random(0),
        )
        self.node.start(is_placed=False)
        self.live: dict[int, PeerConnection] = {}
        self.owed: dict[int, list[int]] = {}
        self.held_before: set[int] = set()
        self.after_round = False

    def _note_failure(self, *failure: object) -> None:
        self.failures.append(failure)

    def _play(self) -> None:
        """
        Carry what the node sent to where the machine keeps it, and check that
        the small messages say something new.
        """
        for name, method, *arguments in self.calls:
            peer_id = int(str(name))
            if method == "send_request":
                (index,) = arguments
                assert isinstance(index, int)
                self.owed.setdefault(peer_id, []).append(index)
        self.calls.clear()
        self.after_round = False

    @rule(peer_id=peers, held=sets(indexes))
    def join(self, peer_id: int, held: set[int]) -> None:
        """
        They call, perhaps for the second time.
        """
        network = RecordingNetwork(str(peer_id), self.calls)
        conversation = self.node.open_conversation(network, None)
        conversation.on_connect()
        conversation.on_handshake(peer_id)
        self.owed.pop(peer_id, None)
        bits = Bitfield(PIECES)
        for index in held:
            bits.add(index)
        conversation.on_bitfield(bits)
        self.live[peer_id] = conversation
        self._play()

    @precondition(lambda self: self.live)
    @rule(peer_id=peers)
    def leave(self, peer_id: int) -> None:
        """
        They hang up.
        """
        conversation = self.live.pop(peer_id, None)
        if conversation is not None:
            self.owed.pop(peer_id, None)
            conversation.on_disconnect("gone")
            self._play()

    @rule(peer_id=peers, index=indexes)
    def have(self, peer_id: int, index: int) -> None:
        """
        They got a piece, or say so again.
        """
        if peer_id in self.live:
            self.live[peer_id].on_have(index)
            self._play()

    @rule(peer_id=peers)
    def choke(self, peer_id: int) -> None:
        """
        They choke us; what they owe may still come.
        """
        if peer_id in self.live:
            self.live[peer_id].on_choke()
            self._play()

    @rule(peer_id=peers)
    def unchoke(self, peer_id: int) -> None:
        """
        They serve us.
        """
        if peer_id in self.live:
            self.live[peer_id].on_unchoke()
            self._play()

    @rule(peer_id=peers)
    def interested(self, peer_id: int) -> None:
        """
        They want something.
        """
        if peer_id in self.live:
            self.live[peer_id].on_interested()
            self._play()

    @rule(peer_id=peers)
    def not_interested(self, peer_id: int) -> None:
        """
        They want nothing.
        """
        if peer_id in self.live:
            self.live[peer_id].on_not_interested()
            self._play()

    @rule(peer_id=peers, index=indexes)
    def request(self, peer_id: int, index: int) -> None:
        """
        They ask, whether they may or not.
        """
        conversation = self.live.get(peer_id)
        if conversation is None:
            return
        is_choked = conversation.neighbor.am_choking
        conversation.on_request(index)
        served = [call for call in self.calls if call[1] == "send_piece"]
        should = not is_choked and index in self.node.store.bits
        assert len(served) == int(should), (served, should)
        self._play()

    @rule(peer_id=peers)
    def answer(self, peer_id: int) -> None:
        """
        They send the oldest piece that they owe, however late.
        """
        conversation = self.live.get(peer_id)
        if conversation is not None and self.owed.get(peer_id):
            index = self.owed[peer_id].pop(0)
            if conversation.neighbor.may_send(index):
                conversation.on_piece(index, bytes([index]))
            self._play()

    @rule(peer_id=peers)
    def stall(self, peer_id: int) -> None:
        """
        They owe a piece and send nothing.
        """
        conversation = self.live.get(peer_id)
        if conversation is not None and conversation.neighbor.requested:
            conversation.on_stall()
            self._play()

    @precondition(lambda self: self.storage.held)
    @rule(is_well=integers(0, 3).map(bool))
    def storage_answers(self, is_well: bool) -> None:
        """
        The disk is done with the oldest write.
        """
        done, failed = self.storage.held.pop(0)
        if is_well:
            done()
        else:
            failed(StorageError("no space"))
        for name, method, *arguments in self.calls:
            if method == "send_have":
                (index,) = arguments
                assert isinstance(index, int)
                key = (id(self.live[int(str(name))]), index)
                assert key not in self.haves, "a have is sent once"
                self.haves[key] = 1
        self._play()

    @rule()
    def preferred_round(self) -> None:
        """
        The timer of the preferred neighbours.
        """
        self.node.hold_preferred_round()
        assert len(self.node.choking.preferred) <= PREFERRED
        self._check_unchoked()
        self._play()

    @rule()
    def optimistic_round(self) -> None:
        """
        The timer of the optimistic one.
        """
        self.node.hold_optimistic_round()
        optimistic = self.node.choking.optimistic
        if optimistic is not None:
            assert self.live[optimistic].neighbor.peer_interested
        self._check_unchoked()
        self._play()

    def _check_unchoked(self) -> None:
        choking = self.node.choking
        expected = {*choking.preferred, choking.optimistic} - {None}
        unchoked = {
            peer_id
            for peer_id, conversation in self.live.items()
            if not conversation.neighbor.am_choking
        }
        assert unchoked == expected, (unchoked, expected)

    @invariant()
    def interest_is_right(self) -> None:
        """
        We are interested exactly in those that have something we lack.
        """
        own = self.node.store.bits
        for conversation in self.live.values():
            neighbor = conversation.neighbor
            lacking = own.count_missing_from(neighbor.bits)
            assert neighbor.useful == lacking
            assert neighbor.am_interested == (lacking > 0)

    @invariant()
    def requests_are_right(self) -> None:
        """
        A request is outstanding only at one that does not choke us; a piece in
        flight has the owner that holds the request, and no other has.
        """
        store, requests = self.node.store, self.node.requests
        for conversation in self.live.values():
            neighbor = conversation.neighbor
            assert len(neighbor.requested) <= 1
            if neighbor.requested:
                assert not neighbor.peer_choking
        unsettled = 0
        for index in range(PIECES):
            state, owner = store.state(index), requests.owner(index)
            assert (state is PieceState.HAVE) == (index in store.bits)
            assert (state is PieceState.IN_FLIGHT) == (owner is not None)
            unsettled += state in (PieceState.IN_FLIGHT, PieceState.STORING)
            if owner is not None:
                assert index in owner.requested
                assert self.live[owner.peer_id].neighbor is owner
        assert requests.unsettled_bytes == unsettled

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """
        Whoever serves us, has an open piece and is not busy was asked for one,
        unless the disk just failed.
        """
        if self.node.requests.is_paused:
            return
        store = self.node.store
        for conversation in self.live.values():
            neighbor = conversation.neighbor
            if neighbor.peer_choking or neighbor.requested:
                continue
            for index in neighbor.bits:
                assert store.state(index) is not PieceState.MISSING, (
                    neighbor.peer_id,
                    index,
                )

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
            settings=settings(max_examples=150, stateful_step_count=40, deadline=None),
        )
