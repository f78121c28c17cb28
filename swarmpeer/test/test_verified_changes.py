"""
Tests for what a verified storage does when somebody, or something, changes its
files while it has them.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.events import FileChanged, FilesChecked, RecordSaved
from swarmpeer.file_name import state_folder_name
from swarmpeer.storage.verified.open_files import MAX_OPEN_FILES
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FailingDisk, FastCalls, overwrite, rot
from swarmpeer.test.verified_fixtures import PIECE, Content, Peer, a_folder, one_file


class ChangeCase(SynchronousTestCase):
    """
    A peer with a file in place.
    """

    def begin(self, paranoid: bool = False) -> Peer:
        """
        One whose file was just put in place and recorded.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.path = self.folder / "data"
        self.disk = FailingDisk()
        self.content = one_file()
        peer = Peer(self.content, self.folder, calls=self.disk, paranoid=paranoid)
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        peer.commit()
        peer.take_events()
        self.peer = peer
        return peer

    def assert_answer(self, answer: object, start: str) -> None:
        """
        It went wrong in that way.
        """
        self.assertEqual(str(answer)[: len(start)], start)
        self.assertTrue(str(answer).isprintable())

    def start_again(self, held: set[int], hashed: int) -> None:
        """
        Another run finds so many pieces, of which so many had to be looked at.
        """
        self.peer.close()
        self.disk.failing.clear()
        again = Peer(self.content, self.folder)
        self.assertEqual(again.start(), held)
        self.assertEqual(again.take_events(), [FilesChecked(len(held), hashed, 4)])
        again.close()


class ChangeTests(ChangeCase):
    """
    Somebody changes a file in place.
    """

    def test_changed(self) -> None:
        """
        Each piece of a changed file is looked at before it is served again; the
        wrong one is lost, and mended where it is; another run need not look.
        """
        peer = self.begin()
        overwrite(self.path, PIECE + 5, b"??")
        self.assertEqual(peer.read(0), peer.pieces[0])
        changed = FileChanged(str(self.path), False)
        self.assertEqual(peer.take_events(), [changed])
        self.assert_answer(peer.read(1), f"lost: {self.path}: cannot read piece 1: it")
        self.assert_answer(peer.read(1), "lost: ")
        self.assertEqual(peer.read(2), peer.pieces[2])
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(2)])
        self.assertIs(peer.write(1), True)
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertIs(peer.finish(), True)
        self.assertEqual(peer.read(3), peer.pieces[3])
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(4)])
        self.assertEqual(self.path.read_bytes(), self.content.data[0])
        self.start_again({0, 1, 2, 3}, 0)

    def test_touched(self) -> None:
        """
        A file that got another time alone is looked at once, told of once, and
        right.
        """
        peer = self.begin()
        for time in (1, 2):
            os.utime(self.path, ns=(time, time))
            for index in (0, 1, 1, 0):
                self.assertEqual(peer.read(index), peer.pieces[index])
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), False)])
        self.start_again({0, 1, 2, 3}, 2)

    def test_not_noticed(self) -> None:
        """
        A change that nobody noticed before the end is noticed by the next run.
        """
        self.begin()
        overwrite(self.path, 0, b"?")
        self.start_again({1, 2, 3}, 4)

    def test_noticed_at_commit(self) -> None:
        """
        A change is noticed, at the latest, when something of the file is to be
        recorded.
        """
        peer = self.begin()
        os.utime(self.path, ns=(1, 1))
        self.assertEqual(peer.read(0), peer.pieces[0])
        os.utime(self.path, ns=(2, 2))
        self.start_again({0, 1, 2, 3}, 4)

    def test_truncated(self) -> None:
        """
        Of a file that was cut what is left is served, and nothing is written to it.
        """
        peer = self.begin()
        os.truncate(self.path, 2 * PIECE)
        self.assert_answer(peer.read(2), "lost: ")
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
        self.assert_answer(peer.write(2), "final: ")
        self.assertEqual(self.path.stat().st_size, 2 * PIECE)
        self.start_again({0, 1}, 2)

    def test_grown(self) -> None:
        """
        So it is with one that is longer now.
        """
        peer = self.begin()
        with open(self.path, "ab") as file:
            file.write(b"more")
        for index in range(4):
            self.assertEqual(peer.read(index), peer.pieces[index])
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
        self.start_again({0, 1, 2, 3}, 4)

    def test_replaced(self) -> None:
        """
        What is right of another file in its place is served; nothing is written to
        it until another run.
        """
        peer = self.begin()
        data = self.content.data[0]
        other = self.folder / "other"
        other.write_bytes(b"?" + data[1:])
        other.rename(self.path)
        self.assertEqual(peer.read(1), peer.pieces[1])
        peer.clock.advance(1)
        self.assert_answer(peer.read(0), "lost: ")
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
        self.assert_answer(peer.write(0), "final: ")
        self.assertEqual(self.path.read_bytes(), b"?" + data[1:])
        self.start_again({1, 2, 3}, 3)

    def test_replaced_before_it_is_mended(self) -> None:
        """
        It is told at once if that is found only when a lost piece comes again.
        """
        peer = self.begin()
        rot(self.path, PIECE)
        self.assertIs(peer.check_piece(1), False)
        other = self.folder / "other"
        other.write_bytes(self.content.data[0])
        other.rename(self.path)
        self.assert_answer(peer.write(1), "final: ")
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
        peer.close()

    def test_gone(self) -> None:
        """
        Of a file that is not there any more, or has given way to one of another
        size, a folder or a link, every piece is lost.
        """
        replacements: list[Callable[[], object]] = [
            lambda: None,
            lambda: self.path.write_bytes(b"short"),
            lambda: self.path.mkdir(),
            lambda: self.path.symlink_to("elsewhere"),
        ]
        for replace in replacements:
            peer = self.begin()
            self.path.rename(self.folder / "elsewhere")
            replace()
            peer.clock.advance(1)
            self.assert_answer(peer.read(0), "lost: ")
            self.assertIs(peer.check_piece(1), False)
            self.assert_answer(peer.write(0), "final: ")
            self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
            peer.close()

    def test_put_back(self) -> None:
        """
        A file that comes back, or another one of its size, is looked at piece by piece;
        what is right is held again, and recorded.
        """
        for wrong, is_copy in ((set(), False), (set(), True), ({2}, True)):
            peer = self.begin()
            data = bytearray(self.content.data[0])
            for index in wrong:
                data[index * PIECE] ^= 1
            away = self.folder / "away"
            self.path.rename(away)
            for index in range(4):
                self.assertIs(peer.check_piece(index), False)
            self.path.write_bytes(b"short")
            self.assertIs(peer.check_piece(0), False)
            self.path.unlink()
            if is_copy:
                away.write_bytes(data)
            away.rename(self.path)
            for index in range(4):
                self.assertIs(peer.check_piece(index), index not in wrong)
                if index not in wrong:
                    self.assertEqual(peer.read(index), peer.pieces[index])
            for index in wrong:
                self.assert_answer(peer.write(index), "final: ")
            self.assertEqual(self.path.read_bytes(), data)
            self.assertEqual(peer.take_events(), [FileChanged(str(self.path), True)])
            self.start_again({0, 1, 2, 3} - wrong, len(wrong))

    def test_folder_gone(self) -> None:
        """
        So it is if a folder on the way is another, or a link.
        """
        folder = Path(self.mktemp()).absolute()
        for is_link in (False, True):
            peer = Peer(a_folder(), folder)
            peer.start()
            if not peer.storage.is_whole:
                peer.write_all()
                self.assertIs(peer.finish(), True)
            (folder / "data" / "a").rename(folder / "old")
            if is_link:
                (folder / "data" / "a").symlink_to(folder / "old")
            peer.clock.advance(1)
            self.assert_answer(peer.read(0), "lost: ")
            self.assertEqual(peer.read(3), peer.pieces[3])
            peer.close()
            (folder / "data" / "a").unlink(missing_ok=True)
            (folder / "old").rename(folder / "data" / "a")

    def test_reading_meanwhile(self) -> None:
        """
        Bytes that changed between the call and the read are not served.
        """
        peer = self.begin()
        peer.read(0)
        peer.storage.read(1, peer.said.append, lambda _: peer.said.append("lost"))
        overwrite(self.path, PIECE, b"?")
        peer.settle()
        self.assertEqual(peer.said, ["lost"])
        peer.said.clear()
        peer.close()

    def test_replaced_meanwhile(self) -> None:
        """
        If another file takes its place while a file is read, and that is noticed, it
        is read again.
        """
        peer = self.begin()
        peer.read(0)
        data = self.content.data[0]

        def replace() -> None:
            other = self.folder / "other"
            other.write_bytes(data[:-1] + b"?")
            other.rename(self.path)
            peer.clock.advance(1)
            peer.storage.read(3, peer.said.append, lambda _: peer.said.append("lost"))
            peer.settle()

        self.disk.before_read.append(replace)
        peer.storage.read(1, lambda data: peer.said.append(bytes(data)), print)
        peer.settle()
        self.assertEqual(peer.said, ["lost", peer.pieces[1]])
        peer.said.clear()
        peer.close()

    def test_replaced_while_closed(self) -> None:
        """
        That another file took its place, or none, is noticed as well when a file is
        opened once more.
        """
        names = [(f"{number}",) for number in range(MAX_OPEN_FILES + 1)]
        content = Content({name: b"%b" % name[0].encode() for name in names})
        for is_missing in (False, True):
            folder = Path(self.mktemp()).absolute()
            peer = Peer(content, folder)
            peer.start()
            peer.write_all()
            self.assertIs(peer.finish(), True)
            for index, piece in enumerate(peer.pieces):
                self.assertEqual(peer.read(index), piece)
            path = folder / "data" / "0"
            path.rename(folder / "old")
            if not is_missing:
                path.write_bytes(b"?")
            self.assert_answer(peer.read(0), "lost: ")
            self.assertIn(FileChanged(str(path), True), peer.take_events())
            peer.close()

    def test_changed_while_mended(self) -> None:
        """
        A change between a loss and its mending is noticed in spite of the mending.
        """
        peer = self.begin()
        rot(self.path, 0)
        self.assertIs(peer.check_piece(0), False)
        self.assertEqual(peer.take_events(), [])
        overwrite(self.path, 2 * PIECE, b"?")
        self.assertIs(peer.write(0), True)
        self.assertEqual(peer.take_events(), [FileChanged(str(self.path), False)])
        self.assertEqual(peer.read(0), peer.pieces[0])
        self.assert_answer(peer.read(2), "lost: ")
        peer.close()

    def test_executable(self) -> None:
        """
        A file in place can be run at once: it is not open to be written to.
        """
        folder = Path(self.mktemp()).absolute()
        peer = Peer(a_folder(), folder)
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        self.assertEqual(os.system(f"{folder}/data/run"), 0)
        peer.close()


class OddDiskTests(ChangeCase):
    """
    File systems that lack something.
    """

    def place(self) -> tuple[Peer, FailingDisk]:
        """
        A peer that has everything but the names.
        """
        disk = FailingDisk()
        peer = Peer(a_folder(), Path(self.mktemp()), calls=disk)
        peer.start()
        peer.write_all()
        return peer, disk

    def test_modes(self) -> None:
        """
        Where there are no modes files are put in place without; another fault is
        told, and it is tried again.
        """
        for number, answer in ((errno.EPERM, "True"), (errno.EIO, "failed: ")):
            peer, disk = self.place()
            disk.failing["set_mode"] = number
            self.assert_answer(peer.finish(), answer)
            disk.failing.clear()
            self.assertIs(peer.finish(), True)
            peer.close()

    def test_syncs(self) -> None:
        """
        Where there is no sync files are put in place without.
        """
        peer, disk = self.place()
        disk.failing["sync"] = errno.EINVAL
        self.assertIs(peer.finish(), True)
        self.assertEqual(peer.take_events()[-1], RecordSaved(4))
        peer.close()

    def test_placing_meanwhile(self) -> None:
        """
        While the files are put in place nothing is written, and nobody else puts
        them there.
        """
        peer, _ = self.place()
        peer.storage.finish(lambda: peer.said.append("done"), print)
        failed: list[str] = []
        peer.storage.finish(print, lambda error: failed.append(str(error)))
        write_one(
            peer.storage, 0, peer.pieces[0], print, lambda e: failed.append(str(e))
        )
        for line in failed:
            self.assertIn("it is being put in place", line)
        self.assertEqual(len(failed), 2)
        peer.settle()
        self.assertEqual(peer.said, ["done"])
        peer.said.clear()
        peer.close()

    def test_cannot_tell(self) -> None:
        """
        Where nobody can tell what is in memory small pieces are read at once, others
        in a thread.
        """
        for limit, hops in ((PIECE, 0), (0, 1)):
            disk = FailingDisk()
            disk.failing["read_cached"] = errno.EOPNOTSUPP
            peer = Peer(
                one_file(), Path(self.mktemp()), calls=disk, inline_limit_bytes=limit
            )
            peer.start()
            peer.write(0)
            peer.read(0)
            peer.storage.read(0, peer.said.append, print)
            self.assertEqual(len(peer.threads.waiting), hops)
            peer.settle()
            self.assertEqual(peer.said, [peer.pieces[0]])
            peer.said.clear()
            peer.close()


class RotTests(ChangeCase):
    """
    Bytes that are not what they were, and nobody was there.
    """

    def test_checked(self) -> None:
        """
        A piece that rotted is found when it is checked, and mended; the others are
        right.
        """
        peer = self.begin()
        rot(self.path, PIECE + 3)
        self.assertEqual([peer.check_piece(index) for index in (0, 1)], [True, False])
        self.assertIs(peer.check_piece(1), False)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(3)])
        self.assertIs(peer.write(1), True)
        self.assertIs(peer.check_piece(1), True)
        self.assertEqual(peer.take_events(), [])
        self.start_again({0, 1, 2, 3}, 0)

    def test_small_ones_are_checked_at_once(self) -> None:
        """
        A small piece that is in memory and right is found so without a thread; once a
        second one looks whether the file still has its name, and at a wrong piece.
        """

        class Cached(FastCalls):
            def read_cached(self, fd: int, size_bytes: int, offset: int) -> bytes:
                return self.read(fd, size_bytes, offset)

        self.begin().close()
        peer = Peer(self.content, self.folder, calls=Cached(), inline_limit_bytes=2**16)
        peer.start()
        by_thread = []
        for index in (0, 0, 2, 1):
            if index == 1:
                rot(self.path, PIECE + 3)
            peer.storage.check_piece(index, peer.said.append, self.fail)
            by_thread.append(bool(peer.threads.waiting))
            peer.settle()
        self.assertEqual(peer.said, [True, True, True, False])
        self.assertEqual(by_thread, [True, False, False, True])
        peer.said.clear()
        peer.close()

    def test_lost_when_it_ends(self) -> None:
        """
        A piece that is lost when a run ends is fetched again by the next one, and
        written where it belongs.
        """
        peer = self.begin()
        rot(self.path, 0)
        self.assertIs(peer.check_piece(0), False)
        inode = self.path.stat().st_ino
        self.start_again({1, 2, 3}, 1)
        peer = Peer(self.content, self.folder)
        self.assertEqual(peer.start(), {1, 2, 3})
        self.assertIs(peer.write(0), True)
        self.assertIs(peer.finish(), True)
        self.assertEqual(self.path.read_bytes(), self.content.data[0])
        self.assertEqual(self.path.stat().st_ino, inode)
        peer.close()

    def test_paranoid(self) -> None:
        """
        If it is wanted, each piece is looked at each time that it is read.
        """
        for paranoid in (False, True):
            peer = self.begin(paranoid)
            rot(self.path, 0)
            lost = str(peer.read(0)).startswith("lost: ")
            self.assertEqual(lost, paranoid)
            self.assertEqual(peer.read(1), peer.pieces[1])
            peer.close()

    def test_part(self) -> None:
        """
        A piece of a part that rotted is found, too, and written again.
        """
        folder = Path(self.mktemp())
        content = one_file()
        peer = Peer(content, folder)
        peer.start()
        peer.write_all()
        rot(folder / state_folder_name(content.manifest.infohash) / "0.part", 0)
        self.assertIs(peer.check_piece(0), False)
        self.assertIn("1 pieces are not there", str(peer.finish()))
        self.assertIs(peer.write(0), True)
        self.assertIs(peer.finish(), True)
        self.assertEqual((folder / "data").read_bytes(), content.data[0])
        peer.close()

    def test_mending_not_allowed(self) -> None:
        """
        A file that we may not write to is given up; one that cannot be opened just
        now is not.
        """
        for number, answer in (
            (errno.EACCES, "final: "),
            (errno.EPERM, "final: "),
            (errno.EROFS, "final: "),
            (errno.EMFILE, "failed: "),
            (errno.ETXTBSY, "failed: "),
        ):
            peer = self.begin()
            rot(self.path, 0)
            self.assertIs(peer.check_piece(0), False)
            self.disk.failing["open"] = number
            self.assert_answer(peer.write(0), answer)
            self.disk.failing.clear()
            self.assertIs(peer.write(0), True)
            peer.close()

    def test_outdated_check(self) -> None:
        """
        What a check found before the piece was written again counts no more: it
        answers what is held by then, and nothing is lost.
        """
        peer = self.begin()
        rot(self.path, PIECE)
        self.assertIs(peer.check_piece(1), False)
        for failure in (None, errno.EIO):
            peer.storage.check_piece(1, peer.said.append, print)
            if failure is not None:
                self.disk.failing["read"] = failure
            answer = peer.threads.waiting.pop()()
            self.disk.failing.clear()
            said, peer.said[:] = list(peer.said), []
            self.assertEqual(said, [])
            self.assertIs(peer.write(1), True)
            answer()
            self.assertIs(peer.said.pop(), True)
            self.assertEqual(peer.read(1), peer.pieces[1])
        self.start_again({0, 1, 2, 3}, 0)

    def test_outdated_scrub(self) -> None:
        """
        So it is if the piece was held when the check began, and was found wrong and
        mended before it answered; a right answer from before a loss counts as little.
        """
        peer = self.begin()
        rot(self.path, PIECE)
        peer.storage.check_piece(1, peer.said.append, print)
        wrong = peer.threads.waiting.pop()()
        self.assertIs(peer.check_piece(1), False)
        self.assertIs(peer.write(1), True)
        wrong()
        self.assertIs(peer.said.pop(), True)
        peer.storage.check_piece(1, peer.said.append, print)
        right = peer.threads.waiting.pop()()
        rot(self.path, PIECE)
        self.assertIs(peer.check_piece(1), False)
        right()
        self.assertIs(peer.said.pop(), False)
        self.assert_answer(peer.read(1), "lost: ")
        peer.close()

    def test_outdated_read(self) -> None:
        """
        If what a read found does not count any more, the piece is read again.
        """
        peer = self.begin(paranoid=True)
        for failure in (None, errno.EIO):
            rot(self.path, PIECE)
            if failure is not None:
                self.disk.failing["read"] = failure
            peer.storage.read(1, lambda data: peer.said.append(bytes(data)), print)
            answer = peer.threads.waiting.pop()()
            self.disk.failing.clear()
            self.assertIs(peer.check_piece(1), False)
            self.assertIs(peer.write(1), True)
            answer()
            peer.settle()
            self.assertEqual(peer.said.pop(), peer.pieces[1])
        self.start_again({0, 1, 2, 3}, 0)

    def test_right_again(self) -> None:
        """
        A piece that was lost and is right when it is checked again is held again, and
        recorded.
        """
        peer = self.begin()
        self.disk.failing["read"] = errno.EIO
        self.assertIs(peer.check_piece(1), False)
        self.assert_answer(peer.read(1), "lost: ")
        self.disk.failing.clear()
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(3)])
        self.assertIs(peer.check_piece(1), True)
        self.assertEqual(peer.read(1), peer.pieces[1])
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(4)])
        self.start_again({0, 1, 2, 3}, 0)

    def test_unreadable(self) -> None:
        """
        What the disk does not give is lost; what fails for want of descriptors is
        not.
        """
        for call in ("read", "read_cached"):
            peer = self.begin()
            peer.read(0)
            self.disk.failing[call] = errno.EIO
            line = f"lost: {self.path}: cannot read piece 1: Input/output error"
            self.assertEqual(peer.read(1), line)
            self.disk.failing.clear()
            self.assert_answer(peer.read(1), "lost: ")
            self.disk.failing["read"] = errno.EIO
            self.assertIs(peer.check_piece(2), False)
            self.disk.failing["read"] = errno.EMFILE
            self.assert_answer(peer.check_piece(3), "failed: ")
            self.assert_answer(peer.read(3), "failed: ")
            self.disk.failing.clear()
            self.assertEqual(peer.read(3), peer.pieces[3])
            peer.close()

    def test_name_unknown(self) -> None:
        """
        If it cannot be told whether a file has its name, it is served.
        """
        peer = self.begin()
        self.disk.failing["lstat"] = errno.EIO
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertEqual(peer.take_events(), [])
        peer.close()

    def test_mending_fails(self) -> None:
        """
        A piece that is half mended is no piece, and our own half is no change by
        somebody else.
        """
        peer = self.begin()
        rot(self.path, 0)
        self.assertIs(peer.check_piece(0), False)
        self.disk.failing["write"] = errno.EIO
        self.assert_answer(peer.write(0), f"failed: {self.path}: cannot write piece 0")
        self.disk.failing.clear()
        self.assertEqual(peer.read(1), peer.pieces[1])
        self.assertEqual(peer.take_events(), [])
        self.assertIs(peer.write(0), True)
        self.start_again({0, 1, 2, 3}, 0)
