"""
Work outside the reactor thread, and the way of its answers back.
"""

from collections import deque
from threading import Lock

from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from swarmpeer.thread_work import Answer, RunInThread, Work

__all__ = ["Answer", "ReactorThreads", "RunInThread", "Work"]


class ReactorThreads:
    """
    A L{RunInThread} over a reactor's thread pool.

    A few workers take what waits, one after the other, and leave when nothing
    does: a hop into the pool costs more than many a work, and the pool also
    resolves names for everybody else.  Answers that are ready at the same time
    share one wake-up of the reactor.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorThreads, max_workers: int = 2) -> None:
        """
        @param max_workers: how many threads of the pool are taken at most.  Two
            keep a slow read from holding up the writes; more of them get in
            each other's way, since one file takes one write at a time.
        """
        self._reactor = reactor
        self._max_workers = max_workers
        self._lock = Lock()
        # All below is shared with the workers, under the lock.
        self._waiting: deque[Work] = deque()
        self._ready: list[Answer] = []
        self._workers = 0

    def __call__(self, work: Work) -> None:
        """
        Run C{work} in the pool; its answer is called in the reactor thread.
        """
        with self._lock:
            self._waiting.append(work)
            if self._workers == self._max_workers:
                return
            self._workers += 1
        self._reactor.callInThread(self._work)

    def _work(self) -> None:
        """
        In a thread of the pool: work until nothing waits.
        """
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                work = self._waiting.popleft()
            answer = work()
            with self._lock:
                self._ready.append(answer)
                is_first = len(self._ready) == 1
            if is_first:
                self._reactor.callFromThread(self._deliver)

    def _deliver(self) -> None:
        """
        In the reactor thread: give all the answers that are ready.
        """
        with self._lock:
            ready, self._ready = self._ready, []
        for answer in ready:
            with self._log.failuresHandled("Whoever waited for a disk failed:"):
                answer()
