"""
Runs of one piece, for the tests that are about something else.
"""

from collections.abc import Callable, Sequence

from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.seam import Piece
from swarmpeer.wire.messages import PieceData


def write_one(
    storage: IPieceStorage,
    index: int,
    data: PieceData,
    done: Callable[[], None],
    failed: Callable[[StorageError], None],
) -> None:
    """
    Have a storage keep a piece.
    """
    storage.write([Piece(index, data)], *_alone(done, failed))


def put_one(
    store: PieceStore,
    piece: Piece,
    stored: Callable[[], None],
    failed: Callable[[StorageError], None],
) -> None:
    """
    Have a store keep a piece.
    """
    store.put([piece], *_alone(stored, failed))


def _alone(
    done: Callable[[], None], failed: Callable[[StorageError], None]
) -> tuple[Callable[[Sequence[Piece]], None], Callable[[int, StorageError], None]]:
    def on_done(_: Sequence[Piece]) -> None:
        done()

    def on_failed(_: int, error: StorageError) -> None:
        failed(error)

    return on_done, on_failed
