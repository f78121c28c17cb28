"""
The usual pages of a peer: where they are, and who may look.
"""

import os
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import (
    IReactorTCP,
    IReactorTime,
    IStreamServerEndpoint,
)

from swarmpeer.assemble import BACKLOG, own_endpoint
from swarmpeer.config import PeerInfo, SwarmConfig
from swarmpeer.errors import ConfigError
from swarmpeer.joining import JoiningService
from swarmpeer.service import PeerService
from swarmpeer.status.watch import StatusWatch
from swarmpeer.text import printable
from swarmpeer.web.lingering import Lingering
from swarmpeer.web.metrics_page import MetricsPage
from swarmpeer.web.service import WebService
from swarmpeer.web.site import guarded_site, peer_pages

if TYPE_CHECKING:
    from swarmpeer.metrics.peer_metrics import PeerMetrics

LEAST_TOKEN_CHARACTERS = 16
"""
A shorter token could be guessed.
"""
MOST_TOKEN_CHARACTERS = 1024
"""
More of a file is not read.
"""


def assemble_web(
    reactor: object,
    peer: PeerService | JoiningService,
    endpoint: IStreamServerEndpoint,
    *,
    token: str | None,
    metrics: "PeerMetrics | None" = None,
) -> WebService:
    """
    The pages of a peer, not started yet; start them before it, so that what it does
    first is seen.

    @param endpoint: where they are.
    @param token: what whoever looks has to know; C{None}: they are for this machine
        alone.
    @param metrics: what L{peer_metrics} gave, if the peer is to have any.
    """
    clock = IReactorTime(reactor)
    watch = StatusWatch(peer, clock.seconds)
    peer.add_observer(watch, *StatusWatch.event_classes)
    page = None
    if metrics is not None:
        peer.add_observer(metrics.tally, *metrics.tally.event_classes)
        metrics.lag.setServiceParent(peer)
        page = MetricsPage(partial(metrics.text, watch.status))
    lingering = Lingering(lambda: watch.status().is_done, clock.seconds)
    pages = peer_pages(watch, clock, lingering.note_asked, page)
    return WebService(
        guarded_site(pages, token, clock),
        endpoint,
        has_token=token is not None,
        clock=clock,
        linger=lingering.seconds,
    )


def peer_metrics(reactor: object) -> "PeerMetrics | None":
    """
    What counts and measures for C{/metrics}; its stopwatch is for the peer's storage.

    @return: C{None} if the extra C{metrics} is not installed.
    """
    try:
        from swarmpeer.metrics.peer_metrics import PeerMetrics
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "prometheus_client":
            raise
        return None
    return PeerMetrics(IReactorTime(reactor))


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
