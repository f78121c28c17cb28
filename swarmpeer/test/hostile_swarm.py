"""
A swarm of honest peers with hostile ones among them, inside the tests' process.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

from twisted.internet.task import Clock

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.service import PeerService
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.test_service import Endpoint, Network
from swarmpeer.testing.hostile import ROLES, HostileContext, HostilePeer
from swarmpeer.testing.recorders import RecordingObserver

SEED, LEECHER = 20, 30
FIRST, LAST = 10, 40
"""
Ids of a hostile peer that everybody calls, and of one that calls everybody.
"""
_STEP_SECONDS = 0.125
_Event = TypeVar("_Event", bound=SwarmEvent)


class FileSource:
    """
    The file, and its pieces.
    """

    def __init__(self, layout: PieceLayout) -> None:
        self._layout = layout
        self.data = Random(0).randbytes(layout.file_size_bytes)

    def piece(self, index: int) -> bytes:
        """
        One of them.
        """
        offset = self._layout.offset(index)
        return self.data[offset : offset + self._layout.size(index)]


class HostileSwarm:
    """
    A seed, leechers and peers in roles, started by C{start}.

    @ivar events: what each honest peer told, by id.
    @ivar hostile: the peers in roles, by id.
    """

    def __init__(
        self,
        roles: Mapping[int, str],
        *,
        honest: tuple[int, ...] = (SEED, LEECHER),
        piece_count: int = 13,
        seed: int = 0,
        wrap: Callable[[IPieceStorage], IPieceStorage] = lambda storage: storage,
    ) -> None:
        """
        @param roles: those of the hostile peers, by id.
        @param honest: ids, ascending; the first has the file.
        @param seed: of all chance.
        @param wrap: what each honest peer's storage is put into.
        """
        self.clock = Clock()
        self.network = Network()
        self.layout = PieceLayout(max(0, 20 * piece_count - 7), 20)
        self.source = FileSource(self.layout)
        self._infos = tuple(
            PeerInfo(peer_id, "127.0.0.1", peer_id, peer_id in honest[:1])
            for peer_id in sorted((*honest, *roles))
        )
        self.storages: dict[int, MemoryStorage] = {}
        self.events: dict[int, list[SwarmEvent]] = {}
        self.honest: list[PeerService] = []
        for peer_id in honest:
            data = self.source.data if peer_id == honest[0] else None
            storage = self.storages[peer_id] = MemoryStorage(self.layout, data)
            recorder = RecordingObserver()
            self.events[peer_id] = recorder.events
            self.honest.append(
                PeerService(
                    self._config(peer_id),
                    wrap(storage),
                    clock=self.clock,
                    listen_endpoint=Endpoint(self.network, peer_id),
                    dial_endpoint=self._dial,
                    rng=Random(f"{seed} {peer_id}"),
                    observers=[recorder],
                )
            )
        self.hostile: dict[int, HostilePeer] = {
            peer_id: ROLES[role](
                HostileContext(
                    peer_id=peer_id,
                    config=self._config(peer_id),
                    clock=self.clock,
                    rng=Random(f"{seed} {peer_id}"),
                    dial=self._dial,
                    listen=Endpoint(self.network, peer_id),
                    layout=self.layout,
                    source=self.source,
                )
            )
            for peer_id, role in roles.items()
        }

    def start(self) -> "HostileSwarm":
        """
        Everybody starts, the hostile ones last.
        """
        for service in self.honest:
            service.startService()
        for hostile in self.hostile.values():
            hostile.start()
        return self

    def run(self, seconds: float) -> "HostileSwarm":
        """
        Let time pass.
        """
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(_STEP_SECONDS)
            self.network.settle()
        return self

    def stop_honest(self) -> None:
        """
        Stop the honest peers.
        """
        for service in self.honest:
            service.stopService()
        self.run(6)

    def heard(self, peer_id: int, kind: type[_Event]) -> list[_Event]:
        """
        What an honest peer told, of one kind; of hostile neighbours only, if it
        is about a neighbour.
        """
        return [
            event
            for event in self.events[peer_id]
            if isinstance(event, kind)
            and getattr(event, "peer_id", None) in (None, *self.hostile)
        ]

    @property
    def did(self) -> int:
        """
        How often the hostile peers did what they are there for.
        """
        return sum(hostile.did for hostile in self.hostile.values())

    def has_file(self, peer_id: int) -> bool:
        """
        Does the peer hold the right file, in place?
        """
        storage = self.storages[peer_id]
        return storage.is_finished and storage.contents() == self.source.data

    def _config(self, peer_id: int) -> Config:
        common = CommonConfig(2, 1.0, 2.0, "file", self.layout.file_size_bytes, 20)
        return Config(peer_id, common, self._infos)

    def _dial(self, peer: PeerInfo) -> Endpoint:
        return Endpoint(self.network, peer.port)
