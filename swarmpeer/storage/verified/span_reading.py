"""
Hashing pieces where they lie, and copying those that are right.
"""

import os
from collections.abc import Callable, Mapping

from swarmpeer.errors import StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.transfers import read_up_to
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.resume import FileIdentity
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.survey import Span


class SpanReader:
    """
    Reads pieces that nobody vouches for.  Calls may block and may come from any
    thread.
    """

    def __init__(
        self,
        hashes: PieceHashes,
        folder: DataFolder,
        calls: FileCalls,
        files: Mapping[int, StoredFile],
        is_stopped: Callable[[], bool],
    ) -> None:
        """
        @param is_stopped: is there no need to go on?
        """
        self._hashes = hashes
        self._folder = folder
        self._calls = calls
        self._files = files
        self._is_stopped = is_stopped

    def hash(self, batch: list[Span]) -> list[tuple[Span, list[int]]]:
        """
        Which pieces are right?
        """
        return [(span, self._right_in(span)) for span in batch]

    def _right_in(self, span: Span) -> list[int]:
        right: list[int] = []
        try:
            fd = self._open(span)
            try:
                for index in span.pieces:
                    if self._is_stopped():
                        break
                    if self._is_right(self._files[span.number], fd, index):
                        right.append(index)
                # A file that somebody writes to meanwhile proves nothing.
                now = FileIdentity.of(self._calls.fstat(fd))
                return right if span.final in (None, now) else []
            finally:
                self._calls.close(fd)
        except (OSError, StorageError):
            return []

    def _is_right(self, file: StoredFile, fd: int, index: int) -> bool:
        try:
            data = self._read(file, fd, index)
        except OSError:
            # The others may be readable.
            return False
        return data is not None and self._hashes.is_right(index, data)

    def copy(self, batch: list[Span]) -> list[int]:
        """
        Keep what is right of a file that is not wholly so.  What cannot
        be kept will be fetched.
        """
        copied: list[int] = []
        for span in batch:
            file = self._files[span.number]
            try:
                fd = self._open(span)
                try:
                    for index in span.pieces:
                        if self._is_stopped():
                            break
                        data = self._read(file, fd, index)
                        if data is None or not self._hashes.is_right(index, data):
                            continue
                        _, failures = file.write([Piece(index, data)])
                        if failures:
                            raise failures[index]
                        copied.append(index)
                finally:
                    self._calls.close(fd)
            except (OSError, StorageError):
                continue
        return copied

    def _open(self, span: Span) -> int:
        if span.final is None:
            return self._folder.state.open_part(span.number, os.O_RDONLY)
        return self._folder.open_file(self._files[span.number].path, os.O_RDONLY)

    def _read(self, file: StoredFile, fd: int, index: int) -> bytes | None:
        """
        A piece; C{None} if the file ends before its end.
        """
        offset, size = file.extent(index)
        data = read_up_to(self._calls, fd, size, offset)
        return data if len(data) == size else None
