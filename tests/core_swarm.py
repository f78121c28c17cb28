"""
A verified swarm of minds alone: nodes that hear each other over a queue, with no
network, no disk and no time between them.  What it takes is what the logic takes.
"""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from zope.interface import implementer

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.bus import EventBus
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_node import Equipment, VerifiedNode
from swarmpeer.core.verified_requests import VerifiedRequests
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ILendingStorage, IVerifiedStorage
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extension import GoodbyeCode
from swarmpeer.wire.messages import PieceData

Told = tuple[Callable[..., None], tuple[object, ...]]
"""
What is on its way to somebody.
"""


@implementer(IVerifiedStorage, ILendingStorage)
class NoStorage:
    """
    Every piece is the same bytes, and stored as soon as it comes.
    """

    def __init__(self, layout: PieceLayout, *, is_whole: bool) -> None:
        self.is_whole = is_whole
        self._layout = layout
        self._piece = bytes(layout.piece_size_bytes)

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        There is nothing to tell.
        """

    def open(self) -> None:
        """
        It is.
        """

    def check(
        self,
        progress: Callable[[int, int], None],  # noqa: ARG002
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        All or nothing.
        """
        count = self._layout.piece_count
        done(Bitfield.full(count) if self.is_whole else Bitfield(count))

    def check_piece(
        self,
        index: int,  # noqa: ARG002
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        It is right.
        """
        done(True)

    def read(
        self,
        index: int,  # noqa: ARG002
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        The same for all.
        """
        done(self._piece)

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        All of them.
        """
        done([self._piece] * len(indexes))

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        Nothing is kept.
        """
        done(pieces)

    def finish(
        self,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        It is in place.
        """
        done()

    def close(self, done: Callable[[], None]) -> None:
        """
        It is.
        """
        done()


class Wire:
    """
    One end of a conversation: what is said here is heard at the other end in its turn.
    """

    is_verified = True
    room_bytes = 2**18
    is_mid_piece = False

    def __init__(
        self, queue: deque[Told], most_in_run: int, *, is_dialled: bool
    ) -> None:
        """
        @param most_in_run: so many pieces that are said one behind the other are heard
            together, at most.
        """
        self._queue = queue
        self._most_in_run = most_in_run
        self._run: list[Piece] = []
        self._told_run: Told | None = None
        self.is_dialled = is_dialled
        self.other: VerifiedConnection

    def send_handshake(self, peer_id: int) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_handshake, (peer_id,)))

    def send_choke(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_choke, ()))

    def send_unchoke(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_unchoke, ()))

    def send_interested(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_interested, ()))

    def send_not_interested(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_not_interested, ()))

    def send_haves(
        self,
        indexes: Sequence[int],
        *,
        can_wait: bool = False,  # noqa: ARG002  (everything comes at once)
    ) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_haves, (indexes,)))

    def send_bitfield(self, bits: Bitfield) -> None:
        """
        Say so, as it is now.
        """
        self._queue.append((self.other.on_bitfield, (bits.copy(),)))

    def send_requests(self, indexes: Sequence[int]) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_requests, (indexes,)))

    def stop_waiting(self) -> None:
        """
        There is no time.
        """

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Say so, together with what was said just before.
        """
        for index, content in zip(indexes, contents, strict=True):
            assert isinstance(content, bytes)
            self._send_piece(Piece(index, content))

    def _send_piece(self, piece: Piece) -> None:
        queue = self._queue
        if (
            self._most_in_run > 1
            and queue
            and queue[-1] is self._told_run
            and len(self._run) < self._most_in_run
        ):
            self._run.append(piece)
            return
        self._run = [piece]
        self._told_run = self.other.on_pieces, (self._run,)
        queue.append(self._told_run)

    def send_reject(self, index: int) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_reject, (index,)))

    def send_cancel(self, index: int) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_cancel, (index,)))

    def send_have_all(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_have_all, ()))

    def send_have_none(self) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_have_none, ()))

    def send_withdrawal(self, index: int) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_withdrawal, (index,)))

    def send_bad_piece(self, index: int) -> None:
        """
        Say so.
        """
        self._queue.append((self.other.on_bad_piece, (index,)))

    def send_manifest_part(self, part: int, manifest: bytes) -> None:
        """
        Nobody asks.
        """

    def close(self, reason: str = "", code: int = GoodbyeCode.OTHER) -> None:
        """
        Nobody goes.
        """


class CoreSwarm:
    """
    One seed and some that have nothing, all of them connected.

    @ivar nodes: the seed first.
    """

    def __init__(
        self,
        pieces: int,
        leechers: int,
        picker: PickerFactory = RarestPicker,
        most_in_run: int = 1,
    ) -> None:
        """
        @param most_in_run: see L{Wire}.
        """
        self.now = 0.0
        self._most_in_run = most_in_run
        self.queue: deque[Told] = deque()
        layout = PieceLayout(pieces * 16, 16)
        ids = range(1001, 1002 + leechers)
        peers = tuple(
            PeerInfo(peer_id, "localhost", 6000, has_file=peer_id == ids[0])
            for peer_id in ids
        )
        common = CommonConfig(
            leechers, 1.0, 2.0, "file", layout.file_size_bytes, layout.piece_size_bytes
        )
        self.nodes = [
            self._node(Config(peer.peer_id, common, peers), layout, picker)
            for peer in peers
        ]
        for place, later in enumerate(self.nodes):
            for earlier in self.nodes[:place]:
                self._connect(later, earlier)
        self._play()

    def run(self) -> None:
        """
        Until everybody has everything.
        """
        while not all(node.store.is_complete for node in self.nodes):
            for node in self.nodes:
                node.hold_preferred_round()
            self._play()

    def _node(
        self, config: Config, layout: PieceLayout, picker: PickerFactory
    ) -> VerifiedNode:
        is_whole = next(
            peer.has_file for peer in config.peers if peer.peer_id == config.peer_id
        )
        count, rng = layout.piece_count, Random(config.peer_id)
        held = Bitfield.full(count) if is_whole else Bitfield(count)
        store = VerifiedStore(layout, NoStorage(layout, is_whole=is_whole), held)
        node = VerifiedNode(
            config,
            store,
            VerifiedRequests(store, picker(store.bits, rng), self._seconds),
            ChokingManager(config.common.preferred_neighbors, rng),
            Equipment(EventBus(self._note_failure), rng, self._seconds, bytes),
        )
        node.start(is_placed=is_whole)
        return node

    def _seconds(self) -> float:
        return self.now

    def _note_failure(self, *failure: object) -> None:
        raise AssertionError(failure)

    def _connect(self, caller: VerifiedNode, called: VerifiedNode) -> None:
        near = Wire(self.queue, self._most_in_run, is_dialled=True)
        far = Wire(self.queue, self._most_in_run, is_dialled=False)
        far.other = caller.open_conversation(near, called.own_id)
        near.other = called.open_conversation(far, None)
        far.other.on_connect()
        near.other.on_connect()

    def _play(self) -> None:
        queue = self.queue
        while queue:
            tell, arguments = queue.popleft()
            self.now += 1e-5
            tell(*arguments)
