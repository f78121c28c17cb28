"""
What a process may do that is a peer's or a lab's alone.
"""

import atexit
import ctypes
import gc
import os
import sys
import time
from contextlib import suppress
from typing import cast

from twisted.internet.posixbase import PosixReactorBase

KEPT_BYTES = 2**25
"""
Buffers up to this size are kept, and so much of them at most.
"""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


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


def keep_freed_memory() -> None:
    """
    Let the buffers of one piece serve for the next.  By itself the C library of most
    systems gives back to the system what is as large as a piece, and each page of it
    costs anew at its next use; one of another kind stays as it is.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def leave_uncollected() -> None:
    """
    Let the garbage collector look no more at what is there: modules, classes and the
    parts of a peer, which last as long as the process.  To look at all of them takes
    tens of milliseconds, in which the reactor stands still.

    Call it when everything is made.
    """
    gc.collect()
    gc.freeze()


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
