"""
Tests of L{swarmpeer.testing.disk} and L{swarmpeer.testing.disk_faults}.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.file_name import LOCK_NAME
from swarmpeer.storage.calls import FileCalls, SystemCalls
from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import (
    BYTES_PER_SECOND,
    READ_SECONDS,
    SYNC_SECONDS,
    DiskEvent,
    ProcessGone,
)
from swarmpeer.testing.page_cache import PAGE_BYTES

NEW = os.O_RDWR | os.O_CREAT
FLAGS = [
    os.O_RDONLY,
    os.O_RDWR,
    NEW,
    NEW | os.O_EXCL,
    os.O_RDWR | os.O_TRUNC,
]

CALLS = ["open", "close", "fstat", "lstat", "same", "lock", "truncate", "read"]
CALLS += ["write", "sync", "rename", "unlink"]

Step = tuple[str, int, str, int, int]
"""
A call, which open file or which flags, a name, an offset and a size.
"""

STEPS = st.lists(
    st.tuples(
        st.sampled_from([*CALLS, "open", "write"]),
        st.integers(0, 4),
        st.sampled_from("abc"),
        st.integers(0, 9000),
        st.integers(0, 9000),
    ),
    max_size=30,
)


class Walk:
    """
    A process that makes calls to a disk and remembers what came of them.
    """

    def __init__(self, calls: FileCalls, path: str) -> None:
        """
        Make the folder.
        """
        self.calls = calls
        self.heard: list[object] = []
        calls.make_folder(path)
        self.folder = calls.open_folder(path)
        self.files: list[int] = []

    def take(self, step: Step) -> None:
        """
        Make a call, unless it needs an open file and there is none.
        """
        what, position, name, offset, size_bytes = step
        if what not in ("open", "lstat", "rename", "unlink") and not self.files:
            return
        try:
            came = self._call(what, position, name, offset, size_bytes)
        except OSError as error:
            came = error.errno
        self.heard.append((what, came))

    def _call(
        self, what: str, position: int, name: str, offset: int, size_bytes: int
    ) -> object:
        calls, other = self.calls, "abc"[position % 3]
        if what == "open":
            self.files.append(calls.open(self.folder, name, FLAGS[position]))
            return None
        if what == "lstat":
            return self._seen(calls.lstat(self.folder, name))
        if what == "rename":
            calls.rename(self.folder, name, other)
            return None
        if what == "unlink":
            calls.unlink(self.folder, name)
            return None
        fd = self.files[position % len(self.files)]
        if what == "fstat":
            return self._seen(calls.fstat(fd))
        if what == "same":
            named = calls.lstat(self.folder, name)
            return os.path.samestat(named, calls.fstat(fd))
        if what == "lock":
            return calls.lock(fd)
        if what == "read":
            return calls.read(fd, size_bytes, offset)
        if what == "write":
            return calls.write(fd, memoryview(bytes([position]) * size_bytes), offset)
        if what == "truncate":
            calls.truncate(fd, offset)
        elif what == "sync":
            calls.sync(fd)
        else:
            self.files.remove(fd)
            calls.close(fd)
        return None

    def _seen(self, found: os.stat_result) -> object:
        return stat.S_IFMT(found.st_mode), found.st_size

    def close(self) -> None:
        """
        Close all.
        """
        for fd in [*self.files, self.folder]:
            self.calls.close(fd)


class QuickCalls(SystemCalls):
    """
    The real disk, for which nobody waits.
    """

    def sync(self, fd: int) -> None:
        """Be there."""
        os.fstat(fd)


class CallsTests(SynchronousTestCase):
    """
    While nothing goes wrong.
    """

    @given(steps=STEPS)
    @settings(deadline=None)
    def test_like_a_real_one(self, steps: list[Step]) -> None:
        """
        Whatever is called, the same comes of it as on a real disk, errors
        included.
        """
        with TemporaryDirectory() as root:
            real = Walk(QuickCalls(), f"{root}/peer")
            disk = SimulatedDisk(Random(1))
            simulated = Walk(disk, "/peer")
            for step in steps:
                real.take(step)
                simulated.take(step)
            self.assertEqual(simulated.heard, real.heard)
            found = {
                path.name: path.read_bytes() for path in Path(root, "peer").iterdir()
            }
            self.assertEqual(disk.names("/peer"), sorted(found))
            for name, data in found.items():
                self.assertEqual(disk.content("/peer", name), data)
            real.close()
            simulated.close()

    @given(steps=STEPS, seed=st.integers())
    @settings(deadline=None)
    def test_same_seed(self, steps: list[Step], seed: int) -> None:
        """
        The same seed and the same calls give the same, down to what a loss of
        power leaves and what the calls cost.
        """
        left = []
        for _ in range(2):
            disk = SimulatedDisk(Random(seed), capacity_bytes=4 * PAGE_BYTES)
            walk = Walk(disk, "peer")
            for step in steps:
                walk.take(step)
            disk.rot()
            cost = disk.take_cost_seconds()
            disk.lose_power()
            rest = [(name, disk.content("peer", name)) for name in disk.names("peer")]
            left.append((walk.heard, cost, rest, disk.fired, disk.rotten))
        self.assertEqual(left[0], left[1])

    def test_folders(self) -> None:
        """
        A folder is made once and must be there to be opened; its descriptor
        says that it is one.
        """
        disk = SimulatedDisk(Random(1))
        self.assertRaises(FileNotFoundError, disk.open_folder, "/a/peer")
        disk.make_folder("/a/peer")
        self.assertRaises(FileExistsError, disk.make_folder, "/a/peer/")
        folder = disk.open_folder("/a//peer")
        self.assertTrue(stat.S_ISDIR(disk.fstat(folder).st_mode))
        self.assertEqual(disk.names(Path("/a/peer")), [])
        self.assertEqual((disk.names("b"), disk.content("b", "file")), ([], None))

    def test_nothing_open(self) -> None:
        """
        What is closed, of another kind or only to be read is refused.
        """
        disk = SimulatedDisk(Random(1))
        disk.put("peer", "file", b"abc")
        folder = disk.open_folder("peer")
        fd = disk.open(folder, "file", os.O_RDONLY)
        calls: list[Callable[[], object]] = [
            lambda: disk.write(fd, b"x", 0),
            lambda: disk.read(folder, 1, 0),
            lambda: disk.open(fd, "file", os.O_RDONLY),
        ]
        self.assertRaises(OSError, disk.truncate, fd, 0)
        disk.close(fd)
        calls += [
            lambda: disk.truncate(fd, 0),
            lambda: disk.read(fd, 1, 0),
            lambda: disk.read_cached(fd, 1, 0),
            lambda: disk.is_in_memory(fd),
            lambda: disk.sync(fd),
            lambda: disk.lock(fd),
            lambda: disk.close(fd),
            lambda: disk.fstat(3),
        ]
        disk.close(folder)
        calls += [
            lambda: disk.lstat(folder, "file"),
            lambda: disk.unlink(folder, "file"),
            lambda: disk.rename(folder, "file", "other"),
        ]
        for call in calls:
            error = self.assertRaises(OSError, call)
            self.assertEqual(error.errno, errno.EBADF)
        # They mean nothing to the real system.
        self.assertRaises(OSError, os.fstat, fd)

    def test_memory(self) -> None:
        """
        What was put there has to come from the disk once; what was written is
        in memory, and a file that ends too early is not all there.
        """
        disk = SimulatedDisk(Random(1))
        disk.put("peer", "file", b"abc")
        folder = disk.open_folder("peer")
        fd = disk.open(folder, "file", os.O_RDWR)
        self.assertIsNone(disk.read_cached(fd, 3, 0))
        self.assertEqual(disk.read(fd, 3, 0), b"abc")
        self.assertEqual(disk.read_cached(fd, 3, 0), b"abc")
        self.assertIsNone(disk.read_cached(fd, 4, 0))
        disk.write(fd, b"d", 3)
        self.assertEqual(disk.read_cached(fd, 2, 2), b"cd")
        self.assertFalse(disk.is_in_memory(fd))

    def test_cannot_tell(self) -> None:
        """
        A disk may not know what is in memory.
        """
        disk = SimulatedDisk(Random(1), can_tell_cached=False)
        disk.put("peer", "file", b"abc")
        fd = disk.open(disk.open_folder("peer"), "file", os.O_RDONLY)
        error = self.assertRaises(OSError, disk.read_cached, fd, 3, 0)
        self.assertEqual(error.errno, errno.EOPNOTSUPP)
        self.assertEqual(disk.read(fd, 3, 0), b"abc")


class FaultCase(SynchronousTestCase):
    """
    A disk with an open file.
    """

    def setUp(self) -> None:
        """
        Make it.
        """
        self.disk = self.new_disk()

    def new_disk(
        self, seed: int = 1, capacity_bytes: int | None = None
    ) -> SimulatedDisk:
        """
        A disk, and in it a folder that is durable and a file that is not.
        """
        disk = SimulatedDisk(Random(seed), capacity_bytes=capacity_bytes)
        disk.make_folder("peer")
        self.folder = disk.open_folder("peer")
        disk.sync(self.folder)
        self.fd = disk.open(self.folder, "file", NEW)
        disk.take_cost_seconds()
        return disk

    def fails(self, number: int, call: Callable[..., object], *args: object) -> None:
        """
        The call fails with that number.
        """
        error = self.assertRaises(OSError, call, *args)
        self.assertEqual((error.errno, error.strerror), (number, os.strerror(number)))


class DeathTests(FaultCase):
    """
    What outlives a process, and what outlives the power.
    """

    def test_process(self) -> None:
        """
        All that a process wrote outlives it, its lock does not, and whatever it
        still does with what it had open ends it for good.
        """
        disk = self.disk
        disk.write(self.fd, b"abc", 0)
        self.assertTrue(disk.lock(self.fd))
        removed = disk.open(self.folder, "removed", NEW)
        disk.unlink(self.folder, "removed")
        disk.process_died()
        calls: list[Callable[[], object]] = [
            lambda: disk.write(self.fd, b"x", 0),
            lambda: disk.close(self.fd),
            lambda: disk.sync(removed),
            lambda: disk.unlink(self.folder, "file"),
            lambda: disk.close(self.folder),
        ]
        for call in calls:
            self.assertRaises(ProcessGone, call)
        self.assertEqual(disk.content("peer", "file"), b"abc")
        folder = disk.open_folder("peer")
        fd = disk.open(folder, "file", os.O_RDWR)
        self.assertTrue(disk.lock(fd))
        other = disk.open(folder, "file", os.O_RDWR)
        self.assertFalse(disk.lock(other))
        disk.close(fd)
        self.assertTrue(disk.lock(other))
        self.assertEqual(disk.fired, {})

    def test_durable(self) -> None:
        """
        A file that was synced, in a folder that was synced, outlasts any loss of
        power.
        """
        for seed in range(30):
            disk = self.new_disk(seed)
            disk.write(self.fd, b"abc" * 5000, 0)
            disk.sync(self.fd)
            disk.rename(self.folder, "file", "whole")
            disk.sync(self.folder)
            disk.lose_power()
            self.assertEqual(disk.names("peer"), ["whole"])
            self.assertEqual(disk.content("peer", "whole"), b"abc" * 5000)
            self.assertEqual(disk.fired, {})
            self.assertRaises(ProcessGone, disk.sync, self.fd)

    def test_not_durable(self) -> None:
        """
        Without a sync all of it may be lost, in part or as a whole, or be there;
        and what was lost is counted.
        """
        data = b"b" * PAGE_BYTES
        seen = set()
        for seed in range(100):
            disk = self.new_disk(seed)
            disk.write(self.fd, data, 0)
            disk.lose_power()
            content = disk.content("peer", "file")
            if content is None:
                what = "no name"
            elif len(content) < len(data):
                what = "no size"
            elif content == data:
                what = "all"
            else:
                what = "torn" if content.strip(b"\0") else "no bytes"
            seen.add(what)
            fired = disk.fired
            self.assertEqual(what == "no name", fired[DiskEvent.NAME_LOST] == 1)
            if what in ("torn", "no bytes"):
                counted = (fired[DiskEvent.TORN], fired[DiskEvent.DROPPED])
                self.assertEqual(counted, (1, 0) if what == "torn" else (0, 1))
        self.assertEqual(seen, {"no name", "no size", "all", "torn", "no bytes"})

    def test_new_folder(self) -> None:
        """
        A folder that was never synced may be lost with all that is in it.
        """
        seen = set()
        for seed in range(40):
            disk = SimulatedDisk(Random(seed))
            disk.make_folder("peer")
            fd = disk.open(disk.open_folder("peer"), "file", NEW)
            disk.sync(fd)
            disk.lose_power()
            try:
                disk.make_folder("peer")
                seen.add("no folder")
            except FileExistsError:
                seen.add(" ".join(disk.names("peer")))
        self.assertEqual(seen, {"no folder", "", "file"})

    def test_replaced(self) -> None:
        """
        Under a name that another file took without a sync is either the one or
        the other, whole.
        """
        seen = set()
        for seed in range(30):
            disk = self.new_disk(seed)
            disk.put("peer", "whole", b"old")
            disk.write(self.fd, b"new", 0)
            disk.sync(self.fd)
            disk.rename(self.folder, "file", "whole")
            disk.lose_power()
            seen.add((*disk.names("peer"), disk.content("peer", "whole")))
        self.assertEqual(seen, {("whole", b"new"), ("file", "whole", b"old")})

    def test_interrupt(self) -> None:
        """
        A process ends just before a call: before the next one of a name, after
        some that are let through; once.
        """
        disk = self.disk
        disk.interrupt("rename", disk.process_died)
        disk.write(self.fd, b"abc", 0)
        self.assertRaises(ProcessGone, disk.rename, self.folder, "file", "whole")
        self.assertEqual(disk.names("peer"), ["file"])
        folder = disk.open_folder("peer")
        disk.interrupt("sync", disk.lose_power, skipping=1)
        disk.sync(folder)
        disk.rename(folder, "file", "whole")
        self.assertRaises(ProcessGone, disk.sync, folder)
        disk.interrupt("make_folder", disk.process_died)
        disk.process_died()
        disk.make_folder("other")


class FaultTests(FaultCase):
    """
    What fails when it is told to.
    """

    def test_full(self) -> None:
        """
        A full disk takes nothing that needs room, and the rest as ever.
        """
        disk = self.disk
        disk.write(self.fd, b"a" * PAGE_BYTES, 0)
        disk.fill()
        self.fails(errno.ENOSPC, disk.write, self.fd, b"x", PAGE_BYTES)
        self.assertEqual(disk.write(self.fd, b"xyz", PAGE_BYTES - 1), 1)
        disk.truncate(self.fd, 3 * PAGE_BYTES)
        disk.rename(self.folder, "file", "whole")
        disk.close(disk.open(self.folder, "file", NEW))
        disk.heal()
        self.fails(errno.ENOSPC, disk.write, self.fd, b"x", PAGE_BYTES)
        disk.free()
        self.assertEqual(disk.write(self.fd, b"x", PAGE_BYTES), 1)
        self.assertEqual(disk.fired, {DiskEvent.FULL: 2})

    def test_capacity(self) -> None:
        """
        A disk holds no more than its capacity; what fits is written, and room
        is given back once a file has neither a name nor anyone who has it open.
        """
        disk = self.disk = self.new_disk(capacity_bytes=3 * PAGE_BYTES)
        data = b"a" * 4 * PAGE_BYTES
        self.assertEqual(disk.write(self.fd, data, 10), 3 * PAGE_BYTES - 10)
        disk.unlink(self.folder, "file")
        fd = disk.open(self.folder, "file", NEW)
        self.fails(errno.ENOSPC, disk.write, fd, data, 0)
        disk.close(self.fd)
        self.assertEqual(disk.write(fd, data, 0), 3 * PAGE_BYTES)
        disk.truncate(fd, PAGE_BYTES)
        self.assertEqual(disk.write(fd, data, 0), 3 * PAGE_BYTES)

    def test_reads(self) -> None:
        """
        So many reads fail, even of what was in memory.
        """
        disk = self.disk
        disk.write(self.fd, b"abc", 0)
        disk.fail_reads(2)
        for _ in range(2):
            self.assertIsNone(disk.read_cached(self.fd, 3, 0))
            self.fails(errno.EIO, disk.read, self.fd, 3, 0)
        self.assertEqual(disk.read_cached(self.fd, 3, 0), b"abc")
        disk.fail_reads(2)
        disk.heal()
        self.assertEqual(disk.read(self.fd, 3, 0), b"abc")
        self.assertEqual(disk.fired, {DiskEvent.READ_FAILED: 2})

    def test_writes(self) -> None:
        """
        So many writes and syncs of files fail, and nothing is changed by those
        writes.
        """
        disk = self.disk
        disk.fail_writes(2)
        disk.sync(self.folder)
        self.fails(errno.EIO, disk.write, self.fd, b"abc", 0)
        self.fails(errno.EIO, disk.sync, self.fd)
        self.assertEqual(disk.content("peer", "file"), b"")
        self.assertEqual(disk.write(self.fd, b"abc", 0), 3)
        disk.fail_writes(1)
        disk.heal()
        disk.sync(self.fd)
        self.assertEqual(disk.fired, {DiskEvent.WRITE_FAILED: 2})

    def test_failed_sync(self) -> None:
        """
        The bytes that a file's sync did not bring to the disk are lost when the
        power goes, whatever was synced after that.
        """
        disk = self.disk
        disk.write(self.fd, b"abc", 0)
        disk.fail_writes(1)
        self.fails(errno.EIO, disk.sync, self.fd)
        disk.sync(self.fd)
        disk.sync(self.folder)
        self.assertEqual(disk.content("peer", "file"), b"abc")
        disk.lose_power()
        self.assertEqual(disk.content("peer", "file"), bytes(3))
        self.assertEqual(disk.fired, {DiskEvent.WRITE_FAILED: 1})

    def test_rot(self) -> None:
        """
        A bit is flipped in what was written to a file that means something, and
        where it was is told.
        """
        disk = self.disk
        lock = disk.open(self.folder, LOCK_NAME, NEW)
        disk.write(lock, b"1\n", 0)
        self.assertFalse(disk.rot())
        disk.write(self.fd, bytes(5000), 0)
        self.assertTrue(disk.rot())
        [(folder, name, offset)] = disk.rotten
        content = disk.content(folder, name)
        assert content is not None
        self.assertEqual((folder, name), ("peer", "file"))
        self.assertEqual([n for n, byte in enumerate(content) if byte], [offset])
        self.assertEqual(disk.fired, {DiskEvent.ROTTED: 1})


class CostTests(FaultCase):
    """
    How long calls take.
    """

    def about(self, seconds: float) -> None:
        """
        That, give or take a half, is the cost since the last time.
        """
        cost = self.disk.take_cost_seconds()
        self.assertTrue(seconds / 2 <= cost <= seconds * 3 / 2, (cost, seconds))
        self.assertEqual(self.disk.take_cost_seconds(), 0.0)

    def test_costs(self) -> None:
        """
        Bytes that are moved, syncs and reads from the disk take time; what is
        in memory and what only concerns names takes none.
        """
        disk = self.disk
        disk.write(self.fd, b"a" * (99 * PAGE_BYTES + 1), 0)
        self.about(100 * PAGE_BYTES / BYTES_PER_SECOND)
        disk.read(self.fd, 10 * PAGE_BYTES, 0)
        disk.rename(self.folder, "file", "whole")
        self.assertEqual(disk.take_cost_seconds(), 0.0)
        disk.sync(self.fd)
        self.about(SYNC_SECONDS + 100 * PAGE_BYTES / BYTES_PER_SECOND)
        disk.sync(self.folder)
        self.about(SYNC_SECONDS)
        disk.lose_power()
        fd = disk.open(disk.open_folder("peer"), "whole", os.O_RDONLY)
        disk.read(fd, 10 * PAGE_BYTES, 0)
        self.about(READ_SECONDS + 10 * PAGE_BYTES / BYTES_PER_SECOND)

    def test_slow(self) -> None:
        """
        A slow disk takes so many times as long, until it is healed.
        """
        self.disk.slow(1000)
        self.disk.sync(self.folder)
        self.about(SYNC_SECONDS * 1000)
        self.disk.heal()
        self.disk.sync(self.folder)
        self.about(SYNC_SECONDS)
