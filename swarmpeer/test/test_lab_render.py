"""
Tests of L{swarmpeer.lab.render} and L{swarmpeer.lab.screen}.
"""

import io
import os

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.lab.render import (
    PeerResult,
    render,
    render_line,
    render_results,
)
from swarmpeer.lab.screen import PlainScreen, TerminalScreen
from swarmpeer.lab.view import SwarmView
from swarmpeer.protocol_log import LogKind, LogLine
from swarmpeer.test.test_lab_view import downloaded, said, three_peers


def busy_swarm() -> SwarmView:
    """
    Three peers in the middle of their work, and one of them done.
    """
    view = three_peers()
    for line in (
        said(1002, LogKind.UNCHOKED, 1001),
        said(1003, LogKind.UNCHOKED, 1001),
        said(1001, LogKind.OPTIMISTIC, 1003),
        downloaded(1002, 0, 1001, 1),
        downloaded(1002, 1, 1001, 2),
        downloaded(1002, 2, 1001, 3),
        downloaded(1003, 2, 1002, 1),
        said(1002, LogKind.COMPLETED),
    ):
        view.apply(line, 1.0)
    return view


class RenderTests(SynchronousTestCase):
    """
    The texts.
    """

    def test_table(self) -> None:
        """
        A row per peer: share, pieces, rates, the optimistic one, whom it serves.
        """
        self.assertEqual(
            render(busy_swarm(), 2.0, 100, 24).split("\n"),
            [
                "2.0 s: 66% of all, 1 of 2 complete, 30 B/s",
                "peer  done                         pieces      in     out"
                "  optimistic  serves",
                "1001  [####################] 100%     3/3   0 B/s  25 B/s"
                "        1003  1002 1003",
                "1002  [####################] 100%     3/3  25 B/s   5 B/s"
                "           -  -",
                "1003  [######..............]  33%     1/3   5 B/s   0 B/s"
                "           -  -",
            ],
        )

    @settings(deadline=None)
    @given(st.integers(1, 200), st.integers(1, 70), st.integers(2, 64))
    def test_fits(self, width: int, height: int, count: int) -> None:
        """
        However small the terminal is, the table is neither wider nor, from four
        lines on, higher.
        """
        view = SwarmView(
            PieceLayout(100, 10), [(1001 + n, n == 0) for n in range(count)]
        )
        lines = render(view, 1.0, width, height).split("\n")
        self.assertLessEqual(max(map(len, lines)), width)
        self.assertLessEqual(len(lines), max(4, height))

    def test_furthest_left_out(self) -> None:
        """
        When not all peers fit, those that are furthest are left out and counted.
        """
        lines = render(busy_swarm(), 2.0, 100, 4).split("\n")
        self.assertEqual(
            [line.split()[0] for line in lines[2:]], ["1003", "..."], lines
        )
        self.assertEqual(lines[-1], "... and 2 more that are further")

    def test_line(self) -> None:
        """
        One line says how far all are, and who is last.
        """
        self.assertEqual(
            render_line(busy_swarm(), 2.0),
            "2.0 s: 66% of all, 1 of 2 complete, 30 B/s, last is 1003 at 33%",
        )

    def test_results(self) -> None:
        """
        At the end: time, bytes, digest, and whether it is the same file.
        """
        results = [
            PeerResult(1001, "a" * 64),
            PeerResult(1002, "b" * 64),
            PeerResult(1003, None, "No such file or directory"),
        ]
        self.assertEqual(
            render_results(busy_swarm(), "a" * 64, results).split("\n"),
            [
                "peer   time  bytes in  bytes out           SHA-256  file",
                "1001   seed         0         25  aaaaaaaaaaaaaaaa  identical",
                "1002  1.0 s        25          5  bbbbbbbbbbbbbbbb  DIFFERENT",
                "1003      -         5          0                 -"
                "  No such file or directory",
                "FILE                              aaaaaaaaaaaaaaaa",
            ],
        )


class PlainScreenTests(SynchronousTestCase):
    """
    Output that is no terminal.
    """

    def test_lines(self) -> None:
        """
        A line every two seconds, and one at once for each that is complete.
        """
        stream = io.StringIO()
        screen = PlainScreen(stream)
        view = three_peers()
        for now_seconds in (0.0, 1.0, 1.5, 2.0, 2.5, 3.5, 4.0):
            if now_seconds == 1.5:
                view.apply(LogLine("", 1003, LogKind.COMPLETED), 1.5)
            screen.show(view, now_seconds)
        screen.tell("the end")
        screen.close()
        self.assertEqual(
            stream.getvalue().splitlines(),
            [
                "1.5 s: 1003 has the file (1 of 2)",
                "2.0 s: 0% of all, 1 of 2 complete, 0 B/s, last is 1002 at 0%",
                "4.0 s: 0% of all, 1 of 2 complete, 0 B/s, last is 1002 at 0%",
                "the end",
            ],
        )

    def test_reader_gone(self) -> None:
        """
        When nobody reads the output, that is remembered, and nothing is raised.
        """
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as stream:
            screen = PlainScreen(stream)
            screen.tell("hello")
            self.assertTrue(screen.is_gone)
            screen.tell("again")
            # What is left in its buffer is written when the stream is closed.
            os.dup2(os.open(os.devnull, os.O_WRONLY), writer)


class TerminalScreenTests(SynchronousTestCase):
    """
    A terminal.
    """

    def test_redrawn(self) -> None:
        """
        A table is drawn over the one before, each line to its end; what is told
        comes below it, and the cursor is back.
        """
        stream = io.StringIO()
        screen = TerminalScreen(stream, lambda: os.terminal_size((61, 25)))
        view = busy_swarm()
        screen.tell("hello")
        screen.show(view, 2.0)
        screen.show(view, 2.2)
        screen.tell("the end")
        screen.close()

        def drawn(now_seconds: float) -> str:
            table = render(view, now_seconds, 60, 24).replace("\n", "\x1b[K\n")
            return f"\x1b[?25l{table}\x1b[K\n\x1b[J"

        self.assertEqual(
            stream.getvalue(),
            "hello\n" + drawn(2.0) + "\x1b[5F" + drawn(2.2) + "\x1b[?25hthe end\n",
        )
