"""
The files that are spread.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.command import CannotRun, tell
from bench.gauges import available_bytes
from bench.peers import FILE_NAME

_MIB = 1 << 20
_UNITS = {"K": 1 << 10, "M": _MIB, "G": 1 << 30, "T": 1 << 40}

# Beside the copies: a quarter of them for logs and processes, but no more than this.
_MOST_SPARE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Load:
    """
    What is spread to how many.

    @ivar is_sparse: is the file of zeros, a hole that takes no room?
    """

    leechers: int
    size_bytes: int
    piece_size_bytes: int
    is_sparse: bool = False

    @property
    def text(self) -> str:
        """
        What the tables call it.
        """
        return (
            f"{size_text(self.size_bytes)} to {self.leechers} in pieces of "
            f"{size_text(self.piece_size_bytes)}"
        )

    @property
    def room_bytes(self) -> int:
        """
        What has to be free for the file and all copies.
        """
        copies_bytes = self.size_bytes * (self.leechers + (not self.is_sparse))
        return copies_bytes + min(copies_bytes // 4, _MOST_SPARE_BYTES)


@contextlib.contextmanager
def source_of(load: Load, place: Path) -> Iterator[Path | None]:
    """
    The file, which is removed again; C{None}, with a word, where it and its copies do
    not fit into C{place}.
    """
    source = place / FILE_NAME
    try:
        _look_for_room(place, load.room_bytes)
        make_source(source, load.size_bytes, is_sparse=load.is_sparse)
    except CannotRun as why:
        tell(f"{load.text} is left out: {why}")
        yield None
    else:
        yield source
    finally:
        source.unlink(missing_ok=True)


def size_text(size_bytes: int) -> str:
    """
    A size as the report has it.
    """
    for unit, weight in reversed(_UNITS.items()):
        if size_bytes >= weight and size_bytes % weight == 0:
            return f"{size_bytes // weight} {unit}iB"
    return f"{size_bytes} bytes"


def make_source(path: Path, size_bytes: int, *, is_sparse: bool = False) -> None:
    """
    Write random bytes, or a hole as long as they would be.

    @raise CannotRun: if the system does not let it be written.
    """
    try:
        with path.open("wb") as source:
            if is_sparse:
                source.truncate(size_bytes)
                return
            for start in range(0, size_bytes, 8 * _MIB):
                source.write(os.urandom(min(8 * _MIB, size_bytes - start)))
    except OSError as error:
        raise CannotRun(f"a file of {size_text(size_bytes)}: {error}") from None


def _look_for_room(place: Path, wanted_bytes: int) -> None:
    """
    @raise CannotRun: if there is too little.
    """
    if shutil.disk_usage(place).free < wanted_bytes:
        raise CannotRun("the disk is too small")
    if str(place).startswith("/dev/shm") and available_bytes() < wanted_bytes:
        raise CannotRun("the memory is too small")
