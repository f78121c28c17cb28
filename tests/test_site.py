"""
The site of the documentation: its sidebar, the gallery, and that it can be built.
"""

import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.test.tools import excuse
from tests.processes import ROOT
from tools.site_check import faults

_DOCS = ROOT / "docs"


def why_no_site() -> str | None:
    """
    What is missing for it, and how to get it; C{None} if nothing is.
    """
    if all(map(find_spec, ("sphinx", "myst_parser", "furo"))):
        return None
    return "Sphinx or a part of it is not installed: pip install 'swarmpeer[docs]'"


class SidebarTests(SynchronousTestCase):
    """
    What docs/conf.py puts into the sidebar.
    """

    def setUp(self) -> None:
        """
        As Sphinx reads it.
        """
        self.patch(sys, "path", [*sys.path])
        self.conf = runpy.run_path(str(_DOCS / "conf.py"))

    def test_every_page(self) -> None:
        """
        Every page stands in one part of it, but for the one that it begins at.
        """
        told = [name for names in self.conf["parts"]().values() for name in names]
        there = {path.stem for path in _DOCS.glob("*.md")} - {self.conf["START"]}
        self.assertEqual(sorted(told), sorted(there))

    def test_api_pages(self) -> None:
        """
        A source of ours has a page in the reference; nothing else has.
        """
        page = self.conf["api_page"]
        wire = ROOT / "swarmpeer" / "wire"
        self.assertEqual(page(wire / "codec.py"), "api/swarmpeer.wire.codec.html")
        self.assertEqual(page(wire / "__init__.py"), "api/swarmpeer.wire.html")
        self.assertIsNone(page(_DOCS / "examples/own_world.py"))
        self.assertIsNone(page(ROOT / "README.md"))


class StartTests(SynchronousTestCase):
    """
    docs/index.md.
    """

    def test_all_can_be_found(self) -> None:
        """
        It leads to every page, or the reader of a forge, who has no sidebar, would not
        find it.
        """
        text = (_DOCS / "index.md").read_text()
        links = set(re.findall(r"\]\((\w+)\.md\)", text))
        there = {path.stem for path in _DOCS.glob("*.md")} - {"index"}
        self.assertEqual(there - links, set())


class GalleryTests(SynchronousTestCase):
    """
    docs/gallery.md.
    """

    def test_pictures(self) -> None:
        """
        Every picture has a heading of its own, words about it and the command that
        makes it, and is small.
        """
        text = (_DOCS / "gallery.md").read_text()
        entries = re.split(r"^## .*\n", text, flags=re.MULTILINE)[1:]
        shown = []
        for entry in entries:
            words, _, rest = entry.partition("![")
            self.assertTrue(words.strip(), entry)
            (name,) = re.findall(r"\]\(pictures/([^)]+)\)", rest)
            command = "".join(re.findall(r"^    (.*\n)", rest, re.MULTILINE))
            self.assertIn("docs/pictures", command, name)
            shown.append(name)
        pictures = list((_DOCS / "pictures").iterdir())
        self.assertEqual(sorted(shown), sorted(path.name for path in pictures))
        for path in pictures:
            self.assertLess(path.stat().st_size, 200_000, path.name)


class BuildTests(SynchronousTestCase):
    """
    C{make docs} without the reference, which takes the better part of a minute.
    """

    skip = excuse("sphinx", why_no_site())

    def test_build(self) -> None:
        """
        Sphinx has nothing to complain of, every link leads somewhere, and nothing is
        fetched from another host.
        """
        site = Path(self.mktemp())
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
        built = subprocess.run(
            [*command, "-b", "html", "-d", f"{site}.trees", str(_DOCS), str(site)],
            capture_output=True,
            text=True,
        )
        self.assertEqual((built.returncode, built.stderr), (0, ""))
        self.assertEqual(list(faults(site, without="api")), [])
        tutorial = (site / "tutorial.html").read_text()
        for part in ("Use", "Operate", "Embed", "The course", "Inside", "Reference"):
            self.assertIn(f">{part}</span>", tutorial)


class CheckTests(SynchronousTestCase):
    """
    The look at a site.
    """

    def test_faults(self) -> None:
        """
        It finds links to no file and to no place, and whatever comes from another host.
        """
        site = Path(self.mktemp())
        site.mkdir()
        (site / "a.html").write_text(
            '<a href="b.html#here">1</a><a href="b.html#there">2</a>'
            '<a href="c.html">3</a><a href="#top">4</a><a href="https://x/">5</a>'
            '<script src="//x/y.js"></script><img src="none.svg">'
            '<link rel="stylesheet" href="https://x/y.css"><a href="api/d.html">6</a>'
        )
        (site / "b.html").write_text('<p id="here">')
        (site / "a.css").write_text("p {background: url('https://x/z.png')}")
        self.assertEqual(
            sorted(faults(site.resolve(), without="api")),
            [
                "a.css: fetches https://x/z.png",
                "a.html: b.html#there has no such place",
                "a.html: c.html leads nowhere",
                "a.html: fetches //x/y.js",
                "a.html: fetches https://x/y.css",
                "a.html: none.svg leads nowhere",
            ],
        )
