"""
Reading what is in memory already.
"""

import errno

from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.transfers import read_up_to
from swarmpeer.wire.messages import PieceData


class CachedReads:
    """
    Reads that never wait for a disk.

    @ivar can_tell: does the file system know what is in memory?
    """

    def __init__(self, calls: FileCalls) -> None:
        self._calls = calls
        self._lives_in_memory: bool | None = None
        self.can_tell = True

    def read(
        self, fd: int, size_bytes: int, offset: int, *, may_wait: bool = False
    ) -> PieceData | None:
        """
        @param may_wait: read also if nobody knows whether the bytes are there?
        @return: the bytes, fewer if not all are in memory or the file ends there;
            C{None} if they are not in memory or nobody knows.
        @raise OSError: if the file cannot be read.
        """
        if self.can_tell:
            try:
                return self._calls.read_cached(fd, size_bytes, offset)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
            self.can_tell = False
        # Among those that cannot tell are the ones that need not be asked.
        if may_wait or self.is_in_memory(fd):
            return read_up_to(self._calls, fd, size_bytes, offset)
        return None

    def are_there(self, fd: int, size_bytes: int, offset: int) -> bool:
        """
        Can so many bytes be read without waiting for a disk, as far as samples tell?

        @return: C{False} also if the file ends before, or nobody knows.
        @raise OSError: if the file cannot be read.
        """
        if self.can_tell:
            try:
                return self._calls.is_cached(fd, size_bytes, offset)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
            self.can_tell = False
        last = offset + size_bytes - 1
        return self.is_in_memory(fd) and len(self._calls.read(fd, 1, last)) == 1

    def is_in_memory(self, fd: int) -> bool:
        """
        Does the file system of that file live in memory?  It is the one of all.
        """
        if self._lives_in_memory is None:
            self._lives_in_memory = self._calls.is_in_memory(fd)
        return self._lives_in_memory
