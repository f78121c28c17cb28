"""
Where the usual pages of a peer are, and who may look.

Apart from the pages themselves, which take long to import: most peers have none.
"""

import os

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IReactorTCP, IStreamServerEndpoint

from swarmpeer.assemble import BACKLOG, own_endpoint
from swarmpeer.config import PeerInfo, SwarmConfig
from swarmpeer.errors import ConfigError
from swarmpeer.text import printable

LEAST_TOKEN_CHARACTERS = 16
"""
A shorter token could be guessed.
"""
MOST_TOKEN_CHARACTERS = 1024
"""
More of a file is not read.
"""


def web_endpoint(
    reactor: object, swarm: SwarmConfig, peer_id: int
) -> IStreamServerEndpoint | None:
    """
    Where a C{swarm.toml} wants the pages of a member: with a token wherever it takes
    other peers, without one at the loopback address.

    @return: C{None} if nowhere.
    @raise ConfigError: if there is no such member.
    """
    port = swarm.web_port_for(peer_id)
    if port is None:
        return None
    if swarm.web_token_file is None:
        return TCP4ServerEndpoint(
            IReactorTCP(reactor), port, BACKLOG, interface="127.0.0.1"
        )
    own = swarm.own(peer_id)
    return own_endpoint(reactor, PeerInfo(peer_id, own.host, port, own.seed))


def read_token(path: str | os.PathLike[str]) -> str:
    """
    The token that a file holds, without the blanks and line ends around it.

    @raise ConfigError: if it cannot be read, or is none.
    """
    try:
        with open(path, "rb") as file:
            token = file.read(MOST_TOKEN_CHARACTERS).strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{printable(path)}: the token cannot be read: {reason}"
        ) from error
    least = LEAST_TOKEN_CHARACTERS
    if len(token) < least or not token.isalnum():
        raise ConfigError(
            f"{printable(path)}: no token, {least} or more letters and digits would be "
            "right, such as those of 'openssl rand -hex 16'"
        )
    return token.decode("ascii")
