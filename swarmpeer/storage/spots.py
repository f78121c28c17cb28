"""
Where on the disk each piece of a manifest is, and whether it is right there.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import BadPieceError, PieceLostError, StorageError
from swarmpeer.storage.piece_hashes import PieceHashes
from swarmpeer.storage.stored_file import StoredFile
from swarmpeer.wire.messages import PieceData

# Whoever is short of these may have them the next time; the piece is still there.
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EACCES)


@dataclass(frozen=True, slots=True)
class Looked:
    """
    A piece that was read.

    @ivar is_right: are its bytes right?  C{None}: there was no reason to look.
    @ivar was_suspect: did somebody change its file?
    @ivar changes: how often somebody did.
    """

    data: PieceData
    is_right: bool | None
    was_suspect: bool
    changes: int


# One is made for each call, and tuples are made faster than anything else.
class Spot(NamedTuple):
    """
    The place of one piece.  Its calls may block and may come from any thread.

    @ivar piece: its index, as the swarm counts it.
    @ivar position: of the piece in its file.
    @ivar offset: of its first byte there.
    """

    piece: int
    file: StoredFile
    position: int
    offset: int
    size_bytes: int

    def read_cached(self) -> PieceData | None:
        """
        Read it, if it is in memory and nothing is to be looked at; never waits.

        @raise OSError: if it cannot be read.
        """
        reading = self.file.read_cached(self.position, self.size_bytes, self.offset)
        if reading is None or reading.is_suspect:
            return None
        return reading.data

    def read(
        self, hashes: PieceHashes, *, look_for_name: bool, hash_it: bool
    ) -> Looked:
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
            is_right = hashes.is_right(self.piece, reading.data)
        if is_right:
            self.file.clear(self.position, reading.changes)
        return Looked(reading.data, is_right, reading.is_suspect, reading.changes)

    def write(self, hashes: PieceHashes, data: PieceData) -> int:
        """
        Write it if it is right.

        @return: how many changes of the file there were then.
        @raise BadPieceError: if it is not right.
        @raise OSError: if it cannot be written.
        @raise StorageError: if it must not be written.
        """
        if not hashes.is_right(self.piece, data):
            raise BadPieceError("its bytes are not what the manifest tells")
        return self.file.write(self.position, data, self.offset)

    def failure(self, what: str, error: Exception, where: str) -> StorageError:
        """
        An error in one line.

        @param what: what could not be done, such as C{write}.
        @param where: the path of its file.
        """
        reason = error.strerror if isinstance(error, OSError) else str(error)
        line = f"{where}: cannot {what} piece {self.piece}: {reason or repr(error)}"
        if isinstance(error, BadPieceError):
            return BadPieceError(line)
        if isinstance(error, StorageError) and not isinstance(error, PieceLostError):
            return StorageError(line, is_final=error.is_final)
        is_loss = not isinstance(error, OSError) or error.errno not in _PASSING
        if what == "read" and isinstance(error, OSError | PieceLostError) and is_loss:
            return PieceLostError(line)
        return StorageError(line)


def spot_of(layout: PieceLayout, files: Mapping[int, StoredFile], index: int) -> Spot:
    """
    The spot of a piece.

    @raise IndexError: if there is no such piece.
    """
    number, offset = layout.place(index)
    position = offset // layout.piece_size_bytes
    return Spot(index, files[number], position, offset, layout.size(index))
