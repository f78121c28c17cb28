"""
Work in threads that whoever closes waits for.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from swarmpeer.thread_work import Answer, RunInThread

T = TypeVar("T")


class PendingWork:
    """
    What was begun and has not answered.  All is asked for and answered in the
    reactor thread.
    """

    def __init__(self, run_in_thread: RunInThread) -> None:
        self._run_in_thread = run_in_thread
        self._under_way = 0
        self._when_idle: list[Callable[[], None]] = []

    def begin(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        run: RunInThread | None = None,
    ) -> None:
        """
        Do C{work} in a thread and tell what came of it.

        @param run: in another thread than usual.
        """
        self._under_way += 1

        def do() -> Answer:
            try:
                result = work()
            except Exception as error:
                # Whatever it is, out of memory, say: in a thread nobody else would
                # hear of it, and whoever waits would wait for ever.
                return partial(self._end, partial(failed, error))
            return partial(self._end, partial(done, result))

        (run or self._run_in_thread)(do)

    def do_at_once(self, work: Callable[[], None]) -> None:
        """
        Do here what answers more than once, so that whoever closes in between waits
        for the last answer.
        """
        self._under_way += 1
        self._end(work)

    def when_idle(self, done: Callable[[], None]) -> None:
        """
        Call C{done} when all has answered, and what the answers begin, too.
        """
        self._when_idle.append(done)
        self._tell_if_idle()

    def _end(self, answer: Answer) -> None:
        try:
            answer()
        finally:
            self._under_way -= 1
            self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        while self._when_idle and not self._under_way:
            self._when_idle.pop(0)()


def run_inline(
    work: Callable[[], T],
    done: Callable[[T], None],
    failed: Callable[[Exception], None],
) -> None:
    """
    Do C{work} at once, as L{PendingWork.begin} would.
    """
    try:
        result = work()
    except Exception as error:
        failed(error)
        return
    done(result)
