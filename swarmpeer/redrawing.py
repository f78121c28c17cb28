"""
A table on a terminal that is drawn over itself.
"""

from collections.abc import Callable

_HIDE_CURSOR = "\x1b[?25l"
_SHOW_CURSOR = "\x1b[?25h"
_ERASE_BELOW = "\x1b[J"
_ERASE_TO_LINE_END = "\x1b[K"


class Redrawn:
    """
    Lines that are drawn in place of those before.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        """
        @param write: to the terminal, at once.
        """
        self._write = write
        self._table = ""

    def draw(self, table: str) -> None:
        """
        Draw any lines, which fit.  The last column has to stay free: what is written
        there would be erased by the end of the line, or would wrap.
        """
        before, self._table = self._table, table
        to_top = f"\x1b[{before.count(chr(10)) + 1}F" if before else ""
        lines = "".join(f"{line}{_ERASE_TO_LINE_END}\n" for line in table.split("\n"))
        self._write(to_top + _HIDE_CURSOR + lines + _ERASE_BELOW)

    def close(self) -> None:
        """
        Leave the last ones standing and give the cursor back.
        """
        if self._table:
            self._table = ""
            self._write(_SHOW_CURSOR)
