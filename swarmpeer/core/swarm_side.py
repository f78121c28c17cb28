"""
What a conversation asks of its node.

A protocol of its own, so that the conversation need not know the node, which
holds the conversations.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from swarmpeer.core.pieces import PieceStore
from swarmpeer.events import GivenBackReason, SwarmEvent
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.seam import Piece

if TYPE_CHECKING:
    from swarmpeer.core.connection import PeerConnection
    from swarmpeer.core.verified_connection import VerifiedConnection


class SwarmSide(Protocol):
    """
    What a conversation asks of its node, and tells it.
    """

    @property
    def own_id(self) -> int:
        """
        Who we are.
        """

    @property
    def store(self) -> PieceStore:
        """
        What we hold.
        """

    @property
    def picker(self) -> IPiecePicker:
        """
        How the next piece is chosen; the conversation tells it what they hold.
        """

    def admit(self, conversation: "PeerConnection", peer_id: int) -> bool:
        """
        They said who they are.  If the conversation may begin, any older one
        with them is closed, and C{joined} follows.

        @return: may it begin?
        @raise ProtocolViolation: if that peer has no business here.
        """

    def joined(self, conversation: "PeerConnection") -> None:
        """
        The conversation began: they were told what we hold.
        """

    def interest_changed(self, conversation: "PeerConnection") -> None:
        """
        They want something from us, or nothing more.
        """

    def departed(self, conversation: "PeerConnection", reason: str) -> None:
        """
        The conversation ended.
        """

    def holdings_learned(self, conversation: "PeerConnection") -> None:
        """
        They told what they hold, or that they hold everything now.
        """

    def request_next(self, conversation: "PeerConnection") -> None:
        """
        They may serve us another piece.
        """

    def give_back(
        self, conversation: "PeerConnection", reason: GivenBackReason
    ) -> None:
        """
        What we asked of them will not come, or not in time.
        """

    def pieces_arrived(
        self, conversation: "PeerConnection", pieces: Sequence[Piece]
    ) -> None:
        """
        They sent pieces, one or those that came together.

        @raise swarmpeer.errors.ProtocolViolation: see
            L{swarmpeer.seam.LogicSide.on_pieces}.
        """

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:
        """
        Would any observer be told of such an event?
        """

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell the observers.
        """

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Tell the observers of events of one class.
        """


class VerifiedSwarmSide(SwarmSide, Protocol):
    """
    What a conversation of a verified swarm asks of its node beside that.
    """

    def manifest(self) -> bytes:
        """
        What our pieces should be.
        """

    @property
    def is_showing(self) -> bool:
        """
        Is a neighbour to be told only of what it is shown?
        """

    def pieces_sent(
        self, conversation: "VerifiedConnection", indexes: Sequence[int]
    ) -> None:
        """
        They are about to be sent pieces, one or those that go together.
        """

    def rejected(self, conversation: "VerifiedConnection", index: int) -> None:
        """
        They will not send a piece; perhaps we never asked for it.
        """

    def withdrawn(self, conversation: "VerifiedConnection", index: int) -> None:
        """
        They hold a piece no more.
        """

    def bad_piece_told(self, conversation: "VerifiedConnection", index: int) -> None:
        """
        They say that a piece that we sent them was wrong.
        """


class VerifiedSwarm(Protocol):
    """
    What the parts of a verified node ask of it.
    """

    @property
    def conversations(self) -> "Sequence[VerifiedConnection]":
        """
        The live conversations by ascending id.
        """

    def find(self, peer_id: int) -> "VerifiedConnection | None":
        """
        The live conversation with the peer.
        """

    def request_next(self, conversation: "PeerConnection") -> None:
        """
        They may serve us another piece.
        """

    def request_everywhere(self, but: "PeerConnection | None" = None) -> None:
        """
        All the others may.
        """

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell the observers.
        """
