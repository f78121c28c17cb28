"""
A log that never takes more than so much of the disk.
"""

from contextlib import suppress
from pathlib import Path

from twisted.python.logfile import LogFile

from swarmpeer.errors import StorageError
from swarmpeer.log_output.lines import MAX_LINE_BYTES
from swarmpeer.text import printable

LEAST_BYTES = 2**20
"""
A log may not be told to be smaller.
"""


class BoundedFile:
    """
    Lines in one file, and in C{FILE.1}, C{FILE.2} ... those that came before: in each
    at most so many bytes, and no more files than so many.
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
        self._file: LogFile | None = None
        try:
            if self._path.exists() and not self._path.is_file():
                raise StorageError(f"the log {printable(path)} is not a file")
            self._file = self._open()
        except OSError as error:
            raise StorageError(
                f"the log {printable(path)} cannot be opened: {error.strerror or error}"
            ) from error

    def write(self, line: str) -> None:
        """
        Add one; lost if the disk takes none.
        """
        # What cannot be said in a log can be said nowhere; the next line may do.
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(line.encode("utf-8", "backslashreplace")[:MAX_LINE_BYTES])
        except (OSError, ValueError):
            self.close()

    def close(self) -> None:
        """
        It is opened again by the next line.
        """
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError, ValueError):
                file.close()

    def _open(self) -> LogFile:
        return LogFile(
            self._path.name,
            str(self._path.parent),
            # It is looked at before a line is written.
            rotateLength=self._size_bytes - MAX_LINE_BYTES,
            maxRotatedFiles=self._keep,
        )
