"""
Tests for L{swarmpeer.net.holding}.
"""

from twisted.internet.interfaces import IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.net.holding import Hold, Holding


@implementer(IPushProducer)
class Told:
    """
    A transport that remembers what it was told.
    """

    def __init__(self) -> None:
        self.words: list[str] = []

    def pauseProducing(self) -> None:
        """
        Do not read.
        """
        self.words.append("pause")

    def resumeProducing(self) -> None:
        """
        Read.
        """
        self.words.append("resume")

    def stopProducing(self) -> None:
        """
        Never read again.
        """
        self.words.append("stop")


class HoldingTests(SynchronousTestCase):
    """
    Tests for L{Holding}.
    """

    def setUp(self) -> None:
        """
        A transport that reads.
        """
        self.transport = Told()
        self.holding = Holding(self.transport)

    def test_reads(self) -> None:
        """
        As long as nothing speaks against it the transport is told nothing.
        """
        self.holding.end(Hold.RATE)
        self.assertFalse(self.holding)
        self.assertEqual(self.transport.words, [])

    def test_two_reasons(self) -> None:
        """
        It reads again only when the last reason is gone, and each counts once.
        """
        self.holding.begin(Hold.RATE)
        self.holding.begin(Hold.UNHEARD)
        self.holding.begin(Hold.RATE)
        self.assertIn(Hold.RATE, self.holding)
        self.holding.end(Hold.RATE)
        self.assertNotIn(Hold.RATE, self.holding)
        self.assertTrue(self.holding)
        self.assertEqual(self.transport.words, ["pause"])
        self.holding.end(Hold.UNHEARD)
        self.assertFalse(self.holding)
        self.assertEqual(self.transport.words, ["pause", "resume"])

    def test_over(self) -> None:
        """
        After the end it reads, whatever spoke or speaks against it.
        """
        self.holding.begin(Hold.RATE)
        self.holding.over()
        self.holding.begin(Hold.UNHEARD)
        self.assertFalse(self.holding)
        self.assertEqual(self.transport.words, ["pause", "resume"])
