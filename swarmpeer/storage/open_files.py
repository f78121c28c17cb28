"""
A bounded number of open files.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

MAX_OPEN_FILES = 128


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

    def __init__(
        self, close: Callable[[int], None], limit: int = MAX_OPEN_FILES
    ) -> None:
        """
        @param close: closes a descriptor.
        @param limit: how many are kept open at most while nobody has them.
        """
        self._close = close
        self._limit = limit
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
            idle = [
                (other, kept)
                for other, kept in self._files.items()
                if len(self._files) > self._limit and not kept._users
            ]
            surplus = idle[: len(self._files) - self._limit]
            for other, _ in surplus:
                del self._files[other]
        for _, kept in surplus:
            self._close(kept.fd)
        return file

    def give_back(self, file: OpenFile) -> None:
        """
        Be done with it.
        """
        with self._lock:
            file._users -= 1
            is_over = file._is_dropped and not file._users
        if is_over:
            self._close(file.fd)

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
            self._close(file.fd)

    def drop_all(self) -> None:
        """
        Drop every one.
        """
        for number in list(self._files):
            self.drop(number)
