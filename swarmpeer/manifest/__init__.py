"""
What a file or a folder is, to the byte: BitTorrent v2 metainfo (BEP 52), as bytes
and as frozen values.

Each error is one printable line.  Nothing here touches a file.
"""

from swarmpeer.manifest.composing import choose_piece_size, compose_manifest
from swarmpeer.manifest.metainfo import Manifest, ManifestFile
from swarmpeer.manifest.parsing import MAX_MANIFEST_BYTES, parse_manifest
from swarmpeer.manifest.paths import Path

__all__ = [
    "MAX_MANIFEST_BYTES",
    "Manifest",
    "ManifestFile",
    "Path",
    "choose_piece_size",
    "compose_manifest",
    "parse_manifest",
]
