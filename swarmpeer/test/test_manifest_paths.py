"""
Tests for L{swarmpeer.manifest.paths}.
"""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ManifestError
from swarmpeer.manifest.paths import (
    MAX_LINKS,
    MAX_PATH_BYTES,
    MAX_PATH_NAMES,
    Path,
    bytes_of,
    folded,
    follow,
    link_target,
    name_fault,
    order_of,
    path_fault,
    shown,
    text_of,
)


class NameTests(SynchronousTestCase):
    """
    Single names, and paths of them.
    """

    @settings(deadline=None)
    @given(st.binary())
    def test_any_bytes(self, name: bytes) -> None:
        """
        Whatever bytes a name has, it has them again after it was text.
        """
        self.assertEqual(bytes_of(text_of(name)), name)

    def test_names(self) -> None:
        """
        What would lead elsewhere or cannot be a name is refused; nothing else is.
        """
        for name, fault in (
            (b"", "an empty name"),
            (b".", "a name that leads to another folder"),
            (b"..", "a name that leads to another folder"),
            (b"a/b", "a name with a slash"),
            (b"/", "a name with a slash"),
            (b"a\0", "a name with a zero byte"),
            (b"x" * 256, "a name of 256 bytes, 255 at most"),
            (b"x" * 255, None),
            (b"...", None),
            (b"\xff\n\\ ", None),
            ("\N{SLICE OF PIZZA}".encode(), None),
        ):
            self.assertEqual(name_fault(name), fault, name)

    def test_paths(self) -> None:
        """
        Paths that no system would take are refused.
        """
        self.assertIsNone(path_fault(("a",) * MAX_PATH_NAMES))
        self.assertIn("names", str(path_fault(("a",) * (MAX_PATH_NAMES + 1))))
        long = ("x" * 255,) * 15
        self.assertIsNone(path_fault((*long, "y" * 255)))
        self.assertEqual(len("/".join((*long, "y" * 255))), MAX_PATH_BYTES)
        fault = "a path of 4096 bytes, 4095 at most"
        self.assertEqual(path_fault((*long, "y" * 254, "z")), fault)

    def test_folded(self) -> None:
        """
        Names that only some file systems can tell apart are the same, others not.
        """
        for one, other in (
            ("README", "readme"),
            ("stra\u00dfe", "STRASSE"),
            ("caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")),
            ("\u03a3", "\u03c2"),
        ):
            self.assertEqual(folded(one), folded(other))
        for one, other in (("a", "b"), ("e", "\u00e9"), ("\udcff", "\udcfe")):
            self.assertNotEqual(folded(one), folded(other))

    def test_shown(self) -> None:
        """
        A path is one line, whatever is in it; its order is that of its bytes.
        """
        self.assertEqual(shown(("a", "b\n\udcff")), "a/b\\n\\udcff")
        self.assertLess(order_of(("a", "z")), order_of(("a.b",)))
        self.assertLess(order_of(("\uffff",)), order_of(("\U00010000",)))


class LinkTests(SynchronousTestCase):
    """
    Where links lead.
    """

    def test_targets(self) -> None:
        """
        The text in a link is read from where the link lies.
        """
        for link, text, target in (
            ("a", "b", "b"),
            ("a", "./b//c/", "b/c"),
            ("x/a", "b", "x/b"),
            ("x/y/a", "../b", "x/b"),
            ("x/y/a", "../../b", "b"),
            ("x/y/a", "..", "x"),
            ("x/a", ".", "x"),
            ("a", "ln/b", "ln/b"),
        ):
            found = link_target(
                tuple(link.split("/")), text, frozenset({("ln",), ("a",)})
            )
            self.assertEqual("/".join(found), target)

    def test_outward(self) -> None:
        """
        A link that leads outward, also for a moment, to everything, or where its
        text does not tell, is refused.
        """
        for link, text, fault in (
            ("a", "/etc/passwd", "an absolute link, a relative one would be right"),
            ("a", "../b", "a link that leads outward"),
            ("x/a", "../../top/b", "a link that leads outward"),
            ("a", ".", "a link to the whole folder"),
            ("x/a", "..", "a link to the whole folder"),
            ("a", "ln/../b", "a link that goes back from another link"),
        ):
            error = self.assertRaises(
                ManifestError,
                link_target,
                tuple(link.split("/")),
                text,
                frozenset({("ln",)}),
            )
            self.assertEqual(str(error), fault)

    def test_follow(self) -> None:
        """
        Links are followed at every place of a path, but not in circles.
        """
        links: dict[Path, Path] = {
            ("current",): ("releases", "1"),
            ("new",): ("current", "x"),
            ("self",): ("self",),
            ("in",): ("in", "in"),
            ("to",): ("fro",),
            ("fro",): ("to",),
        }
        self.assertEqual(follow(("new", "y"), links), ("releases", "1", "x", "y"))
        self.assertEqual(follow(("other",), links), ("other",))
        for name in ("self", "in", "to", "fro"):
            self.assertIsNone(follow((name,), links))

    def test_long_ways(self) -> None:
        """
        So many links may follow each other and no more.
        """
        links: dict[Path, Path] = {
            (str(n),): (str(n + 1),) for n in range(MAX_LINKS + 1)
        }
        self.assertEqual(follow(("1",), links), (str(MAX_LINKS + 1),))
        self.assertIsNone(follow(("0",), links))
