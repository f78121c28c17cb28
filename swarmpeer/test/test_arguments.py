"""
Tests for L{swarmpeer.arguments}.
"""

import argparse
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.arguments import (
    id_type,
    ids_type,
    path_type,
    port_type,
    seconds_type,
    whole_type,
)


class TypeTests(SynchronousTestCase):
    """
    What the words of a command may be.
    """

    def test_right(self) -> None:
        """
        What is one of its kind is read.
        """
        cases: tuple[tuple[Callable[[str], object], str, object], ...] = (
            (path_type, " ", " "),
            (whole_type(2, 5), "5", 5),
            (whole_type(2), "07", 7),
            (port_type, "65535", 65535),
            (seconds_type(0.1, 600), "0.1", 0.1),
            (seconds_type(0, 10**9), "1e3", 1000.0),
            (id_type, "1001", 1001),
            (ids_type, "7", (7,)),
            (ids_type, "1002,1001,1002", (1002, 1001)),
        )
        for read, text, value in cases:
            self.assertEqual(read(text), value)

    def test_wrong(self) -> None:
        """
        Anything else is told in words that argparse shows.
        """
        id_right = "is no id, a whole number such as 1001 would be right"
        ids_right = "are no ids, 1001,1002 would be right"
        cases: tuple[tuple[Callable[[str], object], str, str], ...] = (
            (path_type, "", "an empty path"),
            (whole_type(2, 5), "6", "'6' is no whole number from 2 to 5"),
            (whole_type(2), "1", "'1' is no whole number at least 2"),
            (whole_type(2), "2.5", "'2.5' is no whole number at least 2"),
            (whole_type(2), "٣", "'٣' is no whole number at least 2"),
            (port_type, "0", "'0' is no whole number from 1 to 65535"),
            (
                seconds_type(0.1, 600),
                "nan",
                "'nan' is no number of seconds from 0.1 to 600",
            ),
            (
                seconds_type(0, 10**9),
                "soon",
                "'soon' is no number of seconds from 0 to 1000000000",
            ),
            (id_type, "-1", f"'-1' {id_right}"),
            (id_type, "4294967296", f"'4294967296' {id_right}"),
            (ids_type, "1001,", f"'1001,' {ids_right}"),
            (ids_type, "1 2", f"'1 2' {ids_right}"),
        )
        for read, text, fault in cases:
            error = self.assertRaises(argparse.ArgumentTypeError, read, text)
            self.assertEqual(str(error), fault)
