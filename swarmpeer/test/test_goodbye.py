"""
Tests for L{swarmpeer.net.goodbye}.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.goodbye import goodbye_code
from swarmpeer.wire.extension import GoodbyeCode


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
