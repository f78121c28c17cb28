"""
The names in a manifest: bytes there and on the disk, text everywhere else.

They are UTF-8 by the book.  Those that are not are kept as they are: each wrong
byte becomes half a character, as Python does it with file names.
"""

import unicodedata
from collections.abc import Mapping
from typing import TypeAlias

from swarmpeer.errors import ManifestError
from swarmpeer.file_name import MAX_FILE_NAME_BYTES
from swarmpeer.text import printable

Path: TypeAlias = tuple[str, ...]
"""
The way to a file from the folder that the manifest is of, name by name.
"""

MAX_PATH_BYTES = 4095
"""
The longest path, with a slash between two names.
"""
MAX_PATH_NAMES = 100
"""
The most names in a path.
"""
MAX_LINKS = 16
"""
How many links may lead from one to the next.
"""


def text_of(name: bytes) -> str:
    """
    The bytes of a name as text.
    """
    return name.decode("utf-8", "surrogateescape")


def bytes_of(name: str) -> bytes:
    """
    The text of a name as bytes.
    """
    return name.encode("utf-8", "surrogateescape")


def joined(path: Path) -> str:
    """
    The path as it is commonly written.
    """
    return "/".join(path)


def shown(path: Path) -> str:
    """
    The path for people, in one line.
    """
    return printable(joined(path))


def order_of(path: Path) -> tuple[bytes, ...]:
    """
    What paths are sorted by: the bytes of their names.
    """
    return tuple(map(bytes_of, path))


def name_fault(name: bytes) -> str | None:
    """
    Why nothing in a folder may be called so.
    """
    if not name:
        return "an empty name"
    if name in (b".", b".."):
        return "a name that leads to another folder"
    if b"/" in name:
        return "a name with a slash"
    if b"\0" in name:
        return "a name with a zero byte"
    if len(name) > MAX_FILE_NAME_BYTES:
        return f"a name of {len(name)} bytes, {MAX_FILE_NAME_BYTES} at most"
    return None


def path_fault(path: Path) -> str | None:
    """
    Why a path of good names is none that can be used.
    """
    if len(path) > MAX_PATH_NAMES:
        return f"a path of {len(path)} names, {MAX_PATH_NAMES} at most"
    size = sum(len(bytes_of(name)) + 1 for name in path) - 1
    if size > MAX_PATH_BYTES:
        return f"a path of {size} bytes, {MAX_PATH_BYTES} at most"
    return None


def folded(name: str) -> str:
    """
    What is the same for two names that some file systems take for one: that
    differ in case, or in how a character is put together.
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def follow(path: Path, links: Mapping[Path, Path]) -> Path | None:
    """
    Where C{path} leads to when every link on its way is followed.

    @param links: the target of each.
    @return: a path without links; C{None} if there are too many, or a circle.
    """
    for _ in range(MAX_LINKS + 1):
        for length in range(1, len(path) + 1):
            target = links.get(path[:length])
            if target is not None:
                path = target + path[length:]
                break
        else:
            return path
    return None


def link_target(link: Path, text: str, links: frozenset[Path] = frozenset()) -> Path:
    """
    The target of a link on the disk, as a path from the top.

    @param link: where it lies.
    @param text: what stands in it.
    @param links: where all links lie.
    @raise ManifestError: if it leads outward, or to the top itself, or if where it
        leads to cannot be told from its text.
    """
    if text.startswith("/"):
        raise ManifestError("an absolute link, a relative one would be right")
    path = link[:-1]
    for name in text.split("/"):
        if name == "..":
            if not path:
                raise ManifestError("a link that leads outward")
            if path in links:
                raise ManifestError("a link that goes back from another link")
            path = path[:-1]
        elif name not in ("", "."):
            path = (*path, name)
    if not path:
        raise ManifestError("a link to the whole folder")
    return path
