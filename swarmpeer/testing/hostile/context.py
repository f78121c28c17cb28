"""
What a hostile peer is given of the world.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from twisted.internet.interfaces import (
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)

from swarmpeer.config import Config, PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.wire.handshake import Handshake


class PieceSource(Protocol):
    """
    Where the right bytes come from, for the roles that sometimes tell them.
    """

    def piece(self, index: int) -> bytes:
        """
        The bytes of one piece.
        """


@dataclass(frozen=True)
class HostileContext:
    """
    Everything that a hostile peer needs; what an honest one gets, too, but for
    the file.

    @ivar peer_id: its own id.
    @ivar config: what an honest peer in its place would be told.
    @ivar clock: the time of everything that it does.
    @ivar rng: where every draw comes from.
    @ivar dial: the way to a peer; asked anew for each call.
    @ivar listen: where others call it.
    @ivar layout: how the file is cut into pieces.
    @ivar source: the file.
    @ivar handshake: an id, to what says in this swarm that one has it.
    """

    peer_id: int
    config: Config
    clock: IReactorTime
    rng: Random
    dial: Callable[[PeerInfo], IStreamClientEndpoint]
    listen: IStreamServerEndpoint
    layout: PieceLayout
    source: PieceSource
    handshake: Callable[[int], Handshake] = Handshake

    @property
    def others(self) -> tuple[PeerInfo, ...]:
        """
        All peers but this one.
        """
        return tuple(peer for peer in self.config.peers if peer.peer_id != self.peer_id)

    @property
    def earlier(self) -> tuple[PeerInfo, ...]:
        """
        The peers listed before this one: those that an honest peer would call.
        """
        return self.config.peers[: self.config.position(self.peer_id)]
