"""
Tests for L{swarmpeer.manifest.merkle}, against a model that is as slow and plain as
the rules of BEP 52 can be put.
"""

import hashlib
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.manifest.merkle import (
    BLOCK_BYTES,
    HASH_BYTES,
    leaf_hashes,
    levels_over,
    piece_hash,
    piece_levels,
    pieces_root,
    root,
)

ZERO = bytes(32)
PIECE_SIZES = [BLOCK_BYTES << power for power in range(4)]

SIZES = st.one_of(
    st.integers(1, 20 * BLOCK_BYTES),
    st.builds(
        lambda blocks, more: max(1, blocks * BLOCK_BYTES + more),
        st.integers(1, 20),
        st.integers(-1, 1),
    ),
)


def sha(data: bytes) -> bytes:
    """
    The hash function.
    """
    return hashlib.sha256(data).digest()


def model_layers(data: bytes) -> list[list[bytes]]:
    """
    All layers of a file's tree, leaves first, the padding spelt out.
    """
    blocks = [data[at : at + 16384] for at in range(0, len(data), 16384)]
    layer = [sha(block) for block in blocks]
    while len(layer) not in (1, 2, 4, 8, 16, 32, 64):
        layer.append(ZERO)
    layers = [layer]
    while len(layer) > 1:
        layer = [sha(layer[at] + layer[at + 1]) for at in range(0, len(layer), 2)]
        layers.append(layer)
    return layers


def model_layer(data: bytes, piece_size: int) -> list[bytes]:
    """
    The layer whose hashes cover a piece each, but for those beyond the data.
    """
    number = [16384, 32768, 65536, 131072].index(piece_size)
    pieces = [data[at : at + piece_size] for at in range(0, len(data), piece_size)]
    return model_layers(data)[number][: len(pieces)]


def bytes_of(size: int) -> bytes:
    """
    Data without a pattern.
    """
    return Random(size).randbytes(size)


class MerkleTests(SynchronousTestCase):
    """
    Trees and layers.
    """

    @settings(deadline=None, max_examples=60)
    @given(SIZES, st.sampled_from(PIECE_SIZES))
    def test_as_the_model(self, size: int, piece_size: int) -> None:
        """
        Root, piece layer and each piece's hash are the model's.
        """
        data = bytes_of(size)
        levels = piece_levels(size, piece_size)
        hashes = [
            piece_hash(data[at : at + piece_size], levels)
            for at in range(0, size, piece_size)
        ]
        (right,) = model_layers(data)[-1]
        if size <= piece_size:
            self.assertEqual(hashes, [right])
            return
        self.assertEqual(hashes, model_layer(data, piece_size))
        self.assertEqual(pieces_root(b"".join(hashes), piece_size), right)

    def test_one_block(self) -> None:
        """
        The root of a file of up to one block is its hash.
        """
        for data in (b"x", bytes(BLOCK_BYTES)):
            self.assertEqual(
                piece_hash(data, piece_levels(len(data), 65536)), sha(data)
            )

    def test_padding(self) -> None:
        """
        What is beyond the data are zero hashes, not hashes of zeros.
        """
        data = bytes(2 * BLOCK_BYTES + 1)
        block = sha(bytes(BLOCK_BYTES))
        right = sha(sha(block + block) + sha(sha(b"\0") + ZERO))
        self.assertEqual(root(leaf_hashes(data), 2), right)

    def test_blocks(self) -> None:
        """
        Blocks are hashed one by one, from any kind of bytes.
        """
        data = bytes_of(BLOCK_BYTES + 5)
        right = sha(data[:BLOCK_BYTES]) + sha(data[BLOCK_BYTES:])
        for given_as in (data, bytearray(data), memoryview(data)):
            self.assertEqual(leaf_hashes(given_as), right)
        self.assertEqual(len(right), 2 * HASH_BYTES)

    def test_levels(self) -> None:
        """
        A tree is no higher than it must be, and a piece's no higher than a file's
        that is one piece alone.
        """
        self.assertEqual(
            [levels_over(count) for count in (1, 2, 3, 4, 5, 8, 9)],
            [0, 1, 2, 2, 3, 3, 4],
        )
        for size, piece_size, right in (
            (1, 65536, 0),
            (BLOCK_BYTES + 1, 65536, 1),
            (3 * BLOCK_BYTES, 65536, 2),
            (65537, 65536, 2),
            (10**9, BLOCK_BYTES, 0),
        ):
            self.assertEqual(piece_levels(size, piece_size), right)
