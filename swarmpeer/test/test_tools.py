"""
Tests of L{swarmpeer.test.tools}.
"""

import os

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.test.tools import VARIABLE, excuse


class ExcuseTests(SynchronousTestCase):
    """
    L{excuse}.
    """

    def test_promised(self) -> None:
        """
        There is none for a tool that was promised; for others there is if they are
        missing.
        """
        for promised, reason in (
            (None, "none"),
            ("", "none"),
            ("chromium", "none"),
            ("ruff sphinx-ext", "none"),
            ("ruff sphinx", None),
        ):
            given = {} if promised is None else {VARIABLE: promised}
            self.patch(os, "environ", given)
            self.assertEqual(excuse("sphinx", "none"), reason)
            self.assertIsNone(excuse("sphinx", None))
