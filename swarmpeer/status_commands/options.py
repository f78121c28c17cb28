"""
What the commands that ask peers have in common: whom to ask, and with which token.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from swarmpeer.arguments import ids_type, path_type, port_type, type_of
from swarmpeer.config import SWARM_NAME, PeerInfo, SwarmConfig
from swarmpeer.config.whole import shown_ids
from swarmpeer.config_files import read_swarm, read_text
from swarmpeer.errors import ConfigError
from swarmpeer.status_commands.places import (
    Place,
    listed_places,
    member_places,
    parse_place,
)
from swarmpeer.web_place import read_token

WHOM = """\
whom it asks:
  every member of the swarm.toml, at its host and its web_port, or the port of [web];
  or with --at the places that are named, and no other;
  or with --peers every peer of a PeerInfo.cfg, at its host and --web-port.
A peer tells its status if it was given pages: web_port or [web] in swarm.toml, or
twistd's --web.  Without a token it tells only who asks on its own machine.
"""


@dataclass(frozen=True, slots=True)
class Whom:
    """
    Whom to ask.

    @ivar token: what one has to know to be answered.
    """

    places: tuple[Place, ...]
    token: str | None


def add_whom(parser: argparse.ArgumentParser) -> None:
    """
    Let it be told whom to ask.
    """
    parser.add_argument(
        "swarm",
        metavar="SWARM.toml",
        type=path_type,
        nargs="?",
        help=f"the swarm whose members are asked (default: {SWARM_NAME})",
    )
    parser.add_argument(
        "--id",
        metavar="ID,...",
        type=ids_type,
        help="ask these of the members alone",
    )
    parser.add_argument(
        "--at",
        metavar="WHERE",
        type=type_of(parse_place),
        action="append",
        help="ask there, and no member: HOST:PORT, http://HOST:PORT or unix:PATH; "
        "may be given more than once",
    )
    parser.add_argument(
        "--peers",
        metavar="FILE",
        type=path_type,
        help="ask every peer of this PeerInfo.cfg, at --web-port",
    )
    parser.add_argument(
        "--web-port",
        metavar="PORT",
        type=port_type,
        help="where each peer of --peers has its pages",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        type=path_type,
        help="the file with the token that they want (default: token_file of [web] in "
        f"SWARM.toml, with --at in {SWARM_NAME} of this folder)",
    )


def read_whom(arguments: argparse.Namespace) -> Whom:
    """
    Whom the arguments tell to ask.

    @raise ConfigError: if that cannot be told from them.
    """
    _check_ways(arguments)
    if arguments.at is not None:
        return _at_places(arguments)
    if arguments.peers is not None:
        return _at_peers(arguments)
    return _at_members(arguments)


def _check_ways(arguments: argparse.Namespace) -> None:
    ways = (arguments.swarm, arguments.at, arguments.peers)
    if sum(way is not None for way in ways) > 1:
        raise ConfigError("say SWARM.toml, --at or --peers; only one of them")
    if (arguments.peers is None) != (arguments.web_port is None):
        raise ConfigError("--peers and --web-port belong together; say both or neither")
    if arguments.at is not None and arguments.id is not None:
        raise ConfigError("--id is for members, and --at tells places; leave one out")


def _at_places(arguments: argparse.Namespace) -> Whom:
    token_file, path = arguments.token_file, Path(SWARM_NAME)
    if token_file is None and path.exists():
        token_file = _token_file(read_swarm(path), path)
    return Whom(tuple(arguments.at), _token(token_file))


def _at_peers(arguments: argparse.Namespace) -> Whom:
    peers = PeerInfo.parse_list(read_text(arguments.peers), arguments.peers)
    wanted = _wanted(arguments.id, [each.peer_id for each in peers])
    asked = [each for each in peers if each.peer_id in wanted]
    places = listed_places(asked, arguments.web_port)
    return Whom(tuple(places), _token(arguments.token_file))


def _at_members(arguments: argparse.Namespace) -> Whom:
    path = Path(arguments.swarm or SWARM_NAME)
    if arguments.swarm is None and not path.exists():
        raise ConfigError(
            f"there is no {SWARM_NAME} here; give its path, or say --at HOST:PORT"
        )
    swarm = read_swarm(path)
    wanted = _wanted(arguments.id, [each.peer_id for each in swarm.members])
    places = member_places(swarm, wanted)
    token_file = arguments.token_file or _token_file(swarm, path)
    return Whom(tuple(places), _token(token_file))


def _token_file(swarm: SwarmConfig, path: Path) -> Path | None:
    """
    Where the token is that the members of a swarm want.
    """
    name = swarm.web_token_file
    return None if name is None else path.parent / name


def _token(path: Path | None) -> str | None:
    return None if path is None else read_token(path)


def _wanted(wanted: tuple[int, ...] | None, known: list[int]) -> tuple[int, ...]:
    """
    Those of the members that are meant.

    @raise ConfigError: if there is no such member.
    """
    for peer_id in wanted or ():
        check_known(peer_id, known)
    return tuple(known) if wanted is None else wanted


def check_known(peer_id: int, known: list[int]) -> None:
    """
    @raise ConfigError: if there is no such member.
    """
    if peer_id not in known:
        raise ConfigError(
            f"there is no peer {peer_id}, one of {shown_ids(known)} would be right"
        )
