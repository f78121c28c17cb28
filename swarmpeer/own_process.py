"""
What a process may do that is a peer's or a lab's alone.
"""

import time
from typing import cast

from twisted.internet.posixbase import PosixReactorBase


def monotonic_reactor() -> PosixReactorBase:
    """
    The process's reactor, from now on with a clock that nobody can set: its own
    is the time of day, and set back it would stop every timer for as long.

    Call it before any timer is set.
    """
    # Whoever imports it decides which one it is, if nobody did before.
    from twisted.internet import reactor as installed

    reactor = cast(PosixReactorBase, installed)
    reactor.seconds = time.monotonic
    return reactor
