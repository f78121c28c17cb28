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
        Nonsense is refused, and it is told what would be right.
        """
        for text in ("", "-1", "fast", "2 MiB/h", "1/s/s", "bit", "100 bps", "2 0Mbit"):
            error = self.assertRaises(ValueError, parse_speed, text)
            self.assertEqual(
                str(error), f"'{text}' is no rate, {RATE_RIGHT} would be right"
            )

    def test_nothing(self) -> None:
        """
        Who writes 0 wants either nothing to go, which is no peer, or all.
        """
        for text in ("0", "0 MiB/s", "0Mbit", "0.0 kbit/s"):
            error = self.assertRaises(ValueError, parse_speed, text)
            self.assertEqual(
                str(error),
                f"'{text}' would let nothing through, 'unlimited' or no rate at all "
                "would be right",
            )

    def test_too_small_and_too_large(self) -> None:
        """
        What a rate comes to is told if it is too little to work; it may have been
        meant in another unit.
        """
        for text, rate in (("1023", 1023), ("1 kbit/s", 125), ("20", 20)):
            error = self.assertRaises(ValueError, parse_speed, text)
            self.assertEqual(
                str(error),
                f"'{text}' comes to {rate} bytes a second, with which a conversation "
                "would hardly get beyond its greeting, 1 KiB/s or more would be right",
            )
        error = self.assertRaises(ValueError, parse_speed, "9999999 T")
        self.assertIn("is more than any line bears, 'unlimited'", str(error))

    def test_units(self) -> None:
        """
        A unit that is written otherwise is told as it would be right; where it may be
        bits or bytes, as both.
        """
        both = "'20 Mbit/s' for bits or '20 MB/s' for bytes"
        for text, right in (
            ("20 mb/s", both),
            ("20 Mb/s", both),
            ("20Mbps", both),
            ("20 MBps", both),
            ("20 mbit/s", "'20 Mbit/s' for bits"),
            ("20 Mbit /s", "'20 Mbit/s' for bits"),
            ("2.5 Kbits", "'2.5 kbit/s' for bits"),
            ("2 MiB/sec", "'2 MiB/s'"),
            ("2 MiBps", "'2 MiB/s'"),
            ("1.5 kibytes/s", "'1.5 KiB/s'"),
            ("2 Mibit/s", None),
            ("2 gigabyte", None),
            ("20 MBytes/sec", "'20 MB/s' for bytes"),
        ):
            error = self.assertRaises(ValueError, parse_speed, text)
            if right is None:
                self.assertIn(RATE_RIGHT, str(error))
                continue
            self.assertEqual(
                str(error),
                f"'{text}' has a unit that is not known here, {right} would be right",
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
