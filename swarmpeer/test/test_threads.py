"""
Tests of L{swarmpeer.testing.threads}.
"""

from collections.abc import Callable
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import SYNC_SECONDS
from swarmpeer.testing.threads import SimulatedThreads
from swarmpeer.thread_work import Answer


class SimulatedThreadsTests(SynchronousTestCase):
    """
    When works are done and answered.
    """

    def setUp(self) -> None:
        """
        Two workers, and a disk with a folder to sync.
        """
        self.clock = Clock()
        self.disk = SimulatedDisk(Random(1))
        self.disk.make_folder("peer")
        self.folder = self.disk.open_folder("peer")
        self.threads = SimulatedThreads(self.clock, self.disk)
        self.heard: list[str] = []

    def ask(self, name: str, syncs: int) -> None:
        """
        Have so many syncs done.
        """

        def work() -> Answer:
            self.heard.append(f"{name} done")
            for _ in range(syncs):
                self.disk.sync(self.folder)
            return lambda: self.heard.append(f"{name} answered")

        self.threads(work)

    def take(self) -> list[str]:
        """
        What was heard since the last time.
        """
        heard, self.heard = self.heard, []
        return heard

    def test_later(self) -> None:
        """
        Nothing is done before the call returns, and the answer comes after what
        the disk takes.
        """
        self.ask("a", 1)
        self.assertEqual(self.take(), [])
        self.clock.advance(0)
        self.assertEqual(self.take(), ["a done"])
        self.clock.advance(SYNC_SECONDS * 0.49)
        self.assertEqual(self.take(), [])
        self.clock.advance(SYNC_SECONDS * 1.02)
        self.assertEqual(self.take(), ["a answered"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_to_wait_for(self) -> None:
        """
        What the reactor thread asked of the disk costs the works nothing, and a
        work that needs no disk is answered in the same moment.
        """
        self.disk.sync(self.folder)
        self.ask("a", 0)
        self.clock.pump([0, 0])
        self.assertEqual(self.take(), ["a done", "a answered"])

    def test_overtakes(self) -> None:
        """
        Two works are done at a time, in the order of asking; a short one is
        answered before a long one, and lets the next in.
        """
        self.ask("a", 100)
        self.ask("b", 1)
        self.ask("c", 1)
        self.clock.advance(0)
        self.assertEqual(self.take(), ["a done", "b done"])
        self.clock.pump([2 * SYNC_SECONDS, 0, 2 * SYNC_SECONDS])
        self.assertEqual(self.take(), ["b answered", "c done", "c answered"])
        self.clock.advance(200 * SYNC_SECONDS)
        self.assertEqual(self.take(), ["a answered"])

    def test_answer_raises(self) -> None:
        """
        What an answer raises goes up to the clock, and the workers work on.
        """
        for _ in range(3):
            self.threads(lambda: lambda: [][0])
        for _ in range(3):
            self.assertRaises(IndexError, self.clock.advance, 0)
        self.ask("a", 0)
        self.clock.pump([0, 0])
        self.assertEqual(self.take(), ["a done", "a answered"])

    def killed(self, crash: Callable[[], None]) -> None:
        """
        A work that is interrupted does nothing more and is never answered.
        """
        self.disk.interrupt("sync", crash, skipping=1)
        self.ask("a", 2)
        self.clock.pump([0, 10, 10])
        self.assertEqual(self.take(), ["a done"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_process_dies(self) -> None:
        """
        So it is when the process is killed.
        """
        self.killed(self.disk.process_died)

    def test_power_goes(self) -> None:
        """
        So it is when the power goes.
        """
        self.killed(self.disk.lose_power)
