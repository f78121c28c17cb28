"""
A log that never takes more than so much of the disk.
"""

import os
import stat
import sys
from contextlib import suppress
from errno import EEXIST, EINVAL
from itertools import pairwise
from pathlib import Path

from swarmpeer.errors import StorageError
from swarmpeer.log_output.lines import MAX_LINE_BYTES
from swarmpeer.text import printable

LEAST_BYTES = 2**20
"""
A log may not be told to be smaller.
"""
_MODE = 0o666


class BoundedFile:
    """
    Lines in one file, and in C{FILE.1}, C{FILE.2} ... those that came before: in each
    at most so many bytes, and no more files than so many.  Nothing else in the folder
    is touched.

    Where the folder does not let a full file be moved, it is emptied and written anew.
    A file that somebody moved or removed is written no more: the next one is made.
    """

    def __init__(self, path: Path, size_bytes: int, keep: int) -> None:
        """
        @param size_bytes: of each file, at most; L{LEAST_BYTES} or more.
        @param keep: how many older ones are kept, 1 or more.
        @raise StorageError: if it cannot be opened.
        """
        self._path = path.absolute()
        self._size_bytes = size_bytes
        self._keep = keep
        self._file: int | None = None
        self._told: set[str] = set()
        try:
            self._file = self._open()
        except OSError as error:
            raise StorageError(
                f"the log {printable(path)} cannot be opened: {error.strerror or error}"
            ) from error

    def write(self, line: str) -> None:
        """
        Add one; lost if the disk takes none.
        """
        data = line.encode("utf-8", "backslashreplace")
        if len(data) > MAX_LINE_BYTES:
            data = data[: MAX_LINE_BYTES - 1] + b"\n"
        # What cannot be said in a log can be said nowhere; the next line may do.
        try:
            self._write(data)
        except OSError as error:
            self._tell(f"lines are lost: {error.strerror or error}")
            self.close()

    def close(self) -> None:
        """
        It is opened again by the next line.
        """
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                os.close(file)

    def _write(self, data: bytes) -> None:
        """
        @raise OSError: if the disk does not take all of it; then it has none.
        """
        file, size = self._current()
        if size and size + len(data) > self._size_bytes:
            self._rotate(file)
            file, size = self._current()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, size)
            raise

    def _current(self) -> tuple[int, int]:
        """
        The file at the path, and how large it is.
        """
        if self._file is not None:
            # It may have been moved or removed, which nobody tells us.
            ours = os.fstat(self._file)
            with suppress(FileNotFoundError):
                if os.path.samestat(ours, os.stat(self._path)):
                    return self._file, ours.st_size
            self.close()
        self._file = self._open()
        return self._file, os.fstat(self._file).st_size

    def _open(self) -> int:
        # A pipe would be waited for.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
        try:
            file = os.open(self._path, flags, _MODE)
        except OSError as error:
            if self._path.exists() and not self._path.is_file():
                raise _is_no_file() from error
            raise
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise _is_no_file()
        return file

    def _rotate(self, file: int) -> None:
        """
        Move it away, and before that those that came before it; empty it if that
        cannot be.
        """
        try:
            self._move()
        except OSError as error:
            self._tell(
                "it cannot be moved away when it is full, and is emptied in place: "
                f"{error.strerror or error}"
            )
            os.ftruncate(file, 0)

    def _move(self) -> None:
        paths = [self._path]
        for number in range(1, self._keep + 1):
            path = self._path.with_name(f"{self._path.name}.{number}")
            paths.append(path)
            if not os.path.lexists(path):
                break
            if not path.is_file():
                # A folder, say, is nobody's log: there is room up to it.
                paths.pop()
                break
        if len(paths) == 1:
            raise FileExistsError(EEXIST, f"{paths[0].name}.1 is not a file")
        # The oldest first.
        for path, older in reversed(list(pairwise(paths))):
            os.replace(path, older)

    def _tell(self, words: str) -> None:
        """
        Once, and not in the log.
        """
        if words not in self._told:
            self._told.add(words)
            with suppress(OSError, ValueError):
                print(
                    f"swarmpeer: the log {printable(self._path)}: {words}",
                    file=sys.__stderr__,
                    flush=True,
                )


def _is_no_file() -> OSError:
    return OSError(EINVAL, "it is not a file")
