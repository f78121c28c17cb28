"""
How long the work of a storage takes, for whoever watches it.  A storage that nobody
watches is made of L{SystemCalls} and L{PieceHashes} themselves, and measures nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from swarmpeer.manifest import Manifest
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.wire.messages import PieceData


class Work(StrEnum):
    """
    What is measured.
    """

    HASH = "hash"
    READ = "read"
    WRITE = "write"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """
    Who measures, and by which clock.  Both are called from any thread.

    @ivar seconds: a clock that never goes back.
    @ivar note: told how many seconds one piece of work took, failed or not.
    """

    seconds: Callable[[], float]
    note: Callable[[Work, float], None]


class TimedCalls(SystemCalls):
    """
    The calls of the machine that we run on, with those measured that move bytes.

    What is sent to a neighbour straight from its file passes none of them.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._seconds = stopwatch.seconds
        self._note = stopwatch.note

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        began = self._seconds()
        try:
            return super().read(fd, size_bytes, offset)
        finally:
            self._note(Work.READ, self._seconds() - began)

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        began = self._seconds()
        data = super().read_cached(fd, size_bytes, offset)
        if data is not None:
            self._note(Work.READ, self._seconds() - began)
        return data

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        began = self._seconds()
        try:
            return super().write(fd, data, offset)
        finally:
            self._note(Work.WRITE, self._seconds() - began)

    def sync(self, fd: int) -> None:
        """
        See L{swarmpeer.storage.calls.FileCalls}.
        """
        began = self._seconds()
        try:
            super().sync(fd)
        finally:
            self._note(Work.SYNC, self._seconds() - began)


class TimedHashes(PieceHashes):
    """
    What each piece should be, with the hashing measured.
    """

    def __init__(self, manifest: Manifest, stopwatch: Stopwatch) -> None:
        super().__init__(manifest)
        self._seconds = stopwatch.seconds
        self._note = stopwatch.note

    def is_right_at(self, number: int, position: int, data: PieceData) -> bool:
        """
        See L{PieceHashes}.
        """
        began = self._seconds()
        try:
            return super().is_right_at(number, position, data)
        finally:
            self._note(Work.HASH, self._seconds() - began)

    def is_right_in_chunks(self, index: int, chunks: Iterable[PieceData]) -> bool:
        """
        See L{PieceHashes}; that the chunks have to be read first is not counted.
        """
        began = self._seconds()
        waited_seconds = 0.0

        def counted() -> Iterator[PieceData]:
            nonlocal waited_seconds
            rest = iter(chunks)
            while True:
                asked_at = self._seconds()
                chunk = next(rest, None)
                waited_seconds += self._seconds() - asked_at
                if chunk is None:
                    return
                yield chunk

        try:
            return super().is_right_in_chunks(index, counted())
        finally:
            self._note(Work.HASH, self._seconds() - began - waited_seconds)
