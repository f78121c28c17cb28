"""
Pieces that came together, on their way to the storage.
"""

from collections.abc import Callable, Sequence

from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece


class Keeping:
    """
    Has pieces kept.  What follows is done once for all that the storage keeps at once,
    and for each that it keeps later.

    A storage tells of what it kept little by little: file by file, and of each large
    piece alone.  But all that are kept by now are one run of haves to each neighbour,
    and room for one run of requests.
    """

    __slots__ = ("_failed", "_is_putting", "_kept", "_store", "_stored")

    def __init__(
        self,
        store: PieceStore,
        stored: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        @param stored: told which pieces are kept.
        @param failed: told which one is not, after all that were kept before it.
        """
        self._store = store
        self._stored = stored
        self._failed = failed
        self._kept: list[Piece] = []
        self._is_putting = False

    def put(self, pieces: Sequence[Piece]) -> None:
        """
        Keep pieces that are STORING.
        """
        self._is_putting = True
        try:
            self._store.put(pieces, self._on_stored, self._on_failed)
        finally:
            self._is_putting = False
            self._tell()

    def _on_stored(self, pieces: Sequence[Piece]) -> None:
        self._kept += pieces
        if not self._is_putting:
            self._tell()

    def _on_failed(self, index: int, error: StorageError) -> None:
        self._tell()
        self._failed(index, error)

    def _tell(self) -> None:
        kept, self._kept = self._kept, []
        if kept:
            self._stored(kept)
