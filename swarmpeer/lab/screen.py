"""
Where a lab shows its swarm: a table redrawn in place, or plain lines.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

from swarmpeer.lab.render import render, render_complete, render_line
from swarmpeer.lab.view import SwarmView
from swarmpeer.redrawing import Redrawn

PLAIN_INTERVAL_SECONDS = 2.0


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
        self._table = Redrawn(self._write)

    def show(self, view: SwarmView, now_seconds: float) -> None:
        """
        Draw the table over the one before.
        """
        size = self._measure()
        self._table.draw(render(view, now_seconds, size.columns - 1, size.lines - 1))

    def close(self) -> None:
        """
        Leave the last table standing and give the cursor back.
        """
        self._table.close()
