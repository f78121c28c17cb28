"""
A storage that lends: it serves a file that is whole, from where it lies.  A peer sends
what is lent by C{sendfile}, so the bytes do not pass through its process.

The file should lie in memory, as in F{/dev/shm}: sending must not wait for a disk.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import ILendingStorage
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.wire.messages import PieceData


@dataclass(frozen=True)
class Span:
    """
    Where a piece lies, for as long as it is lent.
    """

    fd: int
    offset: int
    size_bytes: int
    give_back: Callable[[], None]

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        For a connection that cannot send from a file.
        """
        wanted = min(size_bytes, self.size_bytes - at)
        return os.pread(self.fd, wanted, self.offset + at)


@implementer(ILendingStorage)
class LendingFile:
    """
    A whole file, which is only read.
    """

    is_whole = True

    def __init__(self, path: Path, layout: PieceLayout) -> None:
        self._path = path
        self._layout = layout
        self._fd = -1
        self._lent = 0
        self._closed: Callable[[], None] | None = None

    def open(self) -> None:
        """
        Take the file.
        """
        try:
            self._fd = os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror}") from error

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        All of them are there.
        """
        done([self._span(index) for index in indexes])

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        The bytes themselves.
        """
        size_bytes, offset = self._layout.size(index), self._layout.offset(index)
        try:
            data = os.pread(self._fd, size_bytes, offset)
        except OSError as error:
            failed(StorageError(f"{self._path}: {error.strerror}"))
        else:
            done(data)

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],  # noqa: ARG002
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        It is whole, so nothing is missing.
        """
        for piece in pieces:
            failed(piece.index, StorageError(f"{self._path} is not written to"))

    def finish(
        self,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002
    ) -> None:
        """
        It is in its place.
        """
        done()

    def close(self, done: Callable[[], None]) -> None:
        """
        The file stays open as long as some of it is lent.
        """
        self._closed = done
        self._close_if_free()

    def _span(self, index: int) -> Span:
        self._lent += 1
        size_bytes, offset = self._layout.size(index), self._layout.offset(index)
        return Span(self._fd, offset, size_bytes, self._take_back)

    def _take_back(self) -> None:
        self._lent -= 1
        self._close_if_free()

    def _close_if_free(self) -> None:
        if self._closed is not None and not self._lent:
            done, self._closed = self._closed, None
            os.close(self._fd)
            done()
