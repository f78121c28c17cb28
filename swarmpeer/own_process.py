"""
What a process may do that is a peer's or a lab's alone.
"""

import atexit
import os
import sys
import time
from contextlib import suppress
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


def fail_at_exit() -> None:
    """
    Let this process end with status 1 once it ends: a reactor that was stopped has
    no other way to say so.  What was registered to be done at the end before this is
    left out.
    """

    @atexit.register
    def leave() -> None:
        try:
            for stream in (sys.stdout, sys.stderr):
                # One may be closed, or nobody may read it.
                with suppress(Exception):
                    stream.flush()
        finally:
            os._exit(1)
