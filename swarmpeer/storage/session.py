"""
All that is made anew whenever a verified storage is opened.
"""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from swarmpeer.events import SwarmEvent
from swarmpeer.manifest import Manifest
from swarmpeer.storage.cached_reads import CachedReads
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.checking import Checked, FilesCheck
from swarmpeer.storage.data_folder import DataFolder
from swarmpeer.storage.extras import Extras, place_of
from swarmpeer.storage.open_files import OpenFiles
from swarmpeer.storage.opening import Disk
from swarmpeer.storage.piece_hashes import PieceHashes
from swarmpeer.storage.pieces_on_disk import PiecesOnDisk
from swarmpeer.storage.placing import Placing
from swarmpeer.storage.recording import Recorder
from swarmpeer.storage.stored_file import StoredFile
from swarmpeer.storage.works import Works


class Session:
    """
    The parts of a storage, put together.  Nothing is opened yet.

    @ivar folder: where the files go.
    @ivar open_files: the descriptors of files.
    @ivar files: those that have bytes, by their numbers in the manifest.
    @ivar extras: the others.
    @ivar recorder: what a later run may rely on.
    @ivar pieces: what is held.
    @ivar placing: how the files get their names.
    """

    def __init__(
        self,
        manifest: Manifest,
        path: Path,
        *,
        hashes: PieceHashes,
        calls: FileCalls,
        works: Works,
        clock: IReactorTime,
        publish: Callable[[SwarmEvent], None],
        is_paranoid: bool,
        preallocates: bool,
        commit_seconds: float,
        inline_limit_bytes: int,
    ) -> None:
        self._hashes = hashes
        self._infohash = manifest.infohash
        self._works = works
        self._preallocates = preallocates
        self.folder = DataFolder(path, manifest.infohash, calls)
        self.open_files = OpenFiles(calls.close)
        disk = Disk(
            calls, self.folder, self.open_files, CachedReads(calls), preallocates
        )
        self.files = {
            number: StoredFile(
                disk,
                number,
                place_of(manifest, file),
                file.size_bytes,
                file.piece_count,
                file.is_executable,
            )
            for number, file in enumerate(manifest.files)
            if file.size_bytes
        }
        self.extras = Extras(manifest, self.folder)
        self.recorder = Recorder(
            hashes.layout,
            self.files,
            self.folder,
            works,
            clock,
            commit_seconds,
            publish,
        )
        self.pieces = PiecesOnDisk(
            hashes,
            self.files,
            disk,
            works,
            self.recorder,
            clock,
            is_paranoid=is_paranoid,
            inline_limit_bytes=inline_limit_bytes,
        )
        self.placing = Placing(
            self.folder, self.files, self.extras, works, self.recorder
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
            self.files,
            self.extras,
            self._works,
            progress,
            done,
            failed,
            preallocates=self._preallocates,
        )
