"""
Tests of L{swarmpeer.testing.disk} and L{swarmpeer.testing.disk_faults}.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.file_name import LOCK_NAME
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_calls import SystemCalls
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

NAME_CALLS = ["open", "lstat", "rename", "rename_to", "unlink", "names"]
NAME_CALLS += ["make_folder_in", "open_folder_in", "make_link", "link_text"]
FILE_CALLS = ["close", "fstat", "same", "lock", "truncate", "read", "write", "sync"]
FILE_CALLS += ["allocate", "set_mode"]

NAMES = ["a", "b", "c", "in"]

Step = tuple[str, int, str, int, int]
"""
A call, which open file or which flags, a name, an offset and a size; whether the
offset and the size are odd says in which of two folders a name is.
"""

STEPS = st.lists(
    st.tuples(
        st.sampled_from([*NAME_CALLS, *FILE_CALLS, "open", "open", "write", "write"]),
        st.integers(0, 4),
        st.sampled_from(NAMES),
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
        Make a folder and one in it.
        """
        self.calls = calls
        self.heard: list[object] = []
        calls.make_folder(path)
        folder = calls.open_folder(path)
        calls.make_folder_in(folder, "in")
        self.folders = [folder, calls.open_folder_in(folder, "in")]
        self.files: list[int] = []

    def take(self, step: Step) -> None:
        """
        Make a call, unless it needs an open file and there is none.
        """
        what, position, name, offset, size_bytes = step
        try:
            if what in NAME_CALLS:
                came = self._call(what, position, name, offset, size_bytes)
            elif self.files:
                fd = self.files[position % len(self.files)]
                came = self._call_file(what, fd, position, name, offset, size_bytes)
            else:
                return
        except OSError as error:
            came = error.errno
        self.heard.append((what, came))

    def _call(
        self, what: str, position: int, name: str, offset: int, size_bytes: int
    ) -> object:
        calls, other = self.calls, NAMES[position % len(NAMES)]
        folder, other_folder = self.folders[offset % 2], self.folders[size_bytes % 2]
        match what:
            case "open":
                return self._opened(calls.open(folder, name, FLAGS[position]))
            case "open_folder_in":
                return self._opened(calls.open_folder_in(folder, name))
            case "lstat":
                return self._seen(calls.lstat(folder, name))
            case "names":
                return calls.names(folder)
            case "link_text":
                return calls.link_text(folder, name)
            case "make_link":
                calls.make_link(folder, name, other)
            case "make_folder_in":
                calls.make_folder_in(folder, name)
            case "unlink":
                calls.unlink(folder, name)
            case _ if stat.S_ISDIR(calls.lstat(folder, name).st_mode):
                return "stays"
            case "rename":
                calls.rename(folder, name, other)
            case "rename_to":
                calls.rename_to(folder, name, other_folder, other)
        return None

    def _call_file(
        self,
        what: str,
        fd: int,
        position: int,
        name: str,
        offset: int,
        size_bytes: int,
    ) -> object:
        calls = self.calls
        match what:
            case "fstat":
                return self._seen(calls.fstat(fd))
            case "same":
                named = calls.lstat(self.folders[offset % 2], name)
                return os.path.samestat(named, calls.fstat(fd))
            case "lock":
                return calls.lock(fd)
            case "read":
                return calls.read(fd, size_bytes, offset)
            case "write":
                before_ns = self._age(fd)
                data = memoryview(bytes([position]) * size_bytes)
                count = calls.write(fd, data, offset)
                return count, calls.fstat(fd).st_mtime_ns > before_ns
            case "truncate":
                before_ns = self._age(fd)
                calls.truncate(fd, offset)
                return calls.fstat(fd).st_mtime_ns > before_ns
            case "allocate":
                calls.allocate(fd, size_bytes)
            case "set_mode":
                # Whoever made it can open it again.
                calls.set_mode(fd, 0o600 | offset & 0o177)
                return stat.S_IMODE(calls.fstat(fd).st_mode)
            case "sync":
                calls.sync(fd)
            case "close":
                self.files.remove(fd)
                calls.close(fd)
        return None

    def _opened(self, fd: int) -> object:
        """
        Keep a file; what else was opened is only looked at.
        """
        seen = self._seen(self.calls.fstat(fd))
        if stat.S_ISREG(self.calls.fstat(fd).st_mode):
            self.files.append(fd)
        else:
            self.calls.close(fd)
        return seen

    def _seen(self, found: os.stat_result) -> object:
        kind = stat.S_IFMT(found.st_mode)
        return kind, None if kind == stat.S_IFDIR else found.st_size

    def _age(self, fd: int) -> int:
        """
        @return: a time of the last change, such that one that comes now is later.
        """
        return self.calls.fstat(fd).st_mtime_ns

    def holes(self) -> Iterator[bytes]:
        """
        All that the open files have where nothing was ever written.
        """
        calls = self.calls
        for fd in self.files:
            size_bytes = calls.fstat(fd).st_size
            end = 0
            while end < size_bytes:
                start = calls.next_data(fd, end)
                start = size_bytes if start is None else start
                yield calls.read(fd, start - end, end)
                end = calls.next_hole(fd, start)

    def close(self) -> None:
        """
        Close all.
        """
        for fd in [*self.files, *self.folders]:
            self.calls.close(fd)


class RealWalk(Walk):
    """
    The same on a real disk, whose clock may stand still between two calls.
    """

    def _age(self, fd: int) -> int:
        os.utime(fd, ns=(0, 0))
        return 0


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
            real = RealWalk(QuickCalls(), f"{root}/peer")
            disk = SimulatedDisk(Random(1))
            simulated = Walk(disk, "/peer")
            for step in steps:
                real.take(step)
                simulated.take(step)
            self.assertEqual(simulated.heard, real.heard)
            top = Path(root, "peer")
            found = {
                str(path.relative_to(top)): path.read_bytes()
                for path in top.rglob("*")
                if path.is_file() and not path.is_symlink()
            }
            self.assertEqual(disk.contents_below("/peer"), found)
            self.assertEqual(disk.names_in("/peer"), sorted(os.listdir(top)))
            for walk in (real, simulated):
                self.assertEqual(b"".join(walk.holes()).strip(b"\0"), b"")
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
            rest = list(disk.contents_below("peer").items())
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
        self.assertEqual(disk.names_in(Path("/a/peer")), [])
        self.assertEqual((disk.names_in("b"), disk.content("b", "file")), ([], None))

    def test_way_to_a_folder(self) -> None:
        """
        A path leads through folders only; what is made by its path is found by its
        name in the one that it is in, and the other way round.
        """
        disk = SimulatedDisk(Random(1))
        disk.put("/a/peer/data", "file", b"abc")
        peer = disk.open_folder("/a/peer")
        self.assertEqual(disk.names(peer), ["data"])
        self.assertRaises(FileExistsError, disk.make_folder, "/a/peer/data")
        disk.make_folder("/a/peer/other")
        disk.close(disk.open_folder_in(peer, "other"))
        disk.make_folder_in(peer, "third")
        disk.close(disk.open_folder("/a/peer/third"))
        for path, number in [
            ("/a/peer/data/file", errno.ENOTDIR),
            ("/a/peer/data/file/below", errno.ENOENT),
            ("/a/peer/none", errno.ENOENT),
        ]:
            error = self.assertRaises(OSError, disk.open_folder, path)
            self.assertEqual(error.errno, number)
        self.assertEqual(disk.contents_below("/a"), {"peer/data/file": b"abc"})
        self.assertEqual(disk.content("/a/peer/data", "file"), b"abc")
        self.assertIsNone(disk.content("/a/peer", "data"))
        self.assertEqual(disk.contents_below("/b"), {})

    def test_folder_stays(self) -> None:
        """
        A folder that is to be moved or removed is in use.
        """
        disk = SimulatedDisk(Random(1))
        disk.put("/peer/data", "file", b"abc")
        peer = disk.open_folder("/peer")
        error = self.assertRaises(OSError, disk.rename, peer, "data", "other")
        self.assertEqual(error.errno, errno.EBUSY)
        self.assertRaises(IsADirectoryError, disk.unlink, peer, "data")

    def test_identity(self) -> None:
        """
        Whoever changes a file, or puts another in its place, changes its number or
        its time; who reads it, moves it or lets a bit of it rot changes neither.
        """
        disk = SimulatedDisk(Random(1))
        disk.put("peer", "file", b"abc")
        folder = disk.open_folder("peer")
        fd = disk.open(folder, "file", os.O_RDWR)

        def identity(name: str) -> tuple[int, int]:
            found = disk.lstat(folder, name)
            return found.st_ino, found.st_mtime_ns

        seen = [identity("file")]
        disk.read(fd, 3, 0)
        disk.rename(folder, "file", "other")
        disk.sync(fd)
        disk.set_mode(fd, 0o600)
        self.assertTrue(disk.rot())
        disk.write(fd, b"", 0)
        self.assertEqual(identity("other"), seen[0])
        changes: list[Callable[[], object]] = [
            lambda: disk.write(fd, b"abc", 0),
            lambda: disk.truncate(fd, 3),
            lambda: disk.allocate(fd, 3),
            lambda: disk.edit("peer", "other", b"c", 2),
            lambda: disk.put("peer", "other", b"abc"),
        ]
        for change in changes:
            change()
            seen.append(identity("other"))
        self.assertEqual(len(set(seen)), len(seen))
        self.assertEqual(disk.content("peer", "other"), b"abc")
        self.assertRaises(KeyError, disk.edit, "peer", "file", b"c", 2)

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
            lambda: disk.allocate(fd, 1),
        ]
        self.assertRaises(OSError, disk.truncate, fd, 0)
        disk.close(fd)
        calls += [
            lambda: disk.truncate(fd, 0),
            lambda: disk.read(fd, 1, 0),
            lambda: disk.read_cached(fd, 1, 0),
            lambda: disk.is_cached(fd, 1, 0),
            lambda: disk.is_in_memory(fd),
            lambda: disk.next_data(fd, 0),
            lambda: disk.next_hole(fd, 0),
            lambda: disk.allocate(fd, 1),
            lambda: disk.set_mode(fd, 0o600),
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
            lambda: disk.rename_to(folder, "file", folder, "other"),
            lambda: disk.make_folder_in(folder, "other"),
            lambda: disk.open_folder_in(folder, "other"),
            lambda: disk.make_link(folder, "other", "file"),
            lambda: disk.link_text(folder, "file"),
            lambda: disk.names(folder),
            lambda: disk.free_bytes(folder),
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
        self.assertFalse(disk.is_cached(fd, 3, 0))
        self.assertEqual(disk.read(fd, 3, 0), b"abc")
        self.assertEqual(disk.read_cached(fd, 3, 0), b"abc")
        self.assertTrue(disk.is_cached(fd, 3, 0))
        self.assertIsNone(disk.read_cached(fd, 4, 0))
        self.assertFalse(disk.is_cached(fd, 4, 0))
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
        for ask in (disk.read_cached, disk.is_cached):
            error = self.assertRaises(OSError, ask, fd, 3, 0)
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
            self.assertEqual(disk.names_in("peer"), ["whole"])
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
                seen.add(" ".join(disk.names_in("peer")))
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
            seen.add((*disk.names_in("peer"), disk.content("peer", "whole")))
        self.assertEqual(seen, {("whole", b"new"), ("file", "whole", b"old")})

    def test_nested(self) -> None:
        """
        A file in a nested folder is as durable as any other if all folders on the
        way to it were synced; else it may be lost, and in part.
        """
        data = bytes(range(1, 251)) * 40
        seen = set()
        for is_synced in (True, False):
            for seed in range(60):
                disk = self.new_disk(seed)
                disk.make_folder_in(self.folder, "data")
                data_folder = disk.open_folder_in(self.folder, "data")
                disk.make_folder_in(data_folder, "sub")
                sub = disk.open_folder_in(data_folder, "sub")
                fd = disk.open(sub, "file", NEW)
                disk.write(fd, data, 0)
                disk.set_mode(fd, 0o755)
                if is_synced:
                    for each in (fd, sub, data_folder, self.folder):
                        disk.sync(each)
                disk.lose_power()
                found = disk.content("peer/data/sub", "file")
                if is_synced:
                    self.assertEqual(found, data)
                    sub = disk.open_folder("peer/data/sub")
                    mode = disk.lstat(sub, "file").st_mode
                    self.assertEqual(stat.S_IMODE(mode), 0o755)
                    self.assertEqual(disk.fired, {})
                elif found != data:
                    seen.add(tuple(sorted(disk.fired)))
        # Pages were torn and dropped, in a file or beside one that was lost as well.
        self.assertTrue(
            {(DiskEvent.NAME_LOST,), (DiskEvent.TORN,), (DiskEvent.DROPPED,)} <= seen,
            seen,
        )

    def test_moved(self) -> None:
        """
        A file that was moved to another folder without a sync is in one of the two,
        whole.
        """
        seen = set()
        for seed in range(40):
            disk = self.new_disk(seed)
            disk.make_folder_in(self.folder, "data")
            disk.write(self.fd, b"new", 0)
            disk.sync(self.fd)
            disk.sync(self.folder)
            data_folder = disk.open_folder_in(self.folder, "data")
            disk.rename_to(self.folder, "file", data_folder, "whole")
            disk.lose_power()
            seen.add(tuple(disk.contents_below("peer").items()))
        self.assertEqual(seen, {(("file", b"new"),), (("data/whole", b"new"),)})

    def test_interrupt_any(self) -> None:
        """
        Any call can be the last one of a process, by its name.
        """
        disk = self.disk
        calls: dict[str, Callable[[], object]] = {
            "make_folder_in": lambda: disk.make_folder_in(self.folder, "in"),
            "open_folder_in": lambda: disk.open_folder_in(self.folder, "in"),
            "names": lambda: disk.names(self.folder),
            "rename_to": lambda: disk.rename_to(self.folder, "a", self.folder, "b"),
            "link_text": lambda: disk.link_text(self.folder, "a"),
            "make_link": lambda: disk.make_link(self.folder, "a", "b"),
            "set_mode": lambda: disk.set_mode(self.fd, 0),
            "next_data": lambda: disk.next_data(self.fd, 0),
            "next_hole": lambda: disk.next_hole(self.fd, 0),
            "allocate": lambda: disk.allocate(self.fd, 1),
            "free_bytes": lambda: disk.free_bytes(self.folder),
        }
        ended: list[str] = []
        for name, call in calls.items():
            disk.interrupt(name, partial(ended.append, name))
            self.assertRaises(ProcessGone, call)
        self.assertEqual(ended, list(calls))
        self.assertEqual(disk.names(self.folder), ["file"])

    def test_interrupt(self) -> None:
        """
        A process ends just before a call: before the next one of a name, after
        some that are let through; once.
        """
        disk = self.disk
        disk.interrupt("rename", disk.process_died)
        disk.write(self.fd, b"abc", 0)
        self.assertRaises(ProcessGone, disk.rename, self.folder, "file", "whole")
        self.assertEqual(disk.names_in("peer"), ["file"])
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

    def test_other_capacity(self) -> None:
        """
        A disk may get smaller than what is on it, and larger again; how much room
        there is can be asked for if there is an end to it.
        """
        disk = self.disk
        self.assertIsNone(disk.free_bytes(self.folder))
        disk.write(self.fd, b"a" * 2 * PAGE_BYTES, 0)
        disk.capacity_bytes = PAGE_BYTES
        self.assertEqual(disk.free_bytes(self.folder), 0)
        self.fails(errno.ENOSPC, disk.write, self.fd, b"x", 2 * PAGE_BYTES)
        disk.capacity_bytes = 4 * PAGE_BYTES + 1
        self.assertEqual(disk.free_bytes(self.folder), 2 * PAGE_BYTES)
        disk.make_folder_in(self.folder, "in")
        inside = disk.open_folder_in(self.folder, "in")
        disk.write(disk.open(inside, "file", NEW), b"x", 0)
        self.assertEqual(disk.free_bytes(inside), PAGE_BYTES)
        disk.fill()
        self.assertEqual(disk.free_bytes(inside), 0)

    def test_allocated(self) -> None:
        """
        Room that was taken stays, whoever else writes; it reads as zeros, nothing
        was written there, and what there is not enough of is not taken at all.
        """
        disk = self.disk
        disk.capacity_bytes = 4 * PAGE_BYTES
        disk.write(self.fd, b"abc", PAGE_BYTES)
        self.fails(errno.ENOSPC, disk.allocate, self.fd, 4 * PAGE_BYTES + 1)
        self.assertEqual(disk.free_bytes(self.folder), 3 * PAGE_BYTES)
        disk.allocate(self.fd, 3 * PAGE_BYTES - 1)
        self.assertEqual(disk.fstat(self.fd).st_size, 3 * PAGE_BYTES - 1)
        self.assertEqual(disk.free_bytes(self.folder), PAGE_BYTES)
        self.assertEqual(disk.next_data(self.fd, 0), PAGE_BYTES)
        self.assertIsNone(disk.next_data(self.fd, 2 * PAGE_BYTES))
        self.assertEqual(disk.next_hole(self.fd, PAGE_BYTES + 1), 2 * PAGE_BYTES)
        disk.fill()
        data = b"x" * PAGE_BYTES
        self.assertEqual(disk.write(self.fd, data, 2 * PAGE_BYTES), PAGE_BYTES)
        self.fails(errno.ENOSPC, disk.write, self.fd, data, 3 * PAGE_BYTES)
        disk.free()
        disk.truncate(self.fd, 0)
        self.assertEqual(disk.free_bytes(self.folder), 4 * PAGE_BYTES)
        self.assertEqual(disk.fired, {DiskEvent.FULL: 2})

    def test_reads(self) -> None:
        """
        So many reads fail, even of what was in memory.
        """
        disk = self.disk
        disk.write(self.fd, b"abc", 0)
        disk.fail_reads(2)
        for _ in range(2):
            self.assertIsNone(disk.read_cached(self.fd, 3, 0))
            self.assertFalse(disk.is_cached(self.fd, 3, 0))
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
        self.assertEqual((folder, name), ("/peer", "file"))
        self.assertEqual([n for n, byte in enumerate(content) if byte], [offset])
        self.assertEqual(disk.fired, {DiskEvent.ROTTED: 1})

    def test_rot_somewhere(self) -> None:
        """
        Who lets a bit rot may say where, in nested folders as well.  No lock rots,
        whatever it is called.
        """
        disk = self.disk
        disk.put("peer/data/sub", "file", b"abc")
        disk.put("peer/data", "lock", b"1\n")
        lock = disk.open(disk.open_folder("peer/data"), "lock", os.O_RDWR)
        self.assertTrue(disk.lock(lock))
        self.assertFalse(disk.rot(lambda folder, _: folder == "/peer/data"))
        self.assertFalse(disk.rot(lambda _, name: name == "lock"))
        self.assertTrue(disk.rot(lambda folder, _: folder == "/peer/data/sub"))
        self.assertTrue(disk.rot())
        for rotten in disk.rotten:
            self.assertEqual(rotten[:2], ("/peer/data/sub", "file"))


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
