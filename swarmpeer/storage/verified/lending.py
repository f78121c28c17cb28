"""
Lending a piece of a file of a manifest, so that it is sent from there.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from swarmpeer.errors import PieceLostError
from swarmpeer.storage.spans import FileSpan, read_through
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.open_files import OpenFile
from swarmpeer.storage.verified.opening import OpenableFile

MOST_TRIES = 5
UNSTEADY = "it changes all the time; see who does that"


class Standing(NamedTuple):
    """
    What is known of a piece.

    @ivar is_suspect: did somebody change the file since it was looked at?
    @ivar changes: how often somebody did until then.
    """

    is_suspect: bool
    changes: int


class Loan(NamedTuple):
    """
    A piece that is lent.

    @ivar span: where it is; the file is open until it is given back.
    @ivar is_right: was it looked at, and is it right?  C{None}: there was no reason.
    @ivar standing: what was known of it before that.
    """

    span: FileSpan
    is_right: bool | None
    standing: Standing


class LendableFile(OpenableFile):
    """
    A file of which pieces are lent.  What a loan tells is of the moment when it is
    made; the file that was lent stays open while it lasts.
    """

    def lend_at_once(
        self, position: int, size_bytes: int, offset: int
    ) -> FileSpan | None:
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
            span, is_lent = self._span(file, size_bytes, offset), False
            try:
                if self._disk.cached_reads.are_there(file.fd, size_bytes, offset):
                    standing = self._judge(file.fd, position)
                    is_lent = standing is not None and not standing.is_suspect
                return span if is_lent else None
            finally:
                if not is_lent:
                    span.give_back()
        finally:
            self._disk_lock.release()

    def lend(
        self,
        position: int,
        size_bytes: int,
        offset: int,
        is_right: Callable[[Iterable[bytes]], bool],
        *,
        hash_it: bool,
    ) -> Loan:
        """
        Bring a piece into memory, and lend it.

        @param is_right: asked whether the bytes are right, if somebody changed the
            file.
        @param hash_it: ask also if nobody did?
        @raise OSError: if the file cannot be read.
        @raise PieceLostError: if it is too short.
        """
        for _ in range(MOST_TRIES):
            file = self._take_to_lend()
            span = self._span(file, size_bytes, offset)
            try:
                loan = self._look_at(span, position, is_right, hash_it)
            except BaseException:
                span.give_back()
                raise
            if loan is not None:
                return loan
            span.give_back()
        raise PieceLostError(UNSTEADY)

    def _look_at(
        self,
        span: FileSpan,
        position: int,
        is_right: Callable[[Iterable[bytes]], bool],
        hash_it: bool,
    ) -> Loan | None:
        """
        Read a piece through.

        @return: C{None} if somebody changed the file meanwhile.
        """
        with self._disk_lock:
            before = self._judge(span.fd, position)
        if before is None:
            return None
        count = 0

        def counted() -> Iterator[bytes]:
            nonlocal count
            for bit in read_through(self._calls, span.fd, span.size_bytes, span.offset):
                count += len(bit)
                yield bit

        found = None
        if before.is_suspect or hash_it:
            found = is_right(counted())
        else:
            deque(counted(), maxlen=0)
        with self._disk_lock:
            after = self._judge(span.fd, position)
        if after is None or after.changes != before.changes:
            return None
        if count < span.size_bytes:
            raise PieceLostError(f"it ends at byte {span.offset + count} or before")
        return Loan(span, found, before)

    def _span(self, file: OpenFile, size_bytes: int, offset: int) -> FileSpan:
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

    def _judge(self, fd: int, position: int) -> Standing | None:
        """
        What is known of a piece that was just read, if it is of the right file:
        whoever changed its bytes before has changed the file's status, too.
        """
        state, status = self._state, self._watched_status(fd)
        with self._state_lock:
            if status is not None and not state.meet(status):
                return None
            return Standing(state.is_suspect(position), state.changes)

    def _count_sound(self, fd: int, positions: Sequence[int]) -> int:
        """
        The same for many.

        @return: how many there are before the first that is to be looked at; none if
            it is not the right file.
        """
        state, status = self._state, self._watched_status(fd)
        with self._state_lock:
            if status is not None and not state.meet(status):
                return 0
            return state.count_sound(positions)

    def _watched_status(self, fd: int) -> os.stat_result | None:
        # A part is ours alone, whatever its status.
        is_part = self._state.place is Place.PART
        return None if is_part else self._calls.fstat(fd)
