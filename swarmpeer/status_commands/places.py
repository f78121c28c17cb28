"""
Where the pages of a peer are.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IReactorUNIX, IStreamClientEndpoint

from swarmpeer.config import PeerInfo, SwarmConfig
from swarmpeer.config.rules import loopback_address
from swarmpeer.errors import ConfigError
from swarmpeer.text import printable, quoted

_HTTP = "http://"
_UNIX = "unix:"
_USUAL_PORT = 80
_ADDRESS = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]{1,253}))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<folder>(?:/[A-Za-z0-9._~-]*)*)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where to ask one peer.

    @ivar shown: for people.
    @ivar url: of the folder with the pages, without the last slash.
    @ivar host: a name or an address.
    @ivar port: 0 for a unix socket.
    @ivar path: of the unix socket, if it is one.
    @ivar peer_id: who should answer there, if that is known.
    @ivar is_seed: is that peer to have everything from the start?
    """

    shown: str
    url: str
    host: str
    port: int
    path: str | None = None
    peer_id: int | None = None
    is_seed: bool = False

    def endpoint(
        self, reactor: object, timeout_seconds: float
    ) -> IStreamClientEndpoint:
        """
        The way there.
        """
        endpoint: IStreamClientEndpoint
        if self.path is not None:
            unix = IReactorUNIX(reactor)
            endpoint = UNIXClientEndpoint(unix, self.path, timeout_seconds)
        else:
            endpoint = HostnameEndpoint(
                reactor, self.host, self.port, timeout=timeout_seconds
            )
        return endpoint


def parse_place(text: str) -> Place:
    """
    A place as people write it: C{HOST:PORT}, C{http://HOST:PORT} or C{unix:PATH}.

    @raise ValueError: if it is none, with what would be right.
    """
    if text.startswith(_UNIX) and len(text) > len(_UNIX) and "\0" not in text:
        path = text.removeprefix(_UNIX)
        return Place(printable(text), "http://localhost", "localhost", 0, path)
    match = _ADDRESS.fullmatch(text.removeprefix(_HTTP))
    is_url = text.startswith(_HTTP)
    if match is None or not (is_url or (match["port"] and not match["folder"])):
        hint = "; https is not spoken here" if text.startswith("https:") else ""
        raise ValueError(
            f"{quoted(text)} is no place, HOST:PORT, http://HOST:PORT or unix:PATH "
            f"would be right{hint}"
        )
    port = int(match["port"] or _USUAL_PORT)
    if not 0 < port < 65536:
        raise ValueError(f"{quoted(text)}: there is no port {port}")
    return _place(match["v6"] or match["host"], port, match["folder"].rstrip("/"))


def member_places(swarm: SwarmConfig, wanted: Collection[int]) -> list[Place]:
    """
    Where members of a swarm have their pages, in the order of the file.

    @raise ConfigError: if one has none.
    """
    places = []
    for member in swarm.members:
        if member.peer_id not in wanted:
            continue
        port = swarm.web_port_for(member.peer_id)
        if port is None:
            raise ConfigError(
                f"{swarm.where}: peer {member.peer_id} has no pages to be asked at, "
                "port = 8080 in [web], or web_port = 8080 with each of the members, "
                "would be right"
            )
        host = member.host
        if swarm.web_token_file is None and loopback_address(host) is not None:
            # Where pages for their own machine alone are.
            host = "127.0.0.1"
        places.append(_place(host, port, member=member.info))
    return places


def listed_places(peers: Iterable[PeerInfo], port: int) -> list[Place]:
    """
    Where the peers of a C{PeerInfo.cfg} have their pages if each has them at C{port}.
    """
    return [_place(peer.host, port, member=peer) for peer in peers]


def _place(
    host: str, port: int, folder: str = "", member: PeerInfo | None = None
) -> Place:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Place(
        printable(address + folder),
        f"{_HTTP}{address}{folder}",
        host,
        port,
        peer_id=None if member is None else member.peer_id,
        is_seed=member is not None and member.has_file,
    )
