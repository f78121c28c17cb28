"""
What a manifest says, as frozen values.
"""

from dataclasses import dataclass, field

from swarmpeer.manifest import merkle
from swarmpeer.manifest.bencode import encode
from swarmpeer.manifest.merkle import HASH_BYTES
from swarmpeer.manifest.paths import Path

META_VERSION = 2


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """
    One file, or one symbolic link.

    @ivar path: for a manifest of one file alone, just its name.
    @ivar size_bytes: 0 for a link.
    @ivar pieces_root: the root of its tree; C{None} if it is empty or a link.
    @ivar piece_hashes: of each piece, side by side.  If there is only one, it is
        the root.
    @ivar is_hidden: is it marked so?  A dot before the name does not mark it.
    @ivar link_target: for a link, the path that it leads to.
    """

    path: Path
    size_bytes: int
    pieces_root: bytes | None = None
    piece_hashes: bytes = field(default=b"", repr=False)
    is_executable: bool = False
    is_hidden: bool = False
    link_target: Path | None = None

    @property
    def piece_count(self) -> int:
        """
        How many pieces it has; no piece spans two files.
        """
        return len(self.piece_hashes) // HASH_BYTES

    def piece_hash(self, index: int) -> bytes:
        """
        The hash of its piece C{index}.

        @raise IndexError: if there is no such piece.
        """
        found = self.piece_hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES]
        if index < 0 or not found:
            raise IndexError(f"piece {index} is not among {self.piece_count}")
        return found


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    A BitTorrent v2 metainfo file (BEP 52): a file or a folder, and the hash of
    each piece of it.

    Made by L{swarmpeer.manifest.parsing.parse_manifest} and
    L{swarmpeer.manifest.composing.compose_manifest}, which look after what holds
    among the fields.

    @ivar name: of the file or the folder.
    @ivar files: in the order of their paths; at least one.
    @ivar piece_size_bytes: a power of two from 16 KiB on.
    @ivar infohash: the SHA-256 of C{info}, 32 bytes: what the swarm is known by.
    @ivar info: the bencoded dictionary that says all but the piece layers, as it
        stood in the manifest, with whatever else was in it.
    @ivar is_hybrid: is there a v1 part as well?  It is not used.
    """

    name: str
    files: tuple[ManifestFile, ...]
    piece_size_bytes: int
    infohash: bytes
    info: bytes = field(repr=False)
    is_hybrid: bool = False

    @property
    def is_single_file(self) -> bool:
        """
        Is it of one file alone, rather than of a folder?
        """
        return len(self.files) == 1 and self.files[0].path == (self.name,)

    @property
    def size_bytes(self) -> int:
        """
        Of all files together.
        """
        return sum(file.size_bytes for file in self.files)

    @property
    def piece_count(self) -> int:
        """
        Of all files together.
        """
        return sum(file.piece_count for file in self.files)

    def piece_levels(self, file: ManifestFile) -> int:
        """
        How many layers the tree of one piece of C{file} has above its blocks; see
        L{merkle.piece_hash}.
        """
        return merkle.piece_levels(file.size_bytes, self.piece_size_bytes)

    def encode(self) -> bytes:
        """
        The manifest as bytes: C{info} and the piece layers.  What else stood
        beside them when it was read, such as trackers, is not kept.
        """
        layers = piece_layers(self.files)
        return b"d4:info%b12:piece layers%be" % (self.info, encode(layers))


def piece_layers(files: tuple[ManifestFile, ...]) -> dict[bytes, bytes]:
    """
    The hashes of all pieces of the files that have more than one, by root.
    """
    return {
        file.pieces_root: file.piece_hashes
        for file in files
        if file.pieces_root is not None and file.piece_count > 1
    }
