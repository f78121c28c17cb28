"""
All pages of one peer.
"""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.access import Guarded
from swarmpeer.web.events_page import EventsPage, PeerPictures, PictureSource
from swarmpeer.web.page_files import put_page
from swarmpeer.web.status_pages import (
    HealthPage,
    PicturePage,
    ReadyPage,
    StatusPage,
)

REQUEST_SECONDS = 30
"""
A caller that says nothing for so long is cut off.
"""


class Pages(Resource):
    """
    A page to look at, and the events that it lives on.

    @ivar events: they.
    """

    def __init__(self, source: PictureSource, clock: IReactorTime) -> None:
        super().__init__()
        self.events = EventsPage(source, clock)
        self.putChild(b"events", self.events)
        put_page(self)


def peer_pages(watch: StatusWatch, clock: IReactorTime) -> Pages:
    """
    What there is below C{/}.
    """
    root = Pages(PeerPictures(watch), clock)
    root.putChild(b"status.json", StatusPage(lambda p: watch.status(with_pieces=p)))
    root.putChild(
        b"picture.json",
        PicturePage(lambda after, maps: watch.picture(after, with_neighbor_maps=maps)),
    )
    root.putChild(b"healthz", HealthPage())
    root.putChild(b"readyz", ReadyPage(lambda _: watch.status()))
    return root


class PagesSite(Site):
    """
    The pages of one program.
    """

    noisy = False
    displayTracebacks = False

    def __init__(self, pages: Pages, token: str | None) -> None:
        super().__init__(Guarded(pages, token), timeout=REQUEST_SECONDS)
        self._events = pages.events

    def close(self) -> Deferred[None]:
        """
        Tell those who read the events how it is for the last time.

        @return: fires when they took it, or soon after.
        """
        return self._events.close()

    def log(self, request: Request) -> None:
        """
        Who asks for what is nothing for the log.
        """


def guarded_site(pages: Pages, token: str | None) -> PagesSite:
    """
    The pages, for those who may look.

    @param token: what they have to know; C{None}: whoever is on this machine.
    """
    return PagesSite(pages, token)
