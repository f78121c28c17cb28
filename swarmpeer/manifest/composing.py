"""
Files to a manifest.
"""

from collections.abc import Iterable
from typing import TypeAlias

from swarmpeer.manifest.bencode import Encodable, encode
from swarmpeer.manifest.merkle import BLOCK_BYTES
from swarmpeer.manifest.metainfo import (
    META_VERSION,
    Manifest,
    ManifestFile,
    piece_layers,
)
from swarmpeer.manifest.parsing import parse_manifest
from swarmpeer.manifest.paths import bytes_of

LEAST_CHOSEN_PIECES = 256
"""
With fewer, peers would have little to give each other before they are done.
"""
ENOUGH_PIECE_SIZE_BYTES = 1024 * 1024
"""
Up to here each larger piece size saves work; from here on larger pieces only make
everything lumpier.
"""
MOST_CHOSEN_PIECES = 4096
MOST_CHOSEN_PIECE_SIZE_BYTES = 16 * 1024 * 1024

_Node: TypeAlias = "int | bytes | list[bytes] | dict[bytes, _Node]"


def choose_piece_size(size_bytes: int) -> int:
    """
    The largest piece size up to 1 MiB that cuts C{size_bytes} into 256 pieces at
    least, but not less than 16 KiB; or, where that makes more than 4096, the smallest
    that does not, but not more than 16 MiB.
    """
    piece_size = BLOCK_BYTES
    while (
        piece_size < ENOUGH_PIECE_SIZE_BYTES
        and size_bytes >= 2 * piece_size * LEAST_CHOSEN_PIECES
    ):
        piece_size *= 2
    while (
        piece_size < MOST_CHOSEN_PIECE_SIZE_BYTES
        and size_bytes > piece_size * MOST_CHOSEN_PIECES
    ):
        piece_size *= 2
    return piece_size


def compose_manifest(
    name: str, files: Iterable[ManifestFile], piece_size_bytes: int
) -> Manifest:
    """
    The manifest of C{files}, which says just what they say: the same files give
    the same bytes everywhere.

    @param files: in any order, none of them twice.
    @raise ManifestError: if there can be none of such files.
    """
    files = tuple(files)
    info: dict[bytes, Encodable] = {
        b"file tree": _tree(files),
        b"meta version": META_VERSION,
        b"name": bytes_of(name),
        b"piece length": piece_size_bytes,
    }
    layers = piece_layers(files)
    # What cannot be read again must not be made.
    return parse_manifest(encode({b"info": info, b"piece layers": layers}))


def _tree(files: Iterable[ManifestFile]) -> dict[bytes, _Node]:
    top: dict[bytes, _Node] = {}
    for file in files:
        folder = top
        for name in file.path:
            below = folder.setdefault(bytes_of(name), {})
            assert isinstance(below, dict)
            folder = below
        folder[b""] = _properties(file)
    return top


def _properties(file: ManifestFile) -> dict[bytes, _Node]:
    found: dict[bytes, _Node] = {b"length": file.size_bytes}
    flags = (("h", file.is_hidden), ("x", file.is_executable))
    attributes = "".join(letter for letter, is_set in flags if is_set)
    if file.link_target is not None:
        attributes += "l"
        found[b"symlink path"] = list(map(bytes_of, file.link_target))
    if attributes:
        found[b"attr"] = attributes.encode()
    if file.pieces_root is not None:
        found[b"pieces root"] = file.pieces_root
    return found
