"""
libtorrent as a kind of peer.
"""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from bench.peers import PeerCommand, Transfer
from bench.torrents import torrent_v1, torrent_v2


@dataclass(frozen=True, slots=True)
class Libtorrent:
    """
    libtorrent, through its Python binding, in L{bench.libtorrent_peer}.

    @ivar settings: session settings put over those that were found best.
    @ivar version: of the torrent, 1 or 2.
    @ivar waits: does a leecher make its session before the word to begin, as a
        program that runs all day has one?
    """

    name: str
    settings: dict[str, object]
    version: int = 1
    waits: bool = False

    def missing(self) -> str | None:
        """
        The binding is an extra.
        """
        if importlib.util.find_spec("libtorrent") is None:
            return "pip install -e '.[bench]'"
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Every peer gets the torrent and the addresses of all others.
        """
        torrent = folder / "payload.torrent"
        source, piece = transfer.source, transfer.piece_size_bytes
        torrent.write_bytes(
            torrent_v1(source, piece, None)
            if self.version == 1
            else torrent_v2(source, piece)
        )
        return [
            PeerCommand.prepare(
                f"{self.name} {number}",
                host,
                folder / str(number),
                None if number else source,
                "bench.libtorrent_peer",
                f"--address={host.address}",
                f"--port={host.port}",
                f"--torrent={torrent}",
                f"--folder={folder / str(number)}",
                f"--settings={json.dumps(self.settings)}",
                *([] if number else ["--seed"]),
                *(["--waits"] if self.waits else []),
                *(f"{other.address}:{other.port}" for other in transfer.hosts),
            )
            for number, host in enumerate(transfer.hosts)
        ]
