"""
One conversation with one neighbour of a verified swarm.

Beside the manners of every conversation:

  - each request gets an answer: the piece, or a reject; the one that takes back what
    waited when they are choked comes behind the choke;
  - a piece that they withdrew is not asked of them again until they tell of it anew,
    one that they rejected or sent wrong not for a while;
  - of what they say about our pieces, only what can be is heard: a wrong piece must
    have been sent to them.

A neighbour that speaks only the eight messages is spoken to in those; the network does
not send it the others.
"""

from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import cast

from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.serving import Serving
from swarmpeer.core.swarm_side import VerifiedSwarmSide
from swarmpeer.core.verified_serving import VerifiedServing
from swarmpeer.events import GoodbyeReceived
from swarmpeer.verified_seam import VerifiedNetworkSide
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extension import (
    GoodbyeCode,
    manifest_part_count,
    manifest_part_size,
)

#: Parts of the manifest that may wait until they can be written.
_PARTS_LIMIT = 16

#: How often one neighbour may have the whole manifest, about; to ask costs little.
_MANIFESTS = 2

ENOUGH_TO_ASK_FOR = 4
"""
A neighbour that lacks so many of our pieces, beside those that it asked for, knows of
enough that it can ask for.
"""


class VerifiedConnection(PeerConnection):
    """
    The logic of one conversation: a L{swarmpeer.verified_seam.VerifiedLogicSide}.
    """

    __slots__ = ("_parts", "_parts_left")

    network: VerifiedNetworkSide
    _swarm: VerifiedSwarmSide
    _serving: VerifiedServing

    def __init__(
        self,
        swarm: VerifiedSwarmSide,
        network: VerifiedNetworkSide,
        expected_peer_id: int | None,
    ) -> None:
        super().__init__(swarm, network, expected_peer_id)
        self._parts: deque[int] = deque()
        self._parts_left: int | None = None

    # What the network tells us.

    def on_have_all(self) -> None:
        """
        They hold every piece.
        """
        self.on_bitfield(Bitfield.full(self._swarm.store.layout.piece_count))

    def on_have_none(self) -> None:
        """
        They hold no piece.
        """
        self.on_bitfield(Bitfield(self._swarm.store.layout.piece_count))

    def on_reject(self, index: int) -> None:
        """
        They will not send a piece.
        """
        self._note_message()
        self._swarm.rejected(self, index)

    def on_cancel(self, index: int) -> None:
        """
        They want a piece no more; if it is on its way already, it comes.
        """
        self._note_message()
        self._serving.take_back(index)

    def on_withdrawal(self, index: int) -> None:
        """
        They hold a piece no more.
        """
        self._note_message()
        was_held = self.neighbor.note_lacking(index, self._swarm.store.needless)
        if was_held and self._counter is not None:
            self._counter.note_lacking(index)
        self._swarm.withdrawn(self, index)

    def on_bad_piece(self, index: int) -> None:
        """
        A piece was wrong when it came to them.  It is believed once for each time that
        it was sent.
        """
        self._note_message()
        if self._serving.sent.discard(index):
            self._swarm.bad_piece_told(self, index)

    def on_manifest_request(self, part: int) -> None:
        """
        Send a part of the manifest as soon as there is room; one that does not exist,
        or is one too many, is dropped.
        """
        self._note_message()
        if self._parts_left != 0 and len(self._parts) < _PARTS_LIMIT:
            self._parts.append(part)
            self._send_parts()

    def on_goodbye(self, code: int, words: str) -> None:
        """
        They are about to close.
        """
        self._swarm.publish(GoodbyeReceived(self.peer_id, code, words))

    def on_writable(self) -> None:
        """
        Go on serving.
        """
        super().on_writable()
        self._send_parts()

    # What the node asks of us.

    @property
    def is_being_served(self) -> bool:
        """
        Does something wait to be sent to them, or is it on its way?
        """
        # A piece that is in is told of.
        return super().is_being_served or self.neighbor.bits.lacks_any_of(
            self._serving.sent
        )

    @property
    def is_told_part(self) -> bool:
        """
        Do we hold something that they were not told of?
        """
        return self._serving.told is not None

    def show(self, indexes: Sequence[int]) -> None:
        """
        Tell them of pieces that we hold, but for those that they know.
        """
        if self._serving.told is not None:
            news = self._serving.told.add_each(indexes)
            if news:
                self.network.send_haves(news)

    def tell_rest(self, most: int) -> None:
        """
        Tell them of so many of the pieces that they were not told of.
        """
        if self._serving.told is None:
            return
        rest = self._serving.told.missing_from(self._swarm.store.bits)
        self.show(tuple(islice(rest, most)))
        if rest.count <= most:
            self._serving.told = None

    def withdraw(self, index: int) -> None:
        """
        We hold a piece no more; the neighbour's page says so already.
        """
        # If they were not told of it, they are when it is back.
        if self._serving.told is None or not self._serving.told.add(index):
            self.network.send_withdrawal(index)
        self._serving.lose(index)
        self.review_interest()

    def refuse_piece(self, index: int) -> None:
        """
        What they sent was wrong.
        """
        self.network.send_bad_piece(index)

    def cancel(self, index: int) -> None:
        """
        We have a piece from elsewhere.
        """
        self.network.send_cancel(index)

    def close(self, reason: str, code: int = GoodbyeCode.OTHER) -> None:
        """
        End the conversation, and tell why.

        @param code: a L{swarmpeer.wire.extension.GoodbyeCode}.
        """
        self.network.close(reason, code)
        self.on_disconnect(reason)

    def _begin_serving(self) -> Serving:
        swarm = self._swarm
        note_sent = partial(swarm.pieces_sent, self)
        return VerifiedServing(
            swarm.store, self.neighbor, self.network, swarm, note_sent
        )

    def _tell_holdings(self) -> None:
        bits = self._swarm.store.bits
        if not self.network.is_verified:
            super()._tell_holdings()
        elif self._swarm.is_showing:
            self._serving.told = Bitfield(bits.size)
            self.network.send_have_none()
        elif bits.is_full:
            self.network.send_have_all()
        elif bits.is_empty:
            self.network.send_have_none()
        else:
            super()._tell_holdings()

    def _tell_haves(self, indexes: Sequence[int]) -> None:
        neighbor, store = self.neighbor, self._swarm.store
        # What they hold and is of no use to us is all that they hold of the needless.
        theirs = neighbor.bits.count - neighbor.useful
        lacks_any = theirs < store.needless.count
        # For these they cannot ask before they are told.
        known = store.bits.count - len(indexes) - theirs
        wanted = neighbor.wanted_from_us
        is_of_use = lacks_any and known < ENOUGH_TO_ASK_FOR + len(wanted)
        # The last one tells that we are complete, for which others may wait.
        can_wait = not is_of_use and not store.bits.is_full
        self.network.send_haves(indexes, can_wait=can_wait)

    def _send_parts(self) -> None:
        if not self._parts or not self.network.room_bytes:
            return
        manifest = self._swarm.manifest()
        if self._parts_left is None:
            parts = manifest_part_count(len(manifest))
            self._parts_left = _PARTS_LIMIT + _MANIFESTS * parts
        while self._parts and self.network.room_bytes:
            part = self._parts.popleft()
            self._parts_left -= 1
            if manifest_part_size(len(manifest), part):
                self.network.send_manifest_part(part, manifest)
            if not self._parts_left:
                self._parts.clear()


def as_verified(conversation: PeerConnection) -> VerifiedConnection:
    """
    A conversation of a verified node, which opens no others.
    """
    return cast(VerifiedConnection, conversation)
