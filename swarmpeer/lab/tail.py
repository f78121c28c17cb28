"""
A log that somebody else is still writing, read little by little.
"""

from pathlib import Path

_READ_BYTES = 1 << 20


class LogTail:
    """
    Gives each whole line of one file once, as the file grows.

    @ivar path: the file; while it cannot be read, as before it exists, there are
        no lines.
    """

    def __init__(self, path: Path, skip: bytes = b"") -> None:
        """
        @param skip: lines with these bytes in them are left out, which is much
            cheaper than to look at them.
        """
        self.path = path
        self._skip = skip
        self._position = 0
        self._rest = b""

    def read_lines(self) -> list[str]:
        """
        @return: the lines that were finished since the last call, without their
            ends.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self._position)
                lines: list[str] = []
                while chunk := file.read(_READ_BYTES):
                    self._position += len(chunk)
                    lines.extend(self._split(chunk))
                return lines
        except OSError:
            return []

    def _split(self, chunk: bytes) -> list[str]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        skip = self._skip
        return [
            line.decode("utf-8", "replace")
            for line in whole
            if not skip or skip not in line
        ]
