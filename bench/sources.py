"""
The files that are spread.
"""

import os
from pathlib import Path

_MIB = 1 << 20
_UNITS = {"K": 1 << 10, "M": _MIB, "G": 1 << 30, "T": 1 << 40}


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
    """
    with path.open("wb") as source:
        if is_sparse:
            source.truncate(size_bytes)
            return
        for start in range(0, size_bytes, 8 * _MIB):
            source.write(os.urandom(min(8 * _MIB, size_bytes - start)))
