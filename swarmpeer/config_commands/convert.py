"""
C{swarmpeer config convert}: the two files of a classic swarm to a C{swarm.toml}.
"""

import argparse
import os

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
from swarmpeer.manifest_commands.running import Commands, count, run_command
from swarmpeer.manifest_files import read_manifest
from swarmpeer.manifest_files.saving import save_whole
from swarmpeer.manifest_files.tree import reason_of
from swarmpeer.text import printable, quoted

_DESCRIPTION = f"""\
Write a {SWARM_NAME} for the swarm of {COMMON_NAME} and {PEERS_NAME}, in which each
peer finds its file where it has it now.
"""

_EPILOG = f"""\
examples:
  swarmpeer config convert
  swarmpeer config convert --manifest TheFile.dat.torrent -o /srv/{SWARM_NAME} --force

the manifest is made once, of the whole file, by 'swarmpeer make'; all peers need
the same one, and it need not be there yet.

exit status: 0 if the file is there, 1 if it cannot be written, 2 if one that is needed
cannot be read or used, or if it is there already.
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
    for option, name in (("--common", COMMON_NAME), ("--peers", PEERS_NAME)):
        parser.add_argument(
            option, metavar="FILE", default=name, help=f"(default: {name})"
        )
    parser.add_argument(
        "--manifest",
        metavar="FILE",
        help="the manifest (default: the file's name and .torrent, beside the output; "
        "it is not looked at)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
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
    return run_command("config convert", lambda _: _convert(arguments))


def _convert(arguments: argparse.Namespace) -> int:
    common = CommonConfig.parse(read_text(arguments.common), arguments.common)
    peers = PeerInfo.parse_list(read_text(arguments.peers), arguments.peers)
    output: str = arguments.output
    manifest = f"{common.file_name}.torrent"
    if arguments.manifest is not None:
        _check_manifest(arguments.manifest, common)
        manifest = arguments.manifest
        if not os.path.isabs(manifest):
            manifest = _seen_from(output, manifest)
    home = _seen_from(output, os.path.dirname(arguments.common))
    swarm = convert(common, peers, manifest, home)
    text = format_converted(swarm, common.file_name)
    try:
        save_whole(text.encode(), output, overwrite=arguments.force)
    except FileExistsError:
        raise ConfigError(
            f"{printable(output)}: is there already; --force replaces it"
        ) from None
    except OSError as error:
        raise OutputError(f"{printable(output)}: {reason_of(error)}") from error
    seeds = sum(member.seed for member in swarm.members)
    say(
        f"{printable(output)}: {count(len(swarm.members), 'member')}, "
        f"{count(seeds, 'seed')}, manifest {printable(manifest)}"
    )
    return 0


def _check_manifest(path: str, common: CommonConfig) -> None:
    """
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


def _seen_from(output: str, path: str) -> str:
    """
    The same path for who stands beside C{output}.
    """
    return os.path.relpath(path or ".", os.path.dirname(output) or ".")
