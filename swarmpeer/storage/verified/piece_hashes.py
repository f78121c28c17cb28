"""
What each piece of a manifest should be.
"""

from collections.abc import Iterable

from swarmpeer.core.layout import PieceLayout
from swarmpeer.manifest import Manifest, merkle
from swarmpeer.wire.messages import PieceData


class PieceHashes:
    """
    The pieces of all files, counted as the swarm counts them.

    @ivar layout: where each lies.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.layout = PieceLayout.of_files(
            (file.size_bytes for file in manifest.files), manifest.piece_size_bytes
        )
        self._files = manifest.files
        self._levels = [manifest.piece_levels(file) for file in manifest.files]

    def is_right(self, index: int, data: PieceData) -> bool:
        """
        Are these the bytes of the piece?

        @param data: as long as the piece.
        @raise IndexError: if there is no such piece.
        """
        return self.is_right_at(*self.layout.place(index), data)

    def is_right_at(self, number: int, position: int, data: PieceData) -> bool:
        """
        Are these the bytes of a piece?

        @param number: of its file.
        @param position: of the piece there.
        @param data: as long as the piece.
        @raise IndexError: if there is no such piece.
        """
        right = self._files[number].piece_hash(position)
        return merkle.piece_hash(data, self._levels[number]) == right

    def is_right_in_chunks(self, index: int, chunks: Iterable[PieceData]) -> bool:
        """
        Are these the bytes of the piece, one chunk of it after the other?

        @param chunks: all read to the end, and all but the last of whole blocks.
        @raise IndexError: if there is no such piece.
        """
        number, position = self.layout.place(index)
        right = self._files[number].piece_hash(position)
        leaves = b"".join([merkle.leaf_hashes(chunk) for chunk in chunks])
        return bool(leaves) and merkle.root(leaves, self._levels[number]) == right
