"""
Tests of L{swarmpeer.storage.FileStorage} over a simulated disk that goes wrong
at any moment, and of the disk by it: one that nothing can fail on shows nothing.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.file_name import LOCK_NAME
from swarmpeer.seam import Piece
from swarmpeer.storage import FileStorage
from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import DiskEvent, ProcessGone
from swarmpeer.testing.source import Source
from swarmpeer.testing.threads import SimulatedThreads

LAYOUT = PieceLayout(20_000, 3_000)
SOURCE = Source(1, LAYOUT)
OLD = b"an older file"
FOLDER = "/swarm/peer_1002"
PART = ".file.part"


class MortalDisk(SimulatedDisk):
    """
    A disk on which the process can end before any of its calls.
    """

    _end: tuple[int, Callable[[], None]] | None = None

    def end_after(self, calls: int, crash: Callable[[], None]) -> None:
        """
        Let so many calls through; then the process ends.
        """
        self._end = calls, crash

    def process_died(self) -> None:
        """Do not end another one."""
        super().process_died()
        self._end = None

    def _begin(self, call: str) -> None:
        if self._end is not None:
            left, crash = self._end
            self._end = left - 1, crash
            if not left:
                self.interrupt(call, crash)
        super()._begin(call)


class NeverSyncsFiles(MortalDisk):
    """
    A disk under a program that forgets to sync what it wrote.
    """

    def sync(self, fd: int) -> None:
        """Sync folders only."""
        if self._descriptors.is_folder(fd):
            super().sync(fd)


class NeverSyncsFolders(MortalDisk):
    """
    A disk under a program that forgets to sync the names.
    """

    def sync(self, fd: int) -> None:
        """Sync files only."""
        if not self._descriptors.is_folder(fd):
            super().sync(fd)


class Download:
    """
    A process that fetches the file onto a disk.

    @ivar said: what its storage answered.
    """

    def __init__(self, disk: SimulatedDisk, in_threads: bool) -> None:
        """
        Nothing is done yet.

        @param in_threads: write in threads?
        """
        self.clock = Clock()
        self.said: list[str] = []
        self.storage = FileStorage(
            LAYOUT,
            FOLDER,
            "file",
            whole=False,
            run_in_thread=SimulatedThreads(self.clock, disk),
            calls=disk,
            inline_limit_bytes=0 if in_threads else LAYOUT.piece_size_bytes,
        )

    def run(self) -> None:
        """
        Do it all, or as much as can be done until the process is gone.

        @raise StorageError: if it cannot be begun.
        """
        try:
            self.storage.open()
            for index in range(LAYOUT.piece_count):
                self.do(self.storage.write, [Piece(index, SOURCE.piece(index))])
                self.do(self.storage.read, index)
            self.do(self.storage.finish)
            self.storage.close(self._say("closed"))
        except ProcessGone:
            self.said.append("gone")

    def do(self, what: Callable[..., None], *args: object) -> None:
        """
        Ask the storage for something and wait for its answer.
        """
        what(*args, self._say(what.__name__), self._failed)
        # Nothing takes as long as this.
        self.clock.pump([1, 1])

    def _say(self, what: str) -> Callable[..., None]:
        return lambda *_data: self.said.append(what)

    def _failed(self, *what: object) -> None:
        *_, error = what
        self.said.append(str(error))


def new_disk(
    seed: int, kind: type[MortalDisk] = MortalDisk, has_old: bool = False
) -> MortalDisk:
    """
    A disk with nothing on it, or with what an earlier run left.
    """
    disk = kind(Random(seed))
    if has_old:
        disk.put(FOLDER, "file", OLD)
        disk.put(FOLDER, PART, b"a part of it")
        disk.put(FOLDER, LOCK_NAME, b"77\n")
    return disk


def interrupted(
    disk: MortalDisk, position: int, crash: Callable[[], None], in_threads: bool
) -> tuple[bool, bool]:
    """
    A download that ends just before one of its calls.

    @return: did it end so, or were there not so many calls; and had it said that
        the file is in place?
    """
    disk.end_after(position, crash)
    download = Download(disk, in_threads)
    download.run()
    # What ends a work in a thread ends that only; nothing comes after it.
    is_placed = "finish" in download.said
    is_over = download.said[-1:] == ["closed"]
    if is_over:
        disk.process_died()
    return not is_over, is_placed


def breaches(kind: type[MortalDisk], seeds: range, in_threads: bool) -> set[str]:
    """
    Let the power go before each call of downloads over disks of that kind.

    @return: what was found under the name of the file that should not be there.
    """
    found = set()
    for seed in seeds:
        position, went_on = 0, True
        while went_on:
            has_old = bool(seed % 2)
            disk = new_disk(seed, kind, has_old)
            went_on, is_placed = interrupted(
                disk, position, disk.lose_power, in_threads
            )
            if not went_on:
                disk.lose_power()
            content = disk.content(FOLDER, "file")
            if content not in (SOURCE.whole(), OLD if has_old else None):
                found.add("wrong bytes")
            elif is_placed and content != SOURCE.whole():
                found.add("lost")
            position += 1
    return found


class CrashTests(SynchronousTestCase):
    """
    Whatever happens to a process and its machine, and whenever: under the final
    name is the whole file, or what was there before.
    """

    def crash_everywhere(self, crash: str, in_threads: bool) -> None:
        """
        End a download before each of its calls; then let another one run.
        """
        position, went_on = 0, True
        while went_on:
            for has_old in (False, True):
                disk = new_disk(position, has_old=has_old)
                went_on, is_placed = interrupted(
                    disk, position, getattr(disk, crash), in_threads
                )
                content = disk.content(FOLDER, "file")
                if is_placed or not went_on:
                    self.assertEqual(content, SOURCE.whole())
                before = OLD if has_old else None
                self.assertIn(content, (SOURCE.whole(), before))
                again = Download(disk, in_threads)
                again.run()
                self.assertEqual(again.said[-2:], ["finish", "closed"])
                self.assertEqual(disk.content(FOLDER, "file"), SOURCE.whole())
                self.assertEqual(disk.names_in(FOLDER), ["file"])
            position += 1
        # Opening, fourteen calls for pieces, placing and closing.
        self.assertTrue(30 < position < 50, position)

    def test_killed(self) -> None:
        """
        Killed before any of its calls.
        """
        self.crash_everywhere("process_died", in_threads=False)

    def test_killed_in_threads(self) -> None:
        """
        Killed before any of its calls, which are made in threads.
        """
        self.crash_everywhere("process_died", in_threads=True)

    def test_power(self) -> None:
        """
        Without power before any of its calls.
        """
        self.crash_everywhere("lose_power", in_threads=False)

    def test_power_in_threads(self) -> None:
        """
        Without power before any of its calls, which are made in threads.
        """
        self.crash_everywhere("lose_power", in_threads=True)

    def test_nothing_lost(self) -> None:
        """
        No seed lets a file lose bytes that was said to be in place.
        """
        self.assertEqual(breaches(MortalDisk, range(20), False), set())

    def test_forgotten_sync(self) -> None:
        """
        A storage that forgets to sync the file is found out: there are wrong
        bytes under the final name.
        """
        self.assertIn("wrong bytes", breaches(NeverSyncsFiles, range(4), False))

    def test_forgotten_folder(self) -> None:
        """
        A storage that forgets to sync the folder is found out: the file was said
        to be in place, and is gone.
        """
        self.assertEqual(breaches(NeverSyncsFolders, range(4), False), {"lost"})


class FailureTests(SynchronousTestCase):
    """
    A disk that fails and works again.
    """

    @given(
        seed=st.integers(0, 1000),
        in_threads=st.booleans(),
        fault=st.sampled_from(["fill", "fail_reads", "fail_writes"]),
        times=st.integers(1, 3),
        healed_after=st.integers(0, 12),
    )
    @settings(deadline=None, max_examples=60)
    def test_failures(
        self, seed: int, in_threads: bool, fault: str, times: int, healed_after: int
    ) -> None:
        """
        What cannot be done is told; what was told to be done is done; and after
        the disk works again a new start brings the whole file.
        """
        disk = new_disk(seed, has_old=True)
        download = Download(disk, in_threads)
        download.storage.open()
        if fault == "fill":
            disk.fill()
        else:
            getattr(disk, fault)(times)
        missing = []
        for index in range(LAYOUT.piece_count):
            if index == healed_after:
                disk.free()
                disk.heal()
            download.said.clear()
            download.do(download.storage.write, [Piece(index, SOURCE.piece(index))])
            [said] = download.said
            if said != "write":
                self.assertIn(f"cannot write piece {index}", said)
                missing.append(index)
                continue
            download.said.clear()
            download.do(download.storage.read, index)
            [said] = download.said
            if said != "read":
                self.assertIn(f"cannot read piece {index}: Input/output error", said)
        if not missing:
            download.said.clear()
            download.do(download.storage.finish)
            if download.said == ["finish"]:
                disk.lose_power()
                self.assertEqual(disk.content(FOLDER, "file"), SOURCE.whole())
            else:
                disk.lose_power()
                self.assertEqual(disk.content(FOLDER, "file"), OLD)
        disk.process_died()
        disk.free()
        disk.heal()
        again = Download(disk, in_threads)
        again.run()
        self.assertEqual(again.said[-2:], ["finish", "closed"])
        self.assertEqual(disk.content(FOLDER, "file"), SOURCE.whole())

    def test_every_fault_fires(self) -> None:
        """
        Each of the faults takes effect in a download.
        """
        for fault, what in [
            ("fail_reads", DiskEvent.READ_FAILED),
            ("fail_writes", DiskEvent.WRITE_FAILED),
        ]:
            disk = new_disk(1)
            getattr(disk, fault)(1)
            Download(disk, in_threads=False).run()
            self.assertEqual(disk.fired, {what: 1})
        disk = new_disk(1)
        disk.fill()
        Download(disk, in_threads=False).run()
        # The lock's own bytes have no room either.
        self.assertEqual(disk.fired, {DiskEvent.FULL: LAYOUT.piece_count + 1})

    def test_two_peers(self) -> None:
        """
        The folder of a peer that lives is refused; that of one that died is
        free.
        """
        disk = new_disk(1)
        Download(disk, in_threads=False).storage.open()
        other = Download(disk, in_threads=False)
        refusal = self.assertRaises(StorageError, other.run)
        self.assertIn(f"in use by process {os.getpid()}", str(refusal))
        disk.process_died()
        self.assertIn(LOCK_NAME, disk.names_in(FOLDER))
        other.run()
        self.assertEqual(other.said[-1], "closed")

    def test_seed(self) -> None:
        """
        A whole file that is not in memory comes from the disk, in a thread, and
        is found in memory the next time.
        """
        disk = new_disk(1)
        disk.put(FOLDER, "file", SOURCE.whole())
        clock = Clock()
        storage = FileStorage(
            LAYOUT,
            Path(FOLDER),
            "file",
            whole=True,
            run_in_thread=SimulatedThreads(clock, disk),
            calls=disk,
        )
        storage.open()
        pieces: list[bytes] = []
        for _ in range(2):
            storage.read(
                2, lambda data: pieces.append(bytes(data)), lambda _: pieces.append(b"")
            )
            pieces.append(b"asked")
        clock.pump([0, 1])
        read = SOURCE.piece(2)
        self.assertEqual(pieces, [b"asked", b"asked", read, read])
        storage.read(
            2, lambda data: pieces.append(bytes(data)), lambda _: pieces.append(b"")
        )
        self.assertEqual(pieces[4:], [read])

    def test_process_id(self) -> None:
        """
        The number of the process that is in the lock changes nothing that chance
        does.
        """
        for seed in range(5):
            left = []
            for process_id in (7, 4_194_303):
                self.patch(os, "getpid", lambda process_id=process_id: process_id)
                disk = new_disk(seed, has_old=True)
                download = Download(disk, in_threads=False)
                download.storage.open()
                for index in range(LAYOUT.piece_count):
                    download.do(
                        download.storage.write, [Piece(index, SOURCE.piece(index))]
                    )
                disk.rot()
                cost = disk.take_cost_seconds()
                disk.lose_power()
                disk.rot()
                names, part = disk.names_in(FOLDER), disk.content(FOLDER, PART)
                left.append((cost, names, part, disk.rotten))
            self.assertEqual(left[0], left[1])
