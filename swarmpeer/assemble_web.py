"""
The usual pages of a peer.
"""

from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime, IStreamServerEndpoint

from swarmpeer.assemble import watch_peer
from swarmpeer.joining import JoiningService
from swarmpeer.service import PeerService
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.lingering import Lingering
from swarmpeer.web.metrics_page import MetricsPage
from swarmpeer.web.service import WebService
from swarmpeer.web.site import PagesSite, peer_pages

if TYPE_CHECKING:
    from swarmpeer.metrics.peer_metrics import PeerMetrics


def assemble_web(
    reactor: object,
    peer: PeerService | JoiningService,
    endpoint: IStreamServerEndpoint,
    *,
    token: str | None,
    watch: StatusWatch | None = None,
    metrics: "PeerMetrics | None" = None,
) -> WebService:
    """
    The pages of a peer, not started yet; start them before it, so that what it does
    first is seen.

    @param endpoint: where they are.
    @param token: what whoever looks has to know; C{None}: they are for this machine
        alone.
    @param watch: observes the peer already; C{None}: one is made.
    @param metrics: what L{peer_metrics} gave, if its stopwatch is with the peer's
        storage; C{None}: they are made, without the times of hashing and the disk, if
        the extra C{metrics} is installed.
    """
    clock = IReactorTime(reactor)
    if watch is None:
        watch = watch_peer(reactor, peer)
    if metrics is None:
        metrics = peer_metrics(reactor)
    page = None
    if metrics is not None:
        peer.add_observer(metrics.tally, *metrics.tally.event_classes)
        metrics.lag.setServiceParent(peer)
        page = MetricsPage(partial(metrics.text, watch.status))
    lingering = Lingering(lambda: watch.status().is_done, clock.seconds)
    pages = peer_pages(watch, clock, lingering.note_asked, page)
    return WebService(
        PagesSite(pages, token, clock),
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
