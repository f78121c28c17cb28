"""
What is found where a piece lies.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.storage.spans import FileSpan
from swarmpeer.storage.system_errors import PASSING, reason_of
from swarmpeer.wire.messages import PieceData

Content = TypeVar("Content", PieceData, FileSpan)

IsRight = Callable[[Iterable[PieceData]], bool]
"""
Are these the bytes of the piece, one chunk of it after the other?  All but the last are
of whole blocks.
"""


class Standing(NamedTuple):
    """
    What is known of a piece.

    @ivar is_suspect: did somebody change the file since it was looked at?
    @ivar changes: how often somebody did until then.
    """

    is_suspect: bool
    changes: int


@dataclass(frozen=True, slots=True)
class PieceReading(Generic[Content]):
    """
    A piece that was read, or is lent.

    @ivar content: its bytes, or where they are.
    @ivar is_right: are its bytes right?  C{None}: there was no reason to look.
    @ivar standing: what was known of it before that.
    """

    content: Content
    is_right: bool | None
    standing: Standing


def unreadable(index: int, error: Exception, where: str) -> StorageError:
    """
    What to tell, in one line, of a piece that could not be read.

    @param where: the path of its file.
    """
    is_lost = isinstance(error, PieceLostError) or (
        isinstance(error, OSError) and error.errno not in PASSING
    )
    line = f"{where}: cannot read piece {index}: {reason_of(error)}"
    return PieceLostError(line) if is_lost else StorageError(line)
