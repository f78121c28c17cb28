"""
The protocol logs of a simulated swarm, with its configuration, for C{swarmpeer logs}:

    python docs/examples/swarm_logs.py logs
    swarmpeer logs logs --report swarm.html
"""

import sys
from pathlib import Path

from swarmpeer.config import COMMON_NAME, PEERS_NAME, format_peers
from swarmpeer.protocol_log import log_name
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import SimulatedSwarm

SCENARIO = Scenario(
    seed=7,
    peers=6,
    preferred=2,
    file_size_bytes=60 * 16_384,
    up_rate=30_000.0,
)


def write_example(folder: Path) -> None:
    """
    Run the swarm in virtual time and keep what its peers wrote.
    """
    folder.mkdir(parents=True, exist_ok=True)
    swarm = SimulatedSwarm(SCENARIO)
    swarm.run()
    for peer_id, host in swarm.hosts.items():
        (folder / log_name(peer_id)).write_bytes(b"".join(host.log))
    config = next(iter(swarm.world.members.configs.values()))
    (folder / COMMON_NAME).write_text(config.common.format())
    (folder / PEERS_NAME).write_text(format_peers(config.peers))


if __name__ == "__main__":
    write_example(Path(sys.argv[1] if len(sys.argv) > 1 else "logs"))
