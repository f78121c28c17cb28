"""
The protocol logs of simulated swarms, and what may be done to them.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from swarmpeer.config import format_peers
from swarmpeer.testing.scenario import Scenario
from swarmpeer.testing.swarm import SimulatedSwarm

Logs = dict[int, list[str]]
"""
The lines of each peer, without their ends.
"""


@lru_cache(maxsize=8)
def _run(scenario: Scenario) -> tuple[Mapping[int, str], str, str]:
    swarm = SimulatedSwarm(scenario)
    outcome = swarm.run()
    assert outcome.is_good, outcome.breaches
    logs = {
        peer: b"".join(host.log).decode("ascii") for peer, host in swarm.hosts.items()
    }
    config = next(iter(swarm.world.members.configs.values()))
    return logs, config.common.format(), format_peers(config.peers)


def simulated_logs(scenario: Scenario) -> Logs:
    """
    What the peers of a swarm wrote.
    """
    return {peer: text.splitlines() for peer, text in _run(scenario)[0].items()}


def write_logs(folder: Path, logs: Mapping[int, list[str]]) -> None:
    """
    Put logs where C{swarmpeer logs} finds them.
    """
    folder.mkdir(exist_ok=True)
    for peer, lines in logs.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"log_peer_{peer}.log").write_text(text, encoding="utf-8")


def write_config(folder: Path, scenario: Scenario) -> None:
    """
    Put the configuration of a swarm beside its logs.
    """
    _, common, peers = _run(scenario)
    (folder / "Common.cfg").write_text(common)
    (folder / "PeerInfo.cfg").write_text(peers)
