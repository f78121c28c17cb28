"""
What is known of one file of a manifest: where it is, and whether somebody changed
it.
"""

import os
import stat
from collections.abc import Sequence
from enum import Enum
from itertools import takewhile

from swarmpeer.storage.verified.resume import FileIdentity
from swarmpeer.wire.bitfield import Bitfield


class Place(Enum):
    """
    Where a file is.
    """

    ABSENT = "absent"
    """Nowhere yet."""
    PART = "part"
    """Unfinished, in the folder of our own."""
    FINAL = "final"
    """Under its final name."""
    GONE = "gone"
    """It was in place, and somebody took it away."""


class FileState:
    """
    A file in place is watched: whoever changes it makes all of its pieces suspect,
    until each was looked at again.  A part is ours alone and is not watched, but it
    may be found missing.

    @ivar place: where it is.
    @ivar identity: as it was last known to be; C{None} if it is nowhere.
    @ivar changes: how often somebody changed it.
    @ivar is_replaced: did another file take its place, or has it another size?
    """

    def __init__(self, size_bytes: int, piece_count: int) -> None:
        self._size_bytes = size_bytes
        self._piece_count = piece_count
        self._suspects: Bitfield | None = None
        self.place = Place.ABSENT
        self.identity: FileIdentity | None = None
        self.changes = 0
        self.is_replaced = False

    def is_ours(self, status: os.stat_result) -> bool:
        """
        Is that the file, whatever became of its contents?
        """
        return self.identity is not None and status.st_ino == self.identity.inode

    def meet(self, status: os.stat_result) -> bool:
        """
        The file, or one that was open under its name, is like that now.

        @return: is it ours?
        """
        if self.place is Place.PART:
            return True
        if not self.is_ours(status):
            return False
        found = FileIdentity.of(status)
        if found != self.identity:
            self._change(found)
            self.is_replaced |= found.size_bytes != self._size_bytes
        return True

    def replace(self, status: os.stat_result | None) -> None:
        """
        Another file has its name, or none.  One that could be the right one is taken
        for it until its pieces are looked at; it may be the old one that came back.
        """
        self.is_replaced = True
        if (
            status is not None
            and stat.S_ISREG(status.st_mode)
            and status.st_size == self._size_bytes
        ):
            self.place = Place.FINAL
            self._change(FileIdentity.of(status))
        elif self.place is not Place.GONE:
            self.place = Place.GONE
            self._change(None)

    def lose_part(self) -> None:
        """
        Somebody removed the part.
        """
        self.place = Place.ABSENT
        self._change(None)

    @property
    def has_suspects(self) -> bool:
        """
        Was there ever a piece to be looked at?
        """
        return self._suspects is not None

    def is_suspect(self, position: int) -> bool:
        """
        Is the piece at that position of the file to be looked at?
        """
        return self._suspects is not None and position in self._suspects

    def count_sound(self, positions: Sequence[int]) -> int:
        """
        How many of these pieces are before the first that is to be looked at?
        """
        suspects = self._suspects
        if suspects is None:
            return len(positions)
        sound = suspects.missing_among(positions)
        return sum(1 for _ in takewhile(set(sound).__contains__, positions))

    def suspect(self, position: int) -> None:
        """
        Have a piece looked at.
        """
        if self._suspects is None:
            self._suspects = Bitfield(self._piece_count)
        self._suspects.add(position)

    def clear(self, position: int) -> None:
        """
        The piece was looked at, or written, and is right.
        """
        if self._suspects is not None:
            self._suspects.discard(position)

    def _change(self, identity: FileIdentity | None) -> None:
        self.identity = identity
        self.changes += 1
        self._suspects = Bitfield.full(self._piece_count)
