"""
All that is made anew whenever a verified storage is opened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from swarmpeer.events import SwarmEvent
from swarmpeer.manifest import Manifest
from swarmpeer.storage.cached_reads import CachedReads
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.second_thread import SecondThread
from swarmpeer.storage.verified.checked import Checked
from swarmpeer.storage.verified.checking import FilesCheck
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.extras import Extras, place_of
from swarmpeer.storage.verified.open_files import OpenFiles
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.pieces_on_disk import PiecesOnDisk
from swarmpeer.storage.verified.placing import Placing, Stage
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.writing import PieceWriter


@dataclass(frozen=True, slots=True)
class Options:
    """
    How a storage goes about it.

    @ivar calls: the disk.
    @ivar is_seed: is everything to be there?
    @ivar is_paranoid: is each piece hashed each time that it is read?
    @ivar preallocates: is the room for a file taken when it is begun?
    @ivar commit_seconds: how long after a piece was written the record tells of it.
    @ivar inline_limit_bytes: see L{swarmpeer.storage.limits.INLINE_LIMIT_BYTES}.
    @ivar second_thread: hashes and writes pieces, too; C{None}: none does.
    """

    calls: FileCalls
    clock: IReactorTime
    is_seed: bool
    is_paranoid: bool
    preallocates: bool
    commit_seconds: float
    inline_limit_bytes: int
    second_thread: SecondThread | None


class Session:
    """
    The parts of a storage, put together.  Nothing is opened yet.

    @ivar folder: where the files go.
    @ivar recorder: what a later run may rely on.
    @ivar pieces: what is held.
    @ivar writer: takes what comes.
    @ivar placing: how the files get their names.
    """

    def __init__(
        self,
        manifest: Manifest,
        path: Path,
        hashes: PieceHashes,
        options: Options,
        works: PendingWork,
        publish: Callable[[SwarmEvent], None],
    ) -> None:
        """
        @param path: of the folder that the files go to.
        """
        calls = options.calls
        self._infohash = manifest.infohash
        self._hashes = hashes
        self._options = options
        self._works = works
        self.folder = DataFolder(path, manifest.infohash, calls)
        self._open_files = OpenFiles(calls.close)
        disk = Disk(
            calls,
            self.folder,
            self._open_files,
            CachedReads(calls),
            options.preallocates,
        )
        self._files = {
            number: StoredFile(
                disk,
                number,
                place_of(manifest, file),
                hashes.layout,
                file.is_executable,
            )
            for number, file in enumerate(manifest.files)
            if file.size_bytes
        }
        self._extras = Extras(manifest, self.folder, calls)
        self.recorder = Recorder(
            hashes.layout,
            self._files,
            self.folder,
            works,
            options.clock,
            options.commit_seconds,
            publish,
        )
        self.pieces = PiecesOnDisk(
            hashes,
            self._files,
            disk,
            works,
            self.recorder,
            options.clock,
            is_paranoid=options.is_paranoid,
            inline_limit_bytes=options.inline_limit_bytes,
        )
        self.writer = PieceWriter(
            hashes,
            self._files,
            disk,
            works,
            self.recorder,
            self.pieces.hold,
            inline_limit_bytes=options.inline_limit_bytes,
            second_thread=options.second_thread,
        )
        self.placing = Placing(
            self.folder,
            self._files,
            self._extras,
            works,
            self.recorder,
            lambda: self.pieces.held,
        )

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Checked], None],
        failed: Callable[[Exception], None],
    ) -> FilesCheck:
        """
        @return: a check of all files, which is to be started.
        """
        return FilesCheck(
            self._hashes,
            self._infohash,
            self.folder,
            self._options.calls,
            self._files,
            self._extras,
            self._works,
            progress,
            done,
            failed,
            preallocates=self._options.preallocates,
            only_looks=self._options.is_seed,
        )

    def begin(self, checked: Checked) -> None:
        """
        Go on from what the check found.
        """
        self.pieces.held = checked.held
        if checked.is_whole:
            self.placing.stage = Stage.OVER
        self.recorder.begin(checked.record, checked.found, checked.found_in)

    def give_back(self) -> None:
        """
        Close all, once nothing is under way.
        """
        self.recorder.stop()
        self._open_files.drop_all()
        self.folder.close()
