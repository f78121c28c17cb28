"""
C{swarmpeer config convert}: the two files of a classic swarm to a C{swarm.toml}.
"""

import argparse
import os
from collections.abc import Iterator, Sequence

from swarmpeer.arguments import path_type
from swarmpeer.commands import Commands, run_command, warn
from swarmpeer.config import (
    COMMON_NAME,
    PEERS_NAME,
    SWARM_NAME,
    CommonConfig,
    PeerInfo,
)
from swarmpeer.config_commands.converting import convert, format_converted
from swarmpeer.config_files import read_text
from swarmpeer.console import OutputError, say
from swarmpeer.errors import ConfigError
from swarmpeer.manifest_files import read_manifest
from swarmpeer.manifest_files.saving import save_whole
from swarmpeer.manifest_files.tree import reason_of
from swarmpeer.quantities import format_count, format_size
from swarmpeer.storage import find_folder
from swarmpeer.text import printable, quoted

NAME = "config convert"

_DESCRIPTION = f"""\
Write a {SWARM_NAME} for the swarm of {COMMON_NAME} and {PEERS_NAME}, in which each
peer finds its file where it has it now.
"""

_EPILOG = f"""\
examples:
  swarmpeer config convert
  swarmpeer config convert --manifest TheFile.dat.torrent -o /srv/{SWARM_NAME} --force

the manifest is made once, of the whole file, by 'swarmpeer make'; all peers need
the same one.

exit status: 0 if it was written, 1 if it cannot be, 2 if a file that it is made of
cannot be read or used, or if it is there already and --force is not given.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{convert} one of the C{commands}.
    """
    parser = commands.add_parser(
        "convert",
        help=f"make a {SWARM_NAME} of {COMMON_NAME} and {PEERS_NAME}",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, name, what in (
        ("--common", COMMON_NAME, "the common configuration"),
        ("--peers", PEERS_NAME, "the list of peers"),
    ):
        parser.add_argument(
            option,
            metavar="FILE",
            type=path_type,
            default=name,
            help=f"{what} (default: {name})",
        )
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        type=path_type,
        help="a manifest of this very file, which must be there (default: the file's "
        "name and .torrent, beside the output, which need not be there yet)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=path_type,
        default=SWARM_NAME,
        help=f"what is written (default: {SWARM_NAME})",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a file that is there"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Convert once.

    @return: the exit status.
    """
    return run_command(NAME, lambda _: _convert(arguments))


def _convert(arguments: argparse.Namespace) -> int:
    common = CommonConfig.parse(read_text(arguments.common), arguments.common)
    peers = PeerInfo.parse_list(read_text(arguments.peers), arguments.peers)
    output: str = arguments.output
    manifest = f"{common.file_name}.torrent"
    piece_size = common.piece_size_bytes
    if arguments.manifest is not None:
        piece_size = _check_manifest(arguments.manifest, common)
        manifest = arguments.manifest
        if not os.path.isabs(manifest):
            manifest = _seen_from(output, manifest)
    home = os.path.dirname(arguments.common)
    short = frozenset(_in_short_folders(home, common.file_name, peers))
    swarm = convert(common, peers, manifest, _seen_from(output, home), short)
    text = format_converted(swarm, common.file_name, piece_size)
    try:
        save_whole(text.encode(), output, overwrite=arguments.force)
    except FileExistsError:
        raise ConfigError(
            f"{printable(output)}: is there already; --force replaces it"
        ) from None
    except OSError as error:
        raise OutputError(f"{printable(output)}: {reason_of(error)}") from error
    if piece_size != common.piece_size_bytes:
        warn(
            NAME,
            f"{printable(manifest)} has pieces of {format_size(piece_size)} and "
            f"{COMMON_NAME} of {format_size(common.piece_size_bytes)}: classic peers "
            f"with that {COMMON_NAME} cannot take part",
        )
    seeds = sum(member.seed for member in swarm.members)
    say(
        f"{printable(output)}: {format_count(len(swarm.members), 'member')}, "
        f"{format_count(seeds, 'seed')}, manifest {printable(manifest)}"
    )
    return 0


def _in_short_folders(
    home: str, file_name: str, peers: Sequence[PeerInfo]
) -> Iterator[int]:
    """
    The peers whose file is in C{<id>}, where a classic peer finds it, too.
    """
    for peer in peers:
        folder = find_folder(home, peer.peer_id, file_name, peer.has_file)
        if folder.name == str(peer.peer_id):
            yield peer.peer_id


def _check_manifest(path: str, common: CommonConfig) -> int:
    """
    @return: the size of its pieces, in bytes.
    @raise SwarmPeerError: if it is not of the very file.
    """
    manifest = read_manifest(path)
    name, size_bytes = manifest.name, manifest.size_bytes
    is_right = (name, size_bytes) == (common.file_name, common.file_size_bytes)
    if not is_right or not manifest.is_single_file:
        what = "a file" if manifest.is_single_file else "a folder"
        raise ConfigError(
            f"{printable(path)}: is of {what} {quoted(name)} of {size_bytes} bytes, "
            f"one of the file {quoted(common.file_name)} of "
            f"{common.file_size_bytes} bytes would be right"
        )
    return manifest.piece_size_bytes


def _seen_from(output: str, path: str) -> str:
    """
    The same path for who stands beside C{output}.
    """
    return os.path.relpath(path or ".", os.path.dirname(output) or ".")
