"""
Tests for L{swarmpeer.net.reasons}.
"""

from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TimeoutError,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.net.reasons import in_one_line


class InOneLineTests(SynchronousTestCase):
    """
    Why a conversation ended, for people.
    """

    def test_closed(self) -> None:
        """
        A clean end is told in our own words.
        """
        said = in_one_line(Failure(ConnectionDone()))
        self.assertEqual(said, "closed by the neighbour")

    def test_short(self) -> None:
        """
        The usual ones are told in few words, and none ends with a stop: more may
        follow.
        """
        for error, words in (
            (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
            (DNSLookupError("no results for hostname lookup: x"), "no such name"),
            (TimeoutError(), "nobody answers"),
            (NoRouteError(101, "Network is unreachable"), "no route to the host"),
            (ConnectError(13, "Permission denied"), "Permission denied"),
            (ConnectError(string="odd."), "An error occurred while connecting: odd"),
            (ConnectionLost("reset by peer."), "connection lost: reset by peer"),
            (ConnectionLost(), "connection lost"),
            (ConnectionAborted(), "cut off here"),
        ):
            self.assertEqual(in_one_line(Failure(error)), words)

    def test_one_line(self) -> None:
        """
        Whatever the error says, it is one line.
        """
        self.assertEqual(in_one_line(Failure(OSError("a\n  b\tc"))), "a b c")
        self.assertNotIn("\n", in_one_line(Failure(ConnectionLost("reset\nby peer"))))

    def test_silent(self) -> None:
        """
        An error that says nothing is told by its name.
        """
        self.assertEqual(in_one_line(Failure(KeyboardInterrupt())), "KeyboardInterrupt")
