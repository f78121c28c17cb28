"""
Who may run a file.
"""

import os
import stat

from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_errors import NOT_ALLOWED, NOT_KNOWN

_WITHOUT_MODES = (*NOT_KNOWN, *NOT_ALLOWED)


def is_right(status: os.stat_result, is_executable: bool) -> bool:
    """
    May its owner run the file just if he should?
    """
    return bool(status.st_mode & stat.S_IXUSR) == is_executable


def set_right(calls: FileCalls, fd: int, is_executable: bool) -> None:
    """
    Let everybody run the file who may read it, or nobody.  So what the umask took
    from its mode stays away.

    A file system that has no such thing is fine: what is in the file counts.

    @raise OSError: if it cannot be done.
    """
    status = calls.fstat(fd)
    if is_right(status, is_executable):
        return
    mode = stat.S_IMODE(status.st_mode)
    mode = mode | (mode & 0o444) >> 2 if is_executable else mode & ~0o111
    try:
        calls.set_mode(fd, mode)
    except OSError as error:
        if error.errno not in _WITHOUT_MODES:
            raise
