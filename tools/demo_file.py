"""
Makes a real file of some tens of MB for the demonstration, from what every
machine with Python has: C{python tools/demo_file.py FOLDER} packs the
library into a tar archive there and prints its path.
"""

import sys
import sysconfig
import tarfile
from pathlib import Path

ENOUGH_BYTES = 40 * 1000 * 1000


def pack(archive: Path) -> None:
    """
    Fill the C{archive} with files of this Python, in a fixed order, until it
    has tens of MB.
    """
    places = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    packed_bytes = 0
    with tarfile.open(archive, "w") as tar:
        for place in places:
            for path in sorted(place.rglob("*.py")):
                if packed_bytes > ENOUGH_BYTES:
                    return
                tar.add(path, path.relative_to(place.parent).as_posix())
                packed_bytes += path.stat().st_size


def main() -> None:
    """
    Make the archive unless it is there, and print where it is.
    """
    archive = Path(sys.argv[1]) / "python-library.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    if not archive.exists():
        unfinished = archive.with_suffix(".unfinished")
        pack(unfinished)
        unfinished.replace(archive)
    print(archive)


if __name__ == "__main__":
    main()
