"""
Who else works on the files that a manifest is made of.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from swarmpeer.file_name import OWN_NAMES

_LOCK = os.path.join(f"{OWN_NAMES}-*", "lock")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LONGEST_NUMBER = 32


def running_peers(path: str) -> Iterator[str]:
    """
    The peers of verified swarms that run in the folder that C{path} is in, each as
    its process.

    @param path: of a file or a folder.
    """
    for lock in sorted(Path(os.path.realpath(path)).parent.glob(_LOCK)):
        # What cannot be read tells nothing.
        with suppress(OSError):
            fd = os.open(lock, _READ)
            try:
                if _is_held(fd):
                    yield _owner(os.read(fd, _LONGEST_NUMBER).strip())
            finally:
                os.close(fd)


def _is_held(fd: int) -> bool:
    try:
        # It is given back as soon as the file is closed.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _owner(number: bytes) -> str:
    return f"process {int(number)}" if number.isdigit() else "another process"
