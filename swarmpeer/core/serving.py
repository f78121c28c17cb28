"""
Serving one neighbour: its requests wait here, not in our memory as pieces.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Protocol

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.events import IgnoredReason, PieceSent, RequestIgnored, SwarmEvent
from swarmpeer.seam import NetworkSide, PieceContent, give_back

#: Requests of one neighbour that may wait.  The protocol needs one; a peer that
#: pipelines is served too, a flood is not.
QUEUE_LIMIT = 64

#: So many of them are read and sent in one go, if there is room.  What a run takes by
#: itself is little beside so many pieces.
RUN_LIMIT = 16


class Audience(Protocol):
    """
    Those who watch.
    """

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:
        """
        Would anybody be told of such an event?
        """

    def publish(self, event: SwarmEvent) -> None:
        """
        Tell them.
        """

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Tell them of events of one class.
        """


class Serving:
    """
    Reads and sends what a neighbour asks for, one run of pieces at a time, and only
    those for which there is room on the connection.

    A request that is not served is dropped without an answer, as the protocol
    has it, and is an event.

    @ivar sent_pieces: how many were sent, since somebody set it to 0.
    """

    __slots__ = (
        "_audience",
        "_is_going_on",
        "_is_reading",
        "_neighbor",
        "_network",
        "_store",
        "sent_pieces",
    )

    def __init__(
        self,
        store: PieceStore,
        neighbor: NeighborState,
        network: NetworkSide,
        audience: Audience,
    ) -> None:
        self._store = store
        self._neighbor = neighbor
        self._network = network
        self._audience = audience
        self._is_going_on = False
        self._is_reading = False
        self.sent_pieces = 0

    def take(self, indexes: Iterable[int]) -> None:
        """
        They ask for pieces, each of which may be any number.
        """
        waiting = self._neighbor.wanted_from_us
        for index in indexes:
            refusal = self._refusal(index)
            if refusal is not None:
                # The answers come in the order of the requests; and what is sent does
                # not wait any more, which may have been the reason.
                self.go_on()
                refusal = self._refusal(index)
            if refusal is None:
                waiting.append(index)
            else:
                self._ignore(index, refusal)
        self.go_on()

    def go_on(self) -> None:
        """
        There may be room again.
        """
        if self._is_going_on:
            return
        self._is_going_on = True
        try:
            while not self._is_reading and (run := self._next_run()):
                self._is_reading = True
                skip = partial(self._skip, run[0])
                self._store.lend(run, partial(self._send, run), skip)
        except BaseException:
            # Nobody answers any more.
            self._is_reading = False
            raise
        finally:
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

    def _next_run(self) -> Sequence[int]:
        """
        @return: the first pieces that wait, as far as there is room for them.  They go
            on waiting until they were read: so a choke takes them back, and none can be
            asked for twice.
        """
        waiting = self._neighbor.wanted_from_us
        if not waiting:
            return ()
        room = -(-self._network.room_bytes // self._store.layout.piece_size_bytes)
        return tuple(islice(waiting, min(room, RUN_LIMIT)))

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

    def _send(self, run: Sequence[int], contents: Sequence[PieceContent]) -> None:
        """
        @param contents: of the first pieces of the run.
        """
        self._is_reading = False
        indexes: list[int] = []
        wanted: list[PieceContent] = []
        # The run may be longer.
        for index, content in zip(run, contents, strict=False):
            if self._is_first(index):
                indexes.append(index)
                wanted.append(content)
            else:
                give_back(content)
        if indexes:
            self._send_wanted(indexes, wanted)
        self.go_on()

    def _send_wanted(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        self.sent_pieces += len(indexes)
        self._about_to_send(indexes)
        self._network.send_pieces(indexes, contents)
        if self._audience.is_heard(PieceSent):
            peer_id, size = self._neighbor.peer_id, self._store.layout.size
            self._audience.publish_run(
                [PieceSent(peer_id, index, size(index)) for index in indexes]
            )

    def _about_to_send(self, indexes: Sequence[int]) -> None:
        """
        The pieces do not wait any more; they are sent next.
        """

    def _skip(self, index: int, _error: StorageError) -> None:
        self._is_reading = False
        if self._is_first(index):
            self._ignore(index, IgnoredReason.UNREADABLE)
        self.go_on()

    def _ignore(self, index: int, reason: IgnoredReason) -> None:
        """
        They do not get what they asked for.
        """
        ignored = RequestIgnored(self._neighbor.peer_id, index, reason)
        self._audience.publish(ignored)

    def _is_first(self, index: int) -> bool:
        """
        The disk has answered for the first piece that waits; it waits no more.

        @return: is it still wanted?  A piece must never follow a choke, even if
            they are unchoked again by now: some peers lose it for good.
        """
        waiting = self._neighbor.wanted_from_us
        if not waiting or waiting[0] != index:
            return False
        waiting.popleft()
        return True
