"""
The files that are spread.
"""

import os
from pathlib import Path

_MIB = 1 << 20
_UNITS = {"K": 1 << 10, "M": _MIB, "G": 1 << 30, "T": 1 << 40}


def size_bytes(text: str) -> int:
    """
    A size such as C{64M}, C{2.5G} or C{1048576}.
    """
    unit = _UNITS.get(text[-1:].upper())
    return int(text) if unit is None else int(float(text[:-1]) * unit)


def size_text(size: int) -> str:
    """
    The same the other way round.
    """
    for unit, weight in reversed(_UNITS.items()):
        if size >= weight and size % weight == 0:
            return f"{size // weight} {unit}iB"
    return f"{size} bytes"


def make_source(path: Path, size: int, *, is_sparse: bool = False) -> None:
    """
    Write random bytes, or a hole as long as they would be.
    """
    with path.open("wb") as source:
        if is_sparse:
            source.truncate(size)
            return
        for start in range(0, size, 8 * _MIB):
            source.write(os.urandom(min(8 * _MIB, size - start)))
