"""
Tests for what a verified storage makes of the files that it finds.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StorageError
from swarmpeer.events import (
    DiskShort,
    FileDiffers,
    FilesChecked,
    RecordSaved,
    RecordSetAside,
)
from swarmpeer.file_name import state_folder_name
from swarmpeer.test.storage_fixtures import FastCalls
from swarmpeer.test.verified_fixtures import (
    PIECE,
    Content,
    Peer,
    a_folder,
    chance_bytes,
    one_file,
    put,
)
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


class CheckCase(SynchronousTestCase):
    """
    A folder with what the test puts there.
    """

    def setUp(self) -> None:
        """
        There is nothing yet.
        """
        self.new_folder()

    def new_folder(self) -> None:
        """
        Take another one.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    def state(self, content: Content) -> Path:
        """
        The folder of the peer's own.
        """
        return self.folder / state_folder_name(content.manifest.infohash)

    def leave_part(self, content: Content, *indexes: int) -> None:
        """
        Let a run write some pieces.
        """
        peer = Peer(content, self.folder)
        peer.start()
        for index in indexes:
            self.assertIs(peer.write(index), True)
        peer.close()

    def leave_whole(self, content: Content) -> None:
        """
        Let a run write everything.
        """
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        peer.close()

    def found(self, content: Content) -> tuple[set[int], list[object], bool]:
        """
        Start.

        @return: what is held, what was told, and whether all is in place.
        """
        peer = Peer(content, self.folder)
        held = peer.start()
        for index in held:
            self.assertEqual(peer.read(index), peer.pieces[index])
        is_whole = peer.storage.is_whole
        told: list[object] = [*peer.take_events()]
        peer.close()
        return held, told, is_whole


class RecordTests(CheckCase):
    """
    The record of an earlier run.
    """

    def set_aside(self, spoil: Callable[[bytes], bytes]) -> str:
        """
        Spoil the record; a run sets it aside, finds every piece by its hash, and
        the next one relies on the record again.

        @return: why it was set aside.
        """
        self.new_folder()
        content = one_file()
        self.leave_part(content, 0, 2)
        record = self.state(content) / "resume"
        spoiled = spoil(record.read_bytes())
        record.write_bytes(spoiled)
        held, told, _ = self.found(content)
        self.assertEqual(held, {0, 2})
        [reason, checked] = told
        self.assertEqual(checked, FilesChecked(2, 2, 4))
        self.assertEqual((self.state(content) / "resume.bad").read_bytes(), spoiled)
        self.assertEqual(self.found(content), ({0, 2}, [FilesChecked(2, 0, 4)], False))
        assert isinstance(reason, RecordSetAside)
        return reason.reason

    def test_spoiled(self) -> None:
        """
        One that is empty, cut, longer, of a later version or of another manifest is
        of no use.
        """
        content = one_file(2)
        self.leave_part(content, 0)
        other = (self.state(content) / "resume").read_bytes()
        for spoil, reason in (
            (lambda _: b"", "it is empty"),
            (lambda data: data[:20], "it is cut short"),
            (lambda data: data[:-1], "it is damaged"),
            (lambda data: data + bytes(10_000), "it is damaged"),
            (
                lambda data: data[:17] + b"\7" + data[18:],
                "it is of version 7, 1 is known",
            ),
            (lambda _: other, "it belongs to another manifest"),
            (lambda _: b"no such thing", "it is no record"),
        ):
            self.assertEqual(self.set_aside(spoil), reason)

    def test_flipped(self) -> None:
        """
        One of which a byte is another is of no use, whichever byte it is.
        """
        content = one_file()
        self.leave_part(content, 0, 2)
        size = len((self.state(content) / "resume").read_bytes())
        for position in range(0, size, 5):
            self.set_aside(partial(_with_flipped, position))

    def test_unreadable(self) -> None:
        """
        One that cannot be read is of no use.
        """
        content = one_file()
        self.leave_part(content, 0, 2)
        (self.state(content) / "resume").unlink()
        (self.state(content) / "resume").mkdir()
        held, told, _ = self.found(content)
        self.assertEqual(held, {0, 2})
        self.assertEqual(told[0], RecordSetAside("it cannot be read: Is a directory"))

    def test_missing(self) -> None:
        """
        Without a record, the pieces that were written are looked at, and no others.
        """
        content = one_file(pieces=9)
        self.leave_part(content, 2, 3, 7)
        (self.state(content) / "resume").unlink()
        self.assertEqual(
            self.found(content), ({2, 3, 7}, [FilesChecked(3, 3, 9)], False)
        )

    def test_part_replaced(self) -> None:
        """
        What the record tells of a part is not believed if it is another file, or of
        another size, or gone; and before a new part is begun, the record tells of
        nothing that is not there.
        """
        content = one_file()
        for replace, hashed in (
            (lambda part: part.unlink(), 0),
            (lambda part: os.truncate(part, 5), 0),
            (_copy_of_itself, 4),
            (lambda part: (part.unlink(), part.symlink_to("resume")), 0),
        ):
            self.new_folder()
            self.leave_part(content, 0, 2)
            replace(self.state(content) / "0.part")
            peer = Peer(content, self.folder)
            held = peer.start()
            self.assertEqual(held, {0, 2} if hashed else set())
            self.assertEqual(peer.take_events(), [FilesChecked(len(held), hashed, 4)])
            data = (self.state(content) / "resume").read_bytes()
            self.assertEqual(data[-33], 0)
            peer.write_all()
            self.assertIs(peer.finish(), True)
            peer.close()

    def test_part_rewritten(self) -> None:
        """
        A part that is not recorded is believed as far as its pieces are right.
        """
        content = one_file()
        self.leave_part(content, 0, 2)
        (self.state(content) / "resume").unlink()
        with open(self.state(content) / "0.part", "r+b") as part:
            part.seek(2 * PIECE + 7)
            part.write(b"?")
        self.assertEqual(self.found(content), ({0}, [FilesChecked(1, 2, 4)], False))


def _with_flipped(position: int, data: bytes) -> bytes:
    return data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]


def _copy_of_itself(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


class FoundTests(CheckCase):
    """
    Files that are there under their names already.
    """

    def test_right(self) -> None:
        """
        A file that is right is found instead of fetched, and recorded.
        """
        content = one_file()
        path = put(self.folder, ("data",), content.data[0])
        status = path.stat()
        self.assertEqual(
            self.found(content), ({0, 1, 2, 3}, [FilesChecked(4, 4, 4)], True)
        )
        self.assertEqual(path.stat(), status)
        self.assertEqual(
            self.found(content), ({0, 1, 2, 3}, [FilesChecked(4, 0, 4)], True)
        )

    def test_partly_right(self) -> None:
        """
        Of a file that is not wholly right, or has another size, the right pieces are
        kept; it stays as it was until the right one takes its place.
        """
        content = one_file()
        data = content.data[0]
        for wrong, held in (
            (data[:PIECE] + b"?" + data[PIECE + 1 :], {0, 2, 3}),
            (data + b"more", {0, 1, 2, 3}),
            (data[:-1], {0, 1, 2}),
            (data[: PIECE + 5], {0}),
            (b"", set()),
            (chance_bytes(9, len(data)), set()),
        ):
            self.new_folder()
            path = put(self.folder, ("data",), wrong)
            hashed = min(4, len(wrong) // PIECE + (len(wrong) >= len(data)))
            for _ in range(2):
                self.assertEqual(
                    self.found(content),
                    (held, [FilesChecked(len(held), hashed, 4)], False),
                )
                self.assertEqual(path.read_bytes(), wrong)
            peer = Peer(content, self.folder)
            for index in {0, 1, 2, 3} - peer.start():
                self.assertIs(peer.write(index), True)
            self.assertIs(peer.finish(), True)
            self.assertEqual(path.read_bytes(), data)
            peer.close()
            self.assertTrue(self.found(content)[2])

    def test_folder(self) -> None:
        """
        Of a folder what is right is found; what is missing is made; a file that may
        be run and should not, or the other way round, is put right.
        """
        content = a_folder()
        big = put(self.folder, ("data", "a", "big"), content.data[0])
        big.chmod(0o777)
        put(self.folder, ("data", "a", "of the user"), b"stays")
        put(self.folder, ("data", "run"), b"#!/bin/sh\n")
        (self.folder / "data" / "tools").symlink_to("elsewhere")
        put(self.folder, ("data", "empty"), b"no more")
        peer = Peer(content, self.folder)
        self.assertEqual(peer.start(), {0, 1, 2, 3})
        self.assertFalse(peer.storage.is_whole)
        self.assertIs(peer.finish(), True)
        peer.close()
        self.assertEqual(self.found(content)[1:], ([FilesChecked(4, 0, 4)], True))
        self.assertEqual(big.stat().st_mode & 0o111, 0)
        self.assertEqual(os.readlink(self.folder / "data" / "tools"), "a")
        self.assertEqual(
            (self.folder / "data" / "a" / "of the user").read_text(), "stays"
        )

    def test_changed_meanwhile(self) -> None:
        """
        A file in place that was changed between two runs is looked at again; one
        whose time alone is another is right still.
        """
        content = one_file()
        self.leave_whole(content)
        path = self.folder / "data"
        os.utime(path, ns=(1, 1))
        self.assertEqual(
            self.found(content), ({0, 1, 2, 3}, [FilesChecked(4, 4, 4)], True)
        )
        with open(path, "r+b") as file:
            file.write(b"?")
        self.assertEqual(
            self.found(content), ({1, 2, 3}, [FilesChecked(3, 4, 4)], False)
        )

    def test_part_and_file(self) -> None:
        """
        What a part lacks is taken from a file that is not wholly right; if that is
        right, the part is of no use.
        """
        content = one_file()
        data = content.data[0]
        self.leave_part(content, 0)
        put(self.folder, ("data",), b"?" + data[1 : 2 * PIECE])
        self.assertEqual(self.found(content), ({0, 1}, [FilesChecked(2, 2, 4)], False))
        put(self.folder, ("data",), data)
        self.assertEqual(
            self.found(content), ({0, 1, 2, 3}, [FilesChecked(4, 4, 4)], True)
        )
        self.assertEqual(os.listdir(self.state(content)), ["resume"])

    def test_seed(self) -> None:
        """
        A seed that finds nothing, nothing right, or not everything right says so, and
        leaves what is there as it is.
        """
        content = one_file()
        peer = Peer(content, self.folder, seed=True)
        error = self.assertRaises(StorageError, peer.start)
        self.assertIn(f"{self.folder}/data is missing, but", str(error))
        peer.close()
        data = content.data[0]
        for wrong, count in (
            (data[:-1], 1),
            (b"?" + data[1:], 1),
            (data + b"more", 1),
            (bytes(len(data)), 4),
        ):
            path = put(self.folder, ("data",), wrong)
            peer = Peer(content, self.folder, seed=True)
            error = self.assertRaises(StorageError, peer.start)
            self.assertIn(f"({count} of 4 pieces)", str(error))
            self.assertIn(f"{path} is not as the manifest says", str(error))
            self.assertIn("this peer is to have everything", str(error))
            peer.close()
            self.assertEqual(path.read_bytes(), wrong)
            self.assertEqual(os.listdir(self.state(content)), [])

    def whole_seed(self, content: Content) -> Peer:
        """
        A folder with everything in place, and a seed that is to start in it.
        """
        self.new_folder()
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        peer.close()
        return Peer(content, self.folder, seed=True)

    def what_is_there(self) -> list[tuple[str, object, int]]:
        """
        All names in the folder of the data, with links and sizes.
        """
        return sorted(
            (path.name, path.is_symlink() and os.readlink(path), path.lstat().st_size)
            for path in (self.folder / "data").iterdir()
        )

    def test_seed_without_pieces(self) -> None:
        """
        A seed does not start either if an empty file or a link is missing or another,
        and leaves what is there; any other peer tells of it.
        """
        content = a_folder()
        seed = self.whole_seed(content)
        self.assertEqual(seed.start(), {0, 1, 2, 3})
        seed.close()
        for path, change in (
            ("empty", lambda path: path.write_bytes(b"mine")),
            ("empty", lambda path: path.unlink()),
            ("tools", lambda path: (path.unlink(), path.symlink_to("run"))),
            ("tools", lambda path: path.unlink()),
        ):
            seed = self.whole_seed(content)
            change(self.folder / "data" / path)
            before = self.what_is_there()
            error = self.assertRaises(StorageError, seed.start)
            self.assertIn(f"data/{path} is ", str(error))
            seed.close()
            after = self.what_is_there()
            self.assertEqual(after, before)
            peer = Peer(content, self.folder)
            peer.start()
            told = [
                event.path
                for event in peer.take_differing()
                if isinstance(event, FileDiffers)
            ]
            there = [str(self.folder / "data" / path)] * any(
                name == path for name, *_ in before
            )
            self.assertEqual(told, there)
            peer.close()

    def test_seed_with_a_part(self) -> None:
        """
        A seed whose file differs does not start, though the right one is there as an
        unfinished one.
        """
        content = one_file()
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        peer.close()
        path = put(self.folder, ("data",), b"mine")
        seed = Peer(content, self.folder, seed=True)
        error = self.assertRaises(StorageError, seed.start)
        self.assertIn(f"{path} is not as the manifest says", str(error))
        seed.close()
        self.assertEqual(path.read_bytes(), b"mine")

    def test_differing(self) -> None:
        """
        Each file that was there and is not right is told.
        """
        content = a_folder()
        numbers = [number for number, data in enumerate(content.data) if data]
        paths = [put(self.folder, content.path(number), b"?") for number in numbers]
        peer = Peer(content, self.folder)
        peer.start()
        told = [
            (event.path, event.wrong_pieces == event.piece_count)
            for event in peer.take_differing()
            if isinstance(event, FileDiffers)
        ]
        self.assertEqual(told, [(str(path), True) for path in paths])
        peer.close()

    def test_in_the_way(self) -> None:
        """
        Something else in the place of a file, of a folder or of a link is told, and
        stays.
        """
        content = a_folder()
        outside = self.folder / "outside"
        outside.mkdir()
        for path, make in (
            (("data",), lambda path: path.write_bytes(b"a file")),
            (("data",), lambda path: path.symlink_to(outside)),
            (("data", "a"), lambda path: path.symlink_to(outside)),
            (("data", "a"), lambda path: path.write_bytes(b"a file")),
            (("data", "a", "big"), lambda path: path.mkdir()),
            (("data", "a", "big"), lambda path: path.symlink_to("big.old")),
            (("data", "a", "big"), lambda path: os.mkfifo(path)),
            (("data", "empty"), lambda path: path.mkdir()),
            (("data", "tools"), lambda path: path.mkdir()),
            (("data", "tools"), lambda path: path.write_bytes(b"a file")),
        ):
            where = self.folder.joinpath(*path)
            where.parent.mkdir(parents=True, exist_ok=True)
            make(where)
            status = where.lstat()
            peer = Peer(content, self.folder)
            error = self.assertRaises(StorageError, peer.start)
            self.assertIn(f"{where} is ", str(error))
            self.assertTrue(str(error).isprintable())
            peer.close()
            self.assertEqual(where.lstat(), status)
            where.rename(self.folder / f"used-{len(os.listdir(self.folder))}")
        self.assertEqual(os.listdir(outside), [])

    def test_in_the_way_later(self) -> None:
        """
        Something that came in the way of a file meanwhile is told when the file is
        to be put there; once it is gone, that goes on.
        """
        content = a_folder()
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        for name in ("run", "empty", "tools"):
            where = self.folder / "data" / name
            where.unlink(missing_ok=True)
            where.mkdir(parents=True)
            self.assertIn(f"failed: {where} is ", str(peer.finish()))
            where.rmdir()
        self.assertIs(peer.finish(), True)
        peer.close()
        self.assertTrue(self.found(content)[2])


class SmallRoom(FastCalls):
    """
    A disk on which there is little room.
    """

    def free_bytes(self, _folder: int) -> int | None:
        """So much."""
        return 1000


class Watched(FastCalls):
    """
    A disk of which it is known what is asked after a check was stopped.

    @ivar is_stopped: was it?
    @ivar after_stop: each call that reads or changes something, and of what.
    """

    def __init__(self) -> None:
        self.is_stopped = False
        self.after_stop: list[tuple[str, object]] = []

    def _note(self, call: str, what: object) -> None:
        if self.is_stopped:
            self.after_stop.append((call, what))

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """Note it."""
        self._note("read", offset)
        return super().read(fd, size_bytes, offset)

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """Note it."""
        self._note("write", offset)
        return super().write(fd, data, offset)

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """Note it."""
        self._note("rename", new_name)
        super().rename(folder, old_name, new_name)

    def unlink(self, folder: int, name: str) -> None:
        """Note it."""
        self._note("unlink", name)
        super().unlink(folder, name)


class CourseTests(CheckCase):
    """
    How a check goes.
    """

    def test_room(self) -> None:
        """
        If there is less room than what is missing takes, that is told at once.
        """
        content = one_file()
        self.leave_part(content, 0)
        peer = Peer(content, self.folder, calls=SmallRoom())
        peer.start()
        needed = len(content.data[0]) - PIECE
        self.assertEqual(
            peer.take_events(), [FilesChecked(1, 0, 4), DiskShort(needed, 1000)]
        )
        peer.close()
        peer = Peer(content, self.folder, calls=SmallRoom(), preallocate=True)
        peer.start()
        self.assertEqual(peer.take_events(), [FilesChecked(1, 0, 4)])
        peer.close()

    def test_progress(self) -> None:
        """
        It is told how many bytes were looked at, of how many; never is so much done
        in one go that nobody could stop it.
        """
        content = one_file(pieces=700)
        put(self.folder, ("data",), content.data[0])
        peer = Peer(content, self.folder)
        heard: list[object] = []
        peer.storage.open()
        peer.storage.check(
            lambda done, of: heard.append((done, of)), heard.append, heard.append
        )
        peer.settle()
        size, batch = len(content.data[0]), 4 * 1024 * 1024
        self.assertEqual(
            heard,
            [
                (batch, size),
                (2 * batch, size),
                (size, size),
                Bitfield.full(700),
            ],
        )
        peer.close()

    def test_closed_meanwhile(self) -> None:
        """
        A check that is stopped answers, whatever it was at, and nothing goes on.
        """
        content = one_file(pieces=700)
        put(self.folder, ("data",), b"?" + content.data[0][1:])
        reason = f"{self.folder}/data: cannot check it: it is being closed"
        steps = 0
        while (heard := self.check_stopped_after(content, steps)) == [reason, "closed"]:
            steps += 1
        self.assertEqual(heard, [699, "closed"])
        self.assertGreater(steps, 5)

    def test_answer_after_stop(self) -> None:
        """
        What a step found by the time that the check was stopped leads to nothing.
        """
        content = one_file()
        for steps in range(5):
            self.new_folder()
            put(self.folder, ("data",), b"?" + content.data[0][1:])
            heard = self.check_stopped_after(content, steps, in_midst=True)
            reason = f"{self.folder}/data: cannot check it: it is being closed"
            self.assertEqual(heard, [reason, "closed"], steps)

    def test_nothing_after_stop(self) -> None:
        """
        Once it was stopped, no file is read, and nothing that was there is removed or
        written over, whatever it was at.
        """
        content = one_file()
        for steps in range(8):
            self.new_folder()
            self.leave_part(content, 0, 1)
            put(self.folder, ("data",), content.data[0])
            with open(self.state(content) / "0.part", "r+b") as part:
                part.write(b"?")
            calls = Watched()
            self.check_stopped_after(content, steps, calls)
            changed = [
                call
                for call in calls.after_stop
                if call not in (("unlink", "lock"), ("unlink", "resume.new"))
            ]
            self.assertEqual(changed, [], steps)
        self.assertNotIn("0.part", os.listdir(self.state(content)))

    def check_stopped_after(
        self,
        content: Content,
        steps: int,
        calls: "Watched | None" = None,
        *,
        in_midst: bool = False,
    ) -> list[object]:
        """
        Begin a check, and close the storage after so many works.

        @param in_midst: close it when one more was done, and has not answered?

        @return: the answers.
        """
        peer = Peer(content, self.folder, calls=calls)
        heard: list[object] = []
        peer.storage.open()
        peer.storage.check(
            lambda _done, _all: None,
            lambda held: heard.append(held.count),
            lambda error: heard.append(str(error)),
        )
        for _ in range(steps):
            if peer.threads.waiting:
                peer.threads.run()
        answer = peer.threads.waiting.pop(0)() if in_midst else None
        if calls is not None:
            # What is found by the end is recorded when it is closed.
            calls.is_stopped = not heard
        peer.storage.close(lambda: heard.append("closed"))
        if answer is not None:
            answer()
        peer.settle()
        return heard

    def test_recorded_later(self) -> None:
        """
        What was found is recorded as what was fetched is.
        """
        content = one_file()
        put(self.folder, ("data",), content.data[0])
        peer = Peer(content, self.folder)
        peer.start()
        peer.take_events()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(4)])
        peer.commit()
        self.assertEqual(peer.take_events(), [])
        peer.close()
