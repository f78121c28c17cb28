"""
Tests for L{swarmpeer.storage.verified.lending}, and for how a storage lends: pieces
that are sent from the file.
"""

import errno
import os
import tracemalloc
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.interfaces import ILendingStorage
from swarmpeer.storage.spans import SCRATCH_BYTES, FileSpan
from swarmpeer.test.storage_fixtures import (
    CachingCalls,
    FailingDisk,
    overwrite,
    rot,
)
from swarmpeer.test.verified_fixtures import (
    PIECE,
    Content,
    Peer,
    chance_bytes,
    one_file,
)


class LendingCase(SynchronousTestCase):
    """
    A folder.
    """

    def setUp(self) -> None:
        """
        It is not there yet.
        """
        self.folder = Path(self.mktemp()).absolute()
        self.path = self.folder / "data"
        self.calls = CachingCalls()

    def placed(self, content: Content | None = None, *, paranoid: bool = False) -> Peer:
        """
        A peer with a file in place, which has its name for some time.
        """
        peer = Peer(
            content or one_file(), self.folder, calls=self.calls, paranoid=paranoid
        )
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        return peer

    def lent(self, peer: Peer, index: int) -> FileSpan:
        """
        A piece that is lent.
        """
        span = peer.lend(index)
        assert isinstance(span, FileSpan), span
        return span

    def check_lent(self, peer: Peer, index: int) -> None:
        """
        A piece is lent, and right.
        """
        span = self.lent(peer, index)
        piece = peer.pieces[index]
        self.assertEqual(os.pread(span.fd, span.size_bytes, span.offset), piece)
        self.assertEqual(span.read(1, len(piece)), piece[1:])
        span.give_back()


class LendingTests(LendingCase):
    """
    Where and when a piece is lent.
    """

    def test_interface(self) -> None:
        """
        The storage says that it lends.
        """
        peer = Peer(one_file(), self.folder)
        self.assertTrue(verifyObject(ILendingStorage, peer.storage))

    def test_everywhere(self) -> None:
        """
        Pieces are lent from an unfinished file and from one in place, out of memory
        or from the disk.
        """
        for keeps_all in (True, False):
            self.calls.keeps_all = keeps_all
            self.folder = Path(self.mktemp())
            peer = Peer(one_file(), self.folder, calls=self.calls)
            peer.start()
            for index in (1, 3):
                peer.write(index)
                self.check_lent(peer, index)
            peer.write_all()
            peer.finish()
            for index in range(4):
                self.check_lent(peer, index)
            peer.close()
        self.assertEqual(self.calls.opened, set())

    def test_at_once(self) -> None:
        """
        What is in memory is lent at once, without a thread; what is not is brought
        there first.
        """
        peer = self.placed()
        self.check_lent(peer, 0)
        for keeps_all in (True, False):
            self.calls.keeps_all = keeps_all
            peer.storage.lend((1,), peer.said.extend, print)
            self.assertEqual(len(peer.threads.waiting), 0 if keeps_all else 1)
            peer.settle()
            [span] = peer.said
            assert isinstance(span, FileSpan)
            span.give_back()
            peer.said.clear()
        peer.close()

    def test_small(self) -> None:
        """
        A piece below the limit comes as bytes.
        """
        peer = Peer(one_file(), self.folder, calls=self.calls, inline_limit_bytes=PIECE)
        peer.start()
        peer.write(0)
        self.assertEqual(peer.lend(0), peer.pieces[0])
        peer.close()

    def test_not_held(self) -> None:
        """
        What is not held is not lent, nor is anything before the storage is ready and
        after it was closed.
        """
        peer = Peer(one_file(), self.folder, calls=self.calls)
        self.assertIn("not open", str(peer.lend(0)))
        peer.start()
        self.assertEqual(
            peer.lend(0), f"lost: {self.path}: cannot read piece 0: it is not held"
        )
        peer.close()
        self.assertIn("not open", str(peer.lend(0)))

    def test_no_piece_in_memory(self) -> None:
        """
        Lending needs no room for the pieces, however many are lent and however large
        they are, not even for those that are hashed.
        """
        size = 4 * 1024 * 1024
        content = Content({("data",): chance_bytes(7, size)}, piece_size_bytes=size)
        for paranoid in (False, True):
            self.folder = Path(self.mktemp()).absolute()
            peer = self.placed(content, paranoid=paranoid)
            self.calls.keeps_all = False
            tracemalloc.start()
            spans = [self.lent(peer, 0) for _ in range(40)]
            _, peak_bytes = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            self.assertLess(peak_bytes, 3 * SCRATCH_BYTES)
            for span in spans:
                span.give_back()
            peer.close()

    def test_closed_meanwhile(self) -> None:
        """
        A storage closes without waiting for what it lent, which can be sent all the
        same; the last to give it back closes the file.
        """
        peer = self.placed()
        span, other = self.lent(peer, 1), self.lent(peer, 2)
        peer.close()
        self.assertEqual(self.calls.opened, {span.fd})
        self.assertEqual(span.read(0, PIECE), peer.pieces[1])
        span.give_back()
        self.assertEqual(self.calls.opened, {other.fd})
        other.give_back()
        self.assertEqual(self.calls.opened, set())

    def test_executable(self) -> None:
        """
        A program can be run as soon as it is in place, though a piece is still being
        sent: nothing is lent by a descriptor that could write to it.
        """
        content = Content(
            {("data",): chance_bytes(3, 2 * PIECE)}, executable=(("data",),)
        )
        peer = Peer(content, self.folder, calls=self.calls)
        peer.start()
        peer.write(0)
        span = self.lent(peer, 0)
        self.assertRaises(OSError, os.write, span.fd, b"x")
        peer.write(1)
        self.assertIs(peer.finish(), True)
        self.assertEqual(self.calls.opened & {span.fd}, {span.fd})
        self.assertEqual(span.read(0, PIECE), peer.pieces[0])
        span.give_back()
        peer.close()
        self.assertEqual(self.calls.opened, set())


class ChangedTests(LendingCase):
    """
    Files that somebody changes.
    """

    def test_suspect(self) -> None:
        """
        Once a file was changed a piece is hashed before it is lent, and lent as long
        as it is right.
        """
        for keeps_all in (True, False):
            self.folder = Path(self.mktemp()).absolute()
            peer = self.placed()
            self.calls.keeps_all = keeps_all
            self.check_lent(peer, 1)
            overwrite(self.folder / "data", PIECE, b"???")
            self.assertIn("it is not right any more", str(peer.lend(1)))
            self.check_lent(peer, 2)
            self.assertEqual(peer.lend(1), peer.read(1))
            peer.close()
        self.assertEqual(self.calls.opened, set())

    def test_cut(self) -> None:
        """
        A file that is cut lends what is left of it.
        """
        peer = self.placed()
        self.check_lent(peer, 1)
        os.truncate(self.path, 2 * PIECE + 1)
        self.assertIn("lost: ", str(peer.lend(2)))
        self.check_lent(peer, 1)
        peer.close()

    def test_cut_unfinished(self) -> None:
        """
        A piece that an unfinished file ends in is lost, not lent: nobody could send it
        to its end.
        """
        for keeps_all in (True, False):
            for left in (0, 1, PIECE - 1):
                self.folder = Path(self.mktemp()).absolute()
                self.calls.keeps_all = keeps_all
                peer = Peer(one_file(), self.folder, calls=self.calls)
                peer.start()
                for index in (1, 2):
                    peer.write(index)
                [part] = self.folder.rglob("0.part")
                os.truncate(part, 2 * PIECE + left)
                self.assertEqual(
                    peer.lend(2),
                    f"lost: {self.folder / 'data'}: cannot read piece 2: "
                    f"it ends at byte {2 * PIECE + left} or before",
                )
                self.check_lent(peer, 1)
                peer.close()
        self.assertEqual(self.calls.opened, set())

    def test_replaced(self) -> None:
        """
        A file that gives way to another one is lent no more, but what was lent of it
        can be sent.
        """
        peer = self.placed()
        span = self.lent(peer, 0)
        self.path.rename(self.folder / "other")
        self.path.write_bytes(bytes(len(b"".join(peer.pieces))))
        peer.clock.advance(1)
        self.assertIn("it is not right any more", str(peer.lend(0)))
        self.assertEqual(span.read(0, PIECE), peer.pieces[0])
        span.give_back()
        peer.close()
        self.assertEqual(self.calls.opened, set())

    def test_paranoid(self) -> None:
        """
        Each piece can be hashed each time: then rot is found that nothing else tells
        of.
        """
        for paranoid in (True, False):
            self.folder = Path(self.mktemp()).absolute()
            peer = self.placed(paranoid=paranoid)
            self.check_lent(peer, 1)
            rot(self.folder / "data", PIECE)
            if paranoid:
                self.assertIn("it is not right any more", str(peer.lend(1)))
            else:
                self.lent(peer, 1).give_back()
            peer.close()

    def test_unreadable(self) -> None:
        """
        What the disk does not give is lost; what fails for want of descriptors is not.
        """
        for call in ("read", "read_cached"):
            self.folder = Path(self.mktemp()).absolute()
            disk = FailingDisk()
            peer = Peer(one_file(), self.folder, calls=disk)
            peer.start()
            peer.write_all()
            self.lent(peer, 0).give_back()
            disk.failing["read"] = errno.EMFILE
            self.assertIn("failed: ", str(peer.lend(0)))
            disk.failing = {call: errno.EIO}
            self.assertEqual(
                peer.lend(1),
                f"lost: {self.folder / 'data'}: cannot read piece 1: "
                "Input/output error",
            )
            disk.failing.clear()
            self.assertIn("it is not held", str(peer.lend(1)))
            peer.close()

    def test_fstat_fails(self) -> None:
        """
        Whenever nothing can be found out about a file, all descriptors are closed at
        the end.
        """
        for keeps_all in (True, False):
            for fstats in range(4):
                self.folder = Path(self.mktemp()).absolute()
                peer = self.placed()
                self.calls.keeps_all = keeps_all
                self.calls.fstats = fstats
                for index in range(2):
                    answer = peer.lend(index)
                    if isinstance(answer, FileSpan):
                        answer.give_back()
                self.calls.fstats = 1000
                peer.close()
                self.assertEqual(self.calls.opened, set())

    def test_changes_meanwhile(self) -> None:
        """
        A file that is changed while a piece of it is brought into memory is looked at
        again; one that changes all the time is not lent.
        """
        disk = FailingDisk()
        peer = Peer(one_file(), self.folder, calls=disk)
        peer.start()
        peer.write_all()
        peer.finish()
        self.lent(peer, 0).give_back()
        disk.before_read = [lambda: overwrite(self.path, PIECE, b"?")]
        self.check_lent(peer, 2)
        disk.before_read = [lambda: overwrite(self.path, PIECE, b"?")] * 100
        self.assertIn("it changes all the time", str(peer.lend(2)))
        disk.before_read.clear()
        peer.close()

    def test_written_meanwhile(self) -> None:
        """
        If a piece is lost and written while it is brought into memory, it is brought
        there once more, and what was lent before is given back.
        """
        peer = self.placed()
        self.calls.keeps_all = False
        peer.storage.lend((0,), peer.said.extend, print)
        answer = peer.threads.waiting.pop(0)()
        rot(self.path, 0)
        self.assertIs(peer.check_piece(0), False)
        peer.write(0)
        answer()
        peer.settle()
        [span] = peer.said
        assert isinstance(span, FileSpan)
        self.assertEqual(span.read(0, PIECE), peer.pieces[0])
        span.give_back()
        peer.said.clear()
        peer.close()
        self.assertEqual(self.calls.opened, set())
