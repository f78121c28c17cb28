"""
All that one peer is told before it starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from swarmpeer.config.common import COMMON_NAME, CommonConfig
from swarmpeer.config.peers import PEERS_NAME, PeerInfo
from swarmpeer.config.text import ConfigText

_MAX_SHOWN_IDS = 10


@dataclass(frozen=True, slots=True)
class Config:
    """
    Everything that one peer is told before it starts.

    @ivar peer_id: our own id; it is in the list.
    @ivar peers: all peers, in the order of C{PeerInfo.cfg}.
    """

    peer_id: int
    common: CommonConfig
    peers: tuple[PeerInfo, ...]

    @classmethod
    def parse(
        cls,
        peer_id: int,
        common_text: str | bytes,
        peers_text: str | bytes,
        common_name: str = COMMON_NAME,
        peers_name: str = PEERS_NAME,
    ) -> Self:
        """
        Read both texts for the peer C{peer_id}.

        @raise ConfigError: for the first thing that is wrong, or if the peer
            is not in the list.
        """
        common = CommonConfig.parse(common_text, common_name)
        peers = PeerInfo.parse_list(peers_text, peers_name)
        ids = [peer.peer_id for peer in peers]
        if peer_id not in ids:
            source = ConfigText(peers_text, peers_name)
            raise source.error(
                source.end,
                f"our own peer {peer_id} is not listed",
                f"a line for it or one of the ids {shown_ids(ids)}",
            )
        return cls(peer_id, common, peers)

    def position(self, peer_id: int) -> int:
        """
        The place of a peer in the list, counted from 0.

        @raise LookupError: if it is not there.
        """
        for position, peer in enumerate(self.peers):
            if peer.peer_id == peer_id:
                return position
        raise LookupError(f"peer {peer_id} is not in the list")

    @property
    def own(self) -> PeerInfo:
        """
        Our own line.

        @raise LookupError: if there is none.
        """
        return self.peers[self.position(self.peer_id)]

    @property
    def earlier(self) -> tuple[PeerInfo, ...]:
        """
        The peers listed before us: the ones we dial.
        """
        return self.peers[: self.position(self.peer_id)]

    @property
    def others(self) -> tuple[PeerInfo, ...]:
        """
        All peers but ourselves.
        """
        return tuple(peer for peer in self.peers if peer.peer_id != self.peer_id)


def shown_ids(ids: Sequence[int]) -> str:
    """
    The first of the ids, and how many more there are.
    """
    known = ", ".join(map(str, ids[:_MAX_SHOWN_IDS]))
    if len(ids) > _MAX_SHOWN_IDS:
        known += f" (and {len(ids) - _MAX_SHOWN_IDS} more)"
    return known
