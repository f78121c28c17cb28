"""
Why a conversation ended, for people.
"""

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from swarmpeer.errors import SwarmPeerError


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
