"""
What goes wrong with a simulated disk, and how long it takes.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

READ_SECONDS = 0.0002
"""
How long a read waits for the disk, beside what its bytes take.
"""
SYNC_SECONDS = 0.005
"""
The same for a sync.
"""
BYTES_PER_SECOND = 200e6
"""
How many bytes the disk moves in a second.
"""


class DiskEvent(StrEnum):
    """
    What went wrong with a disk.
    """

    FULL = "ENOSPC"
    READ_FAILED = "EIO read"
    WRITE_FAILED = "EIO write"
    TORN = "torn"
    """
    Of a page a part came to the disk when the power went.
    """
    DROPPED = "dropped"
    """
    Nothing of it did.
    """
    NAME_LOST = "name lost"
    """
    A change of names did not.
    """
    ROTTED = "rotted"
    """
    A bit was flipped.
    """


class ProcessGone(BaseException):
    """
    Whoever made the call was killed and does not run any further.  No program
    catches it; who simulates the process does.
    """


CHANGING_CALLS = frozenset(
    [
        "allocate",
        "make_folder_in",
        "make_link",
        "open",
        "rename",
        "rename_to",
        "set_mode",
        "sync",
        "truncate",
        "unlink",
        "write",
    ]
)
"""
Those that may change what is on a disk.
"""


@dataclass(slots=True)
class _Interruption:
    calls: frozenset[str]
    skipping: int
    crash: Callable[[], None]
    is_of_work: bool = False


def os_error(number: int) -> OSError:
    """
    An error as the system raises it.
    """
    return OSError(number, os.strerror(number))


class DiskFaults:
    """
    The switches of a disk.

    @ivar fired: how often what went wrong took effect.
    @ivar is_in_work: are calls made in a thread now?
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._interruption: _Interruption | None = None
        self._is_full = False
        self._failing_reads = 0
        self._failing_writes = 0
        self._slowness = 1.0
        self._cost_seconds = 0.0
        self.fired: Counter[DiskEvent] = Counter()
        self.is_in_work = False

    def interrupt(
        self, call: str, crash: Callable[[], None], *, skipping: int = 0
    ) -> None:
        """
        Let the process end in the midst of its work: just before its next call
        of that name C{crash} is called, and the call raises L{ProcessGone}.
        This is off if the process dies before.

        Calls that are made in a thread are those to interrupt in a swarm: with
        L{swarmpeer.testing.threads.SimulatedThreads} nothing else of the process
        is under way then.

        @param call: a method of C{FileCalls}, such as C{rename}.
        @param crash: C{process_died} or C{lose_power} of the disk, or what calls
            one of them.
        @param skipping: how many of these calls are let through before.
        """
        self._interruption = _Interruption(frozenset([call]), skipping, crash)

    def interrupt_work(self, crash: Callable[[], None], *, skipping: int) -> None:
        """
        The same before any call that may change something, made in a thread.
        """
        self._interruption = _Interruption(CHANGING_CALLS, skipping, crash, True)

    def spare(self) -> None:
        """
        Do not interrupt anything that was not yet.
        """
        self._interruption = None

    def fill(self) -> None:
        """
        From now on there is no room for anything new.
        """
        self._is_full = True

    def free(self) -> None:
        """
        There is room again.
        """
        self._is_full = False

    def fail_reads(self, times: int) -> None:
        """
        Let so many of the next reads fail.  Until they have, nothing is found in
        memory, so that they are made.
        """
        self._failing_reads = times

    def fail_writes(self, times: int) -> None:
        """
        Let so many of the next writes and syncs of files fail.
        """
        self._failing_writes = times

    def slow(self, factor: float) -> None:
        """
        Let all take so many times as long as usual.
        """
        self._slowness = factor

    def heal(self) -> None:
        """
        Fail no more, and be as fast as usual.  A full disk stays full.
        """
        self._failing_reads = self._failing_writes = 0
        self._slowness = 1.0

    def take_cost_seconds(self) -> float:
        """
        How long the calls since this was last asked had to wait for the disk,
        give or take a half.
        """
        cost_seconds, self._cost_seconds = self._cost_seconds, 0.0
        if not cost_seconds:
            return 0.0
        return cost_seconds * self._slowness * (0.5 + self._rng.random())

    def _begin(self, call: str) -> None:
        """
        Is the process to end before this call?
        """
        interruption = self._interruption
        if (
            interruption is None
            or call not in interruption.calls
            or (interruption.is_of_work and not self.is_in_work)
        ):
            return
        if interruption.skipping:
            interruption.skipping -= 1
            return
        self._interruption = None
        interruption.crash()
        raise ProcessGone(call)

    def _fire(self, number: int, what: DiskEvent) -> OSError:
        self._count(what)
        return os_error(number)

    def _count(self, what: DiskEvent, times: int = 1) -> None:
        if times:
            self.fired[what] += times
