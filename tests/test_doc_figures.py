"""
Figures of the docs that the code no longer gives: C{tools/doc_figures.py}.
"""

import re
import sys

from twisted.trial.unittest import SynchronousTestCase

from tests.processes import ROOT
from tools.doc_figures import FIGURES, Figure, commands, parse

_TAKES_HOURS = "scale.svg"


class DocFigureTests(SynchronousTestCase):
    """
    What a page says of a swarm in virtual time is what comes out.
    """

    def test_quick_ones(self) -> None:
        """
        The figures that take a second or two are those of the code; C{python -m
        tools.doc_figures --all} looks at the others, too.
        """
        quick = [figure for figure in FIGURES if not figure.is_slow]
        self.assertGreater(len(quick), 0)
        for figure in quick:
            missing = figure.missing()
            self.assertEqual(missing, [], f"this is not what {figure.path} says")

    def test_stale_ones(self) -> None:
        """
        Another figure is noticed, another line break is not.
        """
        page = "docs/choking.md"
        line = "| 5 leechers, the seed sends at half the rate: last one done |\n"
        stale = f"{line} 13.4 s |"
        figure = Figure(page, lambda: [line, stale])
        self.assertEqual(figure.missing(), [stale])

    def test_pictures(self) -> None:
        """
        Every picture that a command draws is looked at, but one that takes hours.
        """
        drawn = {ROOT / figure.path for figure in FIGURES}
        for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
            self.assertEqual(picture in drawn, picture.name != _TAKES_HOURS, picture)

    def test_commands(self) -> None:
        """
        Every swarm that a page tells how to simulate can be simulated.
        """
        pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        found = [
            command
            for page in pages
            for block in commands(page.read_text())
            for command in block
            if command.startswith("swarmpeer simulate")
        ]
        self.assertGreater(len(found), 10)
        # Where those of the examples are run.
        self.patch(sys, "path", [str(ROOT / "docs" / "examples"), *sys.path])
        for command in found:
            # What comes behind a pipe is another program's.
            parse(re.split(r" \| ", command)[0])
