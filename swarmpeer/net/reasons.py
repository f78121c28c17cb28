"""
Why a conversation ended, for people.
"""

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from swarmpeer.errors import ProtocolViolation, SwarmPeerError, ViolationReason
from swarmpeer.wire.extension import GoodbyeCode

_CODES = {
    ViolationReason.UNKNOWN_PEER: GoodbyeCode.UNKNOWN_PEER,
    ViolationReason.WRONG_PEER: GoodbyeCode.UNKNOWN_PEER,
    ViolationReason.OWN_ID: GoodbyeCode.UNKNOWN_PEER,
    ViolationReason.OTHER_SWARM: GoodbyeCode.OTHER_SWARM,
}
"""
All others are L{GoodbyeCode.VIOLATION}.
"""


class ConversationEnded(SwarmPeerError):
    """
    The conversation ended, or did not begin; C{str()} tells why.
    """


def in_one_line(failure: Failure) -> str:
    """
    What C{failure} says, without line breaks.
    """
    if failure.check(ConnectionDone):
        return "closed by the neighbour"
    message = " ".join(failure.getErrorMessage().split())
    return message or type(failure.value).__name__


def goodbye_code(violation: ProtocolViolation) -> GoodbyeCode:
    """
    What is said to who broke the protocol.
    """
    return _CODES.get(violation.reason, GoodbyeCode.VIOLATION)
