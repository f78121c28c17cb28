"""
All pages of one peer.
"""

from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.access import Guarded
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


def peer_pages(watch: StatusWatch) -> Resource:
    """
    What there is below C{/}.
    """
    root = Resource()
    root.putChild(b"status.json", StatusPage(lambda p: watch.status(with_pieces=p)))
    root.putChild(b"picture.json", PicturePage(watch.picture))
    root.putChild(b"healthz", HealthPage())
    root.putChild(b"readyz", ReadyPage(lambda _: watch.status()))
    return root


class _QuietSite(Site):
    noisy = False
    displayTracebacks = False

    def log(self, request: Request) -> None:
        """
        Who asks for what is nothing for the log.
        """


def guarded_site(pages: Resource, token: str | None) -> Site:
    """
    The pages, for those who may look.

    @param token: what they have to know; C{None}: whoever is on this machine.
    """
    return _QuietSite(Guarded(pages, token), timeout=REQUEST_SECONDS)
