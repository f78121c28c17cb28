"""
Pieces that come to a storage together: whether they can be pieces, and telling what
became of them.
"""

from collections.abc import Callable, Mapping, Sequence

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece


def check_sizes(layout: PieceLayout, pieces: Sequence[Piece]) -> None:
    """
    Look whether each piece is as long as it should be.

    @raise IndexError: if there is no such piece.
    @raise ValueError: if one is not.
    """
    usual_bytes, short_sizes = layout.piece_size_bytes, layout.short_sizes
    for piece in pieces:
        index, found_bytes = piece.index, len(piece.data)
        # Only what is not as usual is looked into.
        if (
            found_bytes != usual_bytes
            or index in short_sizes
            or not 0 <= index < layout.piece_count
        ) and found_bytes != layout.size(index):
            raise ValueError(
                f"piece {index} has {layout.size(index)} bytes, not {found_bytes}"
            )


def tell_each(
    pieces: Sequence[Piece],
    failures: Mapping[int, StorageError],
    done: Callable[[Sequence[Piece]], None],
    failed: Callable[[int, StorageError], None],
) -> None:
    """
    Tell in the order of the pieces: of those that are kept together, and of one that
    is not alone.

    @param failures: by the piece, what went wrong.
    """
    if not failures:
        done(pieces)
        return
    kept: list[Piece] = []
    for piece in pieces:
        failure = failures.get(piece.index)
        if failure is None:
            kept.append(piece)
            continue
        if kept:
            done(kept)
            kept = []
        failed(piece.index, failure)
    if kept:
        done(kept)


def refuse_each(
    pieces: Sequence[Piece],
    failure: Callable[[int], StorageError],
    failed: Callable[[int, StorageError], None],
) -> None:
    """
    Tell that none of them is kept.

    @param failure: says what to tell of a piece.
    """
    for piece in pieces:
        failed(piece.index, failure(piece.index))
