"""
Giving all files of a manifest their names.
"""

from collections.abc import Callable, Mapping

from swarmpeer.errors import StorageError
from swarmpeer.storage.data_folder import DataFolder
from swarmpeer.storage.extras import Extras
from swarmpeer.storage.recording import Recorder
from swarmpeer.storage.stored_file import StoredFile
from swarmpeer.storage.works import Works
from swarmpeer.text import printable


class Placing:
    """
    Brings all bytes to the disk and records them; then every file gets its name, and
    the names are brought to the disk.  May be tried again; what is done is not done
    twice.

    The record is right before and after: a file is known by the same signs, whatever
    its name is.

    @ivar is_under_way: was it begun, and has it not answered?
    @ivar is_over: is everything in place?
    """

    def __init__(
        self,
        folder: DataFolder,
        files: Mapping[int, StoredFile],
        extras: Extras,
        works: Works,
        recorder: Recorder,
    ) -> None:
        self._folder = folder
        self._files = files
        self._extras = extras
        self._works = works
        self._recorder = recorder
        self.is_under_way = False
        self.is_over = False

    def start(
        self, done: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """
        Put everything in place.
        """
        path = printable(self._folder.path)

        def on_done(_: None) -> None:
            self.is_under_way = False
            self.is_over = True
            done()

        def on_failed(error: Exception) -> None:
            self.is_under_way = False
            failed(error)

        def on_commit() -> None:
            if self._recorder.has_refused:
                reason = "the disk did not take all of it; start this peer anew"
                on_failed(StorageError(f"{path}: {reason}", is_final=True))
            else:
                self._works.begin(self._put_in_place, on_done, on_failed)

        if self.is_under_way:
            failed(StorageError(f"{path}: it is being put in place"))
        elif self.is_over:
            done()
        else:
            self.is_under_way = True
            self._recorder.commit(on_commit)

    def _put_in_place(self) -> None:
        """
        In a thread.
        """
        for file in self._files.values():
            file.put_in_place()
        self._extras.put_in_place()
        paths = [file.path for file in self._files.values()]
        self._folder.sync_folders([*paths, *self._extras.paths()])
