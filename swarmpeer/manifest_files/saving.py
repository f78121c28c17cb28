"""
The manifest itself as a file.
"""

import os
import re
import secrets
from contextlib import suppress

from swarmpeer.errors import ManifestError
from swarmpeer.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from swarmpeer.manifest_files.regular import regular_file
from swarmpeer.manifest_files.tree import reason_of
from swarmpeer.text import printable

_START = re.compile(b"d[0-9]")
"""
How every manifest begins, and hardly anything else: a dictionary and its first key.
"""


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """
    @raise ManifestError: if it cannot be read or is none; names the file.
    """
    try:
        with regular_file(path) as file:
            # One more than there may be, so that a longer one is seen to be so.
            data = file.read(MAX_MANIFEST_BYTES + 1)
        if not _START.match(data):
            raise ManifestError("is no manifest")
        return parse_manifest(data)
    except OSError as error:
        raise ManifestError(f"{printable(path)}: {reason_of(error)}") from error
    except ManifestError as error:
        raise ManifestError(f"{printable(path)}: {error}") from None


def save_manifest(
    manifest: Manifest, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """
    Write it, see L{save_whole}.
    """
    save_whole(manifest.encode(), path, overwrite=overwrite)


def save_whole(
    data: bytes, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """
    Write a file so that at every moment either all of it is there or nothing new.

    @param overwrite: may a file that is there be replaced?
    @raise FileExistsError: if there is one and it may not.
    @raise OSError: if it cannot be written.
    """
    path = os.path.realpath(path) if overwrite else os.path.abspath(path)
    if overwrite and os.path.exists(path) and not os.path.isfile(path):
        raise OSError("Not a regular file")
    name = f".swarmpeer-{secrets.token_hex(8)}.part"
    unfinished = os.path.join(os.path.dirname(path), name)
    try:
        with open(unfinished, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            os.replace(unfinished, path)
        else:
            _put_in_place(unfinished, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished)
        raise


def _put_in_place(unfinished: str, path: str) -> None:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.  Who makes the file right now is lost.
        if os.path.lexists(path):
            raise FileExistsError from None
        os.rename(unfinished, path)
    else:
        os.unlink(unfinished)
