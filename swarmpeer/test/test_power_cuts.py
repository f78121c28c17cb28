"""
Tests of L{swarmpeer.testing.power_cuts}.
"""

import os
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import ProcessGone
from swarmpeer.testing.power_cuts import DARK_SECONDS, PowerCutSwarm
from swarmpeer.testing.scenario import Scenario

_SCENARIO = Scenario(peers=2, files=2, file_size_bytes=100_000, policy="classic")


class PowerCutSwarmTests(SynchronousTestCase):
    """
    The power fails once, where and when it was said.
    """

    def test_power_fails(self) -> None:
        """
        The machine is started again a second later, and the swarm ends well.
        """
        swarm = PowerCutSwarm(_SCENARIO, 1002, after_event=40)
        outcome = swarm.run()
        self.assertEqual(outcome.breaches, ())
        self.assertEqual(swarm.hosts[1002].starts, 2)
        self.assertEqual(swarm.hosts[1001].starts, 1)
        self.assertGreater(outcome.virtual_seconds, DARK_SECONDS)

    def test_end_before(self) -> None:
        """
        Where there are not so many events it does not fail.
        """
        swarm = PowerCutSwarm(_SCENARIO, 1002, after_event=10**9)
        self.assertEqual(swarm.run().breaches, ())
        self.assertEqual(swarm.hosts[1002].starts, 1)

    def test_in_the_midst_of_a_work(self) -> None:
        """
        It fails before a call of a thread that would change the disk, and that call is
        not made; where there are not so many it does not fail.
        """
        starts = []
        for call in (0, 12, 10**6):
            swarm = PowerCutSwarm(_SCENARIO, 1002, after_call=call)
            self.assertEqual(swarm.run().breaches, ())
            starts.append((swarm.was_cut, swarm.hosts[1002].starts))
        self.assertEqual(starts, [(True, 2), (True, 2), (False, 1)])

    def test_calls_of_the_reactor_thread(self) -> None:
        """
        Calls that are not made in a thread, or change nothing, do not count.
        """
        disk = SimulatedDisk(Random(0))
        crashes: list[str] = []
        disk.interrupt_work(lambda: crashes.append("now"), skipping=1)
        disk.make_folder("/folder")
        folder = disk.open_folder("/folder")
        fd = disk.open(folder, "name", os.O_RDWR | os.O_CREAT)
        disk.is_in_work = True
        disk.write(fd, b"1", 0)
        disk.fstat(fd)
        self.assertRaises(ProcessGone, disk.write, fd, b"2", 0)
        self.assertEqual(crashes, ["now"])
        self.assertEqual(disk.content("/folder", "name"), b"1")
        disk.write(fd, b"3", 0)

    def test_somebody_edits(self) -> None:
        """
        Files that somebody else wrote into are known, and what a process would be
        told of a file can be asked.
        """
        disk = SimulatedDisk(Random(0))
        self.assertIsNone(disk.status("/folder", "name"))
        disk.put("/folder", "name", b"before")
        before = disk.status("/folder", "name")
        disk.edit("/folder", "name", b"after", 0)
        after = disk.status("/folder", "name")
        assert before is not None and after is not None
        self.assertEqual(before.st_ino, after.st_ino)
        self.assertLess(before.st_mtime_ns, after.st_mtime_ns)
        self.assertEqual(disk.edited, {("/folder", "name")})
