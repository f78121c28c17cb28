"""
C{swarmpeer verify}: what is on the disk, held against a manifest.
"""

import argparse
from collections.abc import Container

from swarmpeer.arguments import path_type
from swarmpeer.commands import FAILURE, Commands, run_command
from swarmpeer.console import ProgressLine, say
from swarmpeer.manifest import Manifest, Path
from swarmpeer.manifest.paths import shown
from swarmpeer.manifest_commands.telling import contents, showing
from swarmpeer.manifest_files import Fault, Finding, check_files, read_manifest
from swarmpeer.quantities import format_count, format_numbers
from swarmpeer.text import printable

_NOT_THERE = (Fault.MISSING, Fault.WRONG_TYPE)

_DESCRIPTION = """\
Compare PATH, a file or a folder, with the manifest FILE, and tell everything that
differs: bad pieces, files that are missing, extra, of the wrong size or type,
executable or not.
"""

_EPILOG = """\
examples:
  swarmpeer verify photos.torrent photos
  swarmpeer verify photos.torrent /mnt/copy > differences.txt

PATH is the file or the folder itself and may have another name.  Empty folders do
not matter; no symbolic link in it is followed.

exit status: 0 if all is as the manifest says, 1 if not (each difference has a line,
the last line sums them up), 2 if FILE cannot be read or is no manifest, 130 after
Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{verify} one of the C{commands}.
    """
    parser = commands.add_parser(
        "verify",
        help="compare a file or a folder with its manifest",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=path_type, help="the manifest")
    parser.add_argument(
        "path", metavar="PATH", type=path_type, help="the file or the folder"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Compare once.

    @return: the exit status.
    """
    return run_command("verify", lambda line: _verify(arguments, line))


def _verify(arguments: argparse.Namespace, line: ProgressLine) -> int:
    manifest = read_manifest(arguments.file)
    progress = showing(line, printable(arguments.path))
    findings = check_files(manifest, arguments.path, progress=progress)
    line.clear()
    lines = [finding_line(arguments.path, finding) for finding in findings]
    say("\n".join([*lines, verdict(manifest, findings)]))
    return FAILURE if findings else 0


def finding_line(root: str, finding: Finding) -> str:
    """
    One thing that is wrong.

    @param root: what was checked.
    """
    words = [shown(finding.path) or printable(root), finding.fault.value]
    if finding.detail:
        words.append(finding.detail)
    if finding.pieces:
        pieces = format_numbers(finding.pieces, ", ")
        words.append(f"{pieces} of {finding.piece_count}")
    return ": ".join(words)


def verdict(manifest: Manifest, findings: list[Finding]) -> str:
    """
    The last line.
    """
    name = printable(manifest.name)
    pieces = format_count(manifest.piece_count, "piece")
    if not findings:
        return f"OK: {name}: {contents(manifest)}, {pieces}"
    gone = {finding.path for finding in findings if finding.fault in _NOT_THERE}
    unread = {
        finding.path
        for finding in findings
        if finding.fault is Fault.UNREADABLE and not finding.pieces
    }
    bad = sum(len(finding.pieces) for finding in findings)
    bad += _pieces_below(unread, manifest)
    missing = _pieces_below(gone, manifest)
    differences = format_count(len(findings), "difference")
    words = f"FAILED: {name}: {differences}, {bad:,} of {pieces} bad"
    return f"{words}, {missing:,} missing" if missing else words


def _pieces_below(paths: Container[Path], manifest: Manifest) -> int:
    """
    How many pieces have the files that are, or are in, one of C{paths}?
    """
    return sum(
        file.piece_count
        for file in manifest.files
        if any(file.path[:length] in paths for length in range(len(file.path) + 1))
    )
