"""
The mind of one peer: it hears what the conversations tell, decides with the
help of the request and choking managers, and has the decisions carried out.

State first, send second, publish last.
"""

from collections.abc import Sequence
from functools import partial

from swarmpeer.config import Config
from swarmpeer.core.bus import EventBus
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.holdings import Holdings, Leavers
from swarmpeer.core.keeping import Keeping
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.progress import NeighborProgress, Progress
from swarmpeer.core.rates import RateTracker
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.core.requests import RequestManager
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    Candidate,
    ConnectionRefused,
    DuplicatePieceReceived,
    FileCompleted,
    FilePlaced,
    FilePlacingFailed,
    GivenBackReason,
    NeighborConnected,
    NeighborDisconnected,
    PeerCompleted,
    PieceStored,
    PieceStoreFailed,
    RequestGivenBack,
    SwarmCompleted,
    SwarmEvent,
)
from swarmpeer.interfaces import IChokingPolicy, IPiecePicker
from swarmpeer.seam import NetworkSide, Piece

REPLACED = "replaced by a new connection"
"""
Why an older conversation with the same peer is closed.
"""


class PeerNode:
    """
    One peer, without its network, its disk and its clock.
    """

    def __init__(
        self,
        config: Config,
        store: PieceStore,
        requests: RequestManager,
        choking: IChokingPolicy,
        bus: EventBus,
    ) -> None:
        """
        @param requests: who fetches which piece.
        @param choking: how to choose whom to serve.
        """
        self.own_id = config.peer_id
        self.store = store
        self.bus = bus
        self.registry = PeerRegistry(
            config.peer_id, [peer.peer_id for peer in config.peers]
        )
        self.rates = RateTracker()
        self._leavers = Leavers()
        self.choking = choking
        self.requests = requests
        self.is_placed = False
        self._is_placing = False
        self._is_swarm_complete = False
        self._turn = 0

    def start(self, *, is_placed: bool) -> None:
        """
        Begin.

        @param is_placed: did the whole file stand in place from the start?
        """
        self.is_placed = is_placed
        if self.store.is_complete and not is_placed:
            # An empty file has no piece to wait for.
            self._complete()
        self._review_swarm()

    def progress(self) -> Progress:
        """
        How far this peer is, now.
        """
        return Progress(
            peer_id=self.own_id,
            held=self.store.bits.count,
            piece_count=self.store.layout.piece_count,
            is_placed=self.is_placed,
            optimistic=self.choking.optimistic,
            neighbors=tuple(
                NeighborProgress.of(conversation.neighbor)
                for conversation in self.registry.conversations
            ),
            incomplete=self.registry.incomplete,
            preferred=self.choking.preferred,
            is_paused=self.requests.is_paused,
        )

    def holdings(self) -> Holdings:
        """
        Who holds what, now.
        """
        return Holdings(
            self.store.bits,
            {
                conversation.peer_id: conversation.neighbor.bits
                for conversation in self.registry.conversations
            },
            self._leavers.bits,
        )

    @property
    def spare_bytes(self) -> int:
        """
        How much memory there is for pieces that nobody waits for.
        """
        return self.requests.spare_bytes

    @property
    def picker(self) -> IPiecePicker:
        """
        How the next piece is chosen.
        """
        return self.requests.picker

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:
        """
        Would any observer be told of such an event?
        """
        return self.bus.is_heard(event_class)

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell the observers.
        """
        self.bus.publish(event)

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Tell the observers of several events of one class.
        """
        self.bus.publish_run(events)

    def publish_haves(self, peer_id: int, indexes: Sequence[int]) -> None:
        """
        Tell the observers which pieces a neighbour holds now.
        """
        self.bus.publish_haves(peer_id, indexes)

    # The rounds, driven by the service.

    def hold_preferred_round(self) -> None:
        """
        Choose whom to serve by what they gave since the last time.
        """
        self._retry_storage()
        conversations = self.registry.conversations
        sent_pieces = {each.peer_id: each.take_sent_pieces() for each in conversations}
        busy = sum(each.is_being_served for each in conversations)
        self.choking.note_uplink(busy, sent_pieces)
        by_rate = self.choking.ranks_by_rate and not self.store.is_complete
        plan = self.choking.hold_preferred_round(self._candidates(), by_rate=by_rate)
        self.rates.begin_round()
        self._apply_choking()
        self.publish(plan)

    def hold_optimistic_round(self) -> None:
        """
        Give one more neighbour a chance.
        """
        plan = self.choking.hold_optimistic_round(self._candidates())
        self._apply_choking()
        self.publish(plan)

    # What the network asks: seam.SwarmLogic.

    def open_conversation(
        self, network: NetworkSide, expected_peer_id: int | None
    ) -> PeerConnection:
        """
        A connection is about to start; give it its logic.
        """
        return PeerConnection(self, network, expected_peer_id)

    # What the conversations tell: connection.SwarmSide.

    def admit(self, conversation: PeerConnection, peer_id: int) -> bool:
        """
        They said who they are; any older conversation with them makes room.
        """
        self.registry.check(peer_id)
        if not self.registry.prefers(conversation, peer_id):
            self._turn_away(
                conversation,
                peer_id,
                f"there is a conversation with {peer_id} already",
            )
            return False
        present = self.registry.find(peer_id)
        if present is not None:
            self._make_room(present)
        return True

    def joined(self, conversation: PeerConnection) -> None:
        """
        The conversation began: they were told what we hold.
        """
        self.registry.add(conversation)
        self._leavers.note_back(conversation.peer_id)
        self._welcome(conversation)
        self.publish(
            NeighborConnected(conversation.peer_id, conversation.network.is_dialled)
        )
        if self.store.layout.piece_count == 0:
            # With nothing to hold, nobody need say that they hold it.
            self.holdings_learned(conversation)

    def interest_changed(self, conversation: PeerConnection) -> None:
        """
        They want something from us, or nothing more.
        """
        neighbor = conversation.neighbor
        self._review_choking(neighbor.peer_id, is_interested=neighbor.peer_interested)

    def departed(self, conversation: PeerConnection, reason: str) -> None:
        """
        A conversation ended.
        """
        if not self.registry.remove(conversation):
            return
        peer_id = conversation.peer_id
        self._leavers.note_left(peer_id, conversation.neighbor.bits)
        self.choking.forget(peer_id)
        self.rates.forget(peer_id)
        self.give_back(conversation, GivenBackReason.CLOSE)
        self._review_choking(peer_id, is_interested=False)
        self.publish(NeighborDisconnected(peer_id, reason))

    def holdings_learned(self, conversation: PeerConnection) -> None:
        """
        They told what they hold, or that they hold everything now.
        """
        neighbor = conversation.neighbor
        if self.registry.note_complete(neighbor.peer_id, neighbor.bits.is_full):
            self.publish(PeerCompleted(neighbor.peer_id))
            self._review_swarm()

    def request_next(self, conversation: PeerConnection) -> None:
        """
        They may serve us another piece, or a few, unless they just left.
        """
        if self.registry.find(conversation.peer_id) is not conversation:
            return
        neighbor = conversation.neighbor
        if neighbor.is_snubbed and conversation.network.is_mid_piece:
            # What they are slow with comes first, whatever they are asked.
            return
        chosen = self.requests.choose(neighbor)
        if chosen:
            conversation.request(chosen)

    def give_back(self, conversation: PeerConnection, reason: GivenBackReason) -> None:
        """
        What we asked of them will not come, or not in time: ask others.
        """
        conversation.network.stop_waiting()
        withdrawn = self.requests.give_back(conversation.neighbor)
        if not withdrawn:
            return
        self.request_everywhere(but=conversation)
        for index in withdrawn:
            self.publish(RequestGivenBack(conversation.peer_id, index, reason))

    def pieces_arrived(
        self, conversation: PeerConnection, pieces: Sequence[Piece]
    ) -> None:
        """
        They sent pieces.  The next requests go out first: the network is slower than
        the disk.
        """
        neighbor = conversation.neighbor
        needed, needless = self.requests.arrived(neighbor, pieces)
        try:
            came = len(needed) + len(needless)
            if came < len(pieces):
                # Asked for once, it came twice.
                conversation.expect_piece(pieces[came].index)
            came_bytes = 0
            for piece in pieces:
                came_bytes += len(piece.data)
            self.rates.credit(neighbor.peer_id, came_bytes)
            if not neighbor.requested and neighbor.is_owing:
                # What is owed may never come; it is not to be taken for a stall.
                conversation.network.stop_waiting()
            self.request_next(conversation)
        finally:
            # Whatever fails there, these are here and noted as being stored.
            self._store(neighbor.peer_id, needed)
            for piece in needless:
                size_bytes = self.store.layout.size(piece.index)
                self.publish(
                    DuplicatePieceReceived(neighbor.peer_id, piece.index, size_bytes)
                )

    def _welcome(self, conversation: PeerConnection) -> None:
        """
        They may be asked from now on.
        """
        self.requests.welcome(conversation.neighbor)

    def _make_room(self, present: PeerConnection) -> None:
        """
        A newer conversation takes the place of this one.
        """
        present.close(REPLACED)

    def _turn_away(
        self, conversation: PeerConnection, peer_id: int, reason: str
    ) -> None:
        """
        Their conversation does not begin.
        """
        conversation.network.close(reason)
        self.publish(ConnectionRefused(peer_id, reason))

    # What the storage answers.

    def _store(self, peer_id: int, pieces: Sequence[Piece]) -> None:
        if pieces:
            Keeping(
                self.store,
                partial(self._pieces_stored, peer_id),
                partial(self._piece_not_stored, peer_id),
            ).put(pieces)

    def _pieces_stored(self, peer_id: int, pieces: Sequence[Piece]) -> None:
        held_before = self.store.bits.count - len(pieces)
        indexes = [piece.index for piece in pieces]
        self.requests.stored(indexes)
        conversations = self.registry.conversations
        for conversation in conversations:
            conversation.neighbor.note_needless(indexes)
        for conversation in conversations:
            conversation.announce(indexes)
        if self.requests.is_starved:
            self.requests.is_starved = False
            self._request_in_turn()
        self.publish_run(
            [
                PieceStored(peer_id, piece.index, len(piece.data), held)
                for held, piece in enumerate(pieces, held_before + 1)
            ]
        )
        if self.store.is_complete:
            self._complete()

    def _piece_not_stored(self, peer_id: int, index: int, error: StorageError) -> None:
        self.requests.store_failed(index)
        # Asking again at once would spin; the next preferred round does.
        self.requests.is_paused = True
        self.publish(PieceStoreFailed(peer_id, index, str(error)))

    def _complete(self) -> None:
        self.publish(FileCompleted())
        self._place()

    def _place(self) -> None:
        if self.is_placed or self._is_placing:
            return
        self._is_placing = True
        self.store.finish(self._placed, self._not_placed)

    def _placed(self) -> None:
        self._is_placing = False
        self.is_placed = True
        self.publish(FilePlaced())
        self._review_swarm()

    def _not_placed(self, error: StorageError) -> None:
        self._is_placing = False
        self.publish(FilePlacingFailed(str(error), error.is_final))

    def _retry_storage(self) -> None:
        """
        A disk that failed may work again.
        """
        if self.requests.is_paused:
            self.requests.is_paused = False
            self.request_everywhere()
        if self.store.is_complete:
            self._place()

    # Decisions about everybody.

    def request_everywhere(self, but: PeerConnection | None = None) -> None:
        """
        Pieces came open: ask all that may serve us and are not busy.
        """
        for conversation in self.registry.conversations:
            if conversation is not but:
                self.request_next(conversation)

    def _request_in_turn(self) -> None:
        """
        There is room for a piece or two: who gave last asks last.
        """
        conversations = self.registry.conversations
        self._turn += 1
        first = self._turn % len(conversations) if conversations else 0
        for conversation in (*conversations[first:], *conversations[:first]):
            self.request_next(conversation)
            if self.requests.is_starved:
                return

    def _candidates(self) -> list[Candidate]:
        return [
            Candidate(
                neighbor.peer_id,
                self.rates.received_bytes(neighbor.peer_id),
                not neighbor.am_choking,
            )
            for neighbor in (
                conversation.neighbor for conversation in self.registry.conversations
            )
            if neighbor.peer_interested
        ]

    def _review_choking(self, peer_id: int, *, is_interested: bool) -> None:
        """
        Let the policy act between its rounds, if it wants to.
        """
        choking = self.choking
        if choking.wants_review(
            peer_id, is_interested=is_interested
        ) and choking.review(self._candidates()):
            self._apply_choking()

    def _apply_choking(self) -> None:
        """
        Carry out the difference, chokes first, so that there are never more
        unchoked neighbours than there are places.
        """
        conversations = self.registry.conversations
        for conversation in conversations:
            if not self.choking.is_unchoked(conversation.peer_id):
                conversation.choke()
        for conversation in conversations:
            if self.choking.is_unchoked(conversation.peer_id):
                conversation.unchoke()

    def _review_swarm(self) -> None:
        if self._is_swarm_complete or not self.is_placed or self.registry.incomplete:
            return
        self._is_swarm_complete = True
        self.publish(SwarmCompleted())
