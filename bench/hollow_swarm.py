"""
A swarm about a file of zeros, of which hardly anything is on the disk, and which
nobody needs to look through.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.ours import (
    FIRST_ID,
    MANIFEST_NAME,
    SWARM_NAME,
    Tables,
    profile_option,
    swarm_text,
)
from bench.peers import FILE_NAME, Host, PeerCommand
from bench.rounds import Stage
from bench.sources import make_source
from swarmpeer.core.layout import layout_of
from swarmpeer.file_name import state_folder_name
from swarmpeer.manifest import Manifest, ManifestFile, compose_manifest, merkle
from swarmpeer.manifest_files import save_manifest
from swarmpeer.storage.verified.resume import FileIdentity, Record
from swarmpeer.storage.verified.state_folder import RECORD_NAME
from swarmpeer.wire.bitfield import Bitfield


@dataclass(frozen=True, slots=True)
class HollowSwarm:
    """
    Its folder: one peer that is watched, and a crowd of others.

    @ivar hosts: that of the one first.
    @ivar profiles: the folder for a profile of the one, if one is wanted.
    """

    folder: Path
    manifest: Manifest
    hosts: Sequence[Host]
    profiles: Path | None

    @classmethod
    def make(
        cls, stage: Stage, crowd: int, size_bytes: int, piece_size_bytes: int
    ) -> "HollowSwarm":
        """
        Make the file and its manifest.

        @param crowd: how many the others are.
        """
        folder = stage.place / "swarm"
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        make_source(folder / FILE_NAME, size_bytes, is_sparse=True)
        manifest = zeros_manifest(size_bytes, piece_size_bytes)
        save_manifest(manifest, folder / MANIFEST_NAME)
        return cls(folder, manifest, stage.hosts(crowd + 1), stage.profiles)

    def the_one(self, *, is_seed: bool, tables: Tables | None = None) -> PeerCommand:
        """
        The peer that is watched.

        @param tables: what its C{swarm.toml} says beside the members.
        """
        seeds = (0,) if is_seed else range(1, len(self.hosts))
        swarm = self.folder / SWARM_NAME
        swarm.write_text(swarm_text(self.hosts, tables or {}, seeds))
        source = self.folder / FILE_NAME if is_seed else None
        place = self.folder / str(FIRST_ID)
        command = PeerCommand.prepare(
            f"peer {FIRST_ID}",
            self.hosts[0],
            place,
            source,
            "bench.verified_peer",
            f"--id={FIRST_ID}",
            f"--swarm={swarm}",
            "--unwatched",
            *profile_option(self.profiles, "swarmpeer", FIRST_ID),
        )
        if is_seed:
            self._record_whole(place)
        return command

    def crowd(self, *, are_seeds: bool) -> PeerCommand:
        """
        All others, each of whom knows the one only.
        """
        for number in range(1, len(self.hosts)):
            pair = (self.hosts[0], self.hosts[number])
            swarm = self.folder / f"{number}.toml"
            seeds = (1,) if are_seeds else (0,)
            text = swarm_text(pair, _CROWD_TABLES, seeds, (FIRST_ID, FIRST_ID + number))
            swarm.write_text(text)
            place = self.folder / str(FIRST_ID + number)
            place.mkdir()
            if are_seeds:
                (place / FILE_NAME).hardlink_to(self.folder / FILE_NAME)
                self._record_whole(place)
        return PeerCommand.prepare(
            "crowd",
            self.hosts[1],
            self.folder / "crowd",
            None,
            "bench.crowd",
            f"--folder={self.folder}",
            f"--count={len(self.hosts) - 1}",
        )

    def stalling_crowd(self) -> PeerCommand:
        """
        In place of the crowd, neighbours that begin a piece and do not go on.
        """
        one = self.hosts[0]
        return PeerCommand.prepare(
            "stalling crowd",
            self.hosts[1],
            self.folder / "stalling_crowd",
            None,
            "bench.stalling_crowd",
            f"--manifest={self.folder / MANIFEST_NAME}",
            f"--host={one.address}",
            f"--port={one.port}",
            f"--count={len(self.hosts) - 1}",
        )

    def _record_whole(self, place: Path) -> None:
        """
        Let a peer find that it has looked through its file before.
        """
        layout = layout_of(self.manifest)
        identity = FileIdentity.of((place / FILE_NAME).stat())
        held = Bitfield.full(layout.piece_count)
        record = Record(self.manifest.infohash, held, {0: identity})
        state = place / state_folder_name(self.manifest.infohash)
        state.mkdir()
        (state / RECORD_NAME).write_bytes(record.encode())


_CROWD_TABLES: Mapping[str, Mapping[str, object]] = {"checking": {"scrub_rate": 0}}


def zeros_manifest(size_bytes: int, piece_size_bytes: int) -> Manifest:
    """
    The manifest of a file of zeros, which is not looked at.

    @param size_bytes: in whole pieces, more than one.
    """
    levels = merkle.piece_levels(size_bytes, piece_size_bytes)
    piece_hash = merkle.piece_hash(bytes(piece_size_bytes), levels)
    layer = piece_hash * (size_bytes // piece_size_bytes)
    root = merkle.pieces_root(layer, piece_size_bytes)
    file = ManifestFile((FILE_NAME,), size_bytes, root, layer)
    return compose_manifest(FILE_NAME, [file], piece_size_bytes)
