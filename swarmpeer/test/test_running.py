"""
Tests of L{swarmpeer.running}.
"""

import os
import signal
from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import running
from swarmpeer.errors import ConfigError, Interrupted
from swarmpeer.running import run_in_reactor


class _Reactor(MemoryReactorClock):
    """
    Runs in no time.

    @ivar is_told: does a signal come once all has begun?
    """

    is_told = False

    def run(self) -> None:
        """
        Do what there is to be done.
        """
        if self.is_told:
            self.callWhenRunning(os.kill, os.getpid(), signal.SIGTERM)
        super().run()

    def callFromThread(self, call: Callable[..., object], *arguments: object) -> None:
        """
        At once.
        """
        call(*arguments)


class RunningTests(SynchronousTestCase):
    """
    L{run_in_reactor}, with a reactor on paper and real signals.
    """

    def setUp(self) -> None:
        """
        The reactor.
        """
        self.reactor = _Reactor()
        self.patch(running, "monotonic_reactor", lambda: self.reactor)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))

    def test_done(self) -> None:
        """
        What comes of the work is told, or raised.
        """

        async def work(reactor: object) -> str:
            self.assertIs(reactor, self.reactor)
            return await succeed("done")

        self.assertEqual(run_in_reactor(work), "done")
        self.assertTrue(self.reactor.hasStopped)

    def test_failed(self) -> None:
        """
        An error is that of the work.
        """

        async def work(_: object) -> str:
            raise ConfigError("odd")

        self.assertRaises(ConfigError, run_in_reactor, work)

    def test_late(self) -> None:
        """
        A signal that comes after the end changes nothing.
        """

        async def work(_: object) -> str:
            return "done"

        self.reactor.is_told = True
        self.assertEqual(run_in_reactor(work), "done")

    def test_interrupted(self) -> None:
        """
        A signal ends the work, and is told whatever the work makes of it.
        """
        ended = []
        for makes in ("nothing", "a value", "an error"):

            async def work(_: object, makes: str = makes) -> str:
                try:
                    return await Deferred[str]()
                except CancelledError:
                    ended.append(makes)
                    if makes == "a value":
                        return "done"
                    if makes == "an error":
                        raise ConfigError("odd") from None
                    raise

            self.reactor = _Reactor()
            self.reactor.is_told = True
            error = self.assertRaises(Interrupted, run_in_reactor, work)
            self.assertEqual(error.number, signal.SIGTERM)
        self.assertEqual(ended, ["nothing", "a value", "an error"])

    def test_heard(self) -> None:
        """
        Whoever wants to hear of signals decides what comes of them.
        """
        over = Deferred[int]()

        async def work(_: object) -> int:
            return await over

        self.reactor.is_told = True
        self.assertEqual(run_in_reactor(work, over.callback), signal.SIGTERM)
