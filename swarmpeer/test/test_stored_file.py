"""
Tests for L{swarmpeer.storage.verified.stored_file} and
L{swarmpeer.storage.verified.opening}: who waits for whom, and whose descriptors are
closed.
"""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.seam import Piece
from swarmpeer.storage.cached_reads import CachedReads
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.open_files import OpenFiles
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.test.storage_fixtures import CountedCalls, FastCalls
from swarmpeer.test.verified_fixtures import PIECE, Peer, one_file
from swarmpeer.wire.messages import PieceData

_WAIT_SECONDS = 10.0


class SlowCalls(FastCalls):
    """
    A disk on which something happens while a call is made.

    @ivar meanwhile: by the name of the call, what.
    """

    def __init__(self) -> None:
        self.meanwhile: dict[str, Callable[[], None]] = {}

    def _pass(self, call: str) -> None:
        self.meanwhile.get(call, lambda: None)()

    def allocate(self, fd: int, size_bytes: int) -> None:
        """Take long."""
        self._pass("allocate")
        super().allocate(fd, size_bytes)

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """Take long."""
        self._pass("write")
        return super().write(fd, data, offset)

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """Take long."""
        self._pass("lstat")
        return super().lstat(folder, name)

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """Take long."""
        self._pass("rename_to")
        super().rename_to(folder, old_name, new_folder, new_name)


class WaitingTests(SynchronousTestCase):
    """
    What the reactor thread asks of a file while another is at it.
    """

    def setUp(self) -> None:
        """
        There is a folder.
        """
        self.calls = SlowCalls()
        self.folder = DataFolder(Path(self.mktemp()), bytes(32), self.calls)
        self.folder.open(only_read=False)
        self.addCleanup(self.folder.close)
        open_files = OpenFiles(self.calls.close)
        self.addCleanup(open_files.drop_all)
        disk = Disk(self.calls, self.folder, open_files, CachedReads(self.calls), True)
        self.file = StoredFile(disk, 0, ("data",), PieceLayout(2 * PIECE, PIECE), False)

    def test_never_waits(self) -> None:
        """
        While room is taken, a piece is mended, a name is looked for or given, it can
        be asked at once what is known of the file, and what is in memory is not
        waited for.
        """
        heard: list[object] = []

        def ask() -> None:
            heard.append(self.file.is_busy)
            heard.append(self.file.known()[1])
            heard.append(self.file.read_at_once((range(1),), may_wait=True))

        def meanwhile() -> None:
            other = Thread(target=ask, daemon=True)
            other.start()
            other.join(_WAIT_SECONDS)
            self.assertFalse(other.is_alive())

        def during(call: str, work: Callable[[], object]) -> None:
            self.calls.meanwhile[call] = meanwhile
            work()
            self.calls.meanwhile.clear()
            self.assertEqual(heard, [True, 0, ()], call)
            heard.clear()

        piece = Piece(0, bytes(PIECE))
        during("allocate", lambda: self.file.write([piece]))
        self.file.sync()
        during("rename_to", self.file.put_in_place)
        self.assertIs(self.file.place, Place.FINAL)
        during("lstat", self.file.check_name)
        during("write", lambda: self.file.write([piece]))
        self.assertFalse(self.file.is_busy)


class DescriptorTests(SynchronousTestCase):
    """
    Descriptors of files of which nothing can be found out.
    """

    def test_closed(self) -> None:
        """
        Whenever that fails, while a file in place is read or mended or a part is
        written, all descriptors are closed at the end.
        """
        content = one_file()
        for is_placed in (False, True):
            for fstats in range(4):
                calls = CountedCalls()
                peer = Peer(content, self.mktemp(), calls=calls)
                peer.start()
                if is_placed:
                    peer.write_all()
                    self.assertIs(peer.finish(), True)
                for ask in (peer.write, peer.read, peer.check_piece):
                    calls.fstats = fstats
                    ask(0)
                calls.fstats = 1000
                peer.close()
                self.assertEqual(calls.opened, set())
