"""
What a lab is going to make: a pure value, before any file or port is touched.
"""

import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from swarmpeer.config import (
    COMMON_NAME,
    PEERS_NAME,
    CommonConfig,
    PeerInfo,
    format_peers,
)
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ConfigError

FIRST_PEER_ID = 1001
HOST = "127.0.0.1"

LEAST_PIECE_SIZE_BYTES = 16 * 1024
MOST_CHOSEN_PIECE_SIZE_BYTES = 4 * 1024 * 1024
WANTED_PIECES = 1200

# Runs twistd from the very interpreter and the very swarmpeer that run the lab,
# wherever the lab was started.  -P keeps modules of the working folder out.
_BOOT = (
    "import sys; root = sys.argv.pop(1); "
    "root in sys.path or sys.path.append(root); "
    "from swarmpeer.lab.peer_process import main; main()"
)


@dataclass(frozen=True, slots=True)
class LabPlan:
    """
    One swarm on this machine: what its peers agree on, and who they are.
    """

    common: CommonConfig
    peers: tuple[PeerInfo, ...]

    @property
    def layout(self) -> PieceLayout:
        """
        How the file is cut.
        """
        return PieceLayout(self.common.file_size_bytes, self.common.piece_size_bytes)

    def configuration(self) -> dict[str, str]:
        """
        The texts of the two configuration files, by their names.

        @raise ConfigError: if a value cannot be written.
        """
        return {
            COMMON_NAME: self.common.format() + "\n",
            PEERS_NAME: format_peers(self.peers) + "\n",
        }


def plan_peers(ports: list[int], seeds: int) -> tuple[PeerInfo, ...]:
    """
    One peer on this machine for each port; the first C{seeds} have the file.
    """
    return tuple(
        PeerInfo(FIRST_PEER_ID + number, HOST, port, number < seeds)
        for number, port in enumerate(ports)
    )


def choose_piece_size(file_size_bytes: int) -> int:
    """
    A power of two from 16 KiB to 4 MiB that gives some hundred pieces: enough for
    the peers to have something to trade, few enough to be told one by one.

    @return: bytes.
    """
    size_bytes = LEAST_PIECE_SIZE_BYTES
    while (
        size_bytes < MOST_CHOSEN_PIECE_SIZE_BYTES
        and file_size_bytes > WANTED_PIECES * size_bytes
    ):
        size_bytes *= 2
    return size_bytes


def carried_name(common: CommonConfig) -> str:
    """
    The name that the file has in the swarm: its own, or one much like it if a
    configuration file cannot carry that, as with a blank in it.
    """
    name = common.file_name
    with contextlib.suppress(ConfigError):
        # Only the name can be at fault in this one.
        CommonConfig(1, 1, 1, name, 0, 1).format()
        return name
    return re.sub(r"[^A-Za-z0-9._+=@,~-]", "_", name)[:200].strip("._") or "file"


def peer_argv(peer_id: int, folder: Path) -> list[str]:
    """
    The command that runs one peer of the swarm in C{folder}.
    """
    root = Path(__file__).resolve().parents[2]
    return [
        sys.executable,
        "-P",
        "-c",
        _BOOT,
        str(root),
        "--nodaemon",
        # Without it a second twistd in one working folder refuses to start.
        f"--pidfile={folder / f'peer_{peer_id}.pid'}",
        "swarmpeer",
        f"--id={peer_id}",
        f"--dir={folder}",
    ]
