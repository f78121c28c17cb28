"""
Reading and writing as much as was asked for, in as many calls as that takes, and
bringing it to the disk.
"""

import errno

from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_errors import NOT_KNOWN
from swarmpeer.wire.messages import PieceData


def read_up_to(calls: FileCalls, fd: int, size_bytes: int, offset: int) -> bytes:
    """
    Read so many bytes, or up to the end of the file.

    @raise OSError: if it cannot be read.
    """
    data = calls.read(fd, size_bytes, offset)
    while data and len(data) < size_bytes:
        more = calls.read(fd, size_bytes - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def write_all(calls: FileCalls, fd: int, data: PieceData, offset: int) -> None:
    """
    Write all of C{data}.

    @raise OSError: if it cannot be written.
    """
    written = calls.write(fd, data, offset)
    if written == len(data):
        return
    with memoryview(data) as view:
        while written < len(view):
            with view[written:] as rest:
                count = calls.write(fd, rest, offset + written)
            if not count:
                raise OSError(errno.EIO, "the disk takes no more bytes")
            written += count


def sync(calls: FileCalls, fd: int) -> None:
    """
    Bring a file, or the names in a folder, to the disk, as far as the file system
    knows such a thing; some network file systems do not.

    @raise OSError: if the disk refused something.
    """
    try:
        calls.sync(fd)
    except OSError as error:
        if error.errno not in NOT_KNOWN:
            raise
