"""
Noticing that somebody changed a file.
"""

from collections.abc import Callable, Mapping

from swarmpeer.events import FileChanged, SwarmEvent
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.resume import FileIdentity
from swarmpeer.storage.verified.stored_file import StoredFile


class ChangeWatch:
    """
    Compares what is known of the files with what was known before, and tells people
    once of each file; once more if it was replaced since.

    All is asked for in the reactor thread.
    """

    def __init__(
        self,
        files: Mapping[int, StoredFile],
        folder: DataFolder,
        publish: Callable[[SwarmEvent], None],
    ) -> None:
        self._files = files
        self._folder = folder
        self._publish = publish
        # Of each file how many changes are known here, and the worst that was told.
        self._known_changes: dict[int, int] = {}
        self._told: dict[int, bool] = {}

    def look(self, number: int) -> tuple[FileIdentity | None, bool]:
        """
        @return: as what a file is known now, and whether somebody changed it since it
            was looked at last.
        """
        file = self._files[number]
        identity, changes = file.known()
        is_changed = changes != self._known(number)
        if is_changed:
            self._known_changes[number] = changes
            self._tell(file)
        return identity, is_changed

    def is_steady(self, number: int, changes: int) -> bool:
        """
        Is that how often a file was changed, as is known here and there?  Then there
        is nothing to look at.
        """
        return changes == self._files[number].changes == self._known(number)

    def is_current(self, number: int, changes: int) -> bool:
        """
        Is that how often a file was changed, as far as is known here?
        """
        return changes == self._known(number)

    def _known(self, number: int) -> int:
        return self._known_changes.get(number, 0)

    def _tell(self, file: StoredFile) -> None:
        is_replaced = file.is_replaced
        # A part that was removed is nothing that people had.
        was_in_place = file.place in (Place.FINAL, Place.GONE)
        if was_in_place and self._told.get(file.number) not in (True, is_replaced):
            self._told[file.number] = is_replaced
            self._publish(FileChanged(self._folder.shown(file.path), is_replaced))
