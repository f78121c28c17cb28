"""
Lending a piece of a file of a manifest, so that it is sent from there.
"""

import os
from collections import deque
from collections.abc import Iterator
from functools import partial

from swarmpeer.errors import PieceLostError
from swarmpeer.storage.spans import FileSpan, read_through
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.open_files import OpenFile
from swarmpeer.storage.verified.piece_reading import IsRight, PieceReading
from swarmpeer.storage.verified.watched_file import MOST_TRIES, UNSTEADY, WatchedFile


class LendableFile(WatchedFile):
    """
    A file of which pieces are lent.  What a loan tells is of the moment when it is
    made; the file that was lent stays open while it lasts.
    """

    def lend_at_once(self, index: int) -> FileSpan | None:
        """
        Lend what is in memory; waits for nobody.

        @return: C{None} if that cannot be done, or it is to be looked at first.
        @raise OSError: if the file cannot be read.
        """
        if self._is_lent_apart or not self._disk_lock.acquire(blocking=False):
            return None
        try:
            file = self._disk.open_files.take(self.number)
            if file is None:
                return None
            span, is_lent = self._span(file, index), False
            try:
                if self._disk.cached_reads.are_there(
                    file.fd, span.size_bytes, span.offset
                ):
                    standing = self._judge(file.fd, index)
                    is_lent = standing is not None and not standing.is_suspect
                return span if is_lent else None
            finally:
                if not is_lent:
                    span.give_back()
        finally:
            self._disk_lock.release()

    def lend(
        self, index: int, is_right: IsRight, hash_it: bool
    ) -> PieceReading[FileSpan]:
        """
        Bring a piece into memory, and lend it, even if it is not right.  For the rest
        see C{read}.
        """
        for _ in range(MOST_TRIES):
            file = self._take_to_lend()
            span = self._span(file, index)
            try:
                loan = self._look_at(span, index, is_right, hash_it)
            except BaseException:
                span.give_back()
                raise
            if loan is not None:
                return self._found(index, loan)
            span.give_back()
        raise PieceLostError(UNSTEADY)

    def _look_at(
        self, span: FileSpan, index: int, is_right: IsRight, hash_it: bool
    ) -> PieceReading[FileSpan] | None:
        """
        Read a piece through.

        @return: C{None} if somebody changed the file meanwhile.
        """
        with self._disk_lock:
            before = self._judge(span.fd, index)
        if before is None:
            return None
        count = 0

        def counted() -> Iterator[bytes]:
            nonlocal count
            chunks = read_through(self._calls, span.fd, span.size_bytes, span.offset)
            for chunk in chunks:
                count += len(chunk)
                yield chunk

        found = None
        if before.is_suspect or hash_it:
            found = is_right(counted())
        else:
            deque(counted(), maxlen=0)
        with self._disk_lock:
            after = self._judge(span.fd, index)
        if after is None or after.changes != before.changes:
            return None
        if count < span.size_bytes:
            raise PieceLostError(f"it ends at byte {span.offset + count} or before")
        return PieceReading(span, found, before)

    def _span(self, file: OpenFile, index: int) -> FileSpan:
        offset, size_bytes = self.extent(index)
        return FileSpan(
            self._calls,
            file.fd,
            offset,
            size_bytes,
            partial(self._disk.open_files.give_back, file),
        )

    @property
    def _is_lent_apart(self) -> bool:
        """
        Is it lent by a descriptor that only reads?  While one is open to be written
        to nobody can run the file, and a loan may last.
        """
        return self.is_executable and self._state.place is Place.PART

    def _take_to_lend(self) -> OpenFile:
        with self._disk_lock:
            if not self._is_lent_apart:
                return self._take()
            try:
                fd = self._disk.folder.state.open_part(self.number, os.O_RDONLY)
            except FileNotFoundError:
                self._lose_part()
                raise
            return self._disk.open_files.apart(fd)
