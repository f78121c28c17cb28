"""
Tests of L{swarmpeer.storage.calls} on the disk of the machine.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.manifest.paths import bytes_of
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_calls import SystemCalls

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
BLOCK = 64 * 1024
"""
No usual file system has larger blocks.
"""
NO_UTF8 = "caf\udce9"


class CallsCase(SynchronousTestCase):
    """
    An open folder on the disk of the machine.
    """

    def setUp(self) -> None:
        """
        Make it.
        """
        self.calls: FileCalls = SystemCalls()
        self.path = Path(self.mktemp())
        self.calls.make_folder(str(self.path))
        self.folder = self.calls.open_folder(str(self.path))
        self.addCleanup(self.calls.close, self.folder)

    def made(self, name: str, folder: int | None = None) -> int:
        """
        A new file, open.
        """
        fd = self.calls.open(self.folder if folder is None else folder, name, NEW)
        self.addCleanup(self.calls.close, fd)
        return fd

    def fails(self, number: int, call: Callable[..., object], *args: object) -> None:
        """
        The call fails with that number.
        """
        error = self.assertRaises(OSError, call, *args)
        self.assertEqual(error.errno, number)


class NameTests(CallsCase):
    """
    Names, and what they stand for.
    """

    def on_the_disk(self) -> list[bytes]:
        """
        The names as they are.
        """
        return sorted(os.listdir(os.fsencode(self.path)))

    def test_bytes(self) -> None:
        """
        Every call takes a name that is no UTF-8, or no ASCII, for the same bytes,
        whatever the user's locale is.
        """
        for name, encoded in [(NO_UTF8, b"caf\xe9"), ("\u00e9", b"\xc3\xa9")]:
            calls, folder = self.calls, self.folder
            fd = self.made(name)
            self.assertEqual(self.on_the_disk(), [encoded])
            self.assertEqual(calls.names(folder), [name])
            self.assertTrue(
                os.path.samestat(calls.lstat(folder, name), calls.fstat(fd))
            )
            calls.rename(folder, name, name * 2)
            self.assertEqual(self.on_the_disk(), [encoded * 2])
            calls.rename_to(folder, name * 2, folder, name)
            self.assertEqual(self.on_the_disk(), [encoded])
            calls.unlink(folder, name)
            calls.make_link(folder, name, name * 2)
            self.assertEqual(calls.link_text(folder, name), name * 2)
            link = os.readlink(os.path.join(os.fsencode(self.path), encoded))
            self.assertEqual(link, encoded * 2)
            calls.unlink(folder, name)
            calls.make_folder_in(folder, name)
            self.assertEqual(self.on_the_disk(), [encoded])
            calls.close(calls.open_folder_in(folder, name))
            os.rmdir(os.path.join(os.fsencode(self.path), encoded))

    def test_locale(self) -> None:
        """
        A folder is listed as UTF-8 where all other names are of another encoding.
        """
        self.made("\u00e9")
        self.patch(os, "listdir", lambda _: [b"\xc3\xa9".decode("latin-1")])
        self.patch(os, "fsencode", lambda name: name.encode("latin-1"))
        self.assertEqual(self.calls.names(self.folder), ["\u00e9"])

    @given(
        names=st.sets(
            st.binary(min_size=1, max_size=20).filter(
                lambda name: not set(name) & {0, ord("/")} and name.strip(b".")
            ),
            max_size=8,
        )
    )
    @settings(deadline=None, max_examples=30)
    def test_any_names(self, names: set[bytes]) -> None:
        """
        Whatever the names in a folder are, each is listed once, in order, and leads
        to its file.
        """
        for name in names:
            os.close(os.open(name, NEW, dir_fd=self.folder))
        found = self.calls.names(self.folder)
        self.assertEqual({bytes_of(name) for name in found}, names)
        self.assertEqual(found, sorted(found))
        for text in found:
            self.calls.unlink(self.folder, text)
        self.assertEqual(self.calls.names(self.folder), [])

    def test_folders(self) -> None:
        """
        A folder is made once, in another; a link to one is none, nor is a file.
        """
        calls, folder = self.calls, self.folder
        calls.make_folder_in(folder, "in")
        self.fails(errno.EEXIST, calls.make_folder_in, folder, "in")
        inside = calls.open_folder_in(folder, "in")
        self.addCleanup(calls.close, inside)
        self.assertTrue(stat.S_ISDIR(calls.fstat(inside).st_mode))
        self.made("file", inside)
        self.assertEqual(calls.names(inside), ["file"])
        self.fails(errno.ENOTDIR, calls.open_folder_in, inside, "file")
        self.fails(errno.ENOENT, calls.open_folder_in, inside, "other")
        calls.make_link(folder, "link", "in")
        error = self.assertRaises(OSError, calls.open_folder_in, folder, "link")
        self.assertIn(error.errno, (errno.ENOTDIR, errno.ELOOP, errno.EMLINK))

    def test_move(self) -> None:
        """
        A file that is moved to another folder is the same one, and takes the place
        of what has its name there.
        """
        calls, folder = self.calls, self.folder
        calls.make_folder_in(folder, "in")
        inside = calls.open_folder_in(folder, "in")
        self.addCleanup(calls.close, inside)
        fd = self.made("part")
        self.made("whole", inside)
        calls.rename_to(folder, "part", inside, "whole")
        self.assertEqual(calls.names(folder), ["in"])
        named = calls.lstat(inside, "whole")
        self.assertTrue(os.path.samestat(named, calls.fstat(fd)))

    def test_links(self) -> None:
        """
        A link is read, never followed, and never made in the place of something.
        """
        calls, folder = self.calls, self.folder
        calls.make_link(folder, "link", "../outside")
        self.assertEqual(calls.link_text(folder, "link"), "../outside")
        self.fails(errno.EEXIST, calls.make_link, folder, "link", "other")
        self.fails(errno.ELOOP, calls.open, folder, "link", os.O_RDONLY)
        self.made("file")
        self.fails(errno.EINVAL, calls.link_text, folder, "file")
        self.fails(errno.EEXIST, calls.make_link, folder, "file", "other")


class RoomTests(CallsCase):
    """
    Room on the disk, and holes.
    """

    def test_holes(self) -> None:
        """
        What was written lies between the holes; whoever goes through them misses
        nothing, whether the file system can tell or not.
        """
        calls, fd = self.calls, self.made("file")
        calls.truncate(fd, 10 * BLOCK)
        calls.write(fd, b"abc", 4 * BLOCK + 100)
        calls.write(fd, b"xyz", 8 * BLOCK)
        seen, end = b"", 0
        while (start := calls.next_data(fd, end)) is not None:
            end = calls.next_hole(fd, start)
            seen += calls.read(fd, end - start, start)
        self.assertEqual(seen.replace(b"\0", b""), b"abcxyz")
        self.assertEqual(calls.next_data(fd, 4 * BLOCK + 101), 4 * BLOCK + 101)
        self.assertIsNone(calls.next_data(fd, 10 * BLOCK))
        self.assertIsNone(calls.next_data(fd, 11 * BLOCK))
        self.assertEqual(calls.next_hole(fd, 11 * BLOCK), 11 * BLOCK)

    def test_cannot_tell(self) -> None:
        """
        Where the file system knows no holes all of a file is data; another failure
        is one.
        """
        calls, fd = self.calls, self.made("file")
        calls.truncate(fd, 1000)

        def refuse_with(number: int) -> None:
            def refuse(_fd: int, _offset: int, _whence: int) -> int:
                raise OSError(number, os.strerror(number))

            self.patch(os, "lseek", refuse)

        for number in (errno.EINVAL, errno.EOPNOTSUPP):
            refuse_with(number)
            self.assertEqual(calls.next_data(fd, 10), 10)
            self.assertIsNone(calls.next_data(fd, 1000))
            self.assertEqual(calls.next_hole(fd, 10), 1000)
            self.assertEqual(calls.next_hole(fd, 1001), 1001)
        refuse_with(errno.EIO)
        self.fails(errno.EIO, calls.next_data, fd, 10)
        self.fails(errno.EIO, calls.next_hole, fd, 10)

    def test_allocate(self) -> None:
        """
        A file for which room was taken is so long and reads as zeros, what was
        written in it stays; taking none changes nothing.
        """
        calls, fd = self.calls, self.made("file")
        calls.write(fd, b"abc", 0)
        calls.allocate(fd, 0)
        self.assertEqual(calls.fstat(fd).st_size, 3)
        calls.allocate(fd, 2 * BLOCK)
        self.assertEqual(calls.read(fd, 3 * BLOCK, 0), b"abc".ljust(2 * BLOCK, b"\0"))
        self.assertTrue(calls.fstat(fd).st_blocks * 512 >= 2 * BLOCK)
        calls.allocate(fd, 10)
        self.assertEqual(calls.fstat(fd).st_size, 2 * BLOCK)

    def test_allocate_too_much(self) -> None:
        """
        There is not room for everything.
        """
        error = self.assertRaises(
            OSError, self.calls.allocate, self.made("file"), 2**62
        )
        self.assertIn(error.errno, (errno.ENOSPC, errno.EFBIG))

    def test_free_bytes(self) -> None:
        """
        A file system has room, but not without end; one that says that it has no
        size at all cannot tell.
        """
        free_bytes = self.calls.free_bytes(self.folder)
        assert free_bytes is not None
        self.assertTrue(0 < free_bytes < 2**62, free_bytes)
        nothing = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))
        self.patch(os, "fstatvfs", lambda _: nothing)
        self.assertIsNone(self.calls.free_bytes(self.folder))

    def test_mode(self) -> None:
        """
        A file can be made one to run.
        """
        fd = self.made("file")
        self.calls.set_mode(fd, 0o750)
        mode = self.calls.lstat(self.folder, "file").st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o750)
