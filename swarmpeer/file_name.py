"""
What the file of a swarm may be called, and the two names beside it that are ours.
"""

import hashlib
import re

LOCK_NAME = ".swarmpeer.lock"
"""
The lock on a peer's folder.
"""
OWN_NAMES = ".swarmpeer"
"""
What all names beside the files of a swarm begin with that are ours.
"""
MAX_FILE_NAME_BYTES = 255
"""
The longest name that common file systems take.
"""

_CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")


def file_name_fault(name: str) -> tuple[str, str] | None:
    """
    Why a file must not be called C{name} inside a peer's folder.

    @return: what is wrong and what would be right, both without the name; or
        C{None} if the name is safe.
    """
    plain = "a plain name without a path"
    if not name:
        return "is empty", "a name"
    if name in (".", ".."):
        return "is a folder", plain
    if name.startswith("/"):
        return "is an absolute path", plain
    if "/" in name or "\\" in name:
        return "is a path with folders", plain
    if _CONTROL_CHARACTER.search(name):
        return "holds a control character", "a name of visible characters"
    try:
        size_bytes = len(_encoded(name))
    except UnicodeEncodeError:
        return "holds half a character", "a name that can be written as UTF-8"
    if size_bytes > MAX_FILE_NAME_BYTES:
        return f"is {size_bytes} bytes long", f"at most {MAX_FILE_NAME_BYTES}"
    if name == LOCK_NAME:
        return "is the name of the folder's lock", "another name"
    if name.startswith(".") and name.endswith(".part"):
        return "is a name for an unfinished file", "another name"
    return None


def part_name(file_name: str) -> str:
    """
    The name of the unfinished file, in the folder of the finished one.  No safe
    name is like it, so to begin a file anew never takes a finished one away.
    """
    name = f".{file_name}.part"
    if len(_encoded(name)) > MAX_FILE_NAME_BYTES:
        name = f".{hashlib.sha256(_encoded(file_name)).hexdigest()[:32]}.part"
    return name


def state_folder_name(infohash: bytes) -> str:
    """
    The folder in which a peer of a verified swarm keeps what is not for others:
    unfinished files, the record and the lock.

    @param infohash: of the swarm's manifest, 32 bytes.
    """
    return f"{OWN_NAMES}-{infohash[:8].hex()}"


def _encoded(name: str) -> bytes:
    """
    The bytes of the name on the disk, of which some may be no UTF-8.
    """
    return name.encode("utf-8", "surrogateescape")
