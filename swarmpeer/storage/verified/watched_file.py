"""
Whether a file of a manifest is what it was when its pieces were looked at last.
"""

import os
from collections.abc import Sequence

from swarmpeer.errors import StorageError
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.opening import OpenableFile
from swarmpeer.storage.verified.piece_reading import Content, PieceReading, Standing
from swarmpeer.storage.verified.resume import FileIdentity

MOST_TRIES = 5
"""
So often a piece is read while somebody changes its file under us.
"""
UNSTEADY = "it changes all the time; see who does that"
"""
Why a piece cannot be had after that.
"""


class WatchedFile(OpenableFile):
    """
    A file of which every piece is to be looked at once somebody changed it.

    That is seen by the file's status.  It is asked for behind the bytes, so that what
    was read and judged is of the file as it is known.
    """

    @property
    def is_replaced(self) -> bool:
        """
        Did another file take its place?
        """
        return self._state.is_replaced

    @property
    def changes(self) -> int:
        """
        How often somebody changed it.
        """
        return self._state.changes

    def known(self) -> tuple[FileIdentity | None, int]:
        """
        Its identity and how often somebody changed it, at one moment.  Never waits.
        """
        with self._state_lock:
            return self._state.identity, self._state.changes

    def check_name(self) -> None:
        """
        Look whether the file still has its name, or has it again.
        """
        with self._disk_lock:
            if self._state.place not in (Place.FINAL, Place.GONE):
                return
            try:
                status = self._disk.folder.find(self.path)
            except StorageError:
                status = None
            except OSError:
                # Nothing can be told.
                return
            if status is None or not self._state.is_ours(status):
                self._replace(status)

    def suspect(self, index: int) -> None:
        """
        Have a piece looked at when it is read next.
        """
        with self._state_lock:
            self._state.suspect(index - self.pieces.start)

    def _clear(self, index: int, changes: int) -> None:
        """
        A piece was found right, or written, when there were so many changes.
        """
        with self._state_lock:
            if changes == self._state.changes:
                self._state.clear(index - self.pieces.start)

    def _found(
        self, index: int, reading: PieceReading[Content]
    ) -> PieceReading[Content]:
        if reading.is_right:
            self._clear(index, reading.standing.changes)
        return reading

    # What follows is for who has the lock of the disk.

    def _judge(self, fd: int, index: int) -> Standing | None:
        """
        What is known of a piece that was just read, if it is of the right file:
        whoever changed its bytes before has changed the file's status, too.
        """
        state, status = self._state, self._watched_status(fd)
        with self._state_lock:
            if status is not None and not state.meet(status):
                return None
            is_suspect = state.is_suspect(index - self.pieces.start)
            return Standing(is_suspect, state.changes)

    def _count_sound(self, fd: int, indexes: Sequence[int]) -> int:
        """
        The same for many.

        @return: how many there are before the first that is to be looked at; none if
            it is not the right file.
        """
        state, status = self._state, self._watched_status(fd)
        with self._state_lock:
            if status is not None and not state.meet(status):
                return 0
            first = self.pieces.start
            return state.count_sound([index - first for index in indexes])

    def _watched_status(self, fd: int) -> os.stat_result | None:
        # A part is ours alone, whatever its status.
        is_part = self._state.place is Place.PART
        return None if is_part else self._calls.fstat(fd)
