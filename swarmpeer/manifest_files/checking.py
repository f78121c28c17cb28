"""
What is on the disk, held against a manifest.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from swarmpeer.errors import ManifestError
from swarmpeer.manifest import Manifest, ManifestFile, Path
from swarmpeer.manifest.merkle import HASH_BYTES
from swarmpeer.manifest.paths import link_target, order_of, shown
from swarmpeer.manifest_files.hashing import (
    Hashed,
    Progress,
    Span,
    hash_spans,
    spans_of,
)
from swarmpeer.manifest_files.tree import Entry, Kind, Tree, reason_of


class Fault(StrEnum):
    """
    How a file on the disk differs from what the manifest says.
    """

    MISSING = "missing"
    EXTRA = "extra"
    WRONG_TYPE = "wrong type"
    WRONG_SIZE = "wrong size"
    WRONG_EXECUTABLE = "wrong executable bit"
    WRONG_TARGET = "wrong target"
    BAD_PIECES = "bad pieces"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong.

    @ivar path: of the file or folder; C{()} is what was checked as a whole.
    @ivar detail: what is there and what would be right, fit to be shown.
    @ivar pieces: the indices of bad pieces, counted in the file, ascending.
    @ivar piece_count: how many pieces the file has, if some are bad.
    """

    fault: Fault
    path: Path
    detail: str = ""
    pieces: tuple[int, ...] = ()
    piece_count: int = 0


def check_files(
    manifest: Manifest,
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    threads: int | None = None,
) -> list[Finding]:
    """
    Find everything that is wrong at C{path}: each bad piece, each file that is
    missing, is not in the manifest, or is not what it should be.

    Folders that no file of the manifest is in are passed over while they are empty;
    no symbolic link is followed but for those on the way to C{path}.

    @param path: of the file or of the folder itself, whatever it is called.
    @param threads: that hash; by default one for each core that we may use.
    @return: by path; empty if all is right.
    """
    try:
        tree = Tree(path)
    except FileNotFoundError:
        return [Finding(Fault.MISSING, ())]
    except OSError as error:
        return [Finding(Fault.UNREADABLE, (), reason_of(error))]
    with tree:
        check = _Check(manifest, tree)
        check.look()
        check.hash(progress, threads)
        return sorted(check.findings, key=lambda finding: order_of(finding.path))


class _Check:
    """
    One check.
    """

    def __init__(self, manifest: Manifest, tree: Tree) -> None:
        self._manifest = manifest
        self._tree = tree
        self._wanted = {
            () if manifest.is_single_file else file.path: file
            for file in manifest.files
        }
        self._readable: list[Path] = []
        self.findings: list[Finding] = []

    def look(self) -> None:
        """
        Compare what is there, without reading it.
        """
        found = self._tree.entries()
        top = Kind.FILE if self._manifest.is_single_file else Kind.FOLDER
        if found[()].kind is not top:
            self._add(Fault.WRONG_TYPE, (), _instead(found[()].kind, top))
            return
        folders = {
            path[:length] for path in self._wanted for length in range(len(path))
        }
        for path, entry in found.items():
            if entry.fault is not None:
                self._add(Fault.UNREADABLE, path, entry.fault)
            elif path in self._wanted or entry.kind is Kind.FOLDER:
                continue
            elif path in folders:
                self._add(Fault.WRONG_TYPE, path, _instead(entry.kind, Kind.FOLDER))
            else:
                self._add(Fault.EXTRA, path)
        hidden = {path for path, entry in found.items() if entry.fault is not None}
        links = frozenset(
            path for path, file in self._wanted.items() if file.link_target is not None
        )
        for path, file in self._wanted.items():
            entry_there = found.get(path)
            if entry_there is None:
                # Of what is in a folder that cannot be read nothing is known.
                if not any(path[:length] in hidden for length in range(len(path))):
                    self._add(Fault.MISSING, path)
            elif entry_there.fault is None:
                self._compare(path, file, entry_there, links)

    def _compare(
        self, path: Path, file: ManifestFile, entry: Entry, links: frozenset[Path]
    ) -> None:
        right = Kind.FILE if file.link_target is None else Kind.LINK
        if entry.kind is not right:
            self._add(Fault.WRONG_TYPE, path, _instead(entry.kind, right))
        elif file.link_target is not None:
            self._compare_target(path, file.link_target, entry.link_text or "", links)
        else:
            if entry.size_bytes != file.size_bytes:
                detail = _instead(f"{entry.size_bytes} bytes", file.size_bytes)
                self._add(Fault.WRONG_SIZE, path, detail)
            if entry.is_executable != file.is_executable:
                words = {True: "is executable", False: "is not executable"}
                self._add(Fault.WRONG_EXECUTABLE, path, words[entry.is_executable])
            self._readable.append(path)

    def _compare_target(
        self, path: Path, right: Path, text: str, links: frozenset[Path]
    ) -> None:
        try:
            target = link_target(path, text, links)
        except ManifestError as error:
            self._add(Fault.WRONG_TARGET, path, f"is {error}")
            return
        if target != right:
            detail = f"leads to {shown(target)}, {shown(right)} would be right"
            self._add(Fault.WRONG_TARGET, path, detail)

    def hash(self, progress: Progress | None, threads: int | None) -> None:
        """
        Compare the contents, also of files that are too short or too long.
        """
        total = sum(self._wanted[path].size_bytes for path in self._readable)
        done = 0
        bad: dict[Path, list[int]] = {}
        faults: dict[Path, OSError] = {}
        with closing(hash_spans(self._tree, self._spans(), threads)) as answers:
            for span, hashed in answers:
                if hashed.fault is not None:
                    faults.setdefault(span.path, hashed.fault)
                if pieces := _bad_pieces(self._wanted[span.path], span, hashed):
                    bad.setdefault(span.path, []).extend(pieces)
                done += span.size_bytes
                if progress is not None:
                    progress(done, total)
        for path, pieces in bad.items():
            error = faults.get(path)
            fault = Fault.BAD_PIECES if error is None else Fault.UNREADABLE
            detail = "" if error is None else reason_of(error)
            number = self._wanted[path].piece_count
            self.findings.append(Finding(fault, path, detail, tuple(pieces), number))

    def _spans(self) -> Iterator[Span]:
        for path in self._readable:
            size = self._wanted[path].size_bytes
            yield from spans_of(path, size, self._manifest.piece_size_bytes)

    def _add(self, fault: Fault, path: Path, detail: str = "") -> None:
        self.findings.append(Finding(fault, path, detail))


def _bad_pieces(file: ManifestFile, span: Span, hashed: Hashed) -> list[int]:
    """
    The pieces of a span that differ from the manifest or were not there to hash.
    """
    start = span.first * HASH_BYTES
    right = file.piece_hashes[start : start + span.piece_count * HASH_BYTES]
    if hashed.hashes == right:
        return []
    return [
        span.first + number
        for number in range(span.piece_count)
        if _nth(hashed.hashes, number) != _nth(right, number)
    ]


def _nth(hashes: bytes, number: int) -> bytes:
    return hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES]


def _instead(there: object, right: object) -> str:
    return f"is {there}, {right} would be right"
