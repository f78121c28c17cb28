"""
Tests for L{swarmpeer.storage.threads}.
"""

from collections.abc import Callable
from functools import partial
from threading import current_thread

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from swarmpeer.storage.threads import ReactorThreads
from swarmpeer.thread_work import Answer


@implementer(IReactorThreads)
class TwoSides:
    """
    A reactor of which both sides, threads and reactor, run when told to.
    """

    def __init__(self) -> None:
        self.in_threads: list[Callable[..., object]] = []
        self.in_reactor: list[Callable[..., object]] = []

    def callInThread(
        self, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> None:
        """Keep it."""
        self.in_threads.append(partial(callable, *args, **kwargs))

    def callFromThread(
        self, callable: Callable[..., object], *args: object, **kwargs: object
    ) -> None:
        """Keep it."""
        self.in_reactor.append(partial(callable, *args, **kwargs))

    def getThreadPool(self) -> ThreadPool:
        """There is none."""
        raise AssertionError("nobody should ask for the pool")

    def suggestThreadPoolSize(self, size: int) -> None:
        """There is none."""
        raise AssertionError(f"nobody should ask for {size} threads")


class ReactorThreadsTests(SynchronousTestCase):
    """
    Who does the work, and how the answers come back.
    """

    def setUp(self) -> None:
        """
        Two workers over a reactor that waits.
        """
        self.sides = TwoSides()
        self.heard: list[str] = []
        self.threads = ReactorThreads(self.sides, max_workers=2)

    def ask(self, name: str) -> None:
        """
        Have some work done.
        """

        def work() -> Answer:
            self.heard.append(f"{name} done")
            return lambda: self.heard.append(f"{name} answered")

        self.threads(work)

    def test_few_workers(self) -> None:
        """
        However much waits, only so many threads are taken; each works until
        nothing waits, in the order of asking, and the answers share one wake-up.
        """
        for name in "abcde":
            self.ask(name)
        self.assertEqual(len(self.sides.in_threads), 2)
        self.sides.in_threads.pop()()
        self.assertEqual(self.heard, [f"{name} done" for name in "abcde"])
        [deliver] = self.sides.in_reactor
        self.heard.clear()
        deliver()
        self.assertEqual(self.heard, [f"{name} answered" for name in "abcde"])

    def test_workers_come_back(self) -> None:
        """
        A worker that found nothing more to do leaves; later work gets a new
        one and a new wake-up.
        """
        for name in "ab":
            self.ask(name)
            self.sides.in_threads.pop()()
            self.sides.in_reactor.pop()()
        self.assertEqual(self.heard, ["a done", "a answered", "b done", "b answered"])
        self.assertEqual(self.sides.in_threads, [])

    def test_answer_raises(self) -> None:
        """
        An answer that raises is logged and the others are given all the same.
        """
        self.threads(lambda: lambda: [][0])
        self.ask("a")
        self.sides.in_threads.pop()()
        self.sides.in_reactor.pop()()
        self.assertEqual(self.heard, ["a done", "a answered"])
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)


class RealThreadsTests(TestCase):
    """
    With the threads of a real reactor.
    """

    async def test_other_side(self) -> None:
        """
        The work is done in another thread, every answer comes in our own.
        """
        threads = ReactorThreads(IReactorThreads(reactor))
        ours = current_thread()
        seen: list[tuple[int, bool, bool]] = []
        all_seen: Deferred[None] = Deferred()

        def ask(number: int) -> None:
            def work() -> Answer:
                is_elsewhere = current_thread() is not ours

                def answer() -> None:
                    seen.append((number, is_elsewhere, current_thread() is ours))
                    if len(seen) == 200:
                        all_seen.callback(None)

                return answer

            threads(work)

        for number in range(200):
            ask(number)
        await all_seen
        self.assertEqual(sorted(seen), [(number, True, True) for number in range(200)])
