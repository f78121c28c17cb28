"""
What a command says: whole lines that stay, and one on a terminal that tells how
far it is, written over itself.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from swarmpeer.errors import SwarmPeerError

INTERVAL_SECONDS = 0.1

_ERASE_LINE = "\r\x1b[K"


class OutputError(SwarmPeerError):
    """
    What was found out cannot be written.
    """


class ReaderGone(OutputError):
    """
    Nobody reads on, as behind C{| head}: no mistake, and nothing to complain of.
    """


def say(text: str) -> None:
    """
    Write whole lines to standard output, at once.

    @raise ReaderGone: if nobody reads it any more.
    @raise OutputError: if it cannot be written: the disk is full, say.
    """
    write(text + "\n")


def write(text: str) -> None:
    """
    Write to standard output as it is, at once.

    @raise ReaderGone: if nobody reads it any more.
    @raise OutputError: if it cannot be written: the disk is full, say.
    """
    try:
        print(text, end="", flush=True)
    except BrokenPipeError as error:
        raise ReaderGone("nobody reads the output any more") from error
    except OSError as error:
        raise OutputError("the output cannot be written") from error


def is_terminal(stream: TextIO | None) -> bool:
    """
    Does somebody look at what is written there?

    @param stream: C{None}, as Python has it, if it was closed before we began.
    """
    return stream is not None and stream.isatty()


class ProgressLine:
    """
    The line; without a terminal there is none.
    """

    def __init__(
        self,
        stream: TextIO | None,
        seconds: Callable[[], float],
        columns: Callable[[], int],
    ) -> None:
        """
        @param stream: C{None} if it was closed before we began.
        @param seconds: a clock that only goes forward.
        @param columns: the width of the terminal as it is now.
        """
        self._stream = stream
        self._seconds = seconds
        self._columns = columns
        self._is_terminal = is_terminal(stream)
        self._is_shown = False
        self._due_seconds = seconds() + INTERVAL_SECONDS

    def show(self, describe: Callable[[], str]) -> None:
        """
        Put other words there, unless it is too soon.

        @param describe: gives the words, if they are wanted.
        """
        if not self._is_terminal or self._seconds() < self._due_seconds:
            return
        self._due_seconds = self._seconds() + INTERVAL_SECONDS
        # Before it is, so that whoever is interrupted meanwhile clears it as well.
        self._is_shown = True
        # The last column stays free, or the line would wrap.
        self._write(_ERASE_LINE + describe()[: self._columns() - 1])

    def clear(self) -> None:
        """
        Leave the line empty for others.
        """
        if self._is_shown:
            self._is_shown = False
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        # What is not seen is not missed.
        if self._stream is None:
            return
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
