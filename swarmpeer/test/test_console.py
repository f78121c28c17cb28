"""
Tests of L{swarmpeer.console}.
"""

import errno
import io
from contextlib import redirect_stdout
from functools import partial

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.console import OutputError, ProgressLine, ReaderGone, is_terminal, say


class Terminal(io.StringIO):
    """
    What calls itself a terminal.
    """

    def isatty(self) -> bool:
        """
        It does.
        """
        return True


class BrokenTerminal(Terminal):
    """
    One that is gone.
    """

    def write(self, text: str) -> int:
        """
        Fail.
        """
        raise OSError(text)


def words(text: str) -> str:
    """
    What a line is to say.
    """
    return text


class FailingStream(io.StringIO):
    """
    Takes nothing.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def flush(self) -> None:
        """
        Fail.
        """
        raise self._error


class SayTests(SynchronousTestCase):
    """
    L{say}.
    """

    def test_cannot_be_written(self) -> None:
        """
        That nobody reads on is told apart from what is a failure.
        """
        for failure, kind in ((errno.EPIPE, ReaderGone), (errno.ENOSPC, OutputError)):
            with redirect_stdout(FailingStream(OSError(failure, "no"))):
                error = self.assertRaises(OutputError, say, "word")
            self.assertIs(type(error), kind)


class ProgressLineTests(SynchronousTestCase):
    """
    L{ProgressLine}.
    """

    def setUp(self) -> None:
        """
        A terminal of eleven columns.
        """
        self.clock = Clock()
        self.stream = Terminal()
        self.line = ProgressLine(self.stream, self.clock.seconds, lambda: 11)

    def test_shown(self) -> None:
        """
        It is written over itself, no wider than the terminal, and goes without a
        trace.
        """
        self.clock.advance(0.2)
        self.line.show(lambda: "a quarter of all")
        self.clock.advance(0.2)
        self.line.show(lambda: "half")
        self.line.clear()
        self.line.clear()
        self.assertEqual(
            self.stream.getvalue(), "\r\x1b[Ka quarter \r\x1b[Khalf\r\x1b[K"
        )

    def test_not_too_often(self) -> None:
        """
        Between two there is time to read, and what is not shown is not even put
        into words.
        """
        said: list[int] = []

        def describe(number: int) -> str:
            said.append(number)
            return ""

        for number in range(7):
            self.line.show(partial(describe, number))
            self.clock.advance(0.0625)
        self.assertEqual(said, [2, 4, 6])

    def test_no_terminal(self) -> None:
        """
        Without a terminal there is nothing.
        """
        stream = io.StringIO()
        line = ProgressLine(stream, self.clock.seconds, lambda: 80)
        self.clock.advance(1)
        line.show(lambda: "half")
        line.clear()
        self.assertEqual(stream.getvalue(), "")

    def test_closed(self) -> None:
        """
        Nor is there one where the stream was closed before we began.
        """
        line = ProgressLine(None, lambda: 99.0, lambda: 80)
        line.show(lambda: "x")
        line.clear()
        self.assertFalse(is_terminal(None))

    def test_terminal_is_gone(self) -> None:
        """
        A terminal that is gone stops nothing.
        """
        line = ProgressLine(BrokenTerminal(), self.clock.seconds, lambda: 80)
        self.clock.advance(1)
        line.show(lambda: "half")
        line.clear()
