"""
The kinds of peer that the benchmarks know: what each needs on the disk before
it starts, and how its processes are started.
"""

import hashlib
import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.network import ADDRESS, free_ports
from swarmpeer.storage import peer_folder

FILE_NAME = "payload.bin"


@dataclass(frozen=True, slots=True)
class Transfer:
    """
    One file on its way from one seed to some leechers.

    @ivar source: the file; a hard link to it can be made in the run's folder.
    """

    source: Path
    size_bytes: int
    piece_size_bytes: int
    leechers: int

    @property
    def delivered_bytes(self) -> int:
        """
        What all leechers together receive.
        """
        return self.size_bytes * self.leechers


@dataclass(frozen=True, slots=True)
class PeerCommand:
    """
    How to start one peer.

    @ivar file: where its file is, or will be.
    """

    label: str
    argv: tuple[str, ...]
    is_seed: bool
    file: Path

    @classmethod
    def prepare(
        cls, label: str, place: Path, source: Path | None, module: str, *options: str
    ) -> "PeerCommand":
        """
        Make the peer's folder, C{place}.

        @param source: a seed's file; C{None} for a leecher.
        @param module: what runs the peer, with C{options}.
        """
        place.mkdir()
        file = place / FILE_NAME
        if source is not None:
            os.link(source, file)
        argv = (sys.executable, "-m", module, *options)
        return cls(label, argv, source is not None, file)


class PeerKind(Protocol):
    """
    A program that can take part in a transfer.
    """

    @property
    def name(self) -> str:
        """
        What the tables call it.
        """

    def missing(self) -> str | None:
        """
        What would have to be installed before it can run here, if anything.
        """

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Prepare the empty C{folder} for a run.

        @return: the seed first, then the leechers.
        """


@dataclass(frozen=True, slots=True)
class SwarmPeer:
    """
    The classic peer of this project, embedded in L{bench.swarmpeer_peer}.

    @ivar interval_seconds: the time between two choke rounds of either kind; a
        fraction of a second keeps the rounds from being what is measured.
    """

    name: str
    interval_seconds: float

    def missing(self) -> str | None:
        """
        Nothing: it is here.
        """
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Each peer has a folder of its own; the lists travel on the command line.
        """
        ids = [1001 + number for number in range(transfer.leechers + 1)]
        ports = free_ports(len(ids))
        swarm = [
            f"{peer_id}:{port}:{int(number == 0)}"
            for number, (peer_id, port) in enumerate(zip(ids, ports, strict=True))
        ]
        return [
            PeerCommand.prepare(
                f"{self.name} {peer_id}",
                peer_folder(folder, peer_id),
                transfer.source if number == 0 else None,
                "bench.swarmpeer_peer",
                f"--id={peer_id}",
                f"--folder={folder}",
                f"--name={FILE_NAME}",
                f"--size={transfer.size_bytes}",
                f"--piece={transfer.piece_size_bytes}",
                f"--preferred={max(1, transfer.leechers)}",
                f"--interval={self.interval_seconds}",
                *swarm,
            )
            for number, peer_id in enumerate(ids)
        ]


@dataclass(frozen=True, slots=True)
class Libtorrent:
    """
    libtorrent, through its Python binding, in L{bench.libtorrent_peer}.

    @ivar settings: session settings put over those that were found best.
    @ivar waits: does a leecher make its session before the word to begin, as a
        program that runs all day has one?
    """

    name: str
    settings: dict[str, object]
    waits: bool = False

    def missing(self) -> str | None:
        """
        The binding is an extra.
        """
        if importlib.util.find_spec("libtorrent") is None:
            return "pip install libtorrent"
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Every peer gets the torrent and the addresses of all others.
        """
        torrent = folder / "payload.torrent"
        torrent.write_bytes(_metainfo(transfer))
        ports = free_ports(transfer.leechers + 1)
        return [
            PeerCommand.prepare(
                f"{self.name} {number}",
                folder / str(number),
                transfer.source if number == 0 else None,
                "bench.libtorrent_peer",
                f"--port={port}",
                f"--torrent={torrent}",
                f"--folder={folder / str(number)}",
                f"--settings={json.dumps(self.settings)}",
                *(["--seed"] if number == 0 else []),
                *(["--waits"] if self.waits else []),
                *(f"{ADDRESS}:{other}" for other in ports if other != port),
            )
            for number, port in enumerate(ports)
        ]


def _metainfo(transfer: Transfer) -> bytes:
    """
    A torrent of version 1, which costs libtorrent the least: one SHA-1 a piece.
    """
    digests = []
    with transfer.source.open("rb") as source:
        while piece := source.read(transfer.piece_size_bytes):
            digests.append(hashlib.sha1(piece).digest())
    hashes = b"".join(digests)
    # Bencoded by hand: the keys in their order, every string with its length.
    return (
        b"d4:infod6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%s"
        b"7:privatei1eee"
        % (
            transfer.size_bytes,
            len(FILE_NAME),
            FILE_NAME.encode(),
            transfer.piece_size_bytes,
            len(hashes),
            hashes,
        )
    )
