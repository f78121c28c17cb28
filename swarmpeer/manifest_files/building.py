"""
A file or a folder of the disk to its manifest.
"""

import os
from contextlib import closing
from dataclasses import replace

from swarmpeer.errors import ManifestError
from swarmpeer.file_name import OWN_NAMES
from swarmpeer.manifest import (
    Manifest,
    ManifestFile,
    Path,
    choose_piece_size,
    compose_manifest,
    merkle,
)
from swarmpeer.manifest.paths import joined, link_target, order_of, text_of
from swarmpeer.manifest_files.hashing import Progress, hash_spans, spans_of
from swarmpeer.manifest_files.tree import Entry, Kind, Tree, reason_of
from swarmpeer.text import printable


def build_manifest(
    path: str | os.PathLike[str],
    piece_size_bytes: int | None = None,
    *,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Manifest:
    """
    Make the manifest of a file, or of a folder with all files and symbolic links
    in it.

    Folders without files are left out, a manifest cannot tell of them.  The same
    files give the same manifest everywhere.

    @param piece_size_bytes: a power of two, 16 KiB at least; by default chosen by
        the size, see L{choose_piece_size}.
    @param threads: that hash; by default one for each core that we may use.
    @raise ManifestError: if something cannot be read, changes meanwhile, leads
        outward or has no place in a manifest.
    """
    name = own_name(path)
    try:
        tree = Tree(path)
    except OSError as error:
        raise ManifestError(f"{printable(path)}: {reason_of(error)}") from error
    with tree:
        return _Build(str(path), name, tree).run(piece_size_bytes, progress, threads)


def own_name(path: str | os.PathLike[str]) -> str:
    """
    What lies at C{path} is called so.

    @raise ManifestError: if it has no name.
    """
    if not os.fspath(path):
        raise ManifestError("an empty path")
    name = os.path.basename(os.fspath(path).rstrip("/"))
    if name in ("", ".", ".."):
        name = os.path.basename(os.path.realpath(path))
    if not name:
        raise ManifestError(f"{printable(path)}: has no name")
    return text_of(os.fsencode(name))


class _Build:
    """
    One manifest in the making.
    """

    def __init__(self, root: str, name: str, tree: Tree) -> None:
        self._root = root
        self._name = name
        self._tree = tree

    def run(
        self,
        piece_size: int | None,
        progress: Progress | None,
        threads: int | None,
    ) -> Manifest:
        """
        Look, hash, look again.
        """
        before = self._listing()
        total = sum(entry.size_bytes for entry in before.values())
        if piece_size is None:
            piece_size = choose_piece_size(total)
        # What is wrong with names, links or the piece size is told before the work.
        nothing = {path: replace(entry, size_bytes=0) for path, entry in before.items()}
        self._compose(nothing, {}, piece_size)
        hashes = self._hash(before, piece_size, total, progress, threads)
        after = self._listing()
        for path in sorted(before.keys() | after.keys(), key=order_of):
            if before.get(path) != after.get(path):
                raise self._changed(path)
        return self._compose(before, hashes, piece_size)

    def _hash(
        self,
        listing: dict[Path, Entry],
        piece_size: int,
        total: int,
        progress: Progress | None,
        threads: int | None,
    ) -> dict[Path, bytes]:
        spans = (
            span
            for path, entry in listing.items()
            for span in spans_of(path, entry.size_bytes, piece_size)
        )
        found: dict[Path, list[bytes]] = {}
        done = 0
        with closing(hash_spans(self._tree, spans, threads)) as answers:
            for span, hashed in answers:
                if hashed.fault is not None:
                    raise self._fault(span.path, reason_of(hashed.fault))
                wanted = span.piece_count * merkle.HASH_BYTES
                if hashed.entry != listing[span.path] or len(hashed.hashes) != wanted:
                    raise self._changed(span.path)
                found.setdefault(span.path, []).append(hashed.hashes)
                done += span.size_bytes
                if progress is not None:
                    progress(done, total)
        return {path: b"".join(hashes) for path, hashes in found.items()}

    def _listing(self) -> dict[Path, Entry]:
        """
        Files and links, in the order of their paths.

        @raise ManifestError: if there is something else or nothing.
        """
        found = self._tree.entries()
        listing = {}
        for path in sorted(found, key=order_of):
            entry = found[path]
            if entry.fault is not None:
                raise self._fault(path, entry.fault)
            if entry.kind is Kind.OTHER:
                raise self._fault(path, f"is {entry.kind}")
            if path and path[-1].casefold().startswith(OWN_NAMES):
                raise self._fault(
                    path,
                    "is of a peer, and no data; give the path of the file or the "
                    "folder that the data is in, and of nothing else",
                )
            if entry.kind is not Kind.FOLDER:
                listing[path] = entry
        if not listing:
            raise self._fault((), "holds no file")
        if list(listing) == [(self._name,)]:
            raise self._fault(
                (self._name,),
                "is alone in a folder of its own name, and a manifest of that would "
                "be one of the file; give the folder another name",
            )
        return listing

    def _compose(
        self, listing: dict[Path, Entry], hashes: dict[Path, bytes], piece_size: int
    ) -> Manifest:
        links = frozenset(
            path for path, entry in listing.items() if entry.kind is Kind.LINK
        )
        files = [
            self._file(path, entry, hashes.get(path, b""), piece_size, links)
            for path, entry in listing.items()
        ]
        try:
            return compose_manifest(self._name, files, piece_size)
        except ManifestError as error:
            raise ManifestError(f"{printable(self._root)}: {error}") from None

    def _file(
        self,
        path: Path,
        entry: Entry,
        hashes: bytes,
        piece_size: int,
        links: frozenset[Path],
    ) -> ManifestFile:
        if entry.link_text is not None:
            try:
                target = link_target(path, entry.link_text, links)
            except ManifestError as error:
                raise self._fault(path, str(error)) from None
            return ManifestFile(path, 0, link_target=target)
        root: bytes | None = None
        if hashes:
            is_one = entry.size_bytes <= piece_size
            root = hashes if is_one else merkle.pieces_root(hashes, piece_size)
        return ManifestFile(
            path or (self._name,), entry.size_bytes, root, hashes, entry.is_executable
        )

    def _changed(self, path: Path) -> ManifestError:
        return self._fault(path, "changed while the manifest was made")

    def _fault(self, path: Path, what: str) -> ManifestError:
        where = os.path.join(self._root, joined(path)) if path else self._root
        return ManifestError(f"{printable(where)}: {what}")
