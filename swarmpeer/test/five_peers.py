"""
The swarm that the tests of the node are about: peers 1 to 5, we are 2.
"""

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.layout import PieceLayout

OWN_ID = 2
NEIGHBORS = (1, 3, 4, 5)


def five_peers(layout: PieceLayout, preferred: int = 2) -> Config:
    """
    What peer 2 is told: peer 1 has the file, rounds are 1 and 2 seconds apart.
    """
    common = CommonConfig(
        preferred, 1.0, 2.0, "file", layout.file_size_bytes, layout.piece_size_bytes
    )
    peers = tuple(
        PeerInfo(peer_id, "localhost", 6000 + peer_id, has_file=peer_id == 1)
        for peer_id in sorted({OWN_ID, *NEIGHBORS})
    )
    return Config(OWN_ID, common, peers)
