"""
What each piece of a manifest should be.
"""

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
        number, offset = self.layout.place(index)
        position = offset // self.layout.piece_size_bytes
        right = self._files[number].piece_hash(position)
        return merkle.piece_hash(data, self._levels[number]) == right
