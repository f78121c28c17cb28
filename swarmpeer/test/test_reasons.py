"""
Tests for L{swarmpeer.net.reasons}.
"""

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.reasons import goodbye_code, in_one_line
from swarmpeer.wire.extension import GoodbyeCode


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


class GoodbyeCodeTests(SynchronousTestCase):
    """
    Why a conversation ends, for the program at the other end.
    """

    def test_codes(self) -> None:
        """
        Who cannot take part is told so; all other breaches are one.
        """
        codes = {
            reason: goodbye_code(ProtocolViolation(reason, ""))
            for reason in ViolationReason
        }
        special = {
            reason: code
            for reason, code in codes.items()
            if code is not GoodbyeCode.VIOLATION
        }
        self.assertEqual(
            special,
            {
                ViolationReason.UNKNOWN_PEER: GoodbyeCode.UNKNOWN_PEER,
                ViolationReason.OWN_ID: GoodbyeCode.UNKNOWN_PEER,
                ViolationReason.WRONG_PEER: GoodbyeCode.UNKNOWN_PEER,
                ViolationReason.OTHER_SWARM: GoodbyeCode.OTHER_SWARM,
            },
        )
