"""
A bounded number of open files.
"""

import resource
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

MAX_OPEN_FILES = 128
_SHARE = 4


def usual_limit() -> int:
    """
    How many files to keep open: some, but no more than a part of what this process
    may have, since its connections take descriptors too.
    """
    may_have, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if may_have == resource.RLIM_INFINITY:
        return MAX_OPEN_FILES
    return max(1, min(MAX_OPEN_FILES, may_have // _SHARE))


class OpenFile:
    """
    A descriptor that is kept for the next one who wants the file.

    @ivar fd: the descriptor.
    """

    __slots__ = ("_is_dropped", "_users", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._users = 1
        self._is_dropped = False


class OpenFiles:
    """
    The files that are open, by their numbers.  Any thread may ask.

    Whoever takes one gives it back.  When there are too many, the one that was
    not asked for the longest is closed; none is closed while somebody has it.
    """

    def __init__(self, close: Callable[[int], None], limit: int | None = None) -> None:
        """
        @param close: closes a descriptor.
        @param limit: how many are kept open at most while nobody has them; see
            L{usual_limit}.
        """
        self._close_fd = close
        self._limit = usual_limit() if limit is None else limit
        self._lock = Lock()
        self._files: OrderedDict[int, OpenFile] = OrderedDict()

    def take(self, number: int) -> OpenFile | None:
        """
        Have that file, if it is open.
        """
        with self._lock:
            file = self._files.get(number)
            if file is not None:
                file._users += 1
                self._files.move_to_end(number)
            return file

    def put(self, number: int, fd: int) -> OpenFile:
        """
        Have a file that was opened for it, and keep it.  What was kept for that
        number is dropped.
        """
        self.drop(number)
        file = OpenFile(fd)
        with self._lock:
            self._files[number] = file
            surplus = max(0, len(self._files) - self._limit)
            idle = [other for other, kept in self._files.items() if not kept._users]
            closed = [self._files.pop(other) for other in idle[:surplus]]
        for kept in closed:
            self._close(kept)
        return file

    def apart(self, fd: int) -> OpenFile:
        """
        Have a file that is for nobody else, and closed when it is given back.
        """
        file = OpenFile(fd)
        file._is_dropped = True
        return file

    def give_back(self, file: OpenFile) -> None:
        """
        Be done with it.
        """
        with self._lock:
            file._users -= 1
            is_over = file._is_dropped and not file._users
        if is_over:
            self._close(file)

    def drop(self, number: int) -> None:
        """
        Close that file as soon as nobody has it; whoever asks from now on needs
        another descriptor.
        """
        with self._lock:
            file = self._files.pop(number, None)
            if file is None:
                return
            file._is_dropped = True
            is_over = not file._users
        if is_over:
            self._close(file)

    def drop_idle(self) -> None:
        """
        Close all that nobody has.
        """
        with self._lock:
            idle = [number for number, file in self._files.items() if not file._users]
        for number in idle:
            self.drop(number)

    def drop_all(self) -> None:
        """
        Drop every one.
        """
        with self._lock:
            numbers = list(self._files)
        for number in numbers:
            self.drop(number)

    def _close(self, file: OpenFile) -> None:
        # Whatever had to last was brought to the disk before, and it is closed all
        # the same.
        with suppress(OSError):
            self._close_fd(file.fd)
