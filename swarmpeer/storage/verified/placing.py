"""
Giving all files of a manifest their names.
"""

from collections.abc import Callable, Mapping
from enum import Enum

from swarmpeer.errors import StorageError
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.extras import Extras
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.text import printable
from swarmpeer.wire.bitfield import Bitfield


class Stage(Enum):
    """
    How far the files are with getting their names.
    """

    AHEAD = "ahead"
    """Not begun, or it failed."""
    UNDER_WAY = "under way"
    """Begun, and not answered."""
    OVER = "over"
    """Everything is in place."""


class Placing:
    """
    Brings all bytes to the disk and records them; then every file gets its name, and
    the names are brought to the disk.  May be tried again; what is done is not done
    twice.

    The record is right before and after: a file is known by the same signs, whatever
    its name is.

    @ivar stage: how far that is.
    """

    def __init__(
        self,
        folder: DataFolder,
        files: Mapping[int, StoredFile],
        extras: Extras,
        works: PendingWork,
        recorder: Recorder,
        held: Callable[[], Bitfield],
    ) -> None:
        """
        @param held: the pieces that are held at that moment.
        """
        self._folder = folder
        self._files = files
        self._extras = extras
        self._works = works
        self._recorder = recorder
        self._held = held
        self.stage = Stage.AHEAD

    def start(
        self, done: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """
        Put everything in place.
        """

        def on_done(_: None) -> None:
            self.stage = Stage.OVER
            done()

        def on_failed(error: Exception) -> None:
            self.stage = Stage.AHEAD
            failed(error)

        def on_commit() -> None:
            # Whatever came meanwhile, no file gets its name unless all of it is
            # right and on the disk.
            fault = self._missing() or self._not_durable()
            if fault is not None:
                on_failed(fault)
            else:
                self._works.begin(self._put_in_place, on_done, on_failed)

        fault = self._missing()
        if fault is not None:
            failed(fault)
        elif self.stage is Stage.UNDER_WAY:
            failed(self._failure("it is being put in place"))
        elif self.stage is Stage.OVER:
            done()
        else:
            self.stage = Stage.UNDER_WAY
            self._recorder.commit(on_commit)

    def _missing(self) -> StorageError | None:
        held = self._held()
        if held.is_full:
            return None
        return self._failure(f"{held.size - held.count} pieces are not there")

    def _not_durable(self) -> StorageError | None:
        if self._recorder.has_refused:
            path = printable(self._folder.path)
            return StorageError(
                f"{path}: the disk did not take all of it; start this peer anew",
                is_final=True,
            )
        if self._recorder.has_unsynced:
            return self._failure("not all of it could be brought to the disk yet")
        return None

    def _failure(self, reason: str) -> StorageError:
        path = printable(self._folder.path)
        return StorageError(f"{path}: cannot put it in place: {reason}")

    def _put_in_place(self) -> None:
        """
        In a thread.
        """
        for file in self._files.values():
            file.put_in_place()
        self._extras.put_in_place()
        paths = [file.path for file in self._files.values()]
        self._folder.sync_folders([*paths, *self._extras.paths()])
