"""
Tests of L{swarmpeer.storage.VerifiedStorage} over a simulated disk, on which the
process or the power can end before any call.
"""

from collections.abc import Callable
from functools import partial
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import RecordSaved
from swarmpeer.test.test_disk_crashes import MortalDisk
from swarmpeer.test.verified_fixtures import PIECE, Content, Peer, chance_bytes
from swarmpeer.testing.disk_faults import ProcessGone
from swarmpeer.testing.page_cache import CachedFile
from swarmpeer.testing.threads import SimulatedThreads

FOLDER = "/swarm"
CONTENT = Content(
    {
        ("a", "big"): chance_bytes(2, 2 * PIECE + 1),
        ("empty",): b"",
        ("run",): b"#!/bin/sh\n",
    },
    links={("tools",): ("a",)},
    executable=(("run",),),
)
PIECES = CONTENT.pieces()
RIGHT = [CONTENT.data[0], CONTENT.data[2]]


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


class DiskPeer(Peer):
    """
    A run on a simulated disk.

    @ivar recorded: how many pieces were recorded last.
    """

    def __init__(self, disk: MortalDisk, inline: bool) -> None:
        """
        @param inline: write in the reactor thread?
        """
        clock = Clock()
        self.disk = disk
        super().__init__(
            CONTENT,
            FOLDER,
            calls=disk,
            clock=clock,
            threads=SimulatedThreads(clock, disk),
            inline_limit_bytes=PIECE if inline else 0,
        )
        self.recorded = 0

    def settle(self) -> None:
        """Let the threads work, for less time than until a commit."""
        self.clock.pump([0.02] * 14)
        for event in self.events:
            if isinstance(event, RecordSaved):
                self.recorded = event.recorded

    def check(self) -> set[int]:
        """Check, or as much of it as can be done."""
        try:
            return super().check()
        except IndexError:
            # There was no answer.
            raise ProcessGone from None

    def fetch(self) -> None:
        """
        Fetch all that is missing, put it in place, and close.
        """
        held = self.start()
        missing = set(range(len(PIECES))) - held
        for position, index in enumerate(missing):
            assert self.write(index) is True
            if position == 1:
                self.commit()
        if not self.storage.is_whole:
            assert self.finish() is True
        self.close()

    def mend(self) -> None:
        """
        Let somebody change a piece; find that out, and write it again.
        """
        assert len(self.start()) == 4
        edit_durably(self.disk, b"wrong", PIECE + 5000)
        assert str(self.read(1)).startswith("lost: ")
        assert self.read(0) == PIECES[0]
        self.commit()
        assert self.write(1) is True
        assert self.read(2) == PIECES[2]
        self.commit()
        self.close()

    def _answer(self) -> object:
        self.settle()
        if not self.said:
            raise ProcessGone
        return super()._answer()


def edit_durably(disk: MortalDisk, data: bytes, offset: int) -> None:
    """
    Let somebody else write into a file in place.  The disk has that, and the time of
    the change, when it is over: of a change that has no time nobody knows.
    """
    disk.edit(f"{FOLDER}/data/a", "big", data, offset)
    file = disk._look_up(f"{FOLDER}/data/a", "big")
    assert isinstance(file, CachedFile)
    file.sync()


def content_of(disk: MortalDisk) -> list[bytes | None]:
    """
    What is under the names of the files that have bytes.
    """
    data = f"{FOLDER}/data"
    return [disk.content(f"{data}/a", "big"), disk.content(data, "run")]


def new_disk(kind: type[MortalDisk], seed: int) -> MortalDisk:
    """
    A disk with nothing on it.
    """
    return kind(Random(seed))


def full_disk(kind: type[MortalDisk], seed: int) -> MortalDisk:
    """
    A disk on which everything is in place and recorded.
    """
    disk = kind(Random(seed))
    DiskPeer(disk, inline=False).fetch()
    return disk


class CrashTests(SynchronousTestCase):
    """
    Whatever happens, and whenever: no wrong piece is taken for a right one, and
    none that was recorded is missing.
    """

    def faults(
        self,
        run: Callable[[DiskPeer], None],
        crash: str,
        *,
        inline: bool = False,
        disk_of: Callable[[int], MortalDisk],
        seed: int = 0,
    ) -> set[str]:
        """
        Let runs end before each of their calls; look what is there; let another run
        go to its end; look again.

        @return: what is wrong.
        """
        found: set[str] = set()
        position, is_over = 0, False
        while not is_over:
            disk = disk_of(seed + position)
            disk.end_after(position, getattr(disk, crash))
            peer = DiskPeer(disk, inline)
            try:
                run(peer)
                is_over = True
                disk.lose_power()
            except ProcessGone:
                peer.settle()
            self.look(disk, peer.recorded, found)
            DiskPeer(disk, inline).fetch()
            disk.lose_power()
            self.look(disk, len(PIECES), found)
            if content_of(disk) != RIGHT:
                found.add("not whole")
            position += 1
        self.assertGreater(position, 40)
        return found

    def look(self, disk: MortalDisk, recorded: int, found: set[str]) -> None:
        """
        Start again and look at every piece that is said to be held.
        """
        peer = DiskPeer(disk, inline=False)
        held = peer.start()
        if any(peer.read(index) != PIECES[index] for index in held):
            found.add("wrong piece")
        if len(held) < recorded:
            found.add("piece missing")
        disk.lose_power()

    def test_power(self) -> None:
        """
        Without power before any call of a download.
        """
        for inline in (False, True):
            self.assertEqual(
                self.faults(
                    DiskPeer.fetch,
                    "lose_power",
                    inline=inline,
                    disk_of=partial(new_disk, MortalDisk),
                ),
                set(),
            )

    def test_killed(self) -> None:
        """
        Killed before any call of a download.
        """
        for inline in (False, True):
            self.assertEqual(
                self.faults(
                    DiskPeer.fetch,
                    "process_died",
                    inline=inline,
                    disk_of=partial(new_disk, MortalDisk),
                ),
                set(),
            )

    def test_mending(self) -> None:
        """
        Without power, or killed, before any call of a run in which somebody changes
        a file in place, and it is mended.
        """
        for crash in ("lose_power", "process_died"):
            self.assertEqual(
                self.faults(
                    DiskPeer.mend,
                    crash,
                    disk_of=partial(full_disk, MortalDisk),
                ),
                set(),
            )

    def test_forgotten_syncs(self) -> None:
        """
        A storage that forgets to sync files, or folders, is found out.
        """
        for kind, fault in (
            (NeverSyncsFiles, "wrong piece"),
            (NeverSyncsFolders, "piece missing"),
        ):
            found: set[str] = set()
            for seed in range(0, 6000, 1000):
                found |= self.faults(
                    DiskPeer.fetch,
                    "lose_power",
                    disk_of=partial(new_disk, kind),
                    seed=seed,
                )
                if fault in found:
                    break
            self.assertIn(fault, found)
