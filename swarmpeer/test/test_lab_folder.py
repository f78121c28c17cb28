"""
Tests of L{swarmpeer.lab.folder} and L{swarmpeer.lab.tail}.
"""

import errno
import hashlib
import os
import socket
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import CommonConfig
from swarmpeer.lab.folder import LabError, LabFolder, SourceFile, free_ports, sha256
from swarmpeer.lab.plan import LabPlan, plan_peers
from swarmpeer.lab.tail import LogTail

CONTENT = b"what all want" * 1000


class FolderTestCase(SynchronousTestCase):
    """
    A test with a source file of its own.
    """

    def setUp(self) -> None:
        """
        Write the file.
        """
        self.work = Path(self.mktemp())
        self.work.mkdir()
        self.path = self.work / "source.bin"
        self.path.write_bytes(CONTENT)

    def plan(self, file_size_bytes: int = len(CONTENT)) -> LabPlan:
        """
        Two seeds and a leecher.
        """
        common = CommonConfig(3, 1, 3, "source.bin", file_size_bytes, 16384)
        return LabPlan(common, plan_peers([7001, 7002, 7003], 2))

    def error_of_source(self, path: str | Path) -> str:
        """
        Why C{path} cannot be spread, with this test's folder cut out.
        """
        error = self.assertRaises(LabError, SourceFile.examine, str(path))
        return str(error).replace(f"{self.work}/", "")


class SourceFileTests(FolderTestCase):
    """
    The file that is to be spread.
    """

    def test_unfit(self) -> None:
        """
        What is no readable file is refused in one line.
        """
        fifo = self.work / "fifo"
        os.mkfifo(fifo)
        loop = self.work / "loop"
        loop.symlink_to(loop)
        self.assertEqual(
            [
                self.error_of_source(self.work / "none"),
                self.error_of_source(self.work / "odd\n\udcff"),
                self.error_of_source(self.path / "below"),
                self.error_of_source("a\0b"),
                self.error_of_source(fifo),
            ],
            [
                "cannot read none: No such file or directory",
                "cannot read odd\\n\\udcff: No such file or directory",
                "cannot read source.bin/below: Not a directory",
                "cannot read a\\x00b: embedded null byte",
                "fifo is no regular file",
            ],
        )
        self.assertIn("is a directory", self.error_of_source(self.work))
        self.assertIn("cannot read loop: ", self.error_of_source(loop))

    def test_changed(self) -> None:
        """
        Another size, another time or no file at all are changes.
        """
        source = SourceFile.examine(str(self.path))
        self.assertTrue(source.is_unchanged)
        os.utime(self.path, ns=(0, source.changed_ns + 1))
        self.assertFalse(source.is_unchanged)
        self.path.unlink()
        self.assertFalse(source.is_unchanged)

    def test_symbolic_link(self) -> None:
        """
        Behind a symbolic link is the file itself.
        """
        link = self.work / "link"
        link.symlink_to(self.path.absolute())
        self.assertEqual(SourceFile.examine(str(link)).path, self.path.resolve())


class LabFolderTests(FolderTestCase):
    """
    The folder of a lab.
    """

    def test_filled(self) -> None:
        """
        The configuration and a folder per peer are there; seeds have the file
        under a second name, which needs no room.
        """
        folder = LabFolder.make(str(self.work / "deep" / "lab"))
        folder.fill(self.plan(), SourceFile.examine(str(self.path)))
        self.assertEqual(
            sorted(
                str(path.relative_to(folder.path)) for path in folder.path.rglob("*")
            ),
            [
                "Common.cfg",
                "PeerInfo.cfg",
                "peer_1001",
                "peer_1001/source.bin",
                "peer_1002",
                "peer_1002/source.bin",
                "peer_1003",
            ],
        )
        self.assertTrue(folder.file(self.plan(), 1002).samefile(self.path))

    def test_copied(self) -> None:
        """
        Where no second name can be given, seeds have a copy.
        """

        def refuse(_source: Path, _target: Path) -> None:
            raise OSError(errno.EXDEV, "Invalid cross-device link")

        self.patch(os, "link", refuse)
        folder = LabFolder.make(None)
        self.addCleanup(folder.close)
        folder.fill(self.plan(), SourceFile.examine(str(self.path)))
        copy = folder.file(self.plan(), 1001)
        self.assertFalse(copy.samefile(self.path))
        self.assertEqual(copy.read_bytes(), CONTENT)

    def test_no_room(self) -> None:
        """
        A disk that cannot take the copies is known before anything starts.
        """
        folder = LabFolder.make(None)
        self.addCleanup(folder.close)
        with self.path.open("ab") as file:
            file.truncate(2**42)
        source = SourceFile.examine(str(self.path))
        error = self.assertRaises(LabError, folder.fill, self.plan(), source)
        self.assertIn("the copies need 4.40 TB, but ", str(error))

    def test_temporary(self) -> None:
        """
        A temporary folder is gone in the end, the user's file is not.
        """
        folder = LabFolder.make(None)
        folder.fill(self.plan(), SourceFile.examine(str(self.path)))
        folder.close()
        self.assertFalse(folder.path.exists())
        self.assertEqual(self.path.read_bytes(), CONTENT)

    def test_kept(self) -> None:
        """
        A folder with a name stays, and is refused the next time; what was put
        into it can be taken back.
        """
        keep = str(self.work / "lab")
        folder = LabFolder.make(keep)
        folder.fill(self.plan(), SourceFile.examine(str(self.path)))
        folder.close()
        self.assertTrue((folder.path / "Common.cfg").exists())
        error = self.assertRaises(LabError, LabFolder.make, keep)
        self.assertEqual(str(error), f"{keep} is not empty, a new folder is needed")
        folder.discard()
        self.assertEqual(list(LabFolder.make(keep).path.iterdir()), [])
        self.assertEqual(self.path.read_bytes(), CONTENT)

    def test_no_folder(self) -> None:
        """
        A file is no folder to keep anything in.
        """
        error = self.assertRaises(LabError, LabFolder.make, str(self.path))
        self.assertEqual(str(error), f"{self.path} is not a folder")

    def test_output_tail(self) -> None:
        """
        The last lines of a long output are given, harmless to a terminal.
        """
        folder = LabFolder.make(str(self.work / "lab"))
        self.assertEqual(folder.output_tail(1001, 2), [])
        folder.output(1001).write_bytes(
            b"x" * 9000 + b"\nlast but one\n\nl\x1b[1mast\n"
        )
        self.assertEqual(folder.output_tail(1001, 2), ["last but one", "l\\x1b[1mast"])


class FreePortsTests(SynchronousTestCase):
    """
    Ports for the peers.
    """

    def test_free(self) -> None:
        """
        They are all different, and one can listen on each.
        """
        ports = free_ports(64)
        self.assertEqual(len(set(ports)), 64)
        for port in ports:
            with socket.socket() as listening:
                listening.bind(("127.0.0.1", port))


class Sha256Tests(FolderTestCase):
    """
    The digest of a whole file.
    """

    def test_whole(self) -> None:
        """
        It covers every byte, over many reads.
        """
        self.path.write_bytes(CONTENT * 200)
        self.assertEqual(
            sha256(self.path, lambda: False), hashlib.sha256(CONTENT * 200).hexdigest()
        )

    def test_cancelled(self) -> None:
        """
        It is given up when nobody wants it any more.
        """
        self.assertIsNone(sha256(self.path, lambda: True))


class LogTailTests(SynchronousTestCase):
    """
    A log that grows.
    """

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.binary(max_size=12)))
    def test_any_cut(self, writes: list[bytes]) -> None:
        """
        However it is written, each finished line comes once and in order.
        """
        path = Path(self.mktemp())
        tail = LogTail(path)
        lines: list[str] = []
        with path.open("ab", buffering=0) as log:
            for data in writes:
                log.write(data)
                lines.extend(tail.read_lines())
        whole = b"".join(writes).split(b"\n")[:-1]
        self.assertEqual(lines, [line.decode("utf-8", "replace") for line in whole])
        path.unlink()

    def test_not_yet_there(self) -> None:
        """
        A log that nobody began has no lines.
        """
        self.assertEqual(LogTail(Path(self.mktemp())).read_lines(), [])

    def test_skipped(self) -> None:
        """
        Lines with the unwanted bytes are left out, also when cut.
        """
        path = Path(self.mktemp())
        tail = LogTail(path, b" rec")
        path.write_bytes(b"it rec\nthis\nit re")
        lines = tail.read_lines()
        with path.open("ab") as log:
            log.write(b"c\nthat\n")
        self.assertEqual([lines, tail.read_lines()], [["this"], ["that"]])
