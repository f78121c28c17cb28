"""
The usual pages of a peer.
"""

from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime, IStreamServerEndpoint

from swarmpeer.joining import JoiningService
from swarmpeer.service import PeerService
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.lingering import Lingering
from swarmpeer.web.metrics_page import MetricsPage
from swarmpeer.web.service import WebService
from swarmpeer.web.site import guarded_site, peer_pages

if TYPE_CHECKING:
    from swarmpeer.metrics.peer_metrics import PeerMetrics


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
