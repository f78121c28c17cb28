"""
A second thread for the pieces that come, as long as there is a core for it.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from swarmpeer.thread_work import Answer, RunInThread

LEAST_TAKEN_BYTES = 256 * 1024
"""
From this size on a piece is worth the way to another thread.
"""
MOST_WAITING_BYTES = 16 * 1024 * 1024
"""
When so much waits there, no more is taken.
"""

LOOK_SECONDS = 0.05
"""
How often it is found out anew whether a core is free.
"""

_CROWDED_SHARE = 1 / 8
"""
Who waits for more than this part of the time that it runs is in a crowd: where two
cores have three threads to share it is a fifth and more.
"""

_SCHEDULING = Path("/proc/thread-self/schedstat")


class SecondThread:
    """
    Hashes and writes pieces while the reactor thread goes on reading, which asks it.
    """

    def __init__(self, run: RunInThread, is_welcome: Callable[[], bool]) -> None:
        """
        @param run: its thread, which does one work after the other: two would only
            hand the interpreter's lock and that of the file to each other.
        @param is_welcome: is it worth while now?
        """
        self._run = run
        self._is_welcome = is_welcome
        self._waiting_bytes = 0

    def take(self, size_bytes: int) -> RunInThread | None:
        """
        Take a piece of this size, if that is worth while.

        @return: what runs the one work that the piece is.
        """
        if (
            size_bytes < LEAST_TAKEN_BYTES
            or self._waiting_bytes >= MOST_WAITING_BYTES
            or not self._is_welcome()
        ):
            return None
        self._waiting_bytes += size_bytes

        def run(work: Callable[[], Answer]) -> None:
            self._run(lambda: partial(self._done, size_bytes, work()))

        return run

    def _done(self, size_bytes: int, answer: Answer) -> None:
        self._waiting_bytes -= size_bytes
        answer()


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
        self._is_free = waited <= _CROWDED_SHARE * ran


def usable_cores() -> int:
    """
    On how many cores this thread may run; there may be more.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scheduled_here(
    path: Path = _SCHEDULING, cores: Callable[[], int] = usable_cores
) -> tuple[int, int] | None:
    """
    For how many nanoseconds this thread ran so far, and how many it could have gone
    on but got no core; C{None} where the system does not tell, or gives one core only.

    @param path: where the system tells it.
    """
    if cores() == 1:
        return None
    try:
        ran, waited, _ = path.read_bytes().split()
        return int(ran), int(waited)
    except (OSError, ValueError):
        return None
