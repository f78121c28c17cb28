"""
Where a lab shows its swarm: a table redrawn in place, or plain lines.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

from swarmpeer.lab.render import render, render_complete, render_line
from swarmpeer.lab.view import SwarmView

PLAIN_INTERVAL_SECONDS = 2.0

_HIDE_CURSOR = "\x1b[?25l"
_SHOW_CURSOR = "\x1b[?25h"
_ERASE_BELOW = "\x1b[J"
_ERASE_TO_LINE_END = "\x1b[K"


class Screen(ABC):
    """
    The output of a lab.

    @ivar is_gone: did whoever read the output go away?  Then nothing more is
        written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_gone = False

    @abstractmethod
    def show(self, view: SwarmView, now_seconds: float) -> None:
        """
        Show how far the swarm is.
        """

    @abstractmethod
    def close(self) -> None:
        """
        Leave the terminal as it was found.
        """

    def tell(self, text: str) -> None:
        """
        Say C{text}, whole lines that stay, below what was shown.
        """
        self.close()
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        if self.is_gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self.is_gone = True


class PlainScreen(Screen):
    """
    One line about the swarm every L{PLAIN_INTERVAL_SECONDS}, and one for each
    peer that becomes complete.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._due_seconds = PLAIN_INTERVAL_SECONDS
        self._complete: set[int] = set()

    def show(self, view: SwarmView, now_seconds: float) -> None:
        """
        Write what is new, if it is time or a peer became complete.
        """
        for peer in view.leechers:
            if peer.is_complete and peer.peer_id not in self._complete:
                self._complete.add(peer.peer_id)
                self.tell(render_complete(view, peer, len(self._complete)))
        if now_seconds >= self._due_seconds:
            self._due_seconds = now_seconds + PLAIN_INTERVAL_SECONDS
            self.tell(render_line(view, now_seconds))

    def close(self) -> None:
        """
        Nothing was changed.
        """


class TerminalScreen(Screen):
    """
    A table that is drawn over itself, until something is told.
    """

    def __init__(self, stream: TextIO, measure: Callable[[], os.terminal_size]) -> None:
        """
        @param measure: gives the size of the terminal as it is now.
        """
        super().__init__(stream)
        self._measure = measure
        self._table = ""

    def show(self, view: SwarmView, now_seconds: float) -> None:
        """
        Draw the table over the one before.
        """
        size = self._measure()
        # The last column stays free: what is written there would be erased by
        # the end of the line, or would wrap.
        self.draw(render(view, now_seconds, size.columns - 1, size.lines - 1))

    def draw(self, table: str) -> None:
        """
        Draw any lines, which fit, over those before.
        """
        self._write(self._to_top() + self._drawn(table))

    def close(self) -> None:
        """
        Leave the last table standing and give the cursor back.
        """
        if self._table:
            self._table = ""
            self._write(_SHOW_CURSOR)

    def _to_top(self) -> str:
        """
        Move from below the table to its first line.
        """
        if not self._table:
            return ""
        return f"\x1b[{self._table.count(chr(10)) + 1}F"

    def _drawn(self, table: str) -> str:
        self._table = table
        lines = "".join(f"{line}{_ERASE_TO_LINE_END}\n" for line in table.split("\n"))
        return _HIDE_CURSOR + lines + _ERASE_BELOW
