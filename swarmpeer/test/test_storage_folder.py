"""
Tests for L{swarmpeer.storage.folder}.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import StorageError
from swarmpeer.file_name import LOCK_NAME
from swarmpeer.storage.folder import (
    FolderLock,
    check_file_name,
    find_folder,
    open_folder,
)
from swarmpeer.storage.system_calls import SystemCalls

HOLD_LOCK = """
import sys
from pathlib import Path
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.storage.folder import FolderLock, open_folder
calls, path = SystemCalls(), Path(sys.argv[1])
lock = FolderLock(calls, open_folder(calls, path), path)
print("locked", flush=True)
sys.stdin.read()
"""


class FindFolderTests(SynchronousTestCase):
    """
    Which of the two usual folders is a peer's.
    """

    def setUp(self) -> None:
        """
        A working directory with nothing in it.
        """
        self.root = Path(self.mktemp())
        self.root.mkdir()

    def put(self, folder: str) -> None:
        """
        Put the file into a folder.
        """
        (self.root / folder).mkdir(exist_ok=True)
        (self.root / folder / "file").write_bytes(b"x")

    def find(self, has_file: bool) -> str:
        """
        The name of the folder that is found.
        """
        return find_folder(self.root, 1001, "file", has_file).name

    def test_usual(self) -> None:
        """
        It is C{peer_<id>}, whether or not it is there, and nothing is made.
        """
        self.assertEqual([self.find(True), self.find(False)], ["peer_1001"] * 2)
        self.assertEqual(list(self.root.iterdir()), [])

    def test_short(self) -> None:
        """
        A seed whose file is in C{<id>} only has that folder; a leecher has not.
        """
        self.put("1001")
        self.assertEqual([self.find(True), self.find(False)], ["1001", "peer_1001"])

    def test_both(self) -> None:
        """
        The usual folder comes first when both have the file.
        """
        self.put("1001")
        self.put("peer_1001")
        self.assertEqual(self.find(True), "peer_1001")

    def test_symbolic_link(self) -> None:
        """
        A symbolic link in the usual folder, even one that leads nowhere, is not
        passed over in silence.
        """
        self.put("1001")
        (self.root / "peer_1001").mkdir()
        (self.root / "peer_1001" / "file").symlink_to("nowhere")
        self.assertEqual(self.find(True), "peer_1001")

    def test_unsafe_name(self) -> None:
        """
        A name that leads out of the folder is refused before it is looked up.
        """
        with self.assertRaises(StorageError):
            find_folder(self.root, 1001, "../x", True)


class FileNameTests(SynchronousTestCase):
    """
    Which names are taken.
    """

    def test_unsafe(self) -> None:
        """
        A name that is not safe is refused in one line that repeats it.
        """
        for name in ["", "..", "a/b", "a\0b", "\ud800", LOCK_NAME]:
            error = self.assertRaises(StorageError, check_file_name, name)
            self.assertIn(repr(name), str(error))
            self.assertTrue(str(error).isprintable())

    def test_safe(self) -> None:
        """
        All other names are fine, also those that are not UTF-8 on disk.
        """
        for name in ["x", "...", ".x", "a b", "é🎉", os.fsdecode(b"\xff")]:
            check_file_name(name)


class OpenFolderTests(SynchronousTestCase):
    """
    What is taken for a folder.
    """

    def test_refused(self) -> None:
        """
        A folder that is missing, a file, or a symbolic link is refused in one
        line that names it.
        """
        root = Path(self.mktemp())
        root.mkdir()
        (root / "file").write_bytes(b"")
        (root / "link").symlink_to(root, target_is_directory=True)
        for name, reason in [
            ("missing", "is missing"),
            ("file", "not a folder"),
            ("link", "symbolic link"),
        ]:
            error = self.assertRaises(
                StorageError, open_folder, SystemCalls(), root / name
            )
            self.assertIn(str(root / name), str(error))
            self.assertIn(reason, str(error))


class FolderLockTests(SynchronousTestCase):
    """
    One owner at a time.
    """

    def setUp(self) -> None:
        """
        An open folder.
        """
        self.path = Path(self.mktemp())
        self.path.mkdir()
        self.folder = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, self.folder)

    def take(self, calls: SystemCalls | None = None) -> FolderLock:
        """
        Take the lock.
        """
        return FolderLock(calls or SystemCalls(), self.folder, self.path)

    def test_second_refused(self) -> None:
        """
        While it is held nobody else gets it, and the holder's process id is
        named; once released it is free, and no file is left.
        """
        lock = self.take()
        error = self.assertRaises(StorageError, self.take)
        self.assertIn(f"process {os.getpid()};", str(error))
        self.assertIn(str(self.path), str(error))
        lock.release()
        self.assertEqual(list(self.path.iterdir()), [])
        self.take().release()

    def test_stale(self) -> None:
        """
        A lock file without an owner means nothing, whatever is in it.
        """
        for content in (b"", b"1\n", b"99999999999999999999999999999999999999", b"x"):
            (self.path / LOCK_NAME).write_bytes(content)
            lock = self.take()
            self.assertEqual((self.path / LOCK_NAME).read_text(), f"{os.getpid()}\n")
            lock.release()

    def test_owner_unknown(self) -> None:
        """
        An owner that has not written its number yet is refused without one.
        """
        lock = self.take()
        self.addCleanup(lock.release)
        (self.path / LOCK_NAME).write_bytes(b"")
        error = self.assertRaises(StorageError, self.take)
        self.assertIn("in use by another process", str(error))

    def test_removed_meanwhile(self) -> None:
        """
        If the former owner removes the file between our opening and locking it,
        that lock is worth nothing and the one of the new file is taken.
        """
        path = self.path / LOCK_NAME

        class Racing(SystemCalls):
            left = 2

            def lock(self, fd: int) -> bool:
                if self.left:
                    self.left -= 1
                    path.unlink()
                    if self.left:
                        path.write_bytes(b"")
                return super().lock(fd)

        lock = self.take(Racing())
        with self.assertRaises(StorageError):
            self.take()
        lock.release()

    def test_never_stays(self) -> None:
        """
        A lock file that somebody takes away each time is an error, not a loop.
        """
        path = self.path / LOCK_NAME

        class Hostile(SystemCalls):
            def lock(self, fd: int) -> bool:
                path.unlink()
                return super().lock(fd)

        error = self.assertRaises(StorageError, self.take, Hostile())
        self.assertIn("changes all the time", str(error))

    def test_symbolic_link(self) -> None:
        """
        A symbolic link in the place of the lock is not followed.
        """
        target = self.path / "target"
        (self.path / LOCK_NAME).symlink_to("target")
        with self.assertRaises(OSError):
            self.take()
        self.assertFalse(target.exists())

    def test_pipe(self) -> None:
        """
        A pipe in the place of the lock is refused without waiting.
        """
        os.mkfifo(self.path / LOCK_NAME)
        error = self.assertRaises(StorageError, self.take)
        self.assertIn("not a plain file", str(error))

    def test_other_process(self) -> None:
        """
        Another process that holds the lock is named; when it is killed, the
        lock that it leaves behind is free.
        """
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD_LOCK, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        with other:
            try:
                assert other.stdout is not None
                self.assertEqual(other.stdout.readline(), b"locked\n")
                error = self.assertRaises(StorageError, self.take)
                self.assertIn(f"process {other.pid};", str(error))
            finally:
                other.send_signal(signal.SIGKILL)
        self.assertTrue((self.path / LOCK_NAME).exists())
        self.take().release()
