"""
The mind of one peer of a verified swarm: beside what every peer does, it blames who
sends wrong pieces, gives up and heals pieces that are not right any more, and asks a
second neighbour for a piece that takes long.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import cast

from swarmpeer.config import Config
from swarmpeer.core.blame import LIMIT, Blame
from swarmpeer.core.bus import EventBus
from swarmpeer.core.choking import ChokingManager
from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.end_game import VerifiedRequests
from swarmpeer.core.node import REPLACED, PeerNode
from swarmpeer.core.picking import PiecePicker, RandomPicker
from swarmpeer.core.pieces import PieceState, PieceStore
from swarmpeer.core.progress import Progress
from swarmpeer.core.scrubbing import Scrubbing
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    FetchingResumed,
    GivenBackReason,
    PeerShutOut,
    PieceHealed,
    PieceStoreFailed,
    PieceWithdrawn,
    RecordSaved,
    RequestCancelled,
    RequestGivenBack,
    SecondRequested,
    SwarmEvent,
    WithdrawalReceived,
)
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.seam import NetworkSide, VerifiedNetworkSide
from swarmpeer.wire.extension import GoodbyeCode

_PROBES = 3
"""
While the disk refuses pieces, so many are fetched to try it.
"""
SHUT_OUT = "sent wrong pieces"
"""
Why there is no conversation with a peer for a while.
"""


class VerifiedNode(PeerNode):
    """
    One peer, without its network, its disk and its clock.
    """

    requests: VerifiedRequests

    def __init__(
        self,
        config: Config,
        store: PieceStore,
        *,
        bus: EventBus,
        rng: Random,
        verified_storage: IVerifiedStorage,
        manifest_bytes: Callable[[], bytes],
        seconds: Callable[[], float],
        heals: bool = True,
        picker: PiecePicker | None = None,
        choking: ChokingManager | None = None,
    ) -> None:
        """
        @param verified_storage: the one behind the store.
        @param manifest_bytes: what to give to those who ask for the manifest.
        @param seconds: the time now.
        @param heals: are pieces that were lost to be fetched again?
        """
        super().__init__(
            config,
            store,
            bus=bus,
            rng=rng,
            choking=choking,
            requests=VerifiedRequests(
                store, picker or RandomPicker(store.bits, rng), seconds
            ),
            seconds=seconds,
        )
        self._seconds = seconds
        self._manifest_bytes = manifest_bytes
        self._heals = heals
        self._blame = Blame()
        self._scrubbing = Scrubbing(store, verified_storage, self.piece_lost)
        store.on_lost = self._read_in_vain
        self._withdrawn: set[int] = set()
        self._looked_at = -1
        self._was_complete = False
        self._is_refused = False
        self._recorded: int | None = None

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
        return replace(
            super().progress(),
            recorded=self._recorded,
            received_bytes=self.requests.received_bytes,
            duplicate_bytes=self.requests.duplicate_bytes,
            is_paused=self._is_refused,
        )

    # Driven by the service.

    def review_requests(self) -> None:
        """
        Ask a second neighbour for what takes long at the first.
        """
        here = [conversation.neighbor for conversation in self.registry.conversations]
        for neighbor, index in self.requests.review(here):
            conversation = self._find(neighbor.peer_id)
            if conversation is not None:
                conversation.request(index)
                self.publish(SecondRequested(neighbor.peer_id, index))

    def retry_storage(self) -> None:
        """
        A disk that failed may work again.
        """
        self._retry_storage()
        self._look_again()

    def scrub_step(self) -> int:
        """
        Begin to check the next piece that we hold.

        @return: how many bytes are read for it; 0 if none is, since the last one is
            still being checked or there is nothing to check.
        """
        return self._scrubbing.step()

    # What the storage tells.

    def storage_told(self, event: SwarmEvent) -> None:
        """
        Something happened to the files or to the record.
        """
        if isinstance(event, RecordSaved):
            self._recorded = event.recorded
        self.publish(event)

    def check_piece(self, index: int, doubt: str) -> None:
        """
        Look whether a piece that we hold is right.

        @param doubt: why it may be wrong, for people.
        """
        self._scrubbing.check(index, doubt)

    def piece_lost(self, index: int, reason: str) -> None:
        """
        A piece that we held is not right any more: say so, and fetch it again.

        @param reason: how it was found, for people.
        """
        if self.store.state(index) is not PieceState.HAVE:
            return
        self.store.lose(index)
        self._withdrawn.add(index)
        if self._heals:
            self.requests.lost(index)
        conversations = self._conversations()
        for conversation in conversations:
            conversation.neighbor.note_lost(index)
        for conversation in conversations:
            conversation.withdraw(index)
        self._request_everywhere()
        self.publish(PieceWithdrawn(index, reason))

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

    def admit(self, conversation: PeerConnection, peer_id: int) -> bool:
        """
        They said who they are; those that are shut out are turned away.
        """
        if self.registry.is_shut_out(peer_id):
            self._turn_away(conversation, peer_id, SHUT_OUT, GoodbyeCode.BAD_PIECES)
            return False
        return super().admit(conversation, peer_id)

    def give_back(self, conversation: PeerConnection, reason: GivenBackReason) -> None:
        """
        What we asked of them will not come, or not in time: ask others.
        """
        super().give_back(conversation, reason)
        if reason is GivenBackReason.CLOSE or (
            # Others tell of each request what became of it.
            reason is GivenBackReason.CHOKE and not _is_verified(conversation)
        ):
            self.requests.forget(conversation.neighbor)

    def rejected(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They will not send a piece.  One that we waited for they do not have, as far as
        we know; the answer to one that we gave up tells nothing.
        """
        neighbor = conversation.neighbor
        if not neighbor.may_send(index):
            return
        is_awaited = self.requests.rejected(neighbor, index)
        if not neighbor.requested:
            conversation.network.stop_waiting()
        if is_awaited:
            neighbor.note_lacking(index, self.store.bits)
            conversation.review_interest()
            self._request_everywhere(but=conversation)
        self.request_next(conversation)
        if is_awaited:
            self.publish(
                RequestGivenBack(neighbor.peer_id, index, GivenBackReason.REJECT)
            )

    def withdrawn(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They hold a piece no more.
        """
        neighbor = conversation.neighbor
        is_awaited = index in neighbor.requested
        neighbor.note_lacking(index, self.store.bits)
        self.registry.note_complete(neighbor.peer_id, neighbor.bits.is_full)
        if is_awaited:
            self.requests.give_back_one(neighbor, index)
            if not neighbor.requested:
                conversation.network.stop_waiting()
        conversation.review_interest()
        if is_awaited:
            self._request_everywhere(but=conversation)
            self.request_next(conversation)
            self.publish(
                RequestGivenBack(neighbor.peer_id, index, GivenBackReason.REJECT)
            )
        self.publish(WithdrawalReceived(neighbor.peer_id, index))

    def bad_piece_told(self, conversation: VerifiedConnection, index: int) -> None:
        """
        They say that a piece that we sent them was wrong: is it?
        """
        self.publish(BadPieceTold(conversation.peer_id, index))
        self.check_piece(index, f"peer {conversation.peer_id} found it wrong")

    # What changes of that which every peer does.

    def _make_room(self, present: PeerConnection) -> None:
        _verified(present).part(GoodbyeCode.REPLACED, REPLACED)

    def _turn_away(
        self,
        conversation: PeerConnection,
        peer_id: int,
        reason: str,
        code: GoodbyeCode = GoodbyeCode.REPLACED,
    ) -> None:
        _verified(conversation).network.send_goodbye(code, reason)
        super()._turn_away(conversation, peer_id, reason)

    def _piece_stored(self, peer_id: int, index: int, size_bytes: int) -> None:
        is_healed = index in self._withdrawn
        self._withdrawn.discard(index)
        is_taken_again, self._is_refused = self._is_refused, False
        if is_taken_again:
            self.requests.is_paused = False
        super()._piece_stored(peer_id, index, size_bytes)
        self._cancel_others(index)
        if is_taken_again:
            self._request_everywhere()
            self.publish(FetchingResumed())
        if is_healed:
            self.publish(PieceHealed(index))

    def _piece_not_stored(self, peer_id: int, index: int, error: StorageError) -> None:
        if isinstance(error, BadPieceError):
            self._piece_was_bad(peer_id, index)
        elif error.is_final:
            self.requests.given_up(index)
            self._request_everywhere()
            self.publish(PieceStoreFailed(peer_id, index, str(error), is_final=True))
        else:
            self._is_refused = True
            super()._piece_not_stored(peer_id, index, error)

    def _complete(self) -> None:
        if not self._was_complete:
            self._was_complete = True
            super()._complete()
        else:
            self._place()
            self._review_swarm()

    def _review_swarm(self) -> None:
        # A piece may have been lost since the files were put in place.
        if self.store.is_complete:
            super()._review_swarm()

    def _retry_storage(self) -> None:
        """
        A disk that refused a piece is given a few, so that no more is fetched in vain;
        when it takes one, fetching goes on.
        """
        if self._is_refused:
            self.requests.is_paused = False
            # Some may never answer: those who did not are asked last.
            for conversation in sorted(
                self.registry.conversations, key=lambda each: each.neighbor.is_snubbed
            ):
                if len(self.requests.owners) < _PROBES:
                    self.request_next(conversation)
            self.requests.is_paused = self._is_refused
        if self.store.is_complete:
            self._place()

    # Inside.

    def _look_again(self) -> None:
        """
        One of the pieces that were lost may be right on the disk by now.
        """
        missing = [
            index
            for index in sorted(self._withdrawn)
            if self.store.state(index) is PieceState.MISSING
        ]
        if missing:
            # Each in turn, since some may stay wrong for ever.
            later = [index for index in missing if index > self._looked_at]
            self._looked_at = index = (later or missing)[0]
            self._scrubbing.look_again(index, partial(self._regained, index))

    def _regained(self, index: int) -> None:
        if self.store.state(index) is not PieceState.MISSING:
            return
        self.store.regain(index)
        self._withdrawn.discard(index)
        self.requests.regained(index)
        conversations = self.registry.conversations
        for conversation in conversations:
            conversation.neighbor.note_held(index)
        for conversation in conversations:
            conversation.announce(index)
        self.publish(PieceHealed(index))
        if self.store.is_complete:
            self._complete()
        self._look_again()

    def _read_in_vain(self, index: int, error: StorageError) -> None:
        self.piece_lost(index, str(error))

    def _piece_was_bad(self, peer_id: int, index: int) -> None:
        """
        Blame who sent it, alone; ask others, or the same one for another.
        """
        self.requests.store_failed(index)
        conversation = self._find(peer_id)
        if conversation is not None:
            conversation.neighbor.note_lacking(index, self.store.bits)
            conversation.refuse_piece(index)
        # The cause is told before what follows from it.
        self.publish(BadPieceReceived(peer_id, index, self.store.layout.size(index)))
        # While they are shut out, what they sent before is answered for.
        if not self.registry.is_shut_out(peer_id):
            seconds = self._blame.note(peer_id)
            if seconds is not None:
                self._shut_out(peer_id, seconds)
        self._request_everywhere()

    def _shut_out(self, peer_id: int, seconds: float) -> None:
        self.registry.shut_out(peer_id, self._seconds() + seconds)
        self.publish(PeerShutOut(peer_id, LIMIT, seconds))
        conversation = self._find(peer_id)
        if conversation is not None:
            conversation.part(GoodbyeCode.BAD_PIECES, SHUT_OUT)

    def _cancel_others(self, index: int) -> None:
        """
        A piece is ours: whoever else was asked for it need not send it, and is free
        for another.
        """
        for neighbor in self.requests.owing(index):
            conversation = self._find(neighbor.peer_id)
            if conversation is None or not conversation.network.is_verified:
                continue
            if index in neighbor.requested:
                self.requests.give_back_one(neighbor, index)
                if not neighbor.requested:
                    conversation.network.stop_waiting()
            conversation.cancel(index)
            self.request_next(conversation)
            self.publish(RequestCancelled(neighbor.peer_id, index))

    def _conversations(self) -> list[VerifiedConnection]:
        return [_verified(conversation) for conversation in self.registry.conversations]

    def _find(self, peer_id: int) -> VerifiedConnection | None:
        conversation = self.registry.find(peer_id)
        return None if conversation is None else _verified(conversation)


def _verified(conversation: PeerConnection) -> VerifiedConnection:
    """
    A conversation of a verified node, which opens no others.
    """
    return cast(VerifiedConnection, conversation)


def _is_verified(conversation: PeerConnection) -> bool:
    return _verified(conversation).network.is_verified
