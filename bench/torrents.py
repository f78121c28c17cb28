"""
Torrents of one file, for peers that want one.
"""

import hashlib
from pathlib import Path

from bench.peers import FILE_NAME
from swarmpeer.manifest.bencode import Encodable, encode
from swarmpeer.manifest_files import build_manifest


def torrent_v1(source: Path, piece_size_bytes: int, tracker: str | None) -> bytes:
    """
    A torrent of version 1: one SHA-1 a piece.
    """
    digests = []
    size_bytes = 0
    with source.open("rb") as file:
        while piece := file.read(piece_size_bytes):
            size_bytes += len(piece)
            digests.append(hashlib.sha1(piece).digest())
    torrent: dict[bytes, Encodable] = {
        b"info": {
            b"length": size_bytes,
            b"name": FILE_NAME.encode(),
            b"piece length": piece_size_bytes,
            b"pieces": b"".join(digests),
            b"private": 1,
        }
    }
    if tracker is not None:
        torrent[b"announce"] = tracker.encode()
    return encode(torrent)


def torrent_v2(source: Path, piece_size_bytes: int) -> bytes:
    """
    A torrent of version 2: SHA-256 of every 16 KiB, in a tree.
    """
    return build_manifest(source, piece_size_bytes).encode()
