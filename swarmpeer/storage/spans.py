"""
Pieces that are sent from an open file, without being kept in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.transfers import read_up_to

SCRATCH_BYTES = 128 * 1024
"""
So much of a piece is in memory at a time while it is read through; whole blocks of a
hash tree.
"""


def read_through(
    calls: FileCalls, fd: int, size_bytes: int, offset: int
) -> Iterator[bytes]:
    """
    Read a piece chunk by chunk, up to the end of the file; so it is in the page cache
    after that.

    @return: the chunks; all but the last are of L{SCRATCH_BYTES}.
    @raise OSError: if it cannot be read.
    """
    for at in range(0, size_bytes, SCRATCH_BYTES):
        wanted = min(SCRATCH_BYTES, size_bytes - at)
        chunk = read_up_to(calls, fd, wanted, offset + at)
        yield chunk
        if len(chunk) < wanted:
            return


class FileSpan:
    """
    The L{swarmpeer.seam.PieceSpan} of a file on a disk.  The descriptor stays open
    until it is given back, whatever becomes of the file and of the storage.

    @ivar fd: see L{swarmpeer.seam.PieceSpan}, as the others.
    """

    __slots__ = ("_calls", "_returned", "fd", "offset", "size_bytes")

    def __init__(
        self,
        calls: FileCalls,
        fd: int,
        offset: int,
        size_bytes: int,
        returned: Callable[[], None],
    ) -> None:
        """
        @param returned: told when it is given back.
        """
        self._calls = calls
        self._returned: Callable[[], None] | None = returned
        self.fd = fd
        self.offset = offset
        self.size_bytes = size_bytes

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        See L{swarmpeer.seam.PieceSpan}.
        """
        wanted = min(size_bytes, self.size_bytes - at)
        return read_up_to(self._calls, self.fd, wanted, self.offset + at)

    def give_back(self) -> None:
        """
        See L{swarmpeer.seam.PieceSpan}.

        @raise RuntimeError: if it was given back before.
        """
        returned, self._returned = self._returned, None
        if returned is None:
            raise RuntimeError("the span of a piece was given back twice")
        returned()


class LentDescriptor:
    """
    A descriptor that is closed when its owner and all who borrowed it are done with
    it.  All is asked for in one thread.

    @ivar fd: the descriptor.
    """

    __slots__ = ("_close", "_users", "fd")

    def __init__(self, fd: int, close: Callable[[int], None]) -> None:
        """
        @param close: closes a descriptor.
        """
        self._close = close
        self._users = 1
        self.fd = fd

    def borrow(self) -> None:
        """
        One more uses it.
        """
        self._users += 1

    def give_back(self) -> None:
        """
        One of them, or the owner, does not need it any more.
        """
        self._users -= 1
        if not self._users:
            # Whatever had to last was brought to the disk before.
            with suppress(OSError):
                self._close(self.fd)
