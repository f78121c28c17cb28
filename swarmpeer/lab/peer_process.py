"""
What runs in the process of each peer of a lab: C{twistd}, which ends when the
lab is gone.

The lab holds the other end of the standard input.  However the lab dies, be it by
C{kill -9}, the system closes that end, and the peer then stops by itself: on every
POSIX system, without a process id that could meanwhile be another's.
"""

import os
import signal
import threading

from twisted.scripts.twistd import run

_GRACE_SECONDS = 5.0


def end_with(lifeline: int) -> None:
    """
    Wait until the other end of C{lifeline} is closed, then end this process: by
    SIGTERM, and after a grace time at once.
    """
    try:
        while os.read(lifeline, 4096):
            pass
    except OSError:
        pass
    at_once = threading.Timer(_GRACE_SECONDS, os._exit, [1])
    at_once.daemon = True
    at_once.start()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """
    Be C{twistd} with the arguments of this process.
    """
    threading.Thread(target=end_with, args=(0,), daemon=True).start()
    run()
