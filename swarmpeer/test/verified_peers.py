"""
Peers of a verified swarm on a clock and a network of the tests' own, with pieces in
memory.
"""

import random
from collections.abc import Callable, Iterable

from twisted.internet.task import Clock

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.choking_policies import ChokingFactory
from swarmpeer.core.classic_choking import ChokingManager
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.picking_rarest import RarestPicker
from swarmpeer.core.piece_pickers import PickerFactory
from swarmpeer.errors import StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.service import PeerService
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.checked_memory import CheckedMemory
from swarmpeer.test.test_service import Endpoint, Network
from swarmpeer.test.verified_fixtures import PIECE, one_file
from swarmpeer.testing.recorders import RecordingObserver
from swarmpeer.verified_service import Verification, VerifiedPeerService
from swarmpeer.wire.bitfield import Bitfield

PIECES = 4
NO_SCRUB = Verification(scrub_bytes_per_second=0)


class SlowMemory(CheckedMemory):
    """
    A memory whose check ends when the test says so.

    @ivar is_slow: is it so?
    @ivar checks: what is to be called with each check that was asked for: the
        progress, the end, the failure.
    @ivar publish: hears what happens to the files.
    @ivar closed: how often it was closed.
    """

    def __init__(self, layout: PieceLayout, whole: bytes, held: Iterable[int]) -> None:
        super().__init__(layout, whole, held)
        self.is_slow = False
        self.checks: list[
            tuple[
                Callable[[int, int], None],
                Callable[[Bitfield], None],
                Callable[[StorageError], None],
            ]
        ] = []
        self.publish: Callable[[SwarmEvent], None] = lambda _: None
        self.closed = 0

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        Keep it.
        """
        self.publish = publish

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Check now or later.
        """
        if self.is_slow:
            self.checks.append((progress, done, failed))
        else:
            super().check(progress, done, failed)

    def close(self, done: Callable[[], None]) -> None:
        """
        Count it.
        """
        self.closed += 1
        done()


class VerifiedPeers:
    """
    Peers 1 to C{count}, of which the first is to have the file.

    @ivar events: what each published.
    @ivar memories: the storage of each.
    """

    def __init__(self, count: int = 3, pieces: int = PIECES) -> None:
        self.clock = Clock()
        self.network = Network()
        self.content = one_file(pieces=pieces)
        self.infos = tuple(
            PeerInfo(i, "127.0.0.1", 6000 + i, i == 1) for i in range(1, count + 1)
        )
        self.memories: dict[int, SlowMemory] = {}
        self.events: dict[int, list[SwarmEvent]] = {}

    @property
    def data(self) -> bytes:
        """
        The file.
        """
        return self.content.data[0]

    def config(self, peer_id: int) -> Config:
        """
        What a peer is told.
        """
        manifest = self.content.manifest
        common = CommonConfig(2, 1.0, 2.0, manifest.name, manifest.size_bytes, PIECE)
        return Config(peer_id, common, self.infos)

    def peer(
        self,
        peer_id: int,
        *observers: ISwarmObserver,
        held: Iterable[int] | None = None,
        verification: Verification = NO_SCRUB,
        choking_policy: ChokingFactory = ChokingManager,
        piece_picker: PickerFactory = RarestPicker,
        request_window: int | None = None,
        memory_type: type[SlowMemory] = SlowMemory,
    ) -> VerifiedPeerService:
        """
        A peer, not started yet.

        @param held: the pieces that it has; all for the first peer, none for
            others, if not given.
        @param memory_type: what makes its storage.
        """
        if held is None:
            held = range(self.content.manifest.piece_count) if peer_id == 1 else ()
        layout = PieceLayout.of_files([len(self.data)], PIECE)
        memory = memory_type(layout, self.data, held)
        self.memories[peer_id] = memory
        return VerifiedPeerService(
            self.config(peer_id),
            self.content.manifest,
            memory,
            clock=self.clock,
            listen_endpoint=Endpoint(self.network, 6000 + peer_id),
            dial_endpoint=lambda peer: Endpoint(self.network, peer.port),
            rng=random.Random(peer_id),
            verification=verification,
            choking_policy=choking_policy,
            piece_picker=piece_picker,
            request_window=request_window,
            observers=[self._recorder(peer_id), *observers],
        )

    def classic_peer(self, peer_id: int) -> PeerService:
        """
        One that knows the classic protocol alone, and has nothing.
        """
        return PeerService(
            self.config(peer_id),
            MemoryStorage(PieceLayout(len(self.data), PIECE)),
            clock=self.clock,
            listen_endpoint=Endpoint(self.network, 6000 + peer_id),
            dial_endpoint=lambda peer: Endpoint(self.network, peer.port),
            rng=random.Random(peer_id),
            observers=[self._recorder(peer_id)],
        )

    def run(self, seconds: float) -> None:
        """
        Let time pass.
        """
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(0.125)
            self.network.settle()

    def told(self, peer_id: int, *kinds: type[SwarmEvent]) -> list[SwarmEvent]:
        """
        The events of these kinds of a peer.
        """
        return [each for each in self.events[peer_id] if isinstance(each, kinds)]

    def is_right(self, peer_id: int) -> bool:
        """
        Does a peer hold the file?
        """
        return self.memories[peer_id].held().is_full

    def _recorder(self, peer_id: int) -> RecordingObserver:
        recorder = RecordingObserver()
        self.events[peer_id] = recorder.events
        return recorder
