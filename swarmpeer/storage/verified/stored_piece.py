"""
Where on the disk each piece of a manifest is, and whether it is right there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.storage.spans import FileSpan
from swarmpeer.storage.system_errors import PASSING, reason_of
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.wire.messages import PieceData

Content = TypeVar("Content", PieceData, FileSpan)


@dataclass(frozen=True, slots=True)
class PieceReading(Generic[Content]):
    """
    A piece that was read, or is lent.

    @ivar content: its bytes, or where they are.
    @ivar is_right: are its bytes right?  C{None}: there was no reason to look.
    @ivar was_suspect: did somebody change its file?
    @ivar changes: how often somebody did.
    """

    content: Content
    is_right: bool | None
    was_suspect: bool
    changes: int


# One is made for each call, and tuples are made faster than anything else.
class StoredPiece(NamedTuple):
    """
    One piece where it lies.  Its calls may block and may come from any thread.

    @ivar piece_index: as the swarm counts it.
    @ivar position: of the piece in its file, counted in pieces.
    @ivar offset: of its first byte there.
    """

    piece_index: int
    file: StoredFile
    position: int
    offset: int
    size_bytes: int

    def read(
        self, hashes: PieceHashes, *, look_for_name: bool, hash_it: bool
    ) -> PieceReading[PieceData]:
        """
        Read it.

        @param look_for_name: look first whether the file still has its name?
        @param hash_it: look whether it is right, even if nobody changed the file?
        @raise OSError: if it cannot be read.
        @raise PieceLostError: if the file is too short.
        """
        if look_for_name:
            self.file.check_name()
        reading = self.file.read(self.position, self.size_bytes, self.offset)
        is_right = None
        if reading.is_suspect or hash_it:
            is_right = hashes.is_right(self.piece_index, reading.data)
        if is_right:
            self.file.clear(self.position, reading.changes)
        return PieceReading(reading.data, is_right, reading.is_suspect, reading.changes)

    def lend_at_once(self) -> FileSpan | None:
        """
        Lend it, if it is in memory and nothing is to be looked at; waits for nobody.

        @raise OSError: if it cannot be read.
        """
        return self.file.lend_at_once(self.position, self.size_bytes, self.offset)

    def lend(
        self, hashes: PieceHashes, *, look_for_name: bool, hash_it: bool
    ) -> PieceReading[FileSpan]:
        """
        Bring it into memory and lend it, even if it is not right.  For the rest see
        C{read}.
        """
        if look_for_name:
            self.file.check_name()
        span, is_right, standing = self.file.lend(
            self.position,
            self.size_bytes,
            self.offset,
            partial(hashes.is_right_in_bits, self.piece_index),
            hash_it=hash_it,
        )
        if is_right:
            self.file.clear(self.position, standing.changes)
        return PieceReading(span, is_right, standing.is_suspect, standing.changes)

    def unreadable(self, error: Exception, where: str) -> StorageError:
        """
        What to tell, in one line, if it could not be read.

        @param where: the path of its file.
        """
        is_lost = isinstance(error, PieceLostError) or (
            isinstance(error, OSError) and error.errno not in PASSING
        )
        line = f"{where}: cannot read piece {self.piece_index}: {reason_of(error)}"
        return PieceLostError(line) if is_lost else StorageError(line)


def stored_piece(
    layout: PieceLayout, files: Mapping[int, StoredFile], index: int
) -> StoredPiece:
    """
    Where a piece lies.

    @raise IndexError: if there is no such piece.
    """
    number, offset = layout.place(index)
    position = offset // layout.piece_size_bytes
    return StoredPiece(index, files[number], position, offset, layout.size(index))
