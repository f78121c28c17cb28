"""
Tests for L{swarmpeer.storage.file} and L{swarmpeer.storage.disk}: what concerns
a disk, beyond what every storage promises.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.trial.unittest import SynchronousTestCase, TestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.file_name import LOCK_NAME
from swarmpeer.seam import PieceContent
from swarmpeer.storage import FileStorage, ReactorThreads
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.spans import FileSpan
from swarmpeer.storage.system_calls import SystemCalls, file_system_type
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FastCalls, LaterThreads
from swarmpeer.test.test_storage import Answers, piece_of, some_bytes
from swarmpeer.wire.messages import PieceData

LAYOUT = PieceLayout(25, 10)
DATA = some_bytes(25)


def os_error(number: int) -> OSError:
    """
    An error as the system raises it.
    """
    return OSError(number, os.strerror(number))


def is_folder(fd: int) -> bool:
    """
    Is a folder open there?
    """
    return stat.S_ISDIR(os.fstat(fd).st_mode)


class BrokenCalls(FastCalls):
    """
    A disk of which each call can be made to fail.

    @ivar failing: by the name of the call, what it raises.
    @ivar keeps_all: are all bytes in memory?
    @ivar is_memory: does the disk live in memory?
    @ivar write_limit_bytes: how many bytes one write takes at most.
    @ivar read_limit_bytes: how many bytes one read gives at most.
    """

    def __init__(self) -> None:
        self.failing: dict[str, Exception] = {}
        self.keeps_all = False
        self.is_memory = False
        self.write_limit_bytes = 1_000_000
        self.read_limit_bytes = 1_000_000

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise self.failing[name]

    def open(self, folder: int, name: str, flags: int) -> int:
        """Fail or open; the lock is called C{lock}."""
        self._fail("open lock" if name == LOCK_NAME else "open")
        return super().open(folder, name, flags)

    def truncate(self, fd: int, size_bytes: int) -> None:
        """Fail or truncate."""
        if size_bytes:
            self._fail("truncate")
        super().truncate(fd, size_bytes)

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """Fail or read a little."""
        self._fail("read")
        return super().read(fd, min(size_bytes, self.read_limit_bytes), offset)

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """Fail, or read if all is in memory."""
        self._fail("read_cached")
        return os.pread(fd, size_bytes, offset) if self.keeps_all else None

    def is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        """Fail, or tell whether all is in memory and there."""
        self._fail("read_cached")
        return self.keeps_all and offset + size_bytes <= os.fstat(fd).st_size

    def is_in_memory(self, fd: int) -> bool:
        """As the test says, for an open file."""
        return self.is_memory and bool(os.fstat(fd))

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """Fail or write a little."""
        self._fail("write")
        return super().write(fd, data[: self.write_limit_bytes], offset)

    def sync(self, fd: int) -> None:
        """Fail or do nothing."""
        self._fail("sync folder" if is_folder(fd) else "sync")

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """Fail or rename."""
        self._fail("rename")
        super().rename(folder, old_name, new_name)


class FileStorageCase(SynchronousTestCase):
    """
    A folder, threads that wait, and all answers in one list.
    """

    def setUp(self) -> None:
        """
        A folder that is not there yet.
        """
        self.root = Path(self.mktemp()).absolute()
        self.root.mkdir()
        self.folder = self.root / "peer_1001"
        self.path = self.folder / "file"
        self.part = self.folder / ".file.part"
        self.threads = LaterThreads()
        self.answers = Answers()
        self.calls = BrokenCalls()

    def storage(
        self,
        whole: bool,
        name: str = "file",
        layout: PieceLayout = LAYOUT,
        calls: FileCalls | None = None,
        inline_limit_bytes: int = 0,
    ) -> FileStorage:
        """
        A storage that does everything in threads.
        """
        return FileStorage(
            layout,
            self.folder,
            name,
            whole=whole,
            run_in_thread=self.threads,
            calls=calls or self.calls,
            inline_limit_bytes=inline_limit_bytes,
        )

    def opened(self, whole: bool, inline_limit_bytes: int = 0) -> FileStorage:
        """
        The same, open until the test ends.
        """
        storage = self.storage(whole, inline_limit_bytes=inline_limit_bytes)
        storage.open()
        self.addCleanup(self.threads.run_all)
        self.addCleanup(storage.close, lambda: None)
        return storage

    def put_file(self, data: bytes = DATA) -> None:
        """
        Put the whole file in place.
        """
        self.folder.mkdir()
        self.path.write_bytes(data)

    def refusal(self, whole: bool, name: str = "file") -> str:
        """
        Why it cannot be opened, in one line.  No descriptor stays open.
        """
        open_before = len(os.listdir("/dev/fd"))
        error = self.assertRaises(StorageError, self.storage(whole, name).open)
        # Something of an earlier test may have been closed meanwhile.
        self.assertLessEqual(len(os.listdir("/dev/fd")), open_before)
        self.assertNotIn("\n", str(error))
        return str(error)

    def write(self, storage: FileStorage, index: int) -> None:
        """
        Write a piece.
        """
        piece = piece_of(LAYOUT, DATA, index)
        write_one(
            storage, index, piece, self.answers.done(index), self.answers.failed()
        )

    def read(self, storage: FileStorage, index: int) -> None:
        """
        Read a piece.
        """
        storage.read(index, self.answers.read(), self.answers.failed())

    def finish(self, storage: FileStorage) -> None:
        """
        Finish the file.
        """
        storage.finish(self.answers.done("finish"), self.answers.failed("finish"))


class OpenWholeTests(FileStorageCase):
    """
    A peer that is to have the file.
    """

    def test_whole(self) -> None:
        """
        The file is read where it is, refuses changes and stays as it was.
        """
        self.put_file()
        storage = self.opened(True)
        self.assertTrue(storage.is_whole)
        for index in range(3):
            self.read(storage, index)
            self.threads.run_all()
        self.assertEqual(
            self.answers.take(), [(DATA[:10],), (DATA[10:20],), (DATA[20:],)]
        )
        self.write(storage, 0)
        self.finish(storage)
        [refused, finished] = self.answers.take()
        self.assertEqual((refused[0], finished), ("failed", ("finish", "done")))
        self.assertEqual(self.path.read_bytes(), DATA)

    def test_missing(self) -> None:
        """
        A missing folder, then a missing file, are named; nothing is made.
        """
        self.assertEqual(
            self.refusal(True),
            f"{self.folder} is missing; make the folder and put the file into it",
        )
        self.folder.mkdir()
        self.assertIn(f"{self.path} is missing", self.refusal(True))
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_wrong_size(self) -> None:
        """
        A file that is shorter or longer is refused with both sizes.
        """
        self.folder.mkdir()
        for size in (0, 24, 26):
            self.path.write_bytes(bytes(size))
            reason = self.refusal(True)
            self.assertIn(f"{self.path} is {size} bytes long", reason)
            self.assertIn("says 25", reason)

    def test_unreadable(self) -> None:
        """
        A file that we may not read is refused with the system's reason.
        """
        self.put_file()
        self.calls.failing["open"] = os_error(errno.EACCES)
        reason = self.refusal(True)
        self.assertIn(str(self.path), reason)
        self.assertIn("Permission denied", reason)

    def test_not_plain(self) -> None:
        """
        A symbolic link, a folder or a pipe in the place of the file is refused
        without waiting.
        """
        self.folder.mkdir()
        elsewhere = self.root / "elsewhere"
        elsewhere.write_bytes(DATA)
        kinds: list[Callable[[], object]] = [
            lambda: self.path.symlink_to(elsewhere),
            lambda: self.path.mkdir(),
            lambda: os.mkfifo(self.path),
        ]
        for make in kinds:
            make()
            self.assertIn("is no plain file", self.refusal(True))
            self.path.rename(self.root / f"used-{len(os.listdir(self.root))}")

    def test_folder_is_link(self) -> None:
        """
        A symbolic link in the place of the folder is refused.
        """
        elsewhere = self.root / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "file").write_bytes(DATA)
        self.folder.symlink_to(elsewhere)
        self.assertIn("is a symbolic link", self.refusal(True))
        self.assertEqual([path.name for path in elsewhere.iterdir()], ["file"])

    def test_folder_read_only(self) -> None:
        """
        A folder in which no lock can be made is fine for reading.
        """
        self.put_file()
        for number in (errno.EROFS, errno.EACCES, errno.EPERM):
            self.calls.failing["open lock"] = os_error(number)
            storage = self.opened(True)
            self.read(storage, 0)
            self.threads.run_all()
            self.assertEqual(self.answers.take(), [(DATA[:10],)])

    def test_not_lockable(self) -> None:
        """
        Any other reason why there is no lock is told.
        """
        self.put_file()
        self.calls.failing["open lock"] = os_error(errno.EIO)
        self.assertIn("cannot lock the folder", self.refusal(True))

    def test_locked(self) -> None:
        """
        Two storages never work in one folder; after a close it is free again,
        and nothing but the file is left in it.
        """
        self.put_file()
        first = self.opened(True)
        self.assertIn(f"in use by process {os.getpid()}", self.refusal(True))
        self.assertIn(f"in use by process {os.getpid()}", self.refusal(False))
        first.close(self.answers.done())
        self.assertEqual(os.listdir(self.folder), ["file"])
        self.opened(True)

    def test_opened_once(self) -> None:
        """
        A storage is opened once at a time; after a failure to open it, and when
        it is closed, it may be opened again.
        """
        storage = self.storage(True)
        self.assertRaises(StorageError, storage.open)
        self.put_file()
        storage.open()
        self.assertRaises(StorageError, storage.open)
        self.read(storage, 0)
        self.threads.run_all()
        storage.close(self.answers.done())
        self.assertEqual(self.answers.take(), [(DATA[:10],), ("done",)])
        storage.open()
        self.read(storage, 0)
        self.threads.run_all()
        storage.close(self.answers.done())
        self.assertEqual(self.answers.take(), [(DATA[:10],), ("done",)])


class OpenPartTests(FileStorageCase):
    """
    A peer that is to fetch the file.
    """

    def test_folder_made(self) -> None:
        """
        The folder is made, and the file begins under another name with its full
        size and without taking room.
        """
        storage = self.storage(False, layout=PieceLayout(1 << 40, 1 << 20))
        storage.open()
        found = self.part.stat()
        storage.close(self.answers.done())
        self.assertEqual((found.st_size, found.st_blocks), (1 << 40, 0))
        self.assertFalse(self.path.exists())

    def test_started_anew(self) -> None:
        """
        An unfinished file of an earlier run is not taken up, and a finished one
        stays until another takes its place.
        """
        self.put_file(b"old")
        self.part.write_bytes(b"half")
        storage = self.opened(False)
        self.assertEqual(self.part.read_bytes(), bytes(25))
        for index in range(3):
            self.write(storage, index)
        self.threads.run_all()
        self.assertEqual(self.path.read_bytes(), b"old")
        self.finish(storage)
        self.threads.run_all()
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertFalse(self.part.exists())

    def test_unfinished_left(self) -> None:
        """
        A close leaves an unfinished file under its temporary name.
        """
        storage = self.opened(False)
        self.write(storage, 0)
        self.threads.run_all()
        storage.close(self.answers.done())
        self.assertEqual(os.listdir(self.folder), [".file.part"])
        self.assertEqual(self.part.read_bytes(), DATA[:10] + bytes(15))

    def test_links_not_followed(self) -> None:
        """
        Symbolic links in the place of the file or the folder are refused, one
        in the place of the temporary file is removed; what they lead to is not
        touched.
        """
        elsewhere = self.root / "elsewhere"
        elsewhere.write_bytes(b"precious")
        self.folder.mkdir()
        self.path.symlink_to(elsewhere)
        self.assertIn("is no plain file", self.refusal(False))
        self.path.unlink()
        self.part.symlink_to(elsewhere)
        self.opened(False)
        self.assertFalse(self.part.is_symlink())
        self.assertEqual(elsewhere.read_bytes(), b"precious")

        self.folder = self.root / "other"
        target = self.root / "target"
        target.mkdir()
        self.folder.symlink_to(target)
        self.assertIn("is a symbolic link", self.refusal(False))
        self.assertEqual(os.listdir(target), [])

    def test_folder_swapped(self) -> None:
        """
        When the folder's path is made to lead elsewhere after the opening, the
        file still ends in the folder that was opened.
        """
        storage = self.opened(False)
        moved, elsewhere = self.root / "moved", self.root / "elsewhere"
        self.folder.rename(moved)
        elsewhere.mkdir()
        (elsewhere / "file").write_bytes(b"precious")
        self.folder.symlink_to(elsewhere)
        for index in range(3):
            self.write(storage, index)
        self.threads.run_all()
        self.finish(storage)
        self.threads.run_all()
        storage.close(self.answers.done())
        self.assertEqual((moved / "file").read_bytes(), DATA)
        self.assertEqual(os.listdir(moved), ["file"])
        self.assertEqual((elsewhere / "file").read_bytes(), b"precious")

    def test_name_taken(self) -> None:
        """
        A folder in the place of the file or of the temporary file is refused.
        """
        self.folder.mkdir()
        self.path.mkdir()
        self.assertIn(str(self.path), self.refusal(False))
        self.path.rmdir()
        self.part.mkdir()
        self.assertIn(str(self.part), self.refusal(False))

    def test_unsafe_names(self) -> None:
        """
        A name that leads out of the folder is refused before anything is made.
        """
        for name in ("../x", "/etc/x", "a/b", "", "..", "a\0b"):
            for whole in (True, False):
                self.assertIn(repr(name), self.refusal(whole, name))
        self.assertEqual(os.listdir(self.root), [])

    def test_long_names(self) -> None:
        """
        Names as long as a file system allows have a temporary name that it
        allows too, each its own; longer ones are refused.
        """
        for name in ("n" * 248, "n" * 249, "n" * 255, "é" * 127, "m" * 255):
            storage = self.storage(False, name)
            storage.open()
            self.finish(storage)
            self.threads.run_all()
            storage.close(self.answers.done())
            self.assertTrue((self.folder / name).exists())
        self.assertIn("is 256 bytes long", self.refusal(False, "n" * 256))

    def test_folder_not_writable(self) -> None:
        """
        A folder that cannot be made, locked or written to, and a file system
        that takes no file of this size, are told with the system's reason.
        """
        self.folder = self.root / "missing" / "peer_1001"
        self.assertIn("cannot make the folder", self.refusal(False))
        self.folder = self.root / "peer_1001"
        self.calls.failing["open lock"] = os_error(errno.EROFS)
        self.assertIn("Read-only file system", self.refusal(False))
        del self.calls.failing["open lock"]
        self.calls.failing["truncate"] = os_error(errno.EFBIG)
        reason = self.refusal(False)
        self.assertIn("a file of 25 bytes", reason)
        self.assertIn("File too large", reason)


class ReadWriteTests(FileStorageCase):
    """
    What goes wrong with the bytes, and where the work is done.
    """

    def test_small_inline(self) -> None:
        """
        Up to the limit a piece is written at once, above it in a thread.
        """
        storage = self.opened(False, inline_limit_bytes=9)
        self.write(storage, 2)
        self.assertEqual(self.answers.take(), [(2, "done")])
        self.write(storage, 0)
        self.assertEqual(self.answers.take(), [])
        self.threads.run()
        self.assertEqual(self.answers.take(), [(0, "done")])

    def test_cached_inline(self) -> None:
        """
        Bytes that are in memory are read at once; those that are not, in a
        thread, also when they are few.
        """
        self.put_file()
        storage = self.opened(True, inline_limit_bytes=100)
        self.read(storage, 0)
        self.assertEqual(len(self.threads.waiting), 1)
        self.threads.run_all()
        self.calls.keeps_all = True
        self.read(storage, 1)
        self.assertEqual(self.answers.take(), [(DATA[:10],), (DATA[10:20],)])

    def test_real_cache(self) -> None:
        """
        The machine's own cache either has the bytes just written or its file
        system cannot tell; it never gives others.
        """
        self.put_file()
        calls = SystemCalls()
        folder = calls.open_folder(str(self.folder))
        self.addCleanup(calls.close, folder)
        fd = calls.open(folder, "file", os.O_RDONLY)
        self.addCleanup(calls.close, fd)
        try:
            found = calls.read_cached(fd, 10, 10)
            beyond = calls.read_cached(fd, 10, 20)
        except OSError as error:
            self.assertEqual(error.errno, errno.EOPNOTSUPP)
        else:
            self.assertIn(found, (None, DATA[10:20]))
            self.assertIn(beyond, (None, DATA[20:]))

    def test_cannot_tell(self) -> None:
        """
        Where it cannot be told what is in memory, small pieces are read at once
        and large ones in a thread, and it is not asked again.
        """
        self.put_file()
        self.calls.failing["read_cached"] = os_error(errno.EOPNOTSUPP)
        storage = self.opened(True, inline_limit_bytes=9)
        self.read(storage, 2)
        self.calls.failing["read_cached"] = os_error(errno.EIO)
        self.read(storage, 2)
        self.assertEqual(self.answers.take(), [(DATA[20:],)] * 2)
        self.read(storage, 0)
        self.assertEqual(self.answers.take(), [])
        self.threads.run()
        self.assertEqual(self.answers.take(), [(DATA[:10],)])

    def test_file_system_in_memory(self) -> None:
        """
        A file system that cannot tell because all of it is in memory is read at
        once.
        """
        self.put_file()
        self.calls.failing["read_cached"] = os_error(errno.EOPNOTSUPP)
        self.calls.is_memory = True
        storage = self.opened(True)
        for index in range(2):
            self.read(storage, index)
        self.assertEqual(self.answers.take(), [(DATA[:10],), (DATA[10:20],)])

    def test_samples(self) -> None:
        """
        The machine's own cache tells of bytes just written that they are there, or
        cannot tell; never of any behind the end.
        """
        path = self.root / "large"
        path.write_bytes(bytes(200_000))
        calls = SystemCalls()
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        try:
            answers = [
                calls.is_cached(fd, size_bytes, offset)
                for size_bytes, offset in [(200_000, 0), (1, 0), (10, 199_991)]
            ]
        except OSError as error:
            self.assertEqual(error.errno, errno.EOPNOTSUPP)
        else:
            self.assertEqual(answers, [True, True, False])

    def test_file_system_type(self) -> None:
        """
        The type of a file system is found by its device.
        """
        mounts = (
            "1 0 254:0 / / rw,relatime - ext4 /dev/root rw\n"
            "2 1 0:22 / /dev/shm rw shared:3 - tmpfs tmpfs rw,size=4k\n"
        )
        self.assertEqual(
            [
                file_system_type(os.makedev(*device), mounts)
                for device in [(254, 0), (0, 22), (0, 2)]
            ],
            ["ext4", "tmpfs", None],
        )

    def test_in_parts(self) -> None:
        """
        Writes and reads that the system does only in part go on.
        """
        storage = self.opened(False)
        self.calls.write_limit_bytes = self.calls.read_limit_bytes = 3
        for index in range(3):
            self.write(storage, index)
        self.threads.run_all()
        self.assertEqual(self.part.read_bytes(), DATA)
        self.answers.take()
        self.read(storage, 1)
        self.threads.run_all()
        self.assertEqual(self.answers.take(), [(DATA[10:20],)])

    def test_no_progress(self) -> None:
        """
        A disk that takes no byte and tells no reason is a failure, not a loop.
        """
        storage = self.opened(False)
        self.calls.write_limit_bytes = 0
        self.write(storage, 0)
        self.threads.run_all()
        self.assertEqual(
            self.answers.take(),
            [
                (
                    "failed",
                    f"{self.part}: cannot write piece 0: the disk takes no more bytes",
                )
            ],
        )

    def test_write_fails(self) -> None:
        """
        A full or broken disk is told with path, piece and reason, inline and
        from a thread; when there is room again the same piece can be written.
        """
        for inline_limit_bytes in (0, 100):
            storage = self.opened(False, inline_limit_bytes)
            for number in (errno.ENOSPC, errno.EIO):
                self.calls.failing["write"] = os_error(number)
                self.write(storage, 1)
                self.threads.run_all()
                reason = f"cannot write piece 1: {os.strerror(number)}"
                self.assertEqual(
                    self.answers.take(), [("failed", f"{self.part}: {reason}")]
                )
            self.calls.failing.clear()
            self.write(storage, 1)
            self.threads.run_all()
            self.assertEqual(self.answers.take(), [(1, "done")])
            storage.close(lambda: None)

    def test_read_fails(self) -> None:
        """
        A broken disk is told with path, piece and reason, whether it is noticed
        in the cache or in a thread.
        """
        self.put_file()
        storage = self.opened(True)
        for call in ("read", "read_cached"):
            self.calls.failing = {call: os_error(errno.EIO)}
            self.read(storage, 1)
            self.threads.run_all()
            self.assertEqual(
                self.answers.take(),
                [("failed", f"{self.path}: cannot read piece 1: Input/output error")],
            )

    def test_cut_while_open(self) -> None:
        """
        A file that somebody cuts while it is served fails to be read from
        there on; what is left is still served.
        """
        self.put_file()
        storage = self.opened(True)
        os.truncate(self.path, 15)
        for index in range(3):
            self.read(storage, index)
        self.threads.run_all()
        [first, *failed] = self.answers.take()
        self.assertEqual(first, (DATA[:10],))
        self.assertEqual([answer[0] for answer in failed], ["failed"] * 2)
        self.assertIn(f"{self.path} ends at byte 15", str(failed[0][1]))

    def test_out_of_memory(self) -> None:
        """
        Even a failure that is not the disk's is an answer.
        """
        self.put_file()
        storage = self.opened(True)
        self.calls.failing["read"] = MemoryError()
        self.read(storage, 0)
        self.threads.run_all()
        [(failed, reason)] = self.answers.take()
        self.assertEqual(failed, "failed")
        self.assertIn("MemoryError", str(reason))


class FinishTests(FileStorageCase):
    """
    Putting the file in place.
    """

    def full(self) -> FileStorage:
        """
        A storage with all pieces.
        """
        storage = self.opened(False, inline_limit_bytes=100)
        for index in range(3):
            self.write(storage, index)
        self.answers.take()
        return storage

    def finished(self, storage: FileStorage) -> tuple[object, ...]:
        """
        Try to finish; the answer.
        """
        self.finish(storage)
        self.threads.run_all()
        [answer] = self.answers.take()
        return answer

    def test_order(self) -> None:
        """
        The bytes are on the disk before the name is given, and the name is
        before the answer.
        """
        steps: list[str] = []

        class Watched(SystemCalls):
            def sync(self, fd: int) -> None:
                steps.append("sync folder" if is_folder(fd) else "sync file")
                super().sync(fd)

            def rename(self, folder: int, old_name: str, new_name: str) -> None:
                steps.append(f"rename {old_name} {new_name}")
                super().rename(folder, old_name, new_name)

        storage = self.storage(False, calls=Watched(), inline_limit_bytes=100)
        storage.open()
        for index in range(3):
            self.write(storage, index)
        self.answers.take()
        self.finish(storage)
        self.assertEqual((steps, self.answers.take()), ([], []))
        self.threads.run_all()
        self.assertEqual(
            steps,
            ["sync file", "rename .file.part file", "sync folder"],
        )
        self.assertEqual(self.answers.take(), [("finish", "done")])
        storage.close(self.answers.done())

    def test_retried(self) -> None:
        """
        When giving the name or keeping it fails, a later try succeeds, and the
        file can be read all the time.
        """
        for call in ("rename", "sync folder"):
            storage = self.full()
            self.calls.failing[call] = os_error(errno.EIO)
            answer = self.finished(storage)
            self.assertEqual(answer[:2], ("finish", "failed"))
            self.assertIn("cannot put it in place: Input/output error", str(answer[2]))
            self.read(storage, 1)
            self.threads.run_all()
            self.assertEqual(self.answers.take(), [(DATA[10:20],)])
            self.calls.failing.clear()
            self.assertEqual(self.finished(storage), ("finish", "done"))
            storage.close(self.answers.done())
            self.answers.take()
            self.assertEqual(self.path.read_bytes(), DATA)

    def test_bytes_refused(self) -> None:
        """
        When the disk refused the bytes themselves, the file is never given its
        name, even if the system says at the next try that all is well.
        """
        storage = self.full()
        self.calls.failing["sync"] = os_error(errno.EIO)
        self.assertEqual(self.finished(storage)[:2], ("finish", "failed"))
        self.calls.failing.clear()
        answer = self.finished(storage)
        self.assertEqual(answer[:2], ("finish", "failed"))
        self.assertIn("start this peer anew", str(answer[2]))
        self.assertFalse(self.path.exists())

    def test_no_folder_sync(self) -> None:
        """
        A file system that knows no sync of folders is no failure.
        """
        storage = self.full()
        self.calls.failing["sync folder"] = os_error(errno.EINVAL)
        self.assertEqual(self.finished(storage), ("finish", "done"))

    def test_name_taken_meanwhile(self) -> None:
        """
        A symbolic link that appears under the final name is replaced, not
        followed; a folder is a failure.
        """
        storage = self.full()
        elsewhere = self.root / "elsewhere"
        elsewhere.write_bytes(b"precious")
        self.path.mkdir()
        self.assertEqual(self.finished(storage)[:2], ("finish", "failed"))
        self.path.rmdir()
        self.path.symlink_to(elsewhere)
        self.assertEqual(self.finished(storage), ("finish", "done"))
        self.assertFalse(self.path.is_symlink())
        self.assertEqual(self.path.read_bytes(), DATA)
        self.assertEqual(elsewhere.read_bytes(), b"precious")

    def test_under_way(self) -> None:
        """
        While the file is put in place nothing is written, a second try is
        refused, and reads go on.
        """
        storage = self.full()
        self.finish(storage)
        self.write(storage, 0)
        self.finish(storage)
        self.assertEqual(
            [answer[-2] for answer in self.answers.take()], ["failed", "failed"]
        )
        self.read(storage, 0)
        self.threads.run(1)
        self.threads.run()
        self.assertEqual(self.answers.take(), [(DATA[:10],), ("finish", "done")])


class LendTests(FileStorageCase):
    """
    Pieces that are sent from the file.
    """

    def lend(self, storage: FileStorage, index: int) -> list[PieceContent]:
        """
        Ask for a piece in order to send it.

        @return: what comes.
        """
        lent: list[PieceContent] = []
        storage.lend((index,), lent.extend, self.answers.failed())
        return lent

    def check_lent(self, lent: list[PieceContent], data: bytes) -> None:
        """
        Such a piece is lent; it is given back.
        """
        [span] = lent
        assert isinstance(span, FileSpan)
        self.assertEqual(os.pread(span.fd, span.size_bytes, span.offset), data)
        self.assertEqual(span.read(0, 100), data)
        span.give_back()

    def test_lend(self) -> None:
        """
        A piece is lent, from an unfinished file and from a whole one: at once if it
        is in memory, else once a thread has brought it there.
        """
        storage = self.opened(False)
        self.write(storage, 2)
        self.threads.run_all()
        lent = self.lend(storage, 2)
        self.assertEqual(lent, [])
        self.threads.run_all()
        self.check_lent(lent, DATA[20:])
        storage.close(lambda: None)
        self.path.write_bytes(DATA)
        self.calls.keeps_all = True
        storage = self.opened(True)
        for index in range(3):
            self.check_lent(self.lend(storage, index), DATA[10 * index :][:10])
        self.assertEqual(self.threads.waiting, [])

    def test_small(self) -> None:
        """
        Below the limit the bytes come.
        """
        self.put_file()
        self.calls.keeps_all = True
        storage = self.opened(True, inline_limit_bytes=9)
        self.assertEqual(self.lend(storage, 2), [DATA[20:]])

    def test_in_memory(self) -> None:
        """
        A file system that lives in memory lends at once, but not what is not there.
        """
        self.put_file()
        self.calls.failing["read_cached"] = os_error(errno.EOPNOTSUPP)
        self.calls.is_memory = True
        storage = self.opened(True)
        self.check_lent(self.lend(storage, 1), DATA[10:20])
        os.truncate(self.path, 19)
        self.assertEqual(self.lend(storage, 1), [])
        self.threads.run_all()
        [(what, line)] = self.answers.take()
        self.assertEqual(what, "failed")
        self.assertIn("ends at byte 19 or before", str(line))

    def test_fails(self) -> None:
        """
        A broken disk is told with path, piece and reason, and a storage that is not
        open lends nothing.
        """
        self.put_file()
        storage = self.opened(True)
        for call in ("read", "read_cached"):
            self.calls.failing = {call: os_error(errno.EIO)}
            self.assertEqual(self.lend(storage, 1), [])
            self.threads.run_all()
            self.assertEqual(
                self.answers.take(),
                [("failed", f"{self.path}: cannot read piece 1: Input/output error")],
            )
        storage.close(lambda: None)
        self.assertEqual(self.lend(storage, 1), [])
        self.assertEqual(
            self.answers.take(),
            [("failed", f"{self.path}: cannot read piece 1: it is not open")],
        )

    def test_closed_meanwhile(self) -> None:
        """
        What was lent can be sent after the storage was closed, and opened again.
        """
        self.put_file()
        self.calls.keeps_all = True
        storage = self.opened(True)
        lent = self.lend(storage, 1)
        storage.close(lambda: None)
        storage.open()
        self.check_lent(self.lend(storage, 0), DATA[:10])
        [span] = lent
        self.check_lent(lent, DATA[10:20])
        assert isinstance(span, FileSpan)
        self.assertRaises(OSError, os.fstat, span.fd)
        storage.close(lambda: None)


class CloseTests(FileStorageCase):
    """
    Giving everything back.
    """

    def test_waits(self) -> None:
        """
        A close waits for all that was begun, refuses what is new, and answers
        last.
        """
        storage = self.opened(False)
        self.write(storage, 0)
        self.write(storage, 1)
        storage.close(self.answers.done("close"))
        storage.close(self.answers.done("close again"))
        self.read(storage, 0)
        self.write(storage, 2)
        self.assertEqual([answer[0] for answer in self.answers.take()], ["failed"] * 2)
        self.threads.run(1)
        self.assertTrue((self.folder / LOCK_NAME).exists())
        self.threads.run()
        self.assertEqual(
            self.answers.take(),
            [(1, "done"), (0, "done"), ("close", "done"), ("close again", "done")],
        )
        self.assertEqual(os.listdir(self.folder), [".file.part"])
        self.assertEqual(self.part.read_bytes(), DATA[:20] + bytes(5))

    def test_waits_for_finish(self) -> None:
        """
        A file that is being put in place gets there before the close.
        """
        storage = self.opened(False)
        for index in range(3):
            self.write(storage, index)
        self.threads.run_all()
        self.answers.take()
        self.finish(storage)
        storage.close(self.answers.done("close"))
        self.threads.run_all()
        self.assertEqual(self.answers.take(), [("finish", "done"), ("close", "done")])
        self.assertEqual(self.path.read_bytes(), DATA)

    def test_closed_in_answer(self) -> None:
        """
        A close that is asked for in an answer waits for the others.
        """
        storage = self.opened(False)

        def close() -> None:
            self.answers.done(0)()
            storage.close(self.answers.done("close"))

        write_one(storage, 0, DATA[:10], close, self.answers.failed())
        self.write(storage, 1)
        self.threads.run_all()
        self.assertEqual(
            self.answers.take(), [(0, "done"), (1, "done"), ("close", "done")]
        )

    def test_answer_raises(self) -> None:
        """
        An answer that raises does not keep the storage open.
        """
        storage = self.opened(False)
        write_one(storage, 0, DATA[:10], lambda: [][0], self.answers.failed())
        storage.close(self.answers.done("close"))
        self.assertRaises(IndexError, self.threads.run)
        self.assertEqual(self.answers.take(), [("close", "done")])

    def test_never_opened(self) -> None:
        """
        What was never opened, or could not be, is closed at once.
        """
        storage = self.storage(True)
        self.assertRaises(StorageError, storage.open)
        storage.close(self.answers.done("close"))
        self.assertEqual(self.answers.take(), [("close", "done")])


class RealThreadsTests(TestCase):
    """
    With the threads of a real reactor.
    """

    async def test_fetched(self) -> None:
        """
        Large pieces written all at once and read all at once, some of them
        while others are still being written, come out right.
        """
        layout = PieceLayout(40 * 100_000 - 7, 100_000)
        data = os.urandom(layout.file_size_bytes)
        folder = Path(self.mktemp())
        storage = FileStorage(
            layout,
            folder,
            "file",
            whole=False,
            run_in_thread=ReactorThreads(IReactorThreads(reactor)),
        )
        storage.open()
        wrong: list[object] = []
        waiting = set(range(layout.piece_count))
        all_read: Deferred[None] = Deferred()

        def written(index: int) -> Callable[[], None]:
            return lambda: storage.read(index, read(index), wrong.append)

        def read(index: int) -> Callable[[PieceData], None]:
            def check(found: PieceData) -> None:
                if found != piece_of(layout, data, index):
                    wrong.append(index)
                waiting.remove(index)
                if not waiting:
                    all_read.callback(None)

            return check

        for index in range(layout.piece_count):
            piece = piece_of(layout, data, index)
            write_one(storage, index, piece, written(index), wrong.append)
        await all_read
        finished: Deferred[None] = Deferred()
        storage.finish(lambda: finished.callback(None), finished.errback)
        closed: Deferred[None] = Deferred()
        storage.close(lambda: closed.callback(None))
        await closed
        self.assertTrue(finished.called)
        self.assertEqual(wrong, [])
        self.assertEqual(os.listdir(folder), ["file"])
        self.assertEqual((folder / "file").read_bytes(), data)
