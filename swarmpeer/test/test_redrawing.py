"""
Tests of L{swarmpeer.redrawing}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.redrawing import Redrawn


class RedrawnTests(SynchronousTestCase):
    """
    L{Redrawn}.
    """

    def test_redrawn(self) -> None:
        """
        A table is drawn over the one before, each line to its end, and at the end the
        cursor is back, once.
        """
        written: list[str] = []
        table = Redrawn(written.append)
        table.close()
        table.draw("a\nb")
        table.draw("c")
        table.close()
        table.close()
        table.draw("d")
        hide, erase = "\x1b[?25l", "\x1b[K\n"
        self.assertEqual(
            written,
            [
                f"{hide}a{erase}b{erase}\x1b[J",
                f"\x1b[2F{hide}c{erase}\x1b[J",
                "\x1b[?25h",
                f"{hide}d{erase}\x1b[J",
            ],
        )
