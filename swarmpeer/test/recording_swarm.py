"""
The node as one conversation sees it, for the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_random import RandomPicker
from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import ProtocolViolation
from swarmpeer.events import GivenBackReason, SwarmEvent
from swarmpeer.interfaces import IPiecePicker
from swarmpeer.seam import Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.one_piece import put_one
from swarmpeer.testing.recorders import Call


@dataclass
class RecordingSwarm:
    """
    A L{swarmpeer.core.connection.SwarmSide} that remembers what it was told.

    @ivar calls: tuples of C{("swarm", "method", arguments...)}.
    @ivar admits: the answer to C{admit}, or what it raises.
    """

    calls: list[Call]
    store: PieceStore
    own_id: int = 1001
    picker: IPiecePicker = field(init=False)
    admits: bool | ProtocolViolation = True

    def __post_init__(self) -> None:
        """
        A picker is needed; what it is told is not remembered here.
        """
        self.picker = RandomPicker(self.store.bits, Random(0))

    def _hear(self, *call: object) -> None:
        self.calls.append(("swarm", *call))

    def admit(self, conversation: PeerConnection, peer_id: int) -> bool:
        """
        Remember, with who called, and answer as told.
        """
        self._hear("admit", peer_id, conversation.network.is_dialled)
        if isinstance(self.admits, ProtocolViolation):
            raise self.admits
        return self.admits

    def joined(self, conversation: PeerConnection) -> None:
        """
        Remember.
        """
        self._hear("joined", conversation.peer_id)

    def interest_changed(self, conversation: PeerConnection) -> None:
        """
        They want something from us, or nothing more; the events tell.
        """

    def departed(self, conversation: PeerConnection, reason: str) -> None:
        """
        Remember.
        """
        self._hear("departed", conversation.peer_id, reason)

    def holdings_learned(self, conversation: PeerConnection) -> None:
        """
        Remember, with the pieces they hold as far as we know.
        """
        self._hear("holdings_learned", list(conversation.neighbor.bits))

    def request_next(self, conversation: PeerConnection) -> None:
        """
        Remember.
        """
        self._hear("request_next", conversation.peer_id)

    def give_back(self, conversation: PeerConnection, reason: GivenBackReason) -> None:
        """
        Remember.
        """
        self._hear("give_back", conversation.peer_id, reason)

    def pieces_arrived(
        self, conversation: PeerConnection, pieces: Sequence[Piece]
    ) -> None:
        """
        Remember each.
        """
        for piece in pieces:
            conversation.expect_piece(piece.index)
            self._hear(
                "piece_arrived", conversation.peer_id, piece.index, bytes(piece.data)
            )

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:  # noqa: ARG002
        """
        We hear everything.
        """
        return True

    def publish(self, event: SwarmEvent) -> None:
        """
        Remember.
        """
        self._hear("publish", event)

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Remember each.
        """
        for event in events:
            self.publish(event)


def memory_store(layout: PieceLayout, data: bytes | None = None) -> PieceStore:
    """
    A store over opened memory: with the whole file C{data}, or with nothing.
    """
    storage = MemoryStorage(layout, data)
    storage.open()
    return PieceStore(layout, storage)


def hold(store: PieceStore, *indexes: int) -> None:
    """
    Put zeros into C{store} for each of C{indexes}; the storage must answer at
    once.
    """
    for index in indexes:
        if store.begin_storing(index):
            data = bytes(store.layout.size(index))
            put_one(store, Piece(index, data), lambda: None, _raise)


def _raise(error: Exception) -> None:
    raise error
