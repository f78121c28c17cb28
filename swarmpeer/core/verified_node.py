"""
The mind of one peer of a verified swarm: beside what every peer does, it blames who
sends wrong pieces, gives up and heals pieces that are not right any more, and asks a
second neighbour for a piece that takes long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import cast

from swarmpeer.config import Config
from swarmpeer.core.asking import Asking
from swarmpeer.core.bus import EventBus
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.healing import Healing
from swarmpeer.core.node import REPLACED, PeerNode
from swarmpeer.core.progress import Progress
from swarmpeer.core.showing import Showing
from swarmpeer.core.verified_connection import VerifiedConnection, as_verified
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.core.wrong_pieces import SHUT_OUT, WrongPieces
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.events import (
    BadPieceTold,
    ConnectionRefused,
    FetchingResumed,
    GivenBackReason,
    PieceHealed,
    PieceStoreFailed,
    RecordSaved,
    SwarmEvent,
    WithdrawalReceived,
)
from swarmpeer.interfaces import IChokingPolicy
from swarmpeer.seam import NetworkSide, Piece
from swarmpeer.verified_seam import VerifiedNetworkSide
from swarmpeer.wire.extension import GoodbyeCode

#: In a swarm of two, whoever gets a piece has nobody to pass it on to.
_LEAST_TO_SHOW = 3


@dataclass(frozen=True, slots=True)
class Equipment:
    """
    What a verified node is given beside its pieces and its policies.

    @ivar rng: where every draw comes from.
    @ivar seconds: the time now.
    @ivar manifest_bytes: what to give to those who ask for the manifest.
    @ivar heals: are pieces that were lost to be fetched again?
    """

    bus: EventBus
    rng: Random
    seconds: Callable[[], float]
    manifest_bytes: Callable[[], bytes]
    heals: bool = True


class VerifiedNode(PeerNode):
    """
    One peer, without its network, its disk and its clock.

    @ivar healing: looks after the pieces that we hold.
    """

    store: VerifiedStore
    requests: VerifiedRequests

    def __init__(
        self,
        config: Config,
        store: VerifiedStore,
        requests: VerifiedRequests,
        choking: IChokingPolicy,
        equipment: Equipment,
    ) -> None:
        """
        See L{PeerNode}.
        """
        super().__init__(config, store, requests, choking, equipment.bus)
        self._manifest_bytes = equipment.manifest_bytes
        self.healing = Healing(
            store, requests, self, self._complete, heals=equipment.heals
        )
        self._asking = Asking(requests, self)
        self._wrong_pieces = WrongPieces(
            store.layout, requests, self, equipment.seconds
        )
        self._was_complete = False
        self._recorded: int | None = None
        shows = (
            choking.shows_pieces
            and store.is_complete
            and store.layout.piece_count > 0
            and len(config.peers) >= _LEAST_TO_SHOW
        )
        self._showing = (
            Showing(store, self, equipment.rng, equipment.seconds) if shows else None
        )

    def start(self, *, is_placed: bool) -> None:
        """
        Begin.

        @param is_placed: did everything stand in place from the start?
        """
        self._was_complete = is_placed
        super().start(is_placed=is_placed)

    def progress(self) -> Progress:
        """
        How far this peer is, now.
        """
        return replace(super().progress(), recorded=self._recorded)

    # Driven by the service.

    def review_requests(self) -> None:
        """
        Ask a second neighbour for what takes long at the first, and show what is to
        be shown.
        """
        self._asking.ask_second()
        if self._showing is not None:
            self._showing.review()
            self._end_showing()

    def retry_storage(self) -> None:
        """
        A disk that failed, ours or that of a neighbour, may work again.
        """
        self._retry_storage()
        self._asking.ask_again()
        self.healing.look_again()

    def scrub(self, size_bytes: int) -> None:
        """
        Read and check so much more of what we hold, in turn.
        """
        self.healing.scrub(size_bytes)

    # What the storage tells.

    def storage_told(self, event: SwarmEvent) -> None:
        """
        Something happened to the files or to the record.
        """
        if isinstance(event, RecordSaved):
            self._recorded = event.recorded
        self.publish(event)

    def is_shut_out(self, peer_id: int) -> bool:
        """
        Is there to be no conversation with the peer now?
        """
        return self._wrong_pieces.is_shut_out(peer_id)

    # What the network asks: seam.SwarmLogic.

    def open_conversation(
        self, network: NetworkSide, expected_peer_id: int | None
    ) -> VerifiedConnection:
        """
        A connection is about to start; give it its logic.
        """
        # In a verified swarm there are no others.
        verified = cast(VerifiedNetworkSide, network)
        return VerifiedConnection(self, verified, expected_peer_id)

    # What the conversations tell: swarm_side.VerifiedSwarmSide.

    def manifest(self) -> bytes:
        """
        What our pieces should be.
        """
        return self._manifest_bytes()

    @property
    def is_showing(self) -> bool:
        """
        Is a neighbour to be told only of what it is shown?
        """
        return self._showing is not None and not self._showing.is_over

    def joined(self, conversation: PeerConnection) -> None:
        """
        The conversation began: they were told what we hold, or are shown some of it.
        """
        super().joined(conversation)
        is_here = self.registry.find(conversation.peer_id) is conversation
        if self._showing is not None and is_here:
            self._showing.joined(as_verified(conversation))

    def departed(self, conversation: PeerConnection, reason: str) -> None:
        """
        A conversation ended.
        """
        is_live = self.registry.find(conversation.peer_id) is conversation
        if self._showing is not None and is_live:
            self._showing.left(conversation.peer_id)
        super().departed(conversation, reason)

    def pieces_sent(
        self, conversation: VerifiedConnection, indexes: Sequence[int]
    ) -> None:
        """
        They are about to be sent pieces, one or those that go together.
        """
        if self._showing is not None:
            # If that was the last to be shown, the next review ends it: nobody may be
            # parted from while a piece is about to go to them.
            self._showing.sent(conversation, indexes)

    def admit(self, conversation: PeerConnection, peer_id: int) -> bool:
        """
        They said who they are; those that are shut out are turned away.
        """
        if self.is_shut_out(peer_id):
            self._turn_away(conversation, peer_id, SHUT_OUT, GoodbyeCode.BAD_PIECES)
            return False
        return super().admit(conversation, peer_id)

    def give_back(self, conversation: PeerConnection, reason: GivenBackReason) -> None:
        """
        What we asked of them will not come, or not in time: ask others.
        """
        super().give_back(conversation, reason)
        neighbor = conversation.neighbor
        if reason is GivenBackReason.CLOSE:
            self.requests.left(neighbor)
        elif (
            reason is GivenBackReason.CHOKE
            # Others than these tell of each request what became of it.
            and not as_verified(conversation).network.is_verified
        ):
            self.requests.forget(neighbor)

    def rejected(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They will not send a piece, or not now.
        """
        self._asking.rejected(conversation, index)

    def withdrawn(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They hold a piece no more; the neighbour's page says so already.
        """
        neighbor = conversation.neighbor
        self.registry.note_complete(neighbor.peer_id, neighbor.bits.is_full)
        self._asking.withdrawn(conversation, index)
        self.publish(WithdrawalReceived(neighbor.peer_id, index))

    def bad_piece_told(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They say that a piece that we sent them was wrong: is it?
        """
        self.publish(BadPieceTold(conversation.peer_id, index))
        self.healing.check(index, f"peer {conversation.peer_id} found it wrong")

    # What our parts ask: swarm_side.VerifiedSwarm.

    @property
    def conversations(self) -> tuple[VerifiedConnection, ...]:
        """
        The live conversations by ascending id.
        """
        # A verified node opens no others.
        return cast(tuple[VerifiedConnection, ...], self.registry.conversations)

    def find(self, peer_id: int) -> VerifiedConnection | None:
        """
        The live conversation with the peer.
        """
        conversation = self.registry.find(peer_id)
        return None if conversation is None else as_verified(conversation)

    # What changes of that which every peer does.

    def _welcome(self, conversation: PeerConnection) -> None:
        is_verified = as_verified(conversation).network.is_verified
        self.requests.welcome(conversation.neighbor, pipelines=is_verified)

    def _make_room(self, present: PeerConnection) -> None:
        as_verified(present).close(REPLACED, GoodbyeCode.REPLACED)

    def _turn_away(
        self,
        conversation: PeerConnection,
        peer_id: int,
        reason: str,
        code: GoodbyeCode = GoodbyeCode.REPLACED,
    ) -> None:
        as_verified(conversation).network.close(reason, code)
        self.publish(ConnectionRefused(peer_id, reason))

    def _pieces_stored(self, peer_id: int, pieces: Sequence[Piece]) -> None:
        indexes = [piece.index for piece in pieces]
        healed = self.healing.stored(indexes)
        was_refused, self.requests.is_paused = self.requests.is_paused, False
        cancelled = self._asking.cancel(indexes)
        if was_refused:
            self.request_everywhere()
        super()._pieces_stored(peer_id, pieces)
        if cancelled:
            self.publish_run(cancelled)
        if was_refused:
            self.publish(FetchingResumed())
        if healed:
            self.publish_run([PieceHealed(index) for index in healed])

    def _piece_not_stored(self, peer_id: int, index: int, error: StorageError) -> None:
        if isinstance(error, BadPieceError):
            self._wrong_pieces.came(peer_id, index)
        elif error.is_final:
            cancelled = self._asking.give_up(index)
            self.publish(PieceStoreFailed(peer_id, index, str(error), is_final=True))
            self.publish_run(cancelled)
        else:
            super()._piece_not_stored(peer_id, index, error)

    def _apply_choking(self) -> None:
        super()._apply_choking()
        if self._showing is not None:
            self._showing.choking_changed()

    def _end_showing(self) -> None:
        if self._showing is not None and self._showing.is_told:
            self._showing = None
            self._told_everything()

    def _told_everything(self) -> None:
        """
        All that are here know now that we hold every piece.
        """
        self._review_swarm()

    def _complete(self) -> None:
        if not self._was_complete:
            self._was_complete = True
            super()._complete()
        else:
            self._place()
            self._review_swarm()

    def _review_swarm(self) -> None:
        # A piece may have been lost since the files were put in place.
        if not self.store.is_complete:
            return
        if self._showing is None:
            super()._review_swarm()
        elif not self.registry.incomplete:
            # Whoever was shown a part would wait for the rest once we are gone.
            self._showing.finish()
            self._end_showing()

    def _retry_storage(self) -> None:
        """
        A disk that refused a piece is given a few, so that no more is fetched in vain;
        when it takes one, fetching goes on.
        """
        if self.requests.is_paused:
            self._asking.probe()
        if self.store.is_complete:
            self._place()
