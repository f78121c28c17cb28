"""
Tests for L{swarmpeer.storage.verified.recording}: when what is recorded, over disks
that are full or refuse bytes.
"""

import errno
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import DiskShort, FilesChecked, RecordFailed, RecordSaved
from swarmpeer.file_name import state_folder_name
from swarmpeer.storage.verified.commit import Changes, Commit, Outcome
from swarmpeer.storage.verified.open_files import MAX_OPEN_FILES
from swarmpeer.test.verified_fixtures import PIECE, Content, Peer, one_file
from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import os_error

FOLDER = "/swarm"


class SpecialDisk(SimulatedDisk):
    """
    A disk that can refuse some things alone.

    @ivar has_room_for_record: does it take the record?
    @ivar has_descriptors: can a part be opened?
    @ivar lacks_memory_for: the call that fails for want of memory.
    """

    has_room_for_record = True
    has_descriptors = True
    lacks_memory_for = ""

    def sync(self, fd: int) -> None:
        """Fail or sync."""
        if self.lacks_memory_for == "sync":
            raise MemoryError
        super().sync(fd)

    def open(self, folder: int, name: str, flags: int) -> int:
        """Refuse or open."""
        if name == "resume.new" and not self.has_room_for_record:
            raise os_error(errno.ENOSPC)
        if name.endswith(".part") and not self.has_descriptors:
            raise os_error(errno.EMFILE)
        return super().open(folder, name, flags)


class RecordingCase(SynchronousTestCase):
    """
    A peer on a simulated disk.
    """

    content = one_file()

    def setUp(self) -> None:
        """
        There is nothing yet.
        """
        self.disk = SpecialDisk(Random(1))

    def begin(self, content: Content | None = None) -> Peer:
        """
        A run that was checked.
        """
        peer = Peer(content or self.content, FOLDER, calls=self.disk)
        peer.start()
        peer.take_events()
        return peer

    def crash(self) -> tuple[set[int], list[object]]:
        """
        End the process and start another.

        @return: what is held, and what was told.
        """
        self.disk.process_died()
        peer = Peer(self.content, FOLDER, calls=self.disk)
        held = peer.start()
        for index in held:
            self.assertEqual(peer.read(index), peer.pieces[index])
        self.disk.process_died()
        return held, [*peer.take_events()]


class CommitTests(RecordingCase):
    """
    When what was written is recorded.
    """

    def test_group(self) -> None:
        """
        Some time after the first piece all pieces are recorded, in one go; if
        nothing was written nothing is.
        """
        peer = self.begin()
        self.assertEqual(peer.clock.getDelayedCalls(), [])
        peer.write(0)
        peer.clock.advance(1.9)
        peer.write(1)
        peer.settle()
        self.assertEqual(peer.take_events(), [])
        peer.clock.advance(0.1)
        peer.settle()
        self.assertEqual(peer.take_events(), [RecordSaved(2)])
        self.assertEqual(peer.clock.getDelayedCalls(), [])
        peer.write(2)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(3)])
        self.assertEqual(self.crash(), ({0, 1, 2}, [FilesChecked(3, 0, 4)]))

    def test_meanwhile(self) -> None:
        """
        What is written while a commit is under way is recorded by the next one.
        """
        peer = self.begin()
        peer.write(0)
        peer.clock.advance(2)
        [commit] = peer.threads.waiting
        peer.threads.waiting.clear()
        peer.write(1)
        peer.threads.waiting.append(commit)
        peer.settle()
        self.assertEqual(peer.take_events(), [RecordSaved(1)])
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(2)])

    def test_closing(self) -> None:
        """
        What was written last is recorded when the storage is closed.
        """
        peer = self.begin()
        peer.write(0)
        peer.close()
        self.assertEqual(peer.take_events(), [RecordSaved(1)])
        self.assertEqual(peer.clock.getDelayedCalls(), [])
        self.disk.lose_power()
        self.assertEqual(self.crash(), ({0}, [FilesChecked(1, 0, 4)]))

    def test_closing_meanwhile(self) -> None:
        """
        So it is if a commit is under way.
        """
        peer = self.begin()
        peer.write(0)
        peer.clock.advance(2)
        [commit] = peer.threads.waiting
        peer.threads.waiting.clear()
        peer.write(1)
        peer.threads.waiting.append(commit)
        peer.close()
        self.assertEqual(peer.take_events(), [RecordSaved(1), RecordSaved(2)])

    def test_finishing_meanwhile(self) -> None:
        """
        If a commit is under way when the last piece is there, another follows before
        the file has its name.
        """
        peer = self.begin()
        peer.write_all()
        peer.clock.advance(2)
        [commit] = peer.threads.waiting
        peer.threads.waiting.clear()
        peer.write(3)
        peer.threads.waiting.append(commit)
        self.assertIs(peer.finish(), True)
        self.assertEqual(peer.take_events(), [RecordSaved(4), RecordSaved(4)])
        self.disk.lose_power()
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])

    def test_not_recorded(self) -> None:
        """
        What was not recorded when the process died is looked at, with all else in the
        unfinished file, which was written to since the record was made.
        """
        peer = self.begin()
        peer.write(0)
        peer.commit()
        peer.write(2)
        self.assertEqual(self.crash(), ({0, 2}, [FilesChecked(2, 2, 4)]))

    def test_part_changed_meanwhile(self) -> None:
        """
        A part that somebody writes to while nobody looks is not believed, whatever
        the record tells of it.
        """
        peer = self.begin()
        peer.write(0)
        peer.write(1)
        peer.commit()
        self.disk.process_died()
        own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        self.disk.edit(own, "0.part", b"?", 5)
        self.assertEqual(self.crash(), ({1}, [FilesChecked(1, 2, 4)]))


class ManyFilesTests(RecordingCase):
    """
    More files than are kept open.
    """

    content = Content(
        {(f"{number}",): b"%d" % number for number in range(MAX_OPEN_FILES + 2)}
    )

    def test_no_descriptors(self) -> None:
        """
        A file that cannot be opened to be synced is recorded when it can.
        """
        peer = self.begin()
        peer.write_all()
        self.disk.has_descriptors = False
        self.assertIn("failed: /swarm: cannot put it in place", str(peer.finish()))
        # Those that were kept open were given up for it.
        self.assertEqual(peer.take_events(), [RecordSaved(0)])
        self.assertNotIn("data", self.disk.names_in(FOLDER))
        self.disk.has_descriptors = True
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(MAX_OPEN_FILES + 2)])
        peer.commit()
        self.assertEqual(peer.take_events(), [])
        self.assertIs(peer.finish(), True)
        self.disk.lose_power()
        self.assertEqual(len(self.crash()[0]), MAX_OPEN_FILES + 2)

    def test_part_gone(self) -> None:
        """
        A part that somebody removed is not recorded, its pieces are lost, and it is
        made anew.
        """
        peer = self.begin()
        peer.write_all()
        folder = self.disk.open_folder(FOLDER)
        own = state_folder_name(self.content.manifest.infohash)
        self.disk.unlink(self.disk.open_folder_in(folder, own), "0.part")
        peer.commit()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(MAX_OPEN_FILES + 1)] * 2)
        peer.commit()
        self.assertEqual(peer.take_events(), [])
        self.assertIn("it is not there any more", str(peer.finish()))
        self.assertIn("lost: ", str(peer.read(0)))
        self.assertIn("1 pieces are not there", str(peer.finish()))
        self.assertIs(peer.write(0), True)
        self.assertIs(peer.finish(), True)


class PartTests(RecordingCase):
    """
    What becomes of an unfinished file.
    """

    def remove(self) -> None:
        """
        Let somebody remove it.
        """
        folder = self.disk.open_folder(FOLDER)
        own = state_folder_name(self.content.manifest.infohash)
        self.disk.unlink(self.disk.open_folder_in(folder, own), "0.part")

    def test_removed(self) -> None:
        """
        If it is removed while it is open, that is found when it should get its name;
        all of it is fetched again, and what was there is not taken for it.
        """
        peer = self.begin()
        peer.write_all()
        self.remove()
        self.disk.put(FOLDER, "data", b"of the user")
        self.assertIn("failed: ", str(peer.finish()))
        self.assertIn("failed: ", str(peer.finish()))
        self.assertEqual(self.disk.content(FOLDER, "data"), b"of the user")
        self.assertIn("lost: ", str(peer.read(0)))
        self.assertIs(peer.write(0), True)
        # There are zeros where this one was.
        self.assertIn("lost: ", str(peer.read(1)))
        for index in (1, 2, 3):
            self.assertIs(peer.check_piece(index), False)
            self.assertIs(peer.write(index), True)
        self.assertIs(peer.finish(), True)
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])
        self.assertEqual({type(event) for event in peer.take_events()}, {RecordSaved})
        self.disk.lose_power()
        self.assertEqual(self.crash(), ({0, 1, 2, 3}, [FilesChecked(4, 0, 4)]))

    def test_lost_meanwhile(self) -> None:
        """
        If a piece is lost while the last commit is under way, the file does not get
        its name.
        """
        peer = self.begin()
        peer.write_all()
        own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        peer.storage.finish(print, lambda error: peer.said.append(str(error)))
        self.disk.edit(own, "0.part", b"?", PIECE)
        peer.storage.check_piece(1, peer.said.append, print)
        # The check overtakes the commit.
        peer.threads.run(1)
        peer.settle()
        missing = "/swarm: cannot put it in place: 1 pieces are not there"
        self.assertEqual(peer.said, [False, missing])
        peer.said.clear()
        self.assertIsNone(self.disk.content(FOLDER, "data"))
        self.assertIs(peer.write(1), True)
        self.assertIs(peer.finish(), True)
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])


class NoMemoryTests(RecordingCase):
    """
    A commit that fails in ways that nobody foresaw.
    """

    def test_sync(self) -> None:
        """
        A file whose sync could not be tried does not get its name before it was.
        """
        peer = self.begin()
        peer.write_all()
        self.disk.lacks_memory_for = "sync"
        self.assertIn("failed: ", str(peer.finish()))
        self.disk.lacks_memory_for = ""
        self.assertIsNone(self.disk.content(FOLDER, "data"))
        self.assertIs(peer.finish(), True)
        self.disk.lose_power()
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])

    def test_record(self) -> None:
        """
        What could not be put into the record is there after the next commit, losses
        included.
        """
        peer = self.begin()
        for index in (0, 1, 2):
            peer.write(index)
        peer.commit()
        own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        self.disk.edit(own, "0.part", b"?", PIECE)
        self.assertIs(peer.check_piece(1), False)
        peer.write(3)
        peer.take_events()
        apply = Commit._apply

        def fail(_commit: Commit, _changes: Changes, _outcome: Outcome) -> None:
            raise MemoryError

        self.patch(Commit, "_apply", fail)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordFailed("MemoryError()")])
        self.patch(Commit, "_apply", apply)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(3)])
        self.assertEqual(self.crash()[0], {0, 2, 3})


class FullTests(RecordingCase):
    """
    A disk that is full, and has room again.
    """

    def test_data(self) -> None:
        """
        A piece for which there is no room can be tried again; what is held is read
        and recorded meanwhile.
        """
        peer = self.begin()
        self.disk.fill()
        self.assertIn("failed: ", str(peer.write(0)))
        self.disk.free()
        peer.write(0)
        peer.write(1)
        self.disk.fill()
        line = "/swarm/data: cannot write piece 2: No space left on device"
        self.assertEqual(peer.write(2), f"failed: {line}")
        self.assertIn("it is not held", str(peer.read(2)))
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertIn("2 pieces are not there", str(peer.finish()))
        self.disk.free()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(2)])
        self.assertIs(peer.write(2), True)

    def test_preallocated(self) -> None:
        """
        If the room for a whole file cannot be taken, nothing of it is left behind.
        """
        self.disk = SpecialDisk(Random(1), capacity_bytes=3 * PIECE)
        peer = Peer(self.content, FOLDER, calls=self.disk, preallocate=True)
        peer.start()
        own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        self.assertIn("failed: ", str(peer.write(0)))
        self.assertEqual(self.disk.names_in(own), ["lock"])
        self.disk.capacity_bytes = None
        self.assertIs(peer.write(0), True)

    def test_copying(self) -> None:
        """
        If there is no room to keep what is right of a file that is not wholly so,
        that will be fetched.
        """
        data = self.content.data[0]
        self.disk.put(FOLDER, "data", b"?" + data[1:])
        self.disk.capacity_bytes = 5 * PIECE
        peer = Peer(self.content, FOLDER, calls=self.disk)
        held = peer.start()
        self.assertEqual(len(held), 1)
        self.assertEqual(
            [type(event) for event in peer.take_events()], [FilesChecked, DiskShort]
        )
        self.disk.capacity_bytes = None
        for index in {0, 1, 2, 3} - held:
            self.assertIs(peer.write(index), True)
        self.assertIs(peer.finish(), True)
        self.assertEqual(self.disk.content(FOLDER, "data"), data)

    def test_told_before(self) -> None:
        """
        That there is not room enough is told before anything is fetched.
        """
        self.disk = SpecialDisk(Random(1), capacity_bytes=3 * PIECE)
        peer = Peer(self.content, FOLDER, calls=self.disk)
        peer.start()
        [checked, short] = peer.take_events()
        self.assertEqual(checked, FilesChecked(0, 0, 4))
        assert isinstance(short, DiskShort)
        self.assertEqual(short.needed_bytes, 3 * PIECE + 100)
        self.assertLessEqual(short.free_bytes, 3 * PIECE)

    def test_record(self) -> None:
        """
        That there is no room for the record is told once; all goes on, and it is
        saved when there is.
        """
        peer = self.begin()
        self.disk.has_room_for_record = False
        for index in range(3):
            peer.write(index)
            peer.commit()
            peer.commit()
        self.assertEqual(peer.take_events(), [RecordFailed("No space left on device")])
        self.disk.has_room_for_record = True
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(3)])
        peer.commit()
        self.assertEqual(peer.take_events(), [])
        self.disk.has_room_for_record = False
        peer.write(3)
        self.assertIs(peer.finish(), True)
        self.assertEqual(peer.take_events(), [RecordFailed("No space left on device")])
        peer.close()
        self.assertEqual(self.crash()[0], {0, 1, 2, 3})

    def test_record_half(self) -> None:
        """
        So it is if the record can be begun, but not written; nothing is left of it.
        """
        peer = self.begin()
        peer.write(0)
        self.disk.fill()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordFailed("No space left on device")])
        own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        self.assertEqual(self.disk.names_in(own), ["0.part", "lock"])
        self.disk.free()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(1)])

    def test_record_wrong(self) -> None:
        """
        If a record tells too much and cannot be corrected, it is removed before
        anything is written that could be taken for what it tells of.
        """
        peer = self.begin()
        peer.write(0)
        peer.close()
        state = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
        self.disk.put(state, "0.part", bytes(len(self.content.data[0])))
        self.disk.has_room_for_record = False
        self.begin()
        self.assertNotIn("resume", self.disk.names_in(state))


class RefusedTests(RecordingCase):
    """
    A disk that does not take what was written.
    """

    def test_refused(self) -> None:
        """
        What the disk refused is never recorded, though it can be read; the file is
        not put in place; and the next run fetches it anew.
        """
        peer = self.begin()
        peer.write(0)
        peer.commit()
        for index in (1, 2):
            peer.write(index)
        self.disk.fail_writes(1)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(1), RecordSaved(1)])
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertIs(peer.check_piece(1), True)
        peer.write(3)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(2)])
        line = "/swarm: the disk did not take all of it; start this peer anew"
        self.assertEqual(peer.finish(), f"final: {line}")
        for _ in range(2):
            self.assertEqual(self.crash(), ({0, 3}, [FilesChecked(2, 0, 4)]))
        peer = self.begin()
        for index in (1, 2):
            self.assertIs(peer.write(index), True)
        self.assertIs(peer.finish(), True)
        self.disk.lose_power()
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])
        self.assertEqual(self.crash(), ({0, 1, 2, 3}, [FilesChecked(4, 0, 4)]))

    def test_recorded_before(self) -> None:
        """
        A piece that was recorded, is lost, and is written again is not recorded any
        more if the disk refuses the new bytes, also if a commit failed before that.
        """

        def fail(_commit: Commit, _changes: Changes, _outcome: Outcome) -> None:
            raise MemoryError

        for has_failed in (False, True):
            self.disk = SpecialDisk(Random(1))
            peer = self.begin()
            for index in (0, 1):
                peer.write(index)
            peer.commit()
            own = f"{FOLDER}/{state_folder_name(self.content.manifest.infohash)}"
            self.disk.edit(own, "0.part", b"?", PIECE)
            self.assertIs(peer.check_piece(1), False)
            self.assertIs(peer.write(1), True)
            if has_failed:
                failing = self.patch(Commit, "_apply", fail)
                peer.commit()
                failing.restore()
                self.assertIs(peer.write(1), True)
            self.disk.fail_writes(1)
            peer.commit()
            peer.write(3)
            peer.commit()
            self.assertEqual(self.crash()[0], {0, 3})

    def test_written_again(self) -> None:
        """
        What was refused and is written again is recorded.
        """
        peer = self.begin()
        for index in range(4):
            peer.write(index)
        self.disk.fail_writes(1)
        peer.commit()
        for index in range(4):
            peer.write(index)
        self.assertIs(peer.finish(), True)
        self.assertEqual(peer.take_events(), [RecordSaved(0), RecordSaved(4)])
        self.disk.lose_power()
        self.assertEqual(self.disk.content(FOLDER, "data"), self.content.data[0])
