"""
Why a conversation ended, for the program at the other end.
"""

from swarmpeer.errors import ProtocolViolation, ViolationReason
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


def goodbye_code(violation: ProtocolViolation) -> GoodbyeCode:
    """
    What is said to who broke the protocol.
    """
    return _CODES.get(violation.reason, GoodbyeCode.VIOLATION)
