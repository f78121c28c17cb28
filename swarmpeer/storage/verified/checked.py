"""
What a check found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from swarmpeer.events import (
    DiskShort,
    FileDiffers,
    FilesChecked,
    RecordSetAside,
    SwarmEvent,
)
from swarmpeer.storage.verified.resume import Record
from swarmpeer.wire.bitfield import Bitfield


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What was found.

    @ivar record: what can be relied on in a later run, as far as it is saved.
    @ivar fault: why what an earlier run recorded was set aside, if it was.
    @ivar held: the pieces that are here and right.
    @ivar found: those of them that are not recorded.
    @ivar found_in: the numbers of their files.
    @ivar hashed: how many pieces were looked at.
    @ivar is_whole: are all pieces here, and is everything in place?
    @ivar differing: the files that were there and are not right.
    @ivar missing: paths of empty files and links that are not there.
    @ivar needed_bytes: how much room what is missing will take.
    @ivar free_bytes: how much there is, if that can be told.
    """

    record: Record
    fault: str | None
    held: Bitfield
    found: Bitfield
    found_in: set[int]
    hashed: int
    is_whole: bool
    differing: Sequence[FileDiffers]
    missing: Sequence[str]
    needed_bytes: int
    free_bytes: int | None

    def events(self) -> list[SwarmEvent]:
        """
        What is to be told of it.
        """
        told: list[SwarmEvent] = []
        if self.fault is not None:
            told.append(RecordSetAside(self.fault))
        told += self.differing
        told.append(FilesChecked(self.held.count, self.hashed, self.held.size))
        if self.free_bytes is not None and self.needed_bytes > self.free_bytes:
            told.append(DiskShort(self.needed_bytes, self.free_bytes))
        return told
