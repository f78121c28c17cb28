"""
Tests for L{swarmpeer.text}.
"""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.text import (
    in_few_words,
    printable,
    quoted,
    said,
    share_text,
    size_text,
    span_text,
)

SIZES = (
    (0, "0 B"),
    (999, "999 B"),
    (1000, "1.00 kB"),
    (9994, "9.99 kB"),
    (9996, "10.0 kB"),
    (12345, "12.3 kB"),
    (99_960, "100 kB"),
    (999_499, "999 kB"),
    (999_600, "1.00 MB"),
    (5_000_000, "5.00 MB"),
    (3 * 10**15, "3000 TB"),
)
SHARES = (
    (0, "0%"),
    (0.009, "0%"),
    (0.29, "29%"),
    (0.996, "99%"),
    (1 - 2**-31, "99%"),
    (1, "100%"),
)
SPANS = (
    (-0.5, "0 s"),
    (0, "0 s"),
    (59.99, "59 s"),
    (60, "1 min"),
    (200.5, "3 min 20 s"),
    (3599, "59 min 59 s"),
    (3600, "1 h"),
    (7500, "2 h 5 min"),
    (86399, "23 h 59 min"),
    (86400, "1 d"),
    (100_000, "1 d 3 h"),
)
"""
Quantities and how people read them, of the command line and of a page.
"""

TEXTS = st.text(st.characters(exclude_categories=()), max_size=60)


class TextTests(SynchronousTestCase):
    """
    Whatever the text, it is one line that any terminal can take.
    """

    @settings(deadline=None)
    @given(TEXTS)
    def test_printable(self, text: str) -> None:
        """
        Nothing that a terminal would obey is left, and all that is fit to be
        shown is left as it is.
        """
        line = printable(text)
        self.assertTrue(line.isprintable())
        if text.isprintable():
            self.assertEqual(line, text)

    def test_escapes(self) -> None:
        """
        Each odd character becomes an escape of its own.
        """
        self.assertEqual(printable("a\nb \x1b[2J é \udcff"), r"a\nb \x1b[2J é \udcff")
        self.assertEqual(printable(Path("/a\nb")), r"/a\nb")

    @settings(deadline=None)
    @given(TEXTS)
    def test_quoted(self, text: str) -> None:
        """
        Quotes show where a text begins and ends, unless it is long.
        """
        self.assertTrue(quoted(text).isprintable())
        if len(text) <= 40:
            self.assertEqual(quoted(text), repr(text))

    def test_long(self) -> None:
        """
        Of a long text the beginning does.
        """
        self.assertEqual(quoted("x" * 41), f"'{'x' * 40}'...")

    def test_of_others(self) -> None:
        """
        What others made and what they raised is one line, though it be long, many
        lines or impossible to ask for.
        """

        class Odd(Exception):
            def __str__(self) -> str:
                raise SystemExit

            __repr__ = __str__

        self.assertEqual(in_few_words(["a\nb"]), r"['a\nb']")
        self.assertEqual(in_few_words(Odd()), "a Odd")
        self.assertEqual(in_few_words("x" * 300, str), "x" * 197 + "...")
        self.assertEqual(said(ValueError("no\n tide\x1b")), r": no tide\x1b")
        self.assertEqual((said(ValueError()), said(Odd())), ("", ": a Odd"))

    def test_sizes(self) -> None:
        """
        Sizes have three digits and a unit.
        """
        for size_bytes, text in SIZES:
            self.assertEqual(size_text(size_bytes), text)

    def test_shares(self) -> None:
        """
        Shares are whole percents, rounded down.
        """
        for share, text in SHARES:
            self.assertEqual(share_text(share), text)
        for whole in range(101):
            self.assertEqual(share_text(whole / 100), f"{whole}%")

    def test_spans(self) -> None:
        """
        Times are in the two largest units that there are, rounded down.
        """
        for seconds, text in SPANS:
            self.assertEqual(span_text(seconds), text)
