"""
Programs of others as kinds of peer.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.network import CONTROL_PORTS_ABOVE, TRACKER_PORTS_ABOVE
from bench.peers import PeerCommand, Transfer
from bench.torrents import torrent_v1


@dataclass(frozen=True, slots=True)
class OtherProgram:
    """
    A program that finds its peers through a tracker, kept by
    L{bench.programs.peer}.

    @ivar command: what is on the path where it is installed.
    @ivar package: what to install.
    """

    name: str
    command: str
    package: str

    def missing(self) -> str | None:
        """
        Is it on the path?
        """
        if shutil.which(self.command) is None:
            return f"apt-get install {self.package}"
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        The tracker is at the seed's address.
        """
        seed = transfer.hosts[0]
        tracker_port = seed.port + TRACKER_PORTS_ABOVE
        torrent = folder / "payload.torrent"
        torrent.write_bytes(
            torrent_v1(
                transfer.source,
                transfer.piece_size_bytes,
                f"http://{seed.address}:{tracker_port}/announce",
            )
        )
        return [
            PeerCommand.prepare(
                f"{self.name} {number}",
                host,
                folder / str(number),
                None if number else transfer.source,
                "bench.programs.peer",
                f"--program={self.name}",
                f"--number={number}",
                f"--control={host.port + CONTROL_PORTS_ABOVE}",
                f"--tracker={tracker_port}",
                f"--torrent={torrent}",
                f"--data={folder / str(number)}",
                f"--place={folder / f'{number}.own'}",
                *(f"{each.address}:{each.port}" for each in transfer.hosts),
            )
            for number, host in enumerate(transfer.hosts)
        ]
