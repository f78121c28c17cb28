"""
Hashing the pieces of many files on all cores.

Threads do, since the hash function lets go of the interpreter's lock.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from swarmpeer.manifest import merkle
from swarmpeer.manifest.paths import Path
from swarmpeer.manifest_files.tree import Entry, Tree, entry_of

Progress: TypeAlias = Callable[[int, int], None]
"""
Told now and then, in the thread that asked, how many bytes are hashed, of how many.
"""

_SPAN_BYTES = 4 << 20
_READ_BYTES = 256 << 10
_WAITING_PER_THREAD = 4


@dataclass(frozen=True, slots=True)
class Span:
    """
    Pieces of one file that are hashed at one go.

    @ivar path: the file in its L{Tree}.
    @ivar first: the index of the first piece in the file.
    @ivar size_bytes: of all of them; 1 at least.
    @ivar levels: see L{merkle.piece_levels}.
    """

    path: Path
    first: int
    size_bytes: int
    piece_size_bytes: int
    levels: int

    @property
    def piece_count(self) -> int:
        """
        How many pieces it covers.
        """
        return -(-self.size_bytes // self.piece_size_bytes)


@dataclass(frozen=True, slots=True)
class Hashed:
    """
    What came of a span.

    @ivar hashes: of its pieces, side by side, up to the first that the file is too
        short for.
    @ivar entry: the file as it was when it was opened; C{None} if that failed.
    @ivar fault: why it could not be read to the end of the span, or C{None}.
    """

    hashes: bytes
    entry: Entry | None = None
    fault: OSError | None = None


def spans_of(path: Path, size_bytes: int, piece_size_bytes: int) -> Iterator[Span]:
    """
    All pieces of a file, in spans of some MiB.
    """
    levels = merkle.piece_levels(size_bytes, piece_size_bytes)
    step = max(1, _SPAN_BYTES // piece_size_bytes) * piece_size_bytes
    for start in range(0, size_bytes, step):
        size = min(step, size_bytes - start)
        yield Span(path, start // piece_size_bytes, size, piece_size_bytes, levels)


def hash_spans(
    tree: Tree, spans: Iterable[Span], threads: int | None = None
) -> Generator[tuple[Span, Hashed], None, None]:
    """
    Hash all spans, some at a time; the answers come in the order of the spans.
    Whoever stops listening closes this, which waits for the threads to stop.

    @param threads: how many; by default one for each core that we may use.
    """
    threads = threads or len(os.sched_getaffinity(0))
    stopped = threading.Event()
    pool = ThreadPoolExecutor(threads, "swarmpeer-hashing")
    try:
        work = partial(_hash_span, tree, stopped)
        waiting: deque[tuple[Span, Future[Hashed]]] = deque()
        for span in spans:
            waiting.append((span, pool.submit(work, span)))
            if len(waiting) >= threads * _WAITING_PER_THREAD:
                yield _answer(waiting)
        while waiting:
            yield _answer(waiting)
    finally:
        # However we leave, no thread reads on.
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _answer(waiting: "deque[tuple[Span, Future[Hashed]]]") -> tuple[Span, Hashed]:
    span, future = waiting.popleft()
    return span, future.result()


def _hash_span(tree: Tree, stopped: threading.Event, span: Span) -> Hashed:
    try:
        fd = tree.open(span.path)
    except OSError as error:
        return Hashed(b"", fault=error)
    hashes: list[bytes] = []
    try:
        entry = entry_of(os.fstat(fd))
        offset = span.first * span.piece_size_bytes
        end = offset + span.size_bytes
        buffer = memoryview(bytearray(min(_READ_BYTES, span.size_bytes)))
        try:
            while offset < end and not stopped.is_set():
                size = min(span.piece_size_bytes, end - offset)
                leaves = _leaves(fd, offset, size, buffer)
                if leaves is None:
                    break
                hashes.append(merkle.root(leaves, span.levels))
                offset += size
        except OSError as error:
            return Hashed(b"".join(hashes), entry, error)
        return Hashed(b"".join(hashes), entry)
    finally:
        os.close(fd)


def _leaves(fd: int, offset: int, size: int, buffer: memoryview) -> bytes | None:
    """
    The hashes of all blocks of one piece; C{None} if the file ends before.
    """
    leaves = []
    end = offset + size
    while offset < end:
        part = buffer[: min(len(buffer), end - offset)]
        if not _fill(fd, offset, part):
            return None
        leaves.append(merkle.leaf_hashes(part))
        offset += len(part)
    return b"".join(leaves)


def _fill(fd: int, offset: int, part: memoryview) -> bool:
    """
    @return: was there so much?
    """
    while part:
        count = os.preadv(fd, [part], offset)
        if count == 0:
            return False
        part = part[count:]
        offset += count
    return True
