"""
One conversation with one neighbour: the manners between two peers.

Where the protocol is silent, it is decided here:

  - a piece that comes after a choke, or after we gave up waiting, is taken if it
    is still needed, else dropped; one that was never asked for is a violation;
  - a request while they are choked, or for a piece that we do not hold or that
    does not exist, is dropped without an answer;
  - a neighbour that sends no bitfield as its first message holds nothing;
  - what was said already may be said again.
"""

from collections.abc import Sequence

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.serving import Serving
from swarmpeer.core.swarm_side import SwarmSide
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import (
    BitfieldReceived,
    ChokedBy,
    GivenBackReason,
    HaveReceived,
    HaveRun,
    InterestChanged,
    InterestedReceived,
    NeighborChoked,
    NeighborUnchoked,
    NotInterestedReceived,
    PieceRequested,
    UnchokedBy,
    UnknownMessageSkipped,
)
from swarmpeer.seam import NetworkSide, Piece
from swarmpeer.wire.bitfield import Bitfield


class PeerConnection:
    """
    The logic of one conversation: a L{swarmpeer.seam.LogicSide}.

    @ivar network: the connection it speaks through.
    @ivar neighbor: the facts about them, from their handshake on.
    """

    __slots__ = (
        "_counter",
        "_expected_peer_id",
        "_is_admitted",
        "_is_closed",
        "_is_first_message",
        "_serving",
        "_swarm",
        "neighbor",
        "network",
    )

    neighbor: NeighborState
    _serving: Serving

    def __init__(
        self, swarm: SwarmSide, network: NetworkSide, expected_peer_id: int | None
    ) -> None:
        self._swarm = swarm
        self.network = network
        self._expected_peer_id = expected_peer_id
        self._is_admitted = False
        self._is_first_message = True
        self._is_closed = False
        # Who is to hear what they hold, if anybody cares.
        self._counter = swarm.picker if swarm.picker.counts_holders else None

    @property
    def peer_id(self) -> int:
        """
        Who they are.
        """
        return self.neighbor.peer_id

    # What the network tells us.

    def on_connect(self) -> None:
        """
        Both ends greet at once, without waiting for the other.
        """
        self.network.send_handshake(self._swarm.own_id)

    def on_handshake(self, peer_id: int) -> None:
        """
        Check who they are, and tell what we hold.
        """
        if self._expected_peer_id not in (None, peer_id):
            raise ProtocolViolation(
                ViolationReason.WRONG_PEER,
                f"peer {self._expected_peer_id} was called, {peer_id} answered",
            )
        store = self._swarm.store
        if not self._swarm.admit(self, peer_id):
            return
        self._is_admitted = True
        self.neighbor = NeighborState(peer_id, store.layout.piece_count)
        self.neighbor.learn_bits(self.neighbor.bits, store.needless)
        self._serving = self._begin_serving()
        self._tell_holdings()
        if not self._is_closed:
            self._swarm.joined(self)

    def on_disconnect(self, reason: str = "") -> None:
        """
        The conversation is over.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_admitted:
            self._serving.forget()
            if self._counter is not None and not self._is_first_message:
                self._counter.note_left(self.neighbor.bits)
            self._swarm.departed(self, reason)

    def on_choke(self) -> None:
        """
        What we asked of them will not come.
        """
        self._note_message()
        if self.neighbor.change_peer_choking(True):
            self._swarm.give_back(self, GivenBackReason.CHOKE)
            self._swarm.publish(ChokedBy(self.peer_id))

    def on_unchoke(self) -> None:
        """
        We may ask.
        """
        self._note_message()
        if self.neighbor.change_peer_choking(False):
            self.neighbor.is_snubbed = False
            self._swarm.request_next(self)
            self._swarm.publish(UnchokedBy(self.peer_id))

    def on_interested(self) -> None:
        """
        They are a candidate for the next choke round.
        """
        self._note_message()
        self.neighbor.peer_interested = True
        self._swarm.interest_changed(self)
        self._swarm.publish(InterestedReceived(self.peer_id))

    def on_not_interested(self) -> None:
        """
        They are no candidate any more.
        """
        self._note_message()
        self.neighbor.peer_interested = False
        self._swarm.interest_changed(self)
        self._swarm.publish(NotInterestedReceived(self.peer_id))

    def on_haves(self, indexes: Sequence[int]) -> None:
        """
        They hold more pieces.
        """
        # Haves are most of what comes: nothing is called that would do nothing.
        if self._is_first_message:
            self._note_message()
        neighbor, swarm = self.neighbor, self._swarm
        news = neighbor.learn_haves(indexes, swarm.store.needless)
        if news:
            if self._counter is not None:
                self._counter.note_haves(news)
            if neighbor.useful and not neighbor.am_interested:
                self._tell_interest(True)
            if not neighbor.peer_choking and len(neighbor.requested) < neighbor.window:
                swarm.request_next(self)
        if swarm.is_heard(HaveReceived):
            swarm.publish_run(HaveRun(neighbor.peer_id, indexes))
        if news and neighbor.bits.is_full:
            swarm.holdings_learned(self)

    def on_bitfield(self, bits: Bitfield) -> None:
        """
        They tell what they hold; the answer is always one of the two.
        """
        self.expect_bitfield()
        self._is_first_message = False
        neighbor = self.neighbor
        neighbor.learn_bits(bits, self._swarm.store.needless)
        if self._counter is not None:
            self._counter.note_bits(bits)
        self._tell_interest(neighbor.useful > 0)
        self._swarm.publish(BitfieldReceived(self.peer_id, bits.count))
        self._swarm.holdings_learned(self)

    def on_requests(self, indexes: Sequence[int]) -> None:
        """
        Serve the pieces as soon as they can be written.
        """
        if self._is_first_message:
            self._note_message()
        self._serving.take(indexes)

    def expect_piece(self, index: int) -> None:
        """
        Only what was asked of them may come.
        """
        neighbor = self.neighbor
        if index not in neighbor.requested and not neighbor.may_send(index):
            raise unrequested(index)

    def expect_bitfield(self) -> None:
        """
        Only as the first message.
        """
        if not self._is_first_message:
            raise ProtocolViolation(
                ViolationReason.LATE_BITFIELD,
                "a bitfield may only be the first message",
            )

    def on_pieces(self, pieces: Sequence[Piece]) -> None:
        """
        Pieces are in.
        """
        if self._is_first_message:
            self._note_message()
        self._swarm.pieces_arrived(self, pieces)

    def on_unknown(self, message_type: int) -> None:
        """
        Others may speak more than we do.
        """
        self._note_message()
        self._swarm.publish(UnknownMessageSkipped(self.peer_id, message_type))

    def on_stall(self) -> None:
        """
        They do not answer: offer the piece to others first, then ask again.
        """
        self.neighbor.is_snubbed = True
        self._swarm.give_back(self, GivenBackReason.STALL)
        self._swarm.request_next(self)

    def on_writable(self) -> None:
        """
        Go on serving.
        """
        if self._is_admitted:
            self._serving.go_on()

    # What the node asks of us.

    @property
    def is_being_served(self) -> bool:
        """
        Does something wait to be sent to them?
        """
        return bool(self.neighbor.wanted_from_us) or not self.network.room_bytes

    def take_sent_pieces(self) -> int:
        """
        @return: how many pieces they were sent since this was asked last.
        """
        count, self._serving.sent_pieces = self._serving.sent_pieces, 0
        return count

    def choke(self) -> None:
        """
        Serve them no more, not even what they asked for already.
        """
        if self.neighbor.change_am_choking(True):
            self._serving.choke()
            self._swarm.publish(NeighborChoked(self.peer_id))

    def unchoke(self) -> None:
        """
        Serve them from now on.
        """
        if self.neighbor.change_am_choking(False):
            self.network.send_unchoke()
            self._swarm.publish(NeighborUnchoked(self.peer_id))

    def request(self, indexes: Sequence[int]) -> None:
        """
        Ask for pieces that the request manager chose.
        """
        self.network.send_requests(indexes)
        if self._swarm.is_heard(PieceRequested):
            peer_id = self.peer_id
            self._swarm.publish_run([PieceRequested(peer_id, i) for i in indexes])

    def announce(self, indexes: Sequence[int]) -> None:
        """
        We hold more pieces; the neighbour's page says so already.
        """
        self._tell_haves(indexes)
        neighbor = self.neighbor
        if neighbor.am_interested and not neighbor.useful:
            self._tell_interest(False)

    def review_interest(self) -> None:
        """
        Tell them whether they have something we lack, if that changed.
        """
        neighbor = self.neighbor
        wanted = neighbor.useful > 0
        if neighbor.am_interested != wanted:
            self._tell_interest(wanted)

    def close(self, reason: str) -> None:
        """
        End the conversation.
        """
        self.network.close(reason)
        self.on_disconnect(reason)

    def _begin_serving(self) -> Serving:
        """
        Who reads and sends what they ask for.
        """
        swarm = self._swarm
        return Serving(swarm.store, self.neighbor, self.network, swarm)

    def _tell_holdings(self) -> None:
        """
        Tell them what we hold, as the first message.
        """
        # Some peers never end without a bitfield from everybody, so it is sent
        # even when it is empty.
        self.network.send_bitfield(self._swarm.store.bits)

    def _tell_haves(self, indexes: Sequence[int]) -> None:
        """
        Tell them of pieces that we hold since now.
        """
        self.network.send_haves(indexes)

    def _note_message(self) -> None:
        """
        A neighbour whose first message is no bitfield holds nothing so far.
        """
        if self._is_first_message:
            self._is_first_message = False
            if self._counter is not None:
                self._counter.note_bits(self.neighbor.bits)
            self._swarm.holdings_learned(self)

    def _tell_interest(self, wanted: bool) -> None:
        self.neighbor.change_am_interested(wanted)
        if wanted:
            self.network.send_interested()
        else:
            self.network.send_not_interested()
        self._swarm.publish(InterestChanged(self.peer_id, wanted))


def unrequested(index: int) -> ProtocolViolation:
    """
    The violation of a piece that was not asked of them, or not so often.
    """
    return ProtocolViolation(
        ViolationReason.UNREQUESTED_PIECE, f"piece {index} was not asked for"
    )
