"""
The file of the swarm on our disk, from which pieces are read one by one.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

from swarmpeer.conformance.plan import CheckError
from swarmpeer.core.layout import PieceLayout
from swarmpeer.text import printable


class FileSource:
    """
    A L{swarmpeer.conformance.subject.PieceSource}.
    """

    def __init__(self, path: Path, layout: PieceLayout) -> None:
        """
        @raise CheckError: if it cannot be read, or is not as long as it should be.
        """
        self._path = path
        self._layout = layout
        try:
            # Not to wait for ever for the other end of a pipe.
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            found = os.fstat(self._file)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CheckError(f"{printable(path)} cannot be read: {why}") from error
        if not S_ISREG(found.st_mode):
            raise CheckError(f"{printable(path)} is no file")
        if found.st_size != layout.file_size_bytes:
            raise CheckError(
                f"{printable(path)} has {found.st_size} bytes, but FileSize is "
                f"{layout.file_size_bytes}"
            )

    def piece(self, index: int) -> bytes:
        """
        The bytes of one piece.

        @raise CheckError: if it cannot be read any more.
        """
        size, offset = self._layout.size(index), self._layout.offset(index)
        parts = []
        while size:
            try:
                part = os.pread(self._file, size, offset)
            except OSError as error:
                raise CheckError(
                    f"{printable(self._path)} cannot be read: {error.strerror}"
                ) from error
            if not part:
                raise CheckError(f"{printable(self._path)} became shorter")
            parts.append(part)
            size -= len(part)
            offset += len(part)
        return b"".join(parts)

    def close(self) -> None:
        """
        Give it back.
        """
        os.close(self._file)


def find_file(folder: Path, peer_ids: Iterable[int], name: str) -> Path:
    """
    Where the file is: in C{peer_<id>} or C{<id>} of the first who has it.

    @raise CheckError: if nobody does.
    """
    for peer_id in peer_ids:
        for own in (f"peer_{peer_id}", str(peer_id)):
            path = folder / own / name
            if path.exists():
                return path
    raise CheckError(
        f"no folder of a peer in {printable(folder)} has {printable(name)}; say where "
        "it is, with --file FILE"
    )
