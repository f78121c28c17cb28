"""
What a benchmark asks of a kind of peer: what it needs on the disk before it
starts, and how its processes are started.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FILE_NAME = "payload.bin"


@dataclass(frozen=True, slots=True)
class Host:
    """
    Where one peer runs.

    @ivar port: where nobody listens yet.
    @ivar enter: what stands before a command that is to run there.
    """

    address: str
    port: int
    enter: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transfer:
    """
    One file on its way from one seed to some leechers.

    @ivar source: the file; a hard link to it can be made in the run's folder.
    @ivar hosts: the seed's first, then the leechers'.
    @ivar profiles: the folder for a profile of each peer that can make one.
    """

    source: Path
    size_bytes: int
    piece_size_bytes: int
    hosts: tuple[Host, ...]
    profiles: Path | None = None

    @property
    def leechers(self) -> int:
        """
        How many there are.
        """
        return len(self.hosts) - 1

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
        cls,
        label: str,
        host: Host,
        place: Path,
        source: Path | None,
        module: str,
        *options: str,
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
        argv = (*host.enter, sys.executable, "-m", module, *options)
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
