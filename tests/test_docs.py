"""
What the documentation says of other files and of the code, held against them.
"""

import ast
import doctest
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ViolationReason
from swarmpeer.net.limits import Limits
from tests.processes import ROOT

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """
    Every page of documentation in the source.
    """
    folders = [
        folder
        for folder in ROOT.iterdir()
        if folder.is_dir() and folder.name[0] not in "._"
    ]
    found = [path for folder in folders for path in folder.rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *found])


def anchors(text: str) -> set[str]:
    """
    The names by which one can link to the headings of a page.
    """
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def section(page: str, heading: str) -> str:
    """
    What stands on a page of C{docs} under a heading, up to the next one.
    """
    text = (ROOT / "docs" / page).read_text()
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def words_in(tree: ast.AST) -> Iterator[str]:
    """
    Every text in a source, with C{...} for what is put into it: by an f-string,
    or by the formats of twisted.logger.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[^}]*\}", "...", node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "..."
                for part in node.values
            )


def words_of(folder: Path) -> Iterable[str]:
    """
    Every text in the sources of a folder, its tests left out.
    """
    for path in sorted(folder.rglob("*.py")):
        if "test" not in path.relative_to(folder).parts:
            yield from words_in(ast.parse(path.read_text()))


class LinkTests(SynchronousTestCase):
    """
    From page to page.
    """

    def test_links(self) -> None:
        """
        Every link to a file leads to one, and to a heading that it has.
        """
        self.assertIn(ROOT / "README.md", pages())
        broken = []
        for page in pages():
            for link in _LINK.findall(_FENCE.sub("", page.read_text())):
                target, _, anchor = link.partition("#")
                if "://" in target or target.startswith("mailto:"):
                    continue
                path = page.parent / target if target else page
                if not path.exists() or (
                    anchor and anchor not in anchors(path.read_text())
                ):
                    broken.append(f"{page.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])


class OperatingTests(SynchronousTestCase):
    """
    docs/operating.md.
    """

    def test_lines_of_the_tables(self) -> None:
        """
        Every line that the tables of errors tell of stands in the code, word for
        word.
        """
        lines = _ROW.findall(section("operating.md", "## Errors"))
        self.assertGreater(len(lines), 20)
        in_code = set(words_of(ROOT / "swarmpeer"))
        unknown = []
        for line in lines:
            pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
            if not any(pattern.search(words) for words in in_code):
                unknown.append(line)
        self.assertEqual(unknown, [])

    def test_codes(self) -> None:
        """
        Every code of a breach is told, and no other.
        """
        heading = "## When a neighbour breaks the protocol"
        codes = _ROW.findall(section("operating.md", heading))
        self.assertEqual(codes, [reason.value for reason in ViolationReason])


class OtherPagesTests(SynchronousTestCase):
    """
    Lists that must be whole.
    """

    def test_limits(self) -> None:
        """
        docs/embedding.md has every limit with its usual value, and other pages
        tell the same of a stall.
        """
        rows = re.findall(
            r"^\| `(\w+)` \| (\d+) \|",
            section("embedding.md", "### Limits"),
            re.MULTILINE,
        )
        told = {name: float(value) for name, value in rows}
        usual = Limits()
        self.assertEqual(
            told, {name: float(getattr(usual, name)) for name in Limits.__slots__}
        )
        stall = f"fewer than {usual.progress_bytes} bytes of any piece come"
        for page in ("operating.md", "choking.md"):
            self.assertIn(stall, (ROOT / "docs" / page).read_text())

    def test_modules_of_the_tests(self) -> None:
        """
        docs/testing.md tells what each module of these tests looks at.
        """
        table = section("testing.md", "## Two kinds of tests")
        rows = re.findall(r"^\| `test.*?\|", table, re.MULTILINE)
        told = re.findall(r"`(test_\w+)`", "".join(rows))
        there = [path.stem for path in Path(__file__).parent.glob("test_*.py")]
        self.assertEqual(sorted(told), sorted(there))

    def test_examples_of_the_wire(self) -> None:
        """
        What docs/wire.md shows of a session with Python is what Python says.
        """
        page = str(ROOT / "docs" / "wire.md")
        result = doctest.testfile(page, module_relative=False)
        self.assertGreater(result.attempted, 0)
        self.assertEqual(result.failed, 0)
