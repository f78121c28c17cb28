"""
All pages of one peer.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from swarmpeer.status.shape import Status
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.access import Guarded
from swarmpeer.web.events_page import EventsPage, PeerPictures, PictureSource
from swarmpeer.web.metrics_page import NoMetricsPage
from swarmpeer.web.page_files import put_page
from swarmpeer.web.requests import BodilessRequest
from swarmpeer.web.status_pages import (
    HealthPage,
    PicturePage,
    ReadyPage,
    StatusPage,
)

MOST_CONNECTIONS = 64
"""
So many may be open at once; one more is closed, or the swarm could find no descriptor
left.
"""
REQUEST_SECONDS = 30
"""
A caller that says nothing for so long is cut off.
"""


class Pages(Resource):
    """
    A page to look at, and the events that it lives on.

    @ivar events: they.
    """

    def __init__(
        self,
        source: PictureSource,
        clock: IReactorTime,
        pictures: PicturePage | None = None,
    ) -> None:
        """
        @param pictures: for programs that ask for one again and again, if there is
            such a page.
        """
        super().__init__()
        self.events = EventsPage(source, clock)
        self.putChild(b"events", self.events)
        self._pictures = pictures
        if pictures is not None:
            self.putChild(b"picture.json", pictures)
        put_page(self)

    def close(self) -> Deferred[None]:
        """
        Tell those who look how it is for the last time.

        @return: fires when they took it, or soon after.
        """
        closing = [self.events.close()]
        if self._pictures is not None:
            closing.append(self._pictures.close())
        closed = DeferredList(closing, consumeErrors=True)
        return closed.addCallback(lambda _: None)


def peer_pages(
    watch: StatusWatch,
    clock: IReactorTime,
    asked: Callable[[], object] = lambda: None,
    metrics: Resource | None = None,
) -> Pages:
    """
    What there is below C{/}.

    @param asked: called whenever somebody asks for the status.
    @param metrics: what is to be C{/metrics}, if there are any.
    """

    def status(with_pieces: bool) -> Status:
        asked()
        return watch.status(with_pieces=with_pieces)

    pictures = PicturePage(
        lambda after, maps: watch.picture(after, with_neighbor_maps=maps), clock
    )
    root = Pages(PeerPictures(watch), clock, pictures)
    root.putChild(b"status.json", StatusPage(status))
    root.putChild(b"healthz", HealthPage())
    root.putChild(b"readyz", ReadyPage(lambda _: watch.status()))
    root.putChild(b"metrics", metrics or NoMetricsPage())
    return root


class PagesSite(Site):
    """
    The pages of one program, for those who may look.
    """

    noisy = False
    displayTracebacks = False
    requestFactory = BodilessRequest

    def __init__(self, pages: Pages, token: str | None, clock: IReactorTime) -> None:
        """
        @param token: what they have to know; C{None}: whoever is on this machine.
        @param clock: tells who says nothing for too long.
        """
        super().__init__(Guarded(pages, token), timeout=REQUEST_SECONDS, reactor=clock)
        self._pages = pages

    def close(self) -> Deferred[None]:
        """
        Tell those who look how it is for the last time.

        @return: fires when they took it, or soon after.
        """
        return self._pages.close()

    def log(self, request: Request) -> None:
        """
        Who asks for what is nothing for the log.
        """


class CappedSite(WrappingFactory):
    """
    A site with at most L{MOST_CONNECTIONS} at once.
    """

    noisy = False

    def registerProtocol(self, p: ProtocolWrapper) -> None:
        """
        Somebody connected; is there a place for them?
        """
        super().registerProtocol(p)
        if len(self.protocols) > MOST_CONNECTIONS:
            p.abortConnection()
