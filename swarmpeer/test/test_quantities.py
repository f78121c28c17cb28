"""
Tests of L{swarmpeer.quantities}.
"""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.quantities import (
    format_count,
    format_rate,
    format_seconds,
    format_size,
    format_some,
    parse_rate,
    parse_seconds,
    parse_size,
)


class KnownTests(SynchronousTestCase):
    """
    What people write, and what is written for them.
    """

    def test_sizes(self) -> None:
        """
        Letters are powers of 1024.
        """
        for text, size in (
            ("0", 0),
            ("1000", 1000),
            ("16K", 16384),
            ("64M", 64 * 2**20),
            ("3G", 3 * 2**30),
            ("2T", 2**41),
            ("1025K", 1025 * 1024),
        ):
            self.assertEqual((parse_size(text), format_size(size)), (size, text))
        self.assertEqual(parse_size("1.5M"), 1536 * 1024)

    def test_units(self) -> None:
        """
        Of sizes with a whole unit, powers of 1000 have a bare B, and one blank may
        stand before it.
        """
        for text, size in (
            ("1000", 1000),
            ("16K", 16384),
            ("16 k", 16384),
            ("16 KiB", 16384),
            ("0.5MiB", 2**19),
            ("2 GiB", 2**31),
            ("1T", 2**40),
            ("16 kB", 16000),
            ("1.5 MB", 1_500_000),
            ("2GB", 2_000_000_000),
        ):
            self.assertEqual(parse_size(text), size)
        for text in ("", " 1", "1 ", "1  K", "1 KB", "1 kiB", "-1", "0.5", "1e3", "K"):
            self.assertRaises(ValueError, parse_size, text)

    def test_rates(self) -> None:
        """
        Prefixes are powers of 1000, and bits are eighths of bytes.
        """
        for text, rate in (
            ("50Mbit", 6_250_000.0),
            ("1Gbit", 125_000_000.0),
            ("1.5Mbit", 187_500.0),
            ("8Mbit", 1_000_000.0),
            ("1kbit", 125.0),
            ("100.5", 100.5),
        ):
            self.assertEqual((parse_rate(text), format_rate(rate)), (rate, text))
        for text, rate in (
            ("1MB", 1e6),
            ("2kB", 2000.0),
            ("1 GB", 1e9),
            ("8 kbit", 1e3),
            ("7", 7.0),
            ("0", 0.0),
        ):
            self.assertEqual(parse_rate(text), rate)

    def test_seconds(self) -> None:
        """
        Milliseconds, or seconds with or without their letter.
        """
        for text, seconds in (("10ms", 0.01), ("2s", 2.0), ("1.5s", 1.5), ("0.0", 0.0)):
            self.assertEqual(parse_seconds(text), seconds)
            self.assertEqual(format_seconds(seconds), text)
        self.assertEqual(parse_seconds("0.25"), 0.25)

    def test_counts(self) -> None:
        """
        Of one thing there are no several.
        """
        for number, text in ((0, "0 files"), (1, "1 file"), (1234, "1,234 files")):
            self.assertEqual(format_count(number, "file"), text)

    def test_wrong(self) -> None:
        """
        What is none is told, with how to write one.
        """
        parsers: tuple[tuple[Callable[[str], object], str], ...] = (
            (parse_size, "is no size: 64M, 1.5 MiB"),
            (parse_rate, "is no rate: 50Mbit, 1MB"),
            (parse_seconds, "is no time: 10ms, 0.5s"),
        )
        for parse, expected in parsers:
            for text in ("", "x", "-1", "1e3", "1  K", "1Q", ".5", "1.", "9" * 99, "٣"):
                error = self.assertRaises(ValueError, parse, text)
                self.assertIn(expected, str(error))
        error = self.assertRaises(ValueError, parse_size, "0.5")
        self.assertEqual(str(error), "'0.5' is no whole number of bytes")


class SomeTests(SynchronousTestCase):
    """
    L{format_some}.
    """

    def test_first(self) -> None:
        """
        What is not told one by one is counted, whether it is known which or not.
        """
        runs = ((0, 0), (3, 3), (7, 9))
        for count, most, told in (
            (5, 9, "0,3,7-9"),
            (5, 3, "0,3,7-9"),
            (5, 2, "0,3 and 3 more"),
            (7, 9, "0,3,7-9 and 2 more"),
        ):
            self.assertEqual(format_some(runs, count, most), told)


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read as the same, to the last bit.
    """

    @given(st.integers(0, 2**60))
    def test_sizes(self, size: int) -> None:
        """
        Any size.
        """
        self.assertEqual(parse_size(format_size(size)), size)

    @given(st.floats(0.001, 1e15) | st.integers(1, 10**9).map(lambda n: n * 125.0))
    def test_rates(self, rate: float) -> None:
        """
        Any rate.
        """
        self.assertEqual(parse_rate(format_rate(rate)), rate)

    @given(st.floats(0, 3600) | st.integers(0, 10**6).map(lambda n: n / 1000))
    def test_seconds(self, seconds: float) -> None:
        """
        Any time that is not below what a clock can tell.
        """
        if seconds == 0 or seconds > 1e-12:
            self.assertEqual(parse_seconds(format_seconds(seconds)), seconds)
