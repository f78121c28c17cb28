"""
All pages of one peer.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from swarmpeer.status.shape import Status
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.access import Guarded
from swarmpeer.web.channel import PageChannel
from swarmpeer.web.events_page import EventsPage, PeerPictures, PictureSource
from swarmpeer.web.metrics_page import NoMetricsPage
from swarmpeer.web.page_files import put_page
from swarmpeer.web.pages import Page
from swarmpeer.web.status_pages import (
    HealthPage,
    PicturePage,
    ReadyPage,
    StatusPage,
)

MOST_CONNECTIONS = 64
"""
So many may be open at once, or the swarm could find no descriptor left.
"""


class Pages(Page):
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

    def __init__(self, pages: Pages, token: str | None, clock: IReactorTime) -> None:
        """
        @param token: what they have to know; C{None}: whoever is on this machine.
        @param clock: tells who takes too long to ask.
        """
        super().__init__(Guarded(pages, token), reactor=clock)
        self._pages = pages
        self._clock = clock

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: ARG002
        """
        Somebody looks.

        @return: a L{PageChannel}, where Twisted names a type of its own that picks the
            version of HTTP.
        """
        return PageChannel(self, self._clock)

    def close(self) -> Deferred[None]:
        """
        Tell those who look how it is for the last time.

        @return: fires when they took it, or soon after.
        """
        return self._pages.close()

    def acceptableProtocols(self) -> list[bytes]:
        """
        What a L{PageChannel} speaks.
        """
        return [b"http/1.1"]

    def log(self, request: Request) -> None:
        """
        Who asks for what is nothing for the log.
        """


class CappedSite(WrappingFactory):
    """
    A site with at most L{MOST_CONNECTIONS} at once.  For one more, the oldest one whose
    request is not all here is pushed out: who sends halves of requests keeps nobody
    away.
    """

    noisy = False
    _log = Logger()
    _has_warned = False

    def registerProtocol(self, p: ProtocolWrapper) -> None:
        """
        Somebody connected; make a place for them, or if all others are being answered,
        push them out themselves.
        """
        super().registerProtocol(p)
        if len(self.protocols) <= MOST_CONNECTIONS:
            return
        pushed = next(filter(_is_waiting, self.protocols))
        # Its end is told later, and others may come before.
        self.unregisterProtocol(pushed)
        pushed.abortConnection()
        if not self._has_warned:
            self._has_warned = True
            self._log.warn(
                "{most} connections to the pages are open; the oldest one that waits "
                "is closed for each new one",
                most=MOST_CONNECTIONS,
            )

    def unregisterProtocol(self, p: ProtocolWrapper) -> None:
        """
        One is gone, perhaps pushed out before.
        """
        self.protocols.pop(p, None)


def _is_waiting(visitor: ProtocolWrapper) -> bool:
    """
    Does it wait for more of a request, as also whoever just came?
    """
    channel = visitor.wrappedProtocol
    return not (isinstance(channel, PageChannel) and channel.is_answered)
