"""
Tests for L{swarmpeer.config.rate_text}.
"""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_text import DSCP_RIGHT, RATE_RIGHT, parse_dscp, parse_speed


class SpeedTests(SynchronousTestCase):
    """
    Tests for L{parse_speed}.
    """

    def test_right(self) -> None:
        """
        Bytes with the units of configurations, bits with those of networks, each with
        or without C{/s}.
        """
        for text, rate in (
            ("2 MiB/s", 2**21),
            ("2MiB/s", 2**21),
            ("2M", 2**21),
            ("1.5 MB/s", 1_500_000),
            ("20 Mbit/s", 2_500_000),
            ("20Mbit", 2_500_000),
            ("1024", 1024),
            ("unlimited", None),
        ):
            self.assertEqual(parse_speed(text), rate, text)

    def test_wrong(self) -> None:
        """
        Nothing, too little and nonsense are refused, and it is told what would be
        right.
        """
        for text in (
            "",
            "0",
            "-1",
            "1023",
            "1 kbit/s",
            "fast",
            "2 MiB/h",
            "1/s/s",
            "9999999 T",
            "2 Mbit /s",
        ):
            error = self.assertRaises(ValueError, parse_speed, text)
            self.assertEqual(
                str(error), f"'{text}' is no rate, {RATE_RIGHT} would be right"
            )

    @given(st.text())
    def test_anything(self, text: str) -> None:
        """
        Any text is a rate from 1 KiB/s on, or refused.
        """
        try:
            rate = parse_speed(text)
        except ValueError:
            return
        self.assertTrue(rate is None or rate >= 1024)


class DscpTests(SynchronousTestCase):
    """
    Tests for L{parse_dscp}.
    """

    def test_right(self) -> None:
        """
        The names are those of RFC 2474, 2597, 3246 and 8622.
        """
        for text, dscp in (
            ("cs0", 0),
            ("cs1", 8),
            ("CS7", 56),
            ("af11", 10),
            ("af23", 22),
            ("af43", 38),
            ("ef", 46),
            ("le", 1),
            ("0", 0),
            ("63", 63),
        ):
            self.assertEqual(parse_dscp(text), dscp, text)

    def test_wrong(self) -> None:
        """
        Anything else is refused.
        """
        for text in ("", "64", "-1", "cs8", "af14", "af51", "1.0", "٣"):
            error = self.assertRaises(ValueError, parse_dscp, text)
            self.assertEqual(
                str(error), f"'{text}' is no DSCP, {DSCP_RIGHT} would be right"
            )
