"""
Tests for L{swarmpeer.storage.second_thread}: when a second thread is worth while.
"""

import os
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from swarmpeer.storage.second_thread import (
    LOOK_SECONDS,
    CoreWatch,
    scheduled_here,
    usable_cores,
)

MS = 1_000_000


class CoreWatchTests(SynchronousTestCase):
    """
    How long a thread was kept waiting for a core.
    """

    def setUp(self) -> None:
        """
        A thread that has not run.
        """
        self.clock = Clock()
        self.ran = self.waited = 0
        self.is_known = True
        self.looks = 0
        self.watch = CoreWatch(self.clock.seconds, self.scheduled)

    def scheduled(self) -> tuple[int, int] | None:
        """
        What the system tells.
        """
        self.looks += 1
        return (self.ran, self.waited) if self.is_known else None

    def later(self, ran: int, waited: int) -> bool:
        """
        It ran and waited for so many milliseconds.

        @return: is a core free?
        """
        self.clock.advance(LOOK_SECONDS)
        self.ran += ran * MS
        self.waited += waited * MS
        return self.watch.is_free()

    def test_unknown(self) -> None:
        """
        Nothing is known before the second look, nor where the system does not tell.
        """
        self.assertIs(self.watch.is_free(), False)
        self.assertIs(self.later(40, 0), True)
        self.is_known = False
        self.assertIs(self.later(40, 0), False)
        self.is_known = True
        self.assertIs(self.later(40, 0), False)
        self.assertIs(self.later(40, 0), True)

    def test_crowd(self) -> None:
        """
        Who is kept waiting knows that no core is free, until it is so no more.
        """
        self.watch.is_free()
        free = [self.later(40, 1), self.later(20, 20), self.later(5, 40)]
        free += [self.later(40, 2), self.later(0, 0)]
        self.assertEqual(free, [True, False, False, True, True])

    def test_seldom(self) -> None:
        """
        However often it is asked, it looks now and then only.
        """
        for _ in range(10):
            self.watch.is_free()
            self.clock.advance(LOOK_SECONDS / 4)
        self.assertEqual(self.looks, 3)


class ScheduledHereTests(SynchronousTestCase):
    """
    What the system tells of a thread.
    """

    def told(self, line: str, cores: int = 2) -> tuple[int, int] | None:
        """
        What is made of a line of the system.
        """
        path = Path(self.mktemp())
        path.write_text(line)
        return scheduled_here(path, lambda: cores)

    def test_told(self) -> None:
        """
        Two whole numbers, of three.
        """
        self.assertEqual(self.told("12 34 5\n"), (12, 34))

    def test_one_core(self) -> None:
        """
        Where there is one core there is none for a second thread.
        """
        self.assertIsNone(self.told("12 34 5\n", cores=1))

    def test_not_told(self) -> None:
        """
        Not every system tells, or tells what we understand.
        """
        self.assertIsNone(scheduled_here(Path(self.mktemp()), lambda: 2))
        for line in ("", "12 34\n", "twelve 34 5\n"):
            self.assertIsNone(self.told(line), line)

    def test_here(self) -> None:
        """
        This system tells of this thread, which runs, if it tells at all.
        """
        if not Path("/proc/thread-self/schedstat").exists():
            raise SkipTest("the system does not tell")
        ran, waited = scheduled_here(cores=lambda: 2) or (0, -1)
        self.assertGreater(ran, 0)
        self.assertGreaterEqual(waited, 0)

    def test_usable_cores(self) -> None:
        """
        A core that is not for this thread counts for nothing.
        """
        if not hasattr(os, "sched_setaffinity"):
            raise SkipTest("a thread may run on all cores")
        usable = os.sched_getaffinity(0)
        self.assertEqual(usable_cores(), len(usable))
        self.addCleanup(os.sched_setaffinity, 0, usable)
        os.sched_setaffinity(0, {min(usable)})
        self.assertEqual(usable_cores(), 1)
