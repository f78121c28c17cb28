"""
The peers of this project, embedded as any program would.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import FILE_NAME, Host, PeerCommand, Transfer
from swarmpeer.config.swarm_keys import TOP
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.storage import peer_folder

MANIFEST_NAME = "payload.torrent"
SWARM_NAME = "swarm.toml"
FIRST_ID = 1001

Tables = Mapping[str, Mapping[str, object]]
"""
Keys of a C{swarm.toml} by their table; C{TOP} for those above the first.
"""


@dataclass(frozen=True, slots=True)
class VerifiedPeer:
    """
    The peer of a verified swarm, in L{bench.verified_peer}.

    @ivar tables: what the C{swarm.toml} says beside the members.
    @ivar serves_all: is there a place for every leecher, whatever the usual number?
    @ivar is_watched: is it told how long the reactor stood still?  To look wakes the
        peer a hundred times a second.
    """

    name: str
    tables: Tables = field(default_factory=dict)
    serves_all: bool = False
    is_watched: bool = True

    def missing(self) -> str | None:
        """
        Nothing: it is here.
        """
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        All read one C{swarm.toml}; each has a folder of its own beside it.
        """
        manifest = build_manifest(transfer.source, transfer.piece_size_bytes)
        save_manifest(manifest, folder / MANIFEST_NAME)
        # It speaks of the name that the file has in each folder.
        assert manifest.name == FILE_NAME
        tables = dict(self.tables)
        if self.serves_all:
            tables["limits"] = {"preferred_neighbors": max(1, transfer.leechers)}
        swarm = folder / SWARM_NAME
        swarm.write_text(swarm_text(transfer.hosts, tables))
        commands = []
        for number, host in enumerate(transfer.hosts):
            peer_id = FIRST_ID + number
            commands.append(
                PeerCommand.prepare(
                    f"{self.name} {peer_id}",
                    host,
                    folder / str(peer_id),
                    None if number else transfer.source,
                    "bench.verified_peer",
                    f"--id={peer_id}",
                    f"--swarm={swarm}",
                    *([] if self.is_watched else ["--unwatched"]),
                    *profile_option(transfer.profiles, self.name, peer_id),
                )
            )
        return commands


@dataclass(frozen=True, slots=True)
class ClassicPeer:
    """
    The classic peer, in L{bench.classic_peer}.

    @ivar interval_seconds: the time between two choke rounds; a fraction of a second
        keeps the rounds from being what is measured.
    @ivar optimistic_seconds: the same for the optimistic ones.
    @ivar preferred: how many neighbours are; everybody by default.
    @ivar seed_waits: does the seed start at the word to begin, too?
    """

    name: str
    interval_seconds: float
    optimistic_seconds: float
    preferred: int | None = None
    seed_waits: bool = False

    def missing(self) -> str | None:
        """
        Nothing: it is here.
        """
        return None

    def commands(self, transfer: Transfer, folder: Path) -> list[PeerCommand]:
        """
        Each peer has a folder of its own; the lists travel on the command line.
        """
        swarm = [
            f"{FIRST_ID + number}:{host.address}:{host.port}:{int(number == 0)}"
            for number, host in enumerate(transfer.hosts)
        ]
        commands = []
        for number, host in enumerate(transfer.hosts):
            peer_id = FIRST_ID + number
            commands.append(
                PeerCommand.prepare(
                    f"{self.name} {peer_id}",
                    host,
                    peer_folder(folder, peer_id),
                    None if number else transfer.source,
                    "bench.classic_peer",
                    f"--id={peer_id}",
                    f"--folder={folder}",
                    f"--name={FILE_NAME}",
                    f"--size={transfer.size_bytes}",
                    f"--piece={transfer.piece_size_bytes}",
                    f"--preferred={self.preferred or max(1, transfer.leechers)}",
                    f"--interval={self.interval_seconds}",
                    f"--optimistic={self.optimistic_seconds}",
                    *(["--seed-waits"] if self.seed_waits else []),
                    *profile_option(transfer.profiles, self.name, peer_id),
                    *swarm,
                )
            )
        return commands


def swarm_text(
    hosts: Sequence[Host],
    tables: Tables,
    seeds: Container[int] = (0,),
    ids: Sequence[int] | None = None,
) -> str:
    """
    A C{swarm.toml} for these hosts.

    @param seeds: the places in C{hosts} of those that have the file.
    @param ids: of the peers, if not one after the other.
    """
    lines = [f'manifest = "{MANIFEST_NAME}"', 'folder = "{id}"']
    for table, keys in sorted(tables.items(), key=lambda each: each[0] != TOP):
        header = ["", f"[{table}]"] if table != TOP else []
        lines += [*header, *(f"{key} = {_toml(keys[key])}" for key in keys)]
    for number, host in enumerate(hosts):
        lines += [
            "",
            "[[members]]",
            f"id = {FIRST_ID + number if ids is None else ids[number]}",
            f'host = "{host.address}"',
            f"port = {host.port}",
            f"seed = {_toml(number in seeds)}",
        ]
    return "\n".join(lines) + "\n"


def profile_option(profiles: Path | None, kind: str, peer_id: int) -> list[str]:
    """
    The word to a peer of ours to make a profile, if one is wanted.
    """
    if profiles is None:
        return []
    return [f"--profile={profiles / f'{kind}_{peer_id}.prof'}"]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
