"""
Why a conversation ended, or did not begin, for people.
"""

import os

from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
    UnknownHostError,
)
from twisted.python.failure import Failure

from swarmpeer.errors import SwarmPeerError

_SHORT: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionDone, "closed by the neighbour"),
    (ConnectionRefusedError, "connection refused"),
    (DNSLookupError, "no such name"),
    (UnknownHostError, "no such name"),
    (NoRouteError, "no route to the host"),
    (TCPTimedOutError, "nobody answers"),
    (TimeoutError, "nobody answers"),
    (ConnectionAborted, "cut off here"),
)


class ConversationEnded(SwarmPeerError):
    """
    The conversation ended, or did not begin; C{str()} tells why.
    """


def in_one_line(failure: Failure) -> str:
    """
    What C{failure} says, without line breaks, and without a stop, since more may
    follow.
    """
    error = failure.value
    for kind, words in _SHORT:
        if isinstance(error, kind):
            return words
    if isinstance(error, ConnectionLost):
        return _joined("connection lost: " + " ".join(map(str, error.args)))
    if isinstance(error, ConnectError) and isinstance(error.osError, int):
        return os.strerror(error.osError)
    return _joined(failure.getErrorMessage()) or type(error).__name__


def _joined(text: str) -> str:
    return " ".join(text.split()).rstrip(".:")
