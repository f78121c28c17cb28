"""
Serving one neighbour: its requests wait here, not in our memory as pieces.
"""

from collections.abc import Callable, Iterable
from functools import partial

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.events import IgnoredReason, PieceSent, RequestIgnored, SwarmEvent
from swarmpeer.seam import NetworkSide, PieceContent, give_back, size_of

#: Requests of one neighbour that may wait.  The protocol needs one; a peer that
#: pipelines is served too, a flood is not.
QUEUE_LIMIT = 64


class Serving:
    """
    Reads and sends what a neighbour asks for, one piece at a time, and only
    while there is room for it on the connection.

    A request that is not served is dropped without an answer, as the protocol
    has it, and is an event.

    @ivar sent_pieces: how many were sent, since somebody set it to 0.
    """

    __slots__ = (
        "_is_going_on",
        "_is_reading",
        "_neighbor",
        "_network",
        "_publish",
        "_store",
        "sent_pieces",
    )

    def __init__(
        self,
        store: PieceStore,
        neighbor: NeighborState,
        network: NetworkSide,
        publish: Callable[[SwarmEvent], None],
    ) -> None:
        self._store = store
        self._neighbor = neighbor
        self._network = network
        self._publish = publish
        self._is_going_on = False
        self._is_reading = False
        self.sent_pieces = 0

    def take(self, indexes: Iterable[int]) -> None:
        """
        They ask for pieces, each of which may be any number.
        """
        for index in indexes:
            refusal = self._refusal(index)
            if refusal is None:
                self._neighbor.wanted_from_us.append(index)
                self.go_on()
            else:
                self._ignore(index, refusal)

    def go_on(self) -> None:
        """
        There may be room again.
        """
        if self._is_going_on:
            return
        self._is_going_on = True
        waiting = self._neighbor.wanted_from_us
        while waiting and self._network.is_writable and not self._is_reading:
            # It stays the first that waits until it was read: so a choke takes it
            # back, and it cannot be asked for twice.
            index = waiting[0]
            self._is_reading = True
            self._store.lend(
                index, partial(self._send, index), partial(self._skip, index)
            )
        self._is_going_on = False

    def choke(self) -> None:
        """
        We choke them: tell them, and do not serve what they asked for already.
        """
        self.forget()
        self._network.send_choke()

    def forget(self) -> None:
        """
        They are gone: what they asked for is not served any more.
        """
        self._neighbor.wanted_from_us.clear()

    def _refusal(self, index: int) -> IgnoredReason | None:
        waiting = self._neighbor.wanted_from_us
        if self._neighbor.am_choking:
            return IgnoredReason.CHOKED
        if not self._store.layout.is_valid(index):
            return IgnoredReason.OUT_OF_RANGE
        if index not in self._store.bits:
            return IgnoredReason.NOT_HELD
        if index in waiting:
            return IgnoredReason.REPEATED
        if len(waiting) >= QUEUE_LIMIT:
            return IgnoredReason.FLOOD
        return None

    def _send(self, index: int, content: PieceContent) -> None:
        if self._end_reading(index):
            self.sent_pieces += 1
            self._about_to_send(index)
            size_bytes = size_of(content)
            self._network.send_piece(index, content)
            self._publish(PieceSent(self._neighbor.peer_id, index, size_bytes))
        else:
            give_back(content)
        self.go_on()

    def _about_to_send(self, index: int) -> None:
        """
        The piece does not wait any more; it is sent next.
        """

    def _skip(self, index: int, _error: StorageError) -> None:
        if self._end_reading(index):
            self._ignore(index, IgnoredReason.UNREADABLE)
        self.go_on()

    def _ignore(self, index: int, reason: IgnoredReason) -> None:
        """
        They do not get what they asked for.
        """
        self._publish(RequestIgnored(self._neighbor.peer_id, index, reason))

    def _end_reading(self, index: int) -> bool:
        """
        The disk has answered.

        @return: is it still wanted?  A piece must never follow a choke, even if
            they are unchoked again by now: some peers lose it for good.
        """
        self._is_reading = False
        waiting = self._neighbor.wanted_from_us
        if not waiting or waiting[0] != index:
            return False
        waiting.popleft()
        return True
