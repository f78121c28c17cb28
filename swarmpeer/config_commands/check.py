"""
C{swarmpeer config check}: is a C{swarm.toml} all right?
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from swarmpeer.arguments import id_type, path_type
from swarmpeer.commands import Commands, run_command, warn
from swarmpeer.config import SWARM_NAME, Member, SwarmConfig
from swarmpeer.config.rules import host_identity
from swarmpeer.config_commands.rate_lines import rate_lines
from swarmpeer.config_files import read_swarm, read_swarm_manifest
from swarmpeer.console import say
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_commands.telling import contents
from swarmpeer.quantities import format_count
from swarmpeer.text import printable, size_text
from swarmpeer.web_place import read_token

NAME = "config check"

_MOST_PAGES = 6

_DESCRIPTION = f"""\
Read FILE, a {SWARM_NAME}, and the manifest that it names, and say what they tell.
Nothing is started and nothing is written, and what the manifest is of is not looked at.
"""

_EPILOG = f"""\
examples:
  swarmpeer config check
  swarmpeer config check /srv/{SWARM_NAME} --id 1002

exit status: 0 if a peer would take both (what is odd all the same is told in lines of
their own, each a warning), 1 if the output cannot be written, 2 if not: one line says
what is wrong, where, and what would be right.
"""


def add_parser(commands: Commands) -> None:
    """
    Make C{check} one of the C{commands}.
    """
    parser = commands.add_parser(
        "check",
        help=f"is a {SWARM_NAME} all right?",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=path_type,
        default=SWARM_NAME,
        help=f"the file (default: {SWARM_NAME})",
    )
    parser.add_argument(
        "--id",
        type=id_type,
        metavar="ID",
        help="and for this peer, which must be a member; a folder that it could not "
        "take is told in a warning",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Check once.

    @return: the exit status.
    """
    return run_command(NAME, lambda _: _check(arguments.file, arguments.id))


def _check(path: str, peer_id: int | None) -> int:
    swarm = read_swarm(path)
    folder = os.path.dirname(path)
    # With all that a peer consists of, which other commands need not wait for.
    from swarmpeer.policies import (
        choking_policy,
        look_here_too,
        piece_picker,
        plugins_in_vain,
    )

    look_here_too()
    choking_policy(swarm.choking, swarm.where_policy("choking"))
    piece_picker(swarm.picking, swarm.where_policy("picking"))
    own = None if peer_id is None else swarm.own(peer_id)
    manifest = None
    if swarm.manifest is not None:
        manifest = read_swarm_manifest(swarm, folder)
    parts = [_members(swarm), _subject(swarm, manifest)]
    odd = [*warnings(swarm), *map(printable, plugins_in_vain())]
    if own is not None:
        own_folder = Path(folder, swarm.folder_for(own.peer_id))
        parts.append(_place(own, own_folder))
        if fault := _folder_fault(own_folder, own.seed):
            odd.append(f"{printable(own_folder)} {fault}")
    say(f"OK: {printable(path)}: {'; '.join(parts)}")
    say(f"  choking {printable(swarm.choking)}, picking {printable(swarm.picking)}")
    for line in rate_lines(swarm.rates, swarm.dscp):
        say(f"  {line}")
    say(f"  {_pages(swarm, folder, own)}")
    for warning in odd:
        warn(NAME, warning)
    return 0


def warnings(swarm: SwarmConfig) -> Iterator[str]:
    """
    What is odd and no mistake for certain.
    """
    if not any(member.seed for member in swarm.members):
        yield (
            "no member is a seed: unless one has the files already, nobody gets them; "
            "seed = true is for who must have them"
        )
    at_home: dict[tuple[str | None, str], Member] = {}
    for member in swarm.members:
        folder = os.path.normpath(swarm.folder_for(member.peer_id))
        first = at_home.setdefault((host_identity(member.host), folder), member)
        if first is not member:
            yield (
                f"peers {first.peer_id} and {member.peer_id} have one host and one "
                "folder; {id} in the folder gives each its own"
            )


def _members(swarm: SwarmConfig) -> str:
    seeds = sum(member.seed for member in swarm.members)
    return (
        f"{format_count(len(swarm.members), 'member')}, {format_count(seeds, 'seed')}"
    )


def _subject(swarm: SwarmConfig, manifest: Manifest | None) -> str:
    """
    What the swarm is about.
    """
    if manifest is None:
        infohash = b"" if swarm.infohash is None else swarm.infohash
        return f"the manifest {infohash.hex()} is fetched from others"
    return (
        f"{printable(manifest.name)}: {contents(manifest)}, "
        f"{size_text(manifest.size_bytes)}, infohash {manifest.infohash.hex()}"
    )


def _pages(swarm: SwarmConfig, folder: str, own: Member | None) -> str:
    """
    Where the pages of the member, or else of all, are, and who may look.

    @raise ConfigError: if there is to be a token and there is none.
    """
    peer_ids = [one.peer_id for one in swarm.members if own is None or one is own]
    ports = {peer_id: swarm.web_port_for(peer_id) for peer_id in peer_ids}
    told = [f"{one} at port {port}" for one, port in ports.items() if port is not None]
    if not told:
        return "no pages: no [web], and no web_port"
    if swarm.web_token_file is None:
        who = "for their own machine alone, without a token"
    else:
        token_file = os.path.join(folder, swarm.web_token_file)
        read_token(token_file)
        who = f"for who has the token of {printable(token_file)}"
    numbers = set(ports.values())
    if len(told) == len(swarm.members) and len(numbers) == 1:
        told = [f"of each member at port {numbers.pop()}"]
    elif len(told) > _MOST_PAGES:
        told = [*told[:_MOST_PAGES], f"{len(told) - _MOST_PAGES} more"]
    return f"pages {', '.join(told)}; {who}"


def _folder_fault(folder: Path, is_seed: bool) -> str | None:
    """
    Why a peer could not take its folder, as far as a look tells.
    """
    if folder.is_symlink():
        return "is a symbolic link, which a peer does not follow"
    if folder.is_dir():
        return None
    if folder.exists():
        return "is no folder"
    if is_seed:
        return "is missing, but this peer is a seed"
    if not folder.parent.is_dir():
        return f"cannot be made: there is no folder {printable(folder.parent)}"
    return None


def _place(own: Member, folder: Path) -> str:
    host = f"[{own.host}]" if ":" in own.host else own.host
    return f"peer {own.peer_id} at {host}:{own.port}, in {printable(folder)}"
