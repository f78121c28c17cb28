"""
The configuration of a swarm: small texts in, frozen values out.  A classic swarm
has two of them (L{Config}), a verified one has one (L{SwarmConfig}).

Forgiving about layout (see L{swarmpeer.config.text}), strict about meaning.
Each error is one printable line, C{file:line:column: what, and what would be
right}.  Nothing here touches a file.
"""

from swarmpeer.config.common import COMMON_NAME, CommonConfig
from swarmpeer.config.peers import PEERS_NAME, PeerInfo, format_peers
from swarmpeer.config.swarm import SWARM_NAME, Member, SwarmConfig
from swarmpeer.config.whole import Config

__all__ = [
    "COMMON_NAME",
    "PEERS_NAME",
    "SWARM_NAME",
    "CommonConfig",
    "Config",
    "Member",
    "PeerInfo",
    "SwarmConfig",
    "format_peers",
]
