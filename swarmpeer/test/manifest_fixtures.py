"""
Files on the disk that manifests are made of.
"""

import os
from pathlib import Path

PIECE_SIZE = 16 * 1024

BIG = bytes(range(256)) * 200
"""Four pieces, the last of them short."""


def make_folder(path: Path) -> Path:
    """
    A folder with a bit of everything.
    """
    (path / "bin").mkdir(parents=True)
    (path / "nothing" / "here").mkdir(parents=True)
    (path / "big").write_bytes(BIG)
    (path / "empty").write_bytes(b"")
    (path / "bin" / "run").write_bytes(b"#!/bin/sh\n")
    (path / "bin" / "run").chmod(0o755)
    (path / "bin" / "same").symlink_to("../big")
    (path / "tools").symlink_to("bin")
    (path / os.fsdecode(b"\xff\n\xe2\x98\x83")).write_bytes(b"odd")
    return path


PATHS = ["big", "bin/run", "bin/same", "empty", "tools", "\udcff\n\N{SNOWMAN}"]
"""What is in it, in order."""
