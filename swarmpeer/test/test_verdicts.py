"""
Tests for L{swarmpeer.verdicts}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.verdicts import Verdict, counts, head


class VerdictTests(SynchronousTestCase):
    """
    Of whatever is judged.
    """

    def test_counts(self) -> None:
        """
        Every verdict is counted once.
        """
        for verdict in Verdict:
            number = counts([verdict])
            self.assertEqual(sorted(number.values()), [0, 0, 0, 1])
        self.assertEqual(sum(counts(list(Verdict) * 2).values()), 2 * len(Verdict))

    def test_head(self) -> None:
        """
        One failure makes the whole bad; what may be, and what was not seen, does not.
        """
        for failed in ([], [Verdict.FAIL]):
            told = [Verdict.PASS, Verdict.OTHERWISE, Verdict.NOT_SEEN, *failed]
            self.assertEqual(head("some", 3, told)["is_good"], not failed)
        self.assertEqual(
            list(head("some", 3, [])),
            ["format", "version", "swarmpeer", "is_good", "counts"],
        )
