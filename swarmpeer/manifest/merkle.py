"""
The hash trees of BitTorrent v2 (BEP 52): SHA-256 over blocks of 16 KiB.

Hashes that stand side by side, a layer of a tree for example, are one run of
bytes, L{HASH_BYTES} each.

A tree is as wide as a power of two.  Where it is wider than the data, its leaves
are zeros: the hash itself is, not what is hashed.
"""

import hashlib

from swarmpeer.wire import WireBytes

BLOCK_BYTES = 16 * 1024
HASH_BYTES = 32

_ZERO = bytes(HASH_BYTES)


def leaf_hashes(data: WireBytes) -> bytes:
    """
    The hash of each block of C{data}, whose last block may be short.
    """
    view = memoryview(data)
    sha256 = hashlib.sha256
    hashes = [
        sha256(view[start : start + BLOCK_BYTES]).digest()
        for start in range(0, len(view), BLOCK_BYTES)
    ]
    return b"".join(hashes)


def root(hashes: bytes, levels: int, padding: bytes = _ZERO) -> bytes:
    """
    The root of the tree that has C{hashes} on the left of its lowest layer.

    @param hashes: at least one, and at most C{2 ** levels}.
    @param levels: how many layers are above the lowest.
    @param padding: what stands in the rest of the lowest layer, again and again.
    """
    for _ in range(levels):
        if len(hashes) % (2 * HASH_BYTES):
            hashes += padding
        hashes = _layer_above(hashes)
        padding = _layer_above(padding + padding)
    return hashes


def piece_hash(data: WireBytes, levels: int) -> bytes:
    """
    The hash of one piece.

    @param data: not empty.
    @param levels: see L{piece_levels}.
    """
    # Most pieces of a swarm with small ones are one block.
    if not levels:
        return hashlib.sha256(data).digest()
    return root(leaf_hashes(data), levels)


def piece_levels(file_size_bytes: int, piece_size_bytes: int) -> int:
    """
    How many layers the tree of one piece has above its blocks: as many as the
    piece size gives, but no more than a file needs that is one piece alone.
    """
    return levels_over(-(-min(file_size_bytes, piece_size_bytes) // BLOCK_BYTES))


def pieces_root(layer: bytes, piece_size_bytes: int) -> bytes:
    """
    The root of a file's tree.

    @param layer: the hashes of its pieces, more than one.
    """
    levels = levels_over(piece_size_bytes // BLOCK_BYTES)
    return root(layer, levels_over(len(layer) // HASH_BYTES), root(_ZERO, levels))


def levels_over(count: int) -> int:
    """
    How many layers are above a lowest one that has room for C{count}, at least 1.
    """
    return (count - 1).bit_length()


def _layer_above(hashes: bytes) -> bytes:
    sha256 = hashlib.sha256
    return b"".join(
        [
            sha256(hashes[start : start + 2 * HASH_BYTES]).digest()
            for start in range(0, len(hashes), 2 * HASH_BYTES)
        ]
    )
