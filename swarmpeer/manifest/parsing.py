"""
Bytes from anywhere to a manifest that can be relied on, or one clear error.
"""

import hashlib

from swarmpeer.errors import ManifestError
from swarmpeer.manifest import merkle
from swarmpeer.manifest.bencode import Bencoded, decode, encode
from swarmpeer.manifest.merkle import BLOCK_BYTES, HASH_BYTES
from swarmpeer.manifest.metainfo import META_VERSION, Manifest, ManifestFile
from swarmpeer.manifest.paths import (
    Path,
    folded,
    follow,
    name_fault,
    path_fault,
    shown,
    text_of,
)
from swarmpeer.text import quoted

MAX_MANIFEST_BYTES = 2**28
"""
The longest manifest that is read.
"""
MAX_PIECE_SIZE_BYTES = 2**28
MAX_PIECES = 2**23
"""
How many pieces all files may have together.
"""
MAX_SIZE_BYTES = 2**63 - 1
"""
How long all files may be together.
"""

_Dict = dict[bytes, Bencoded]

_V1_KEYS = (b"pieces", b"files", b"length")


def parse_manifest(data: bytes) -> Manifest:
    """
    Read a BitTorrent v2 metainfo file.

    The v1 part of a hybrid is passed over, as are padding files and keys that we
    do not know.

    @raise ManifestError: if there is anything wrong with it.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise ManifestError(f"longer than {MAX_MANIFEST_BYTES} bytes")
    top = decode(data)
    if not isinstance(top, dict):
        raise ManifestError("no dictionary, and so no manifest")
    info = _dict(top, b"info")
    _check_version(info)
    piece_size = _piece_size(info)
    name = _bytes(info, b"name")
    if fault := name_fault(name):
        raise ManifestError(f"name: {fault}")
    reader = _TreeReader(piece_size, _layers(top))
    files = reader.read(_dict(info, b"file tree"))
    # Of every value there is just one spelling, so this is what stood there.
    raw = encode(info)
    return Manifest(
        text_of(name),
        files,
        piece_size,
        hashlib.sha256(raw).digest(),
        raw,
        any(key in info for key in _V1_KEYS),
    )


def _check_version(info: _Dict) -> None:
    if b"meta version" not in info:
        raise ManifestError("meta version: is missing, so it is of BitTorrent v1")
    version = _number(info, b"meta version")
    if version != META_VERSION:
        raise ManifestError(f"meta version: is {version}, {META_VERSION} is known")


def _piece_size(info: _Dict) -> int:
    size = _number(info, b"piece length")
    if size < BLOCK_BYTES or size & (size - 1):
        raise ManifestError(
            f"piece length: is {size}, a power of two from {BLOCK_BYTES} on would be "
            "right"
        )
    if size > MAX_PIECE_SIZE_BYTES:
        raise ManifestError(
            f"piece length: is {size}, {MAX_PIECE_SIZE_BYTES} at most would be right"
        )
    return size


def _layers(top: _Dict) -> dict[bytes, bytes]:
    """
    The piece layers; none if the key is missing, which is right for small files.
    """
    layers = {}
    found = _dict(top, b"piece layers") if b"piece layers" in top else {}
    for key, layer in found.items():
        if not isinstance(layer, bytes):
            raise ManifestError("piece layers: holds something else than strings")
        layers[key] = layer
    return layers


class _TreeReader:
    """
    Goes through a file tree.
    """

    def __init__(self, piece_size: int, layers: dict[bytes, bytes]) -> None:
        self._piece_size = piece_size
        self._layers = layers
        self._used: set[bytes] = set()
        self._files: list[ManifestFile] = []
        self._folders: set[Path] = set()

    def read(self, tree: _Dict) -> tuple[ManifestFile, ...]:
        """
        @raise ManifestError: if there is anything wrong in it.
        """
        self._read_folder(tree, ())
        if not self._files:
            raise ManifestError("file tree: holds no file")
        if len(self._used) < len(self._layers):
            raise ManifestError("piece layers: holds one that belongs to no file")
        if sum(file.size_bytes for file in self._files) > MAX_SIZE_BYTES:
            raise ManifestError("the files are more than 63 bits of bytes long")
        if sum(file.piece_count for file in self._files) > MAX_PIECES:
            raise ManifestError(f"more than {MAX_PIECES} pieces")
        self._check_links()
        return tuple(self._files)

    def _read_folder(self, folder: _Dict, path: Path) -> None:
        names: dict[str, str] = {}
        for raw, node in folder.items():
            if fault := name_fault(raw):
                where = shown(path) or "file tree"
                raise ManifestError(f"{where}: {fault}: {quoted(text_of(raw))}")
            name = text_of(raw)
            here = (*path, name)
            other = names.setdefault(folded(name), name)
            if other != name:
                raise ManifestError(
                    f"{shown(here)}: differs from {shown((other,))} only in case or in "
                    "how characters are put together"
                )
            if fault := path_fault(here):
                raise ManifestError(f"below {shown(here[:1])}: {fault}")
            if not isinstance(node, dict):
                raise ManifestError(f"{shown(here)}: is neither a file nor a folder")
            if b"" not in node:
                self._folders.add(here)
                self._read_folder(node, here)
            elif len(node) > 1:
                raise ManifestError(f"{shown(here)}: is both a file and a folder")
            else:
                try:
                    self._read_file(_dict(node, b""), here)
                except ManifestError as error:
                    raise ManifestError(f"{shown(here)}: {error}") from None

    def _read_file(self, properties: _Dict, path: Path) -> None:
        attributes = _bytes(properties, b"attr", b"")
        if b"p" in attributes:
            return
        is_hidden = b"h" in attributes
        if b"l" in attributes:
            target = _link_target(properties)
            link = ManifestFile(path, 0, is_hidden=is_hidden, link_target=target)
            self._files.append(link)
            return
        size = _number(properties, b"length")
        if size < 0:
            raise ManifestError(f"length: is {size}, 0 or more would be right")
        root, hashes = self._hashes(properties, size)
        is_executable = b"x" in attributes
        self._files.append(
            ManifestFile(path, size, root, hashes, is_executable, is_hidden)
        )

    def _hashes(self, properties: _Dict, size: int) -> tuple[bytes | None, bytes]:
        """
        The root and the piece hashes of a file.
        """
        if size == 0:
            if b"pieces root" in properties:
                raise ManifestError("pieces root: an empty file has none")
            return None, b""
        root = _bytes(properties, b"pieces root")
        if len(root) != HASH_BYTES:
            raise ManifestError(
                f"pieces root: is {len(root)} bytes long, {HASH_BYTES} would be right"
            )
        if size <= self._piece_size:
            return root, root
        return root, self._layer(root, -(-size // self._piece_size))

    def _layer(self, root: bytes, pieces: int) -> bytes:
        layer = self._layers.get(root)
        if layer is None:
            raise ManifestError("piece layers: there is none for it")
        if len(layer) != pieces * HASH_BYTES:
            raise ManifestError(
                f"piece layers: its one is {len(layer)} bytes long, {HASH_BYTES} for "
                f"each of {pieces} pieces would be right"
            )
        if root not in self._used:
            if merkle.pieces_root(layer, self._piece_size) != root:
                raise ManifestError("piece layers: its one does not give its root")
            self._used.add(root)
        return layer

    def _check_links(self) -> None:
        """
        Links must lead to a file or a folder of the manifest.
        """
        links = {
            file.path: file.link_target
            for file in self._files
            if file.link_target is not None
        }
        targets = {file.path for file in self._files} | self._folders
        for path, target in links.items():
            if follow(target, links) not in targets:
                raise ManifestError(
                    f"{shown(path)}: a link to {shown(target)}, where there is nothing"
                )


def _link_target(properties: _Dict) -> Path:
    if properties.get(b"length", 0) != 0 or b"pieces root" in properties:
        raise ManifestError("a link that has contents")
    parts = properties.get(b"symlink path")
    if not isinstance(parts, list) or not parts:
        raise ManifestError("symlink path: a list of names would be right")
    target = []
    for part in parts:
        if not isinstance(part, bytes):
            raise ManifestError("symlink path: a list of names would be right")
        if fault := name_fault(part):
            raise ManifestError(f"symlink path: {fault}")
        target.append(text_of(part))
    if fault := path_fault(tuple(target)):
        raise ManifestError(f"symlink path: {fault}")
    return tuple(target)


def _dict(within: _Dict, key: bytes) -> _Dict:
    value = within.get(key)
    if not isinstance(value, dict):
        raise _missing(within, key, "a dictionary")
    return value


def _bytes(within: _Dict, key: bytes, default: bytes | None = None) -> bytes:
    value = within.get(key, default)
    if not isinstance(value, bytes):
        raise _missing(within, key, "a string")
    return value


def _number(within: _Dict, key: bytes) -> int:
    value = within.get(key)
    if not isinstance(value, int):
        raise _missing(within, key, "a number")
    return value


def _missing(within: _Dict, key: bytes, right: str) -> ManifestError:
    fault = "is something else" if key in within else "is missing"
    name = key.decode() or "file tree"
    return ManifestError(f"{name}: {fault}, {right} would be right")
