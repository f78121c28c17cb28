"""
Tests for L{swarmpeer.storage.verified}: a download, from nothing to files in place.
"""

import errno
import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.errors import StorageError
from swarmpeer.events import FilesChecked, RecordSaved
from swarmpeer.file_name import state_folder_name
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.manifest.paths import bytes_of
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FastCalls
from swarmpeer.test.verified_fixtures import (
    PIECE,
    Content,
    Peer,
    a_folder,
    one_file,
)


class DownloadCase(SynchronousTestCase):
    """
    A folder of the test's own.
    """

    def setUp(self) -> None:
        """
        There is nothing yet.
        """
        self.folder = Path(self.mktemp()).absolute()

    def state(self, content: Content) -> Path:
        """
        The folder of the peer's own.
        """
        return self.folder / state_folder_name(content.manifest.infohash)

    def assert_whole(self, content: Content) -> None:
        """
        Every file is in place.
        """
        for number, file in enumerate(content.manifest.files):
            path = self.folder.joinpath(*map(_system_text, content.path(number)))
            if file.link_target is None:
                self.assertFalse(path.is_symlink())
                self.assertEqual(path.read_bytes(), content.data[number])
                mode = path.stat().st_mode
                self.assertEqual(bool(mode & stat.S_IXUSR), file.is_executable)
            else:
                target = self.folder.joinpath(content.manifest.name, *file.link_target)
                self.assertTrue(path.is_symlink())
                self.assertEqual(path.resolve(), target.resolve())


def _system_text(name: str) -> str:
    return os.fsdecode(bytes_of(name))


class DownloadTests(DownloadCase):
    """
    A peer that begins with nothing.
    """

    def test_interface(self) -> None:
        """
        It provides the interface, and has a layout at once.
        """
        peer = Peer(one_file(), self.folder)
        verifyObject(IVerifiedStorage, peer.storage)
        self.assertEqual(peer.storage.layout.piece_count, 4)
        self.assertFalse(self.folder.exists())

    def test_download(self) -> None:
        """
        Pieces that were written are read; the file has its name only when it is
        whole; and the next run finds it without looking at a piece.
        """
        for content in (one_file(), one_file(pieces=1), a_folder()):
            self.folder = Path(self.mktemp()).absolute()
            peer = Peer(content, self.folder)
            self.assertEqual(peer.start(), set())
            self.assertFalse(peer.storage.is_whole)
            peer.write_all()
            for index, piece in enumerate(peer.pieces):
                self.assertEqual(peer.read(index), piece)
            self.assertEqual(os.listdir(self.folder), [self.state(content).name])
            self.assertIs(peer.finish(), True)
            self.assert_whole(content)
            for index, piece in enumerate(peer.pieces):
                self.assertEqual(peer.read(index), piece)
            count = len(peer.pieces)
            self.assertEqual(
                peer.take_events(), [FilesChecked(0, 0, count), RecordSaved(count)]
            )
            peer.close()
            self.assertEqual(os.listdir(self.state(content)), ["resume"])
            again = Peer(content, self.folder)
            self.assertEqual(again.start(), set(range(count)))
            self.assertTrue(again.storage.is_whole)
            self.assertEqual(again.take_events(), [FilesChecked(count, 0, count)])
            self.assertIs(again.finish(), True)
            again.close()

    def test_nothing_but_names(self) -> None:
        """
        Empty files and links are put in place though there is no piece.
        """
        content = Content({("a", "empty"): b""}, links={("b", "c"): ("a",)})
        peer = Peer(content, self.folder)
        self.assertEqual(peer.start(), set())
        self.assertFalse(peer.storage.is_whole)
        self.assertIs(peer.finish(), True)
        self.assert_whole(content)
        peer.close()
        again = Peer(content, self.folder, seed=True)
        again.start()
        self.assertTrue(again.storage.is_whole)
        again.close()

    def test_resume(self) -> None:
        """
        A run goes on where the one before stopped, at any piece, and none of what
        was recorded is looked at.
        """
        content = a_folder()
        for stop in range(4):
            peer = Peer(content, self.folder)
            self.assertEqual(peer.start(), set(range(stop)))
            self.assertEqual(peer.take_events(), [FilesChecked(stop, 0, 4)])
            self.assertIs(peer.write(stop), True)
            peer.close()
            self.assertEqual(peer.take_events(), [RecordSaved(stop + 1)])
        peer = Peer(content, self.folder)
        self.assertEqual(peer.start(), {0, 1, 2, 3})
        self.assertFalse(peer.storage.is_whole)
        self.assertIs(peer.finish(), True)
        self.assert_whole(content)
        peer.close()

    def test_bad_piece(self) -> None:
        """
        Of wrong bytes nothing is kept.
        """
        peer = Peer(one_file(), self.folder)
        peer.start()
        for wrong in (bytes(PIECE), peer.pieces[1]):
            answer = str(peer.write(0, wrong))
            self.assertTrue(answer.startswith("bad: "), answer)
            self.assertIn("data: cannot write piece 0: its bytes are not", answer)
        self.assertEqual(list(self.state(peer.content).glob("*.part")), [])
        self.assertIn("it is not held", str(peer.read(0)))
        self.assertIs(peer.write(0), True)
        peer.close()

    def test_mistakes(self) -> None:
        """
        Pieces that do not exist and bytes that are not as many are mistakes of the
        caller and raise.
        """
        peer = Peer(one_file(), self.folder)
        peer.start()
        for index in (-1, 4):
            for ask in (peer.read, peer.check_piece, lambda i: peer.write(i, b"")):
                self.assertRaises(IndexError, ask, index)
        self.assertRaises(ValueError, peer.write, 0, bytes(PIECE - 1))
        peer.close()

    def test_order(self) -> None:
        """
        What is asked for too early, too late or twice is refused.
        """
        peer = Peer(one_file(), self.folder)
        asks = (
            lambda: peer.read(0),
            lambda: peer.write(0),
            lambda: peer.check_piece(0),
            peer.finish,
        )
        failed: list[str] = []
        for _ in range(2):
            for ask in asks:
                self.assertIn("it is not open", str(ask()))
            self.assertRaises(StorageError, peer.check)
            peer.storage.open()
            self.assertRaises(StorageError, peer.storage.open)
            for ask in asks:
                self.assertIn("it is not checked yet", str(ask()))
            peer.storage.check(lambda _done, _all: None, lambda _: None, print)
            peer.storage.read(0, print, lambda error: failed.append(str(error)))
            self.assertIn("it is being checked", failed.pop())
            peer.settle()
            self.assertRaises(StorageError, peer.check)
            self.assertIn(
                "3 pieces are not there", str(peer.write(0) and peer.finish())
            )
            peer.storage.close(lambda: None)
            self.assertRaises(StorageError, peer.storage.open)
            self.assertIn("it is being closed", str(peer.read(0)))
            peer.close()
            self.state(peer.content).joinpath("resume").unlink()
            self.state(peer.content).joinpath("0.part").unlink()

    def test_small(self) -> None:
        """
        Small pieces are written without a thread, large ones in one hop.
        """
        for limit, hops in ((PIECE, 0), (PIECE - 1, 1)):
            self.folder = Path(self.mktemp())
            peer = Peer(one_file(), self.folder, inline_limit_bytes=limit)
            peer.start()
            write_one(peer.storage, 0, peer.pieces[0], lambda: None, print)
            self.assertEqual(len(peer.threads.waiting), hops)
            peer.settle()
            peer.close()

    def test_cached(self) -> None:
        """
        Pieces in memory are read without a thread, but that once a second it is
        looked whether the file still has its name.
        """
        peer = Peer(one_file(), self.folder)
        peer.start()
        peer.write_all()
        for is_placed in (False, True):
            hops = []
            for _ in range(3):
                peer.storage.read(0, lambda _: None, print)
                hops.append(len(peer.threads.waiting))
                peer.settle()
            self.assertEqual(hops, [1, 0, 0] if is_placed else [0, 0, 0])
            if not is_placed:
                self.assertIs(peer.finish(), True)
        peer.clock.advance(1)
        peer.storage.read(0, lambda _: None, print)
        self.assertEqual(len(peer.threads.waiting), 1)
        peer.settle()
        peer.close()

    def test_preallocated(self) -> None:
        """
        If it is wanted, the room for a file is taken when it is begun.
        """
        content = one_file(pieces=20)
        for preallocate in (False, True):
            self.folder = Path(self.mktemp())
            peer = Peer(content, self.folder, preallocate=preallocate)
            peer.start()
            peer.write(3)
            status = (self.state(content) / "0.part").stat()
            self.assertEqual(status.st_size, len(content.data[0]))
            self.assertEqual(status.st_blocks * 512 >= status.st_size, preallocate)
            peer.close()
            again = Peer(content, self.folder, preallocate=preallocate)
            self.assertEqual(again.start(), {3})
            self.assertEqual(again.take_events(), [FilesChecked(1, 0, 20)])
            again.close()

    def test_not_preallocated(self) -> None:
        """
        Where room cannot be taken a part is made without.
        """
        peer = Peer(one_file(), self.folder, calls=NoAllocation(), preallocate=True)
        peer.start()
        self.assertIs(peer.write(3), True)
        peer.close()

    def test_closed_in_the_middle(self) -> None:
        """
        What was begun has its answers before the folder is given back, and is
        recorded.
        """
        peer = Peer(one_file(), self.folder)
        peer.start()
        said: list[str] = []
        storage = peer.storage
        write_one(storage, 0, peer.pieces[0], lambda: said.append("written"), print)
        storage.close(lambda: said.append("closed"))
        storage.close(lambda: said.append("closed, too"))
        self.assertEqual(said, [])
        peer.settle()
        self.assertEqual(said, ["written", "closed", "closed, too"])
        again = Peer(one_file(), self.folder)
        self.assertEqual(again.start(), {0})
        again.close()


class NoAllocation(FastCalls):
    """
    A file system that cannot take room in advance.
    """

    def allocate(self, _fd: int, _size_bytes: int) -> None:
        """Refuse."""
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")


class NameTests(DownloadCase):
    """
    Names and modes.
    """

    def test_odd_names(self) -> None:
        """
        The bytes of names are kept as they are, whatever they are.
        """
        names = [
            "bad \udcff\udcfe utf-8",
            "e\N{COMBINING ACUTE ACCENT} in two",
            "\N{LATIN SMALL LETTER E WITH ACUTE} in one",
            "\N{GRINNING FACE}\n\t\x1b[1m",
            "n" * 255,
            "\N{SNOWMAN}" * 85,
        ]
        content = Content(
            {(name, name): name.encode("utf-8", "surrogateescape") for name in names},
            name="\udc80 \N{SNOWMAN}",
            links={("link",): (names[0], names[0])},
        )
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        bad = str(peer.write(0, bytes(len(peer.pieces[0]))))
        self.assertTrue(bad.isprintable(), bad)
        self.assertIs(peer.finish(), True)
        self.assert_whole(content)
        peer.close()
        found = os.listdir(bytes(self.folder / _system_text(content.manifest.name)))
        self.assertEqual(set(found), {*map(bytes_of, names), b"link"})
        again = Peer(content, self.folder)
        again.start()
        self.assertTrue(again.storage.is_whole)
        again.close()

    def test_umask(self) -> None:
        """
        Who may read, write and run the files is what the umask leaves.
        """
        content = a_folder()
        for umask, plain, program in ((0o022, 0o644, 0o755), (0o077, 0o600, 0o700)):
            self.folder = Path(self.mktemp())
            self.addCleanup(os.umask, os.umask(umask))
            peer = Peer(content, self.folder)
            peer.start()
            peer.write_all()
            self.assertIs(peer.finish(), True)
            data = self.folder / "data"
            for name, mode in (("run", program), ("empty", plain), ("a/big", plain)):
                self.assertEqual((data / name).stat().st_mode & 0o777, mode, name)
            peer.close()

    def test_own_name(self) -> None:
        """
        Links lead to where they should from wherever they are.
        """
        files = {("a", "b", "c", "file"): b"x", ("a", "x", "file"): b"y"}
        content = Content(
            files,
            links={
                ("a", "b", "up"): ("a",),
                ("a", "b", "own"): ("a", "b"),
                ("a", "b", "over"): ("a", "x", "file"),
                ("far",): ("a", "b", "c"),
                ("a", "b", "z"): ("a", "b", "up"),
            },
        )
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        self.assertIs(peer.finish(), True)
        self.assert_whole(content)
        peer.close()


class FolderTests(DownloadCase):
    """
    The folder and who works in it.
    """

    def refusal(self, peer: Peer) -> str:
        """
        Why it cannot be opened, in one line.  No descriptor stays open.
        """
        before = len(os.listdir("/dev/fd"))
        error = self.assertRaises(StorageError, peer.storage.open)
        self.assertEqual(len(os.listdir("/dev/fd")), before)
        self.assertTrue(str(error).isprintable())
        return str(error)

    def test_two_peers(self) -> None:
        """
        A second peer with the same manifest is refused; it is free after the first.
        """
        peer, other = (Peer(one_file(), self.folder) for _ in range(2))
        peer.start()
        self.assertIn(f"is in use by process {os.getpid()}", self.refusal(other))
        peer.close()
        other.start()
        other.close()

    def test_two_manifests(self) -> None:
        """
        Two manifests of one name share a folder; whoever is whole later has the
        name.
        """
        first, second = one_file(1), one_file(2)
        peers = [Peer(content, self.folder) for content in (first, second)]
        for peer in peers:
            peer.start()
            peer.write_all()
        for peer in peers:
            self.assertIs(peer.finish(), True)
            self.assert_whole(peer.content)
        peers[0].clock.advance(1)
        self.assertIn("lost: ", str(peers[0].read(0)))
        for peer in peers:
            peer.close()

    def test_folder_is_link(self) -> None:
        """
        A symbolic link in the place of the folder, or of our own, is refused.
        """
        elsewhere = Path(self.mktemp()).absolute()
        elsewhere.mkdir()
        self.folder.symlink_to(elsewhere)
        self.assertIn("is a symbolic link", self.refusal(Peer(one_file(), self.folder)))
        self.folder.unlink()
        self.folder.mkdir()
        self.state(one_file()).symlink_to(elsewhere)
        self.assertIn("is a symbolic link", self.refusal(Peer(one_file(), self.folder)))
        self.assertEqual(os.listdir(elsewhere), [])

    def test_own_names(self) -> None:
        """
        A manifest whose files would go to a folder of our own, or of another peer,
        is refused: what is there is believed.
        """
        own = state_folder_name(one_file().manifest.infohash)
        for name in (own, own.upper(), ".swarmpeer.lock"):
            for path in ((name,), ("resume",)):
                content = Content({path: b"forged"}, name=name)
                reason = self.refusal(Peer(content, self.folder))
                self.assertIn(f"{name}: cannot use it: names with .swarmpeer", reason)
        self.assertFalse(self.folder.exists())

    def test_own_folder(self) -> None:
        """
        A folder that cannot be made or written to is named.
        """
        far = self.folder / "missing" / "folder"
        self.assertIn("cannot make the folder", self.refusal(Peer(one_file(), far)))
        self.folder.mkdir()
        self.assertIn("is missing", self.refusal(Peer(one_file(), far, seed=True)))
        peer = Peer(one_file(), self.folder, calls=ReadOnly())
        self.assertIn(
            "cannot take the folder: Read-only file system", self.refusal(peer)
        )

    def test_seed_read_only(self) -> None:
        """
        A seed serves from a folder that it cannot write to, without a record.
        """
        content = a_folder()
        peer = Peer(content, self.folder)
        peer.start()
        peer.write_all()
        peer.finish()
        peer.close()
        (self.state(content) / "resume").unlink()
        self.state(content).rmdir()
        seed = Peer(content, self.folder, calls=ReadOnly(), seed=True)
        self.assertEqual(seed.start(), {0, 1, 2, 3})
        self.assertTrue(seed.storage.is_whole)
        self.assertEqual(seed.read(1), seed.pieces[1])
        seed.commit()
        seed.close()
        self.assertEqual(seed.take_events(), [FilesChecked(4, 4, 4)])
        (self.folder / "data" / "run").write_bytes(b"#!/bin/zz\n")
        seed = Peer(content, self.folder, calls=ReadOnly(), seed=True)
        error = self.assertRaises(StorageError, seed.start)
        self.assertIn("data/run is not as the manifest says", str(error))
        seed.close()


class ReadOnly(FastCalls):
    """
    A file system to which nothing can be written.
    """

    def make_folder_in(self, _folder: int, _name: str) -> None:
        """Refuse."""
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def open(self, folder: int, name: str, flags: int) -> int:
        """Open to read only."""
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return super().open(folder, name, flags)
