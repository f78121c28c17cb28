"""
C{swarmpeer make}: a file or a folder to its manifest.
"""

import argparse
import os

from swarmpeer.arguments import path_type, type_of
from swarmpeer.commands import Commands, run_command, warn
from swarmpeer.console import OutputError, ProgressLine, say
from swarmpeer.errors import ManifestError
from swarmpeer.manifest.composing import (
    ENOUGH_PIECE_SIZE_BYTES,
    LEAST_CHOSEN_PIECES,
    MOST_CHOSEN_PIECE_SIZE_BYTES,
    MOST_CHOSEN_PIECES,
)
from swarmpeer.manifest.merkle import BLOCK_BYTES
from swarmpeer.manifest.parsing import MAX_PIECE_SIZE_BYTES
from swarmpeer.manifest_commands.peers_here import running_peers
from swarmpeer.manifest_commands.telling import contents, showing
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.manifest_files.building import own_name
from swarmpeer.manifest_files.tree import reason_of
from swarmpeer.quantities import format_count, format_size, parse_size
from swarmpeer.text import printable, quoted

_MAX = format_size(MAX_PIECE_SIZE_BYTES)
_ENOUGH = format_size(ENOUGH_PIECE_SIZE_BYTES)
_MOST = format_size(MOST_CHOSEN_PIECE_SIZE_BYTES)

_DESCRIPTION = """\
Make the manifest of PATH, a file or a folder: a BitTorrent v2 metainfo file (BEP
52) that has the SHA-256 of each piece, for who wants to know whether what they
have is the same.
"""

_EPILOG = f"""\
examples:
  swarmpeer make photos                     writes photos.torrent
  swarmpeer make big.iso -o /srv/big.torrent --piece-size 1M

the piece size is a power of two from 16K to {_MAX}; if it is not given, the
largest up to {_ENOUGH} that makes at least {LEAST_CHOSEN_PIECES} pieces;
where that makes more than {MOST_CHOSEN_PIECES:,}, the smallest up to {_MOST} that
does not.

exit status: 0 if the manifest is there, 1 if it cannot be written, 2 if there can be
none, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.  Then nothing
is left behind.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{make} one of the C{commands}.
    """
    parser = commands.add_parser(
        "make",
        help="make the manifest of a file or a folder",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path", metavar="PATH", type=path_type, help="the file or the folder"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=path_type,
        help="the manifest (default: the name of PATH and .torrent, here)",
    )
    parser.add_argument(
        "--piece-size",
        type=piece_size_type,
        metavar="SIZE",
        help="bytes per piece, such as 256K (default: by the size of PATH)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a manifest that is there"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Make one manifest.

    @return: the exit status.
    """
    return run_command("make", lambda line: _make(arguments, line))


def _make(arguments: argparse.Namespace, line: ProgressLine) -> int:
    path: str = arguments.path
    name = own_name(path)
    output: str = arguments.output or f"{name}.torrent"
    # Before the work, so that none is done in vain.
    _check_output(path, output, arguments.force)
    for process in running_peers(path):
        warn(
            "make",
            f"a peer runs here ({process}) and keeps the files as its manifest says; "
            "stop it first",
        )
    progress = showing(line, printable(name))
    manifest = build_manifest(path, arguments.piece_size, progress=progress)
    try:
        save_manifest(manifest, output, overwrite=arguments.force)
    except FileExistsError:
        raise _exists(output) from None
    except OSError as error:
        raise OutputError(f"{printable(output)}: {reason_of(error)}") from error
    line.clear()
    say(
        f"{printable(name)}: {contents(manifest)}, "
        f"{format_count(manifest.piece_count, 'piece')} of "
        f"{format_size(manifest.piece_size_bytes)}, infohash {manifest.infohash.hex()}"
    )
    return 0


def _check_output(path: str, output: str, force: bool) -> None:
    """
    @raise ManifestError: if the manifest cannot or must not be written there.
    """
    folder = os.path.dirname(output) or "."
    if not os.path.isdir(folder):
        raise ManifestError(f"{printable(folder)}: is no folder")
    content, target = os.path.realpath(path), os.path.realpath(output)
    if os.path.commonpath([content, target]) == content:
        raise ManifestError(
            f"{printable(output)}: would be part of {printable(path)}; -o takes "
            "another place"
        )
    if os.path.lexists(output) and not force:
        raise _exists(output)


def _exists(output: str) -> ManifestError:
    return ManifestError(f"{printable(output)}: is there already; --force replaces it")


@type_of
def piece_size_type(text: str) -> int:
    """
    A size that a piece of a manifest can have.
    """
    size = parse_size(text)
    if not BLOCK_BYTES <= size <= MAX_PIECE_SIZE_BYTES or size & (size - 1):
        raise ValueError(
            f"{quoted(text)} is no power of two from {format_size(BLOCK_BYTES)} to "
            f"{format_size(MAX_PIECE_SIZE_BYTES)}"
        )
    return size
