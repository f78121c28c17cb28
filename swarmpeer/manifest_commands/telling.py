"""
What the commands about manifests tell: what is in one, and how much is hashed.
"""

import time

from swarmpeer.console import ProgressLine
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files.hashing import Progress
from swarmpeer.quantities import format_count
from swarmpeer.text import share_text, size_text


def showing(line: ProgressLine, what: str) -> Progress:
    """
    What shows on C{line} how much is hashed.

    @param what: is hashed.
    """
    began = time.monotonic()

    def progress(done: int, total: int) -> None:
        def describe() -> str:
            rate = done / max(time.monotonic() - began, 0.001)
            return (
                f"{what}: {share_text(done / max(total, 1))} of {size_text(total)}, "
                f"{size_text(rate)}/s"
            )

        line.show(describe)

    return progress


def contents(manifest: Manifest) -> str:
    """
    How many files and links a manifest has.
    """
    links = sum(file.link_target is not None for file in manifest.files)
    files = format_count(len(manifest.files) - links, "file")
    return f"{files}, {format_count(links, 'link')}" if links else files
