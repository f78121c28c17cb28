"""
What the tests of the storages share: disks, threads, answers, and changes of files
behind a storage's back.
"""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from swarmpeer.errors import BadPieceError, StorageError
from swarmpeer.seam import Piece
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.thread_work import Work
from swarmpeer.wire.messages import PieceData

Told = tuple[str, object]
"""
What was told of pieces, and of which.
"""


class FastCalls(SystemCalls):
    """
    The real disk, but nobody waits until the bytes are on it.
    """

    def sync(self, fd: int) -> None:
        """Do nothing."""


class LaterThreads:
    """
    A C{RunInThread} whose works are done when the test says so.
    """

    def __init__(self) -> None:
        self.waiting: list[Work] = []

    def __call__(self, work: Work) -> None:
        """Keep the work."""
        self.waiting.append(work)

    def run(self, position: int = 0) -> None:
        """Do one of the works that wait, and give its answer."""
        self.waiting.pop(position)()()

    def run_all(self) -> None:
        """Do all of them, and those that they bring about."""
        while self.waiting:
            self.run()


class CountedCalls(FastCalls):
    """
    A disk that says which descriptors are open, and of which nothing can be found
    out after some calls.

    @ivar opened: those that are open.
    @ivar fstats: how many more times it can be found out.
    """

    def __init__(self) -> None:
        self.opened: set[int] = set()
        self.fstats = 1000

    def open(self, folder: int, name: str, flags: int) -> int:
        """Count."""
        fd = super().open(folder, name, flags)
        self.opened.add(fd)
        return fd

    def close(self, fd: int) -> None:
        """Count."""
        self.opened.discard(fd)
        super().close(fd)

    def fstat(self, fd: int) -> os.stat_result:
        """Fail or find out."""
        self.fstats -= 1
        if self.fstats < 0:
            raise OSError(errno.EIO, "Input/output error")
        return super().fstat(fd)


class CachingCalls(CountedCalls):
    """
    A disk of which all is in memory, or nothing.

    @ivar keeps_all: which of them.
    """

    keeps_all = True

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """All or nothing."""
        return os.pread(fd, size_bytes, offset) if self.keeps_all else None

    def is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        """All that there is, or nothing."""
        return self.keeps_all and offset + size_bytes <= os.fstat(fd).st_size


class RunAnswers:
    """
    What a storage told of pieces that came together, in order.

    @ivar told: the pieces that are kept, together as they were told, and each that is
        not with what is the matter.
    @ivar react: what is done at each answer.
    """

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.react: Callable[[], None] = lambda: None

    def done(self, pieces: Sequence[Piece]) -> None:
        """These are kept."""
        self.told.append(("kept", [piece.index for piece in pieces]))
        self.react()

    def failed(self, index: int, error: StorageError) -> None:
        """That one is not."""
        kind = "wrong" if isinstance(error, BadPieceError) else "failed"
        assert f"piece {index}: " in str(error)
        self.told.append((kind, index))
        self.react()

    def one_by_one(self) -> list[Told]:
        """What was told of each piece."""
        found: list[Told] = []
        for kind, what in self.told:
            indexes = what if isinstance(what, list) else [what]
            found += [(kind, index) for index in indexes]
        return found


def overwrite(path: Path, offset: int, data: bytes) -> None:
    """
    Change some bytes of a file; its time is surely another then.
    """
    before = path.stat().st_mtime_ns
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)
    os.utime(path, ns=(before, before + 5_000_000))


def rot(path: Path, offset: int) -> None:
    """
    Change a byte behind everybody's back.
    """
    before = path.stat()
    overwrite(path, offset, b"?")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class FailingDisk(FastCalls):
    """
    A disk that fails.

    @ivar failing: by the name of the call, the number of its error.
    @ivar before_read: what happens while something is read.
    """

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.before_read: list[Callable[[], object]] = []

    def _fail(self, call: str) -> None:
        if call in self.failing:
            raise OSError(self.failing[call], os.strerror(self.failing[call]))

    def open(self, folder: int, name: str, flags: int) -> int:
        """Fail or open."""
        self._fail("open")
        return super().open(folder, name, flags)

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """Fail or read."""
        self._fail("read")
        if self.before_read:
            self.before_read.pop()()
        return super().read(fd, size_bytes, offset)

    def read_cached(self, _fd: int, _size: int, _offset: int) -> PieceData | None:
        """Fail, or find nothing in memory."""
        self._fail("read_cached")
        return None

    def is_cached(self, _fd: int, _size: int, _offset: int) -> bool:
        """Fail, or find nothing in memory."""
        self._fail("read_cached")
        return False

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """Fail or look."""
        self._fail("lstat")
        return super().lstat(folder, name)

    def set_mode(self, fd: int, mode: int) -> None:
        """Fail or set it."""
        self._fail("set_mode")
        super().set_mode(fd, mode)

    def sync(self, _fd: int) -> None:
        """Fail or do nothing."""
        self._fail("sync")

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """Write half, then fail; or write."""
        if "write" in self.failing and offset % 2 == 0:
            super().write(fd, data[: len(data) // 2], offset)
        self._fail("write")
        return super().write(fd, data, offset)
