"""
Telling what became of pieces that came together.
"""

from collections.abc import Callable, Mapping, Sequence

from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece


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
