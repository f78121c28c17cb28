"""
Mistakes put into our own code: the simulator must find each of them.

A rule that never fails is worth nothing.  Every test here makes one mistake and runs
a fitting swarm from seed 0 on until a rule is broken; it says which rule that must
be, and within how many seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.node import PeerNode
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.rates import RateTracker
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.core.requests import REQUEST_WINDOW, RequestManager
from swarmpeer.core.serving import Serving
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import (
    Candidate,
    GivenBackReason,
    OptimisticRoundHeld,
    PreferredRoundHeld,
)
from swarmpeer.file_name import part_name
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.net import dialing
from swarmpeer.net.backoff import Backoff
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.sending import MessageSender
from swarmpeer.net.write_gate import WriteGate
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.service import PeerService
from swarmpeer.storage.disk import DiskFile
from swarmpeer.testing.faults import Fault
from swarmpeer.testing.scenario import FaultKind, Scenario
from swarmpeer.testing.swarm import SimulatedSwarm
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import FrameKind, MessageCodec
from swarmpeer.wire.messages import PieceData
from tests.mutants import MutantTestCase

SMALL = Scenario(
    peers=4,
    file_size_bytes=20_000,
    piece_size_bytes=1024,
    preferred=1,
    unchoking_interval_seconds=1,
    optimistic_interval_seconds=2,
)
"""
What is enough for most mistakes: in the simplest swarm nothing goes wrong.
"""
SLOW = replace(SMALL, up_rate=16_000.0)
BUSY = replace(SMALL, peers=5, file_size_bytes=200_000, preferred=2, up_rate=30_000.0)
QUIET = replace(
    SMALL, peers=6, unchoking_interval_seconds=5, optimistic_interval_seconds=100
)
LARGE_PIECES = replace(
    SMALL, file_size_bytes=1024 * 1024, piece_size_bytes=256 * 1024, up_rate=100e3
)


def with_foe(role: str) -> Scenario:
    """
    A small swarm with somebody hostile.
    """
    return replace(BUSY, hostile=(role,))


def power_losses(*peers: int, at_seconds: float) -> list[Fault]:
    """
    Machines that lose their power, and are back three seconds later.
    """
    kind = FaultKind.POWER_LOSS
    return [Fault(at_seconds, kind, peer, seconds=3.0) for peer in peers]


class MutantTests(MutantTestCase):
    """
    One mistake each.
    """

    def assert_found(
        self,
        rule: str,
        scenario: Scenario = SMALL,
        faults: Sequence[Fault] = (),
        *,
        within: int,
    ) -> None:
        """
        Fail unless C{rule} is the first that is broken, in one of the first
        C{within} seeds, and every rule holds there without the mistake.
        """

        def swarm(seed: int) -> SimulatedSwarm:
            return SimulatedSwarm(replace(scenario, seed=seed), faults=faults)

        self.assert_broken(rule, swarm, within=within)

    # Requests.

    def forget_to_give_back(self, forgotten: GivenBackReason) -> None:
        """
        What was asked of a neighbour stays with it.
        """
        give_back = PeerNode.give_back

        def mutant(
            node: PeerNode, conversation: PeerConnection, reason: GivenBackReason
        ) -> None:
            if reason is not forgotten:
                give_back(node, conversation, reason)

        self.mutate(PeerNode, "give_back", mutant)

    def test_choke_keeps_pieces(self) -> None:
        """
        A neighbour that chokes us keeps what it was asked for.
        """
        self.forget_to_give_back(GivenBackReason.CHOKE)
        self.assert_found("no request while choked", SLOW, within=5)

    def test_departed_keeps_pieces(self) -> None:
        """
        A neighbour that left keeps what it was asked for.
        """
        self.forget_to_give_back(GivenBackReason.CLOSE)
        crash = Fault(2.0, FaultKind.CRASH, 1001, seconds=3.0)
        self.assert_found("live owner", SLOW, [crash], within=5)

    def test_stalled_keeps_pieces(self) -> None:
        """
        A neighbour that does not answer keeps what it was asked for.
        """
        self.forget_to_give_back(GivenBackReason.STALL)
        self.assert_found("nothing waits", with_foe("black-hole"), within=5)

    def test_nobody_takes_over(self) -> None:
        """
        What was asked of a neighbour that does not answer is asked of others only
        if they have nothing to do at that moment.
        """
        self.mutate(RequestManager, "_take_over", lambda *_: None)
        self.assert_found("nothing waits", with_foe("black-hole"), within=5)

    def test_no_timer(self) -> None:
        """
        Nobody looks whether what was asked for comes.
        """
        self.mutate(PeerProtocol, "send_requests", MessageSender.send_requests)
        self.assert_found("a timer for each request", within=1)

    def test_stall_is_borne(self) -> None:
        """
        Somebody looks, and does nothing.
        """
        self.mutate(PeerConnection, "on_stall", lambda _: None)
        scenario = replace(SMALL, hostile=("black-hole",))
        self.assert_found("liveness", scenario, within=5)

    def test_failed_write_is_not_reopened(self) -> None:
        """
        A piece that could not be stored is never asked for again.
        """
        self.mutate(
            RequestManager,
            "store_failed",
            lambda manager, index: manager._unsettle(index),
        )
        error = Fault(0.5, FaultKind.WRITE_ERROR, 1002, seconds=10.0, amount=1.0)
        self.assert_found("nothing waits", SMALL, [error], within=5)

    def test_failed_write_takes_room(self) -> None:
        """
        A piece that could not be stored takes room for ever.
        """
        self.mutate(
            RequestManager,
            "store_failed",
            lambda manager, index: manager.picker.reopen(index),
        )
        error = Fault(0.5, FaultKind.WRITE_ERROR, 1002, seconds=10.0, amount=1.0)
        self.assert_found("bytes under way", SMALL, [error], within=5)

    def test_failed_disk_is_given_up(self) -> None:
        """
        A disk that failed once is not tried again.
        """
        self.mutate(PeerNode, "_retry_storage", lambda _: None)
        error = Fault(0.5, FaultKind.WRITE_ERROR, 1002, seconds=10.0, amount=1.0)
        self.assert_found("liveness", SMALL, [error], within=5)

    def test_two_requests(self) -> None:
        """
        A neighbour is asked for a second piece before the first is here.
        """
        make = RequestManager.__init__

        def mutant(
            manager: RequestManager,
            store: PieceStore,
            picker: IPiecePicker,
            *,
            request_window: int | None,  # noqa: ARG001
            **options: int,
        ) -> None:
            make(manager, store, picker, request_window=REQUEST_WINDOW + 1, **options)

        self.mutate(RequestManager, "__init__", mutant)
        self.assert_found("one request", SLOW, within=5)

    def test_given_back_stays_in_flight(self) -> None:
        """
        What is given back still counts as asked for.
        """
        self.mutate(PieceStore, "release", lambda *_: None)
        self.assert_found("one owner", SLOW, within=5)

    def test_own_piece_stays_useful(self) -> None:
        """
        A piece of our own is still taken for one that we lack.
        """
        self.mutate(NeighborState, "note_needless", lambda *_: None)
        self.assert_found("useful pieces", within=1)

    # What neighbours are told.

    def test_have_before_stored(self) -> None:
        """
        A piece is announced as soon as it is here, and not when it is stored.
        """
        arrived = PeerNode.pieces_arrived

        def mutant(
            node: PeerNode, talk: PeerConnection, pieces: Sequence[Piece]
        ) -> None:
            news = [
                piece.index for piece in pieces if piece.index not in node.store.bits
            ]
            if news:
                for each in node.registry.conversations:
                    each.network.send_haves(news)
            arrived(node, talk, pieces)

        self.mutate(PeerNode, "pieces_arrived", mutant)
        self.mutate(PeerConnection, "announce", lambda talk, _: talk.review_interest())
        self.assert_found("tells what it holds", within=5)

    def test_interest_is_not_reviewed(self) -> None:
        """
        A piece of our own makes no difference to our interest in others.
        """
        self.mutate(
            PeerConnection,
            "announce",
            lambda talk, indexes: talk.network.send_haves(indexes),
        )
        self.assert_found("interest", within=1)

    def test_haves_are_held_back(self) -> None:
        """
        Haves wait for something else that is said.
        """
        self.mutate(
            MessageSender,
            "send_haves",
            lambda sender, indexes: sender._haves.extend(indexes),
        )
        self.assert_found("everything is told", QUIET, within=5)

    def test_no_empty_bitfield(self) -> None:
        """
        Who holds nothing sends no bitfield.
        """
        send = MessageSender.send_bitfield

        def mutant(sender: MessageSender, bits: Bitfield) -> None:
            if not bits.is_empty:
                send(sender, bits)

        self.mutate(MessageSender, "send_bitfield", mutant)
        self.assert_found("bitfield first", within=1)

    def test_end_is_told_too_soon(self) -> None:
        """
        Whoever is done takes the others for done.
        """
        self.mutate(PeerRegistry, "incomplete", ())
        self.assert_found("the end is true", within=5)

    def test_piece_after_choke(self) -> None:
        """
        What somebody asked for before a choke is sent after it.
        """
        self.mutate(Serving, "forget", lambda _: None)
        slow = Fault(0.0, FaultKind.SLOW_DISK, 1001, seconds=60.0, amount=100.0)
        self.assert_found("no piece after choke", LARGE_PIECES, [slow], within=20)

    def test_gate_stays_closed(self) -> None:
        """
        A neighbour that did not take everything at once is served no more.
        """
        self.mutate(WriteGate, "resumeProducing", lambda _: None)
        self.assert_found("nobody is cut off", LARGE_PIECES, within=1)

    def test_haves_are_told_twice(self) -> None:
        """
        A piece is announced twice.
        """
        announce = PeerConnection.announce

        def mutant(talk: PeerConnection, indexes: Sequence[int]) -> None:
            talk.network.send_haves(indexes)
            announce(talk, indexes)

        self.mutate(PeerConnection, "announce", mutant)
        self.assert_found("one have", within=1)

    def test_interest_is_repeated(self) -> None:
        """
        Interest is told at each look at it.
        """
        announce = PeerConnection.announce
        self.mutate(
            PeerConnection,
            "announce",
            lambda talk, index: (
                announce(talk, index),
                talk._tell_interest(talk.neighbor.useful > 0),
            ),
        )
        self.assert_found("interest on change", within=1)

    def test_choke_is_repeated(self) -> None:
        """
        Whoever is choked is choked again.
        """
        change = NeighborState.change_am_choking

        def mutant(neighbor: NeighborState, value: bool) -> bool:
            return change(neighbor, value) or value

        self.mutate(NeighborState, "change_am_choking", mutant)
        self.assert_found("choke on change", within=1)

    def test_pieces_are_sent_twice(self) -> None:
        """
        Each piece is sent twice.
        """
        send = PeerProtocol.send_pieces

        def mutant(
            protocol: PeerProtocol,
            indexes: Sequence[int],
            contents: Sequence[PieceContent],
        ) -> None:
            pieces: list[PieceContent] = []
            for content in contents:
                if isinstance(content, PieceData):
                    pieces.append(content)
                else:
                    # A span may be sent once only, so its bytes are.
                    pieces.append(content.read(0, content.size_bytes))
                    content.give_back()
            send(protocol, indexes, pieces)
            send(protocol, indexes, pieces)

        self.mutate(PeerProtocol, "send_pieces", mutant)
        self.assert_found("piece on request", within=1)

    def test_spare_bits_are_sent(self) -> None:
        """
        Bits behind the last piece are set.
        """
        write = Bitfield.to_bytes

        def mutant(bits: Bitfield) -> bytes:
            data = write(bits)
            return data[:-1] + bytes([data[-1] | 0xFF >> (len(bits) % 8 or 8)])

        self.mutate(Bitfield, "to_bytes", mutant)
        self.assert_found("legal message", within=1)

    def test_end_is_not_told(self) -> None:
        """
        Nobody is told that everybody is done.
        """
        self.mutate(PeerNode, "_review_swarm", lambda _: None)
        self.assert_found("everybody hears the end", within=1)

    # Whom we serve.

    def test_optimistic_among_all(self) -> None:
        """
        The optimistic neighbour is drawn among those that are served already, too.
        """

        def mutant(
            choking: ChokingManager, candidates: Sequence[Candidate]
        ) -> OptimisticRoundHeld:
            former = choking.optimistic
            everybody = tuple(candidate.peer_id for candidate in candidates)
            choking.optimistic = choking.rng.choice(everybody) if everybody else None
            return OptimisticRoundHeld(
                everybody, choking.optimistic, choking.optimistic != former
            )

        self.mutate(ChokingManager, "hold_optimistic_round", mutant)
        self.assert_found("optimistic was choked", BUSY, within=5)

    def test_one_too_many_is_preferred(self) -> None:
        """
        There is one place more than there should be.
        """
        make = ChokingManager.__init__

        def mutant(choking: ChokingManager, count: int, rng: Random) -> None:
            make(choking, count + 1, rng)

        self.mutate(ChokingManager, "__init__", mutant)
        self.assert_found("k preferred", within=1)

    def test_bytes_are_never_forgotten(self) -> None:
        """
        Neighbours are ranked by all that they ever gave.
        """
        self.mutate(RateTracker, "begin_round", lambda _: None)
        self.assert_found("bytes count once", BUSY, within=5)

    def test_every_round_is_news(self) -> None:
        """
        Each round is told of as a change.
        """
        hold = ChokingManager.hold_preferred_round

        def mutant(
            choking: ChokingManager, candidates: Sequence[Candidate], *, by_rate: bool
        ) -> PreferredRoundHeld:
            return replace(hold(choking, candidates, by_rate=by_rate), is_changed=True)

        self.mutate(ChokingManager, "hold_preferred_round", mutant)
        self.assert_found("change is told", within=1)

    def test_nobody_is_choked(self) -> None:
        """
        Whoever lost its place is served all the same.
        """
        self.mutate(PeerConnection, "choke", lambda _: None)
        self.assert_found("unchoked by plan", SLOW, within=5)

    def test_preferred_by_lot(self) -> None:
        """
        The preferred neighbours are drawn by lot.
        """
        hold = ChokingManager.hold_preferred_round

        def mutant(
            choking: ChokingManager, candidates: Sequence[Candidate], *, by_rate: bool
        ) -> PreferredRoundHeld:
            return replace(hold(choking, candidates, by_rate=False), by_rate=by_rate)

        self.mutate(ChokingManager, "hold_preferred_round", mutant)
        self.assert_found("preferred by rate", BUSY, within=5)

    def test_preferred_out_of_order(self) -> None:
        """
        The preferred neighbours are told in any order.
        """
        hold = ChokingManager.hold_preferred_round

        def mutant(
            choking: ChokingManager, candidates: Sequence[Candidate], *, by_rate: bool
        ) -> PreferredRoundHeld:
            held = hold(choking, candidates, by_rate=by_rate)
            return replace(held, preferred=held.preferred[::-1])

        self.mutate(ChokingManager, "hold_preferred_round", mutant)
        self.assert_found("log of preferred", BUSY, within=5)

    # Connections.

    def patch_preference(
        self, prefers: Callable[[PeerConnection, PeerConnection], bool]
    ) -> None:
        """
        @param prefers: is the first, new one to be had rather than the other?
        """

        def mutant(
            registry: PeerRegistry, newcomer: PeerConnection, peer_id: int
        ) -> bool:
            present = registry.find(peer_id)
            return present is None or prefers(newcomer, present)

        self.mutate(PeerRegistry, "prefers", mutant)

    def test_crossed_dial_is_judged_by_each(self) -> None:
        """
        When two call each other, each keeps its own call.
        """
        self.patch_preference(lambda newcomer, _: newcomer.network.is_dialled)
        crossed = [
            Fault(0.001, FaultKind.CROSSED_DIAL, 1001, other)
            for other in (1002, 1003, 1004)
        ]
        self.assert_found("the later caller wins", SMALL, crossed, within=5)

    def test_the_older_connection_stays(self) -> None:
        """
        A peer that is back is sent away as long as its old connection stands.
        """
        self.patch_preference(lambda *_: False)
        losses = power_losses(1003, at_seconds=1.5)
        self.assert_found("who calls again is heard", SLOW, losses, within=5)

    def test_one_call_is_enough(self) -> None:
        """
        A peer that does not answer is not called again.
        """
        self.mutate(dialing, "RETRY", Backoff(1e9, 1.0, 1e9))
        losses = power_losses(1001, at_seconds=1.5)
        self.assert_found("liveness", SLOW, losses, within=5)

    def test_rounds_go_on(self) -> None:
        """
        A peer that stops goes on choosing whom to serve.
        """
        begin = PeerService._repeat

        def mutant(service: PeerService, *arguments: Any) -> None:
            begin(service, *arguments)
            service._loops.clear()

        self.mutate(PeerService, "_repeat", mutant)
        self.assert_found("no timer left", within=1)

    def test_goodbye_takes_for_ever(self) -> None:
        """
        A peer that stops waits for its connections, and closes none.
        """
        self.mutate(PeerFactory, "close_all", lambda *_: Deferred())
        self.assert_found("stops in time", within=1)

    # The disk.

    def test_no_sync_before_rename(self) -> None:
        """
        A file is put in place before its bytes are on the disk.
        """

        def mutant(file: DiskFile) -> None:
            calls, name = file._calls, file._file_name
            calls.rename(file._folder, part_name(name), name)
            calls.sync(file._folder)
            file._is_placed = True

        self.mutate(DiskFile, "place", mutant)
        losses = power_losses(1002, 1003, 1004, at_seconds=20.0)
        self.assert_found("right bytes", SMALL, losses, within=5)

    def test_no_sync_after_rename(self) -> None:
        """
        A file is told to be in place while only its bytes are on the disk.
        """

        def mutant(file: DiskFile) -> None:
            calls, name = file._calls, file._file_name
            calls.sync(file._fd)
            calls.rename(file._folder, part_name(name), name)
            file._is_placed = True

        self.mutate(DiskFile, "place", mutant)
        losses = power_losses(1002, 1003, 1004, at_seconds=20.0)
        self.assert_found("file in place", SMALL, losses, within=5)

    # What must not be borne.

    def test_spare_bits(self) -> None:
        """
        Bits behind the last piece are overlooked.
        """
        read = Bitfield.from_bytes

        def mutant(size: int, data: bytes) -> Bitfield:
            cleared = bytearray(data)
            if len(data) == (size + 7) // 8:
                cleared[-1] &= 0xFF << -size % 8
            return read(size, bytes(cleared))

        self.mutate(Bitfield, "from_bytes", mutant)
        self.assert_found("violations are seen", with_foe("spare-bit-setter"), within=5)

    def test_wrong_lengths(self) -> None:
        """
        Messages of a wrong length are taken all the same.
        """
        check = MessageCodec.check_frame

        def mutant(codec: MessageCodec, length: int, head: bytes) -> FrameKind:
            try:
                return check(codec, length, head)
            except ProtocolViolation:
                return FrameKind.UNKNOWN if head else FrameKind.UNDECIDED

        self.mutate(MessageCodec, "check_frame", mutant)
        self.assert_found("no mistake of our own", with_foe("length-bomb"), within=5)

    def test_unasked_pieces(self) -> None:
        """
        Pieces are taken that nobody asked for.
        """

        def settle(neighbor: NeighborState, indexes: Sequence[int]) -> list[bool]:
            awaited = [index in neighbor.requested for index in indexes]
            neighbor.requested.difference_update(indexes)
            for index in indexes:
                neighbor._late.pop(index, None)
            neighbor.is_snubbed = False
            return awaited

        self.mutate(NeighborState, "may_send", lambda *_: True)
        self.mutate(NeighborState, "settle", settle)
        self.assert_found("violations are seen", with_foe("late-replayer"), within=20)

    def forget_to_refuse(self, forgotten: ViolationReason) -> None:
        """
        Whoever says a wrong id is let in.
        """
        on_handshake, check = PeerConnection.on_handshake, PeerRegistry.check

        def greet(talk: PeerConnection, peer_id: int) -> None:
            if forgotten is ViolationReason.WRONG_PEER:
                talk._expected_peer_id = None
            on_handshake(talk, peer_id)

        def judge(registry: PeerRegistry, peer_id: int) -> None:
            if peer_id != registry.own_id or forgotten is not ViolationReason.OWN_ID:
                check(registry, peer_id)

        self.mutate(PeerConnection, "on_handshake", greet)
        self.mutate(PeerRegistry, "check", judge)

    def test_wrong_peer_answers(self) -> None:
        """
        Whoever answers a call is talked to.
        """
        self.forget_to_refuse(ViolationReason.WRONG_PEER)
        self.assert_found("violations are seen", with_foe("id-thief"), within=20)

    def test_own_id(self) -> None:
        """
        Somebody with our own id is talked to.
        """
        self.forget_to_refuse(ViolationReason.OWN_ID)
        self.assert_found("violations are seen", with_foe("self-dialler"), within=20)
