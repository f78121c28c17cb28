"""
A second thread for the pieces that come, as long as there is a core for it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from swarmpeer.thread_work import RunInThread

LOOK_SECONDS = 0.05
"""
How often it is found out anew whether a core is free.
"""

_PATIENCE = 8
"""
Who waits for more than this part of the time that it runs is in a crowd: where two
cores have three threads to share it is a fifth and more.
"""

_SCHEDULING = Path("/proc/thread-self/schedstat")


@dataclass(frozen=True, slots=True)
class Helper:
    """
    Who hashes and writes pieces while the reactor thread goes on reading.

    @ivar run: its thread, which does one work after the other: two would only hand
        the interpreter's lock and that of the file to each other.
    @ivar is_welcome: is it worth while now?  Asked in the reactor thread.
    """

    run: RunInThread
    is_welcome: Callable[[], bool]


class CoreWatch:
    """
    Is there a core for one more thread?

    A second thread gains time where a core has nothing to do.  Where all have, it gains
    nothing and costs the way there and back.  The sign is how long the thread that asks
    was kept waiting for a core, while it could have gone on.
    """

    def __init__(
        self,
        seconds: Callable[[], float],
        scheduled: Callable[[], tuple[int, int] | None],
    ) -> None:
        """
        @param seconds: tells the time.
        @param scheduled: see L{scheduled_here}.
        """
        self._seconds = seconds
        self._scheduled = scheduled
        self._last: tuple[int, int] | None = None
        self._next_look = seconds()
        self._is_free = False

    def is_free(self) -> bool:
        """
        Was a core there when one was wanted lately?  C{False} as long as nobody knows.
        """
        now = self._seconds()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
        return self._is_free

    def _look(self) -> None:
        last, self._last = self._last, self._scheduled()
        if last is None or self._last is None:
            self._is_free = False
            return
        ran, waited = (new - old for new, old in zip(self._last, last, strict=True))
        self._is_free = _PATIENCE * waited <= ran


def scheduled_here() -> tuple[int, int] | None:
    """
    For how many nanoseconds this thread ran so far, and how many it could have gone
    on but got no core; C{None} where the system does not tell, or has one core only.
    """
    if (os.cpu_count() or 1) == 1:
        return None
    try:
        ran, waited, _ = _SCHEDULING.read_bytes().split()
        return int(ran), int(waited)
    except (OSError, ValueError):
        return None
