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
        self._is_in_memory = False
        self.can_tell = True

    def read(
        self, fd: int, size_bytes: int, offset: int, *, may_wait: bool = False
    ) -> PieceData | None:
        """
        @param may_wait: read also if nobody knows whether the bytes are there?
        @return: the bytes, fewer if the file ends there; C{None} if they are not all
            in memory or nobody knows.
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
            self._is_in_memory = self._calls.is_in_memory(fd)
        if self._is_in_memory or may_wait:
            return read_up_to(self._calls, fd, size_bytes, offset)
        return None
