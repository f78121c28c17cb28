"""
Threads that are simulated: their work takes what the disk takes.
"""

from collections import deque

from twisted.internet.interfaces import IReactorTime

from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import ProcessGone
from swarmpeer.thread_work import Answer, Work


class SimulatedThreads:
    """
    A L{swarmpeer.thread_work.RunInThread} of one simulated process.

    A worker takes what waits longest, does all of it in one moment of its own,
    never before the call that asked for it is over, and is busy for as long as
    the disk takes; then comes the answer.  So an answer may overtake that of a
    slower work that was begun before.

    What an answer raises goes up to whoever runs the clock.
    """

    def __init__(
        self, clock: IReactorTime, disk: SimulatedDisk, max_workers: int = 2
    ) -> None:
        """
        @param clock: that of the process; when it stops, so do the threads.
        @param disk: the one that the works use.
        @param max_workers: how many works are done at the same time.
        """
        self._clock = clock
        self._disk = disk
        self._idle_workers = max_workers
        self._waiting: deque[Work] = deque()

    def __call__(self, work: Work) -> None:
        """
        Do C{work} soon; its answer is called when it is done.
        """
        self._waiting.append(work)
        self._begin()

    def _begin(self) -> None:
        if self._idle_workers and self._waiting:
            self._idle_workers -= 1
            self._clock.callLater(0, self._do, self._waiting.popleft())

    def _do(self, work: Work) -> None:
        # What the reactor thread asked of the disk is not part of the work.
        self._disk.take_cost_seconds()
        self._disk.is_in_work = True
        try:
            answer = work()
        except ProcessGone:
            return
        finally:
            self._disk.is_in_work = False
        self._clock.callLater(self._disk.take_cost_seconds(), self._end, answer)

    def _end(self, answer: Answer) -> None:
        self._idle_workers += 1
        self._begin()
        answer()
