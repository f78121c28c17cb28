"""
The page of a whole lab.
"""

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamServerEndpoint

from swarmpeer.lab.gathering import Gathering
from swarmpeer.lab.sockets import PictureAsker, Sockets
from swarmpeer.lab.swarm import BuildArgv
from swarmpeer.web.service import WebService
from swarmpeer.web.site import Pages, PagesSite

ANY_PORT = "tcp:0:interface=127.0.0.1"
"""
Where the page is if nobody says.
"""


class LabPage:
    """
    Shows all peers of a lab in one page.
    """

    def __init__(
        self,
        reactor: object,
        endpoint: IStreamServerEndpoint,
        sockets: Sockets,
        peer_ids: list[int],
        token: str | None,
    ) -> None:
        clock = IReactorTime(reactor)
        self._gathering = Gathering(peer_ids, PictureAsker(reactor, sockets), clock)
        site = PagesSite(Pages(self._gathering, clock), token, clock)
        self._service = WebService(
            site, endpoint, has_token=token is not None, clock=clock
        )

    def start(self) -> str:
        """
        Begin to show.

        @return: where, for people.
        @raise ListenError: if that cannot be.
        """
        self._service.startService()
        self._gathering.start()
        where = self._service.where or ""
        return f"http://{where}/" if ":" in where and "/" not in where else where

    def end_peer(self, peer_id: int, is_complete: bool) -> None:
        """
        The process of that peer is gone.

        @param is_complete: did it end well, with the whole file?
        """
        self._gathering.end(peer_id, is_complete=is_complete)

    def stop(self) -> Deferred[None]:
        """
        Show no more.
        """
        self._gathering.stop()
        return self._service.stopService()


def with_page(build_argv: BuildArgv, sockets: Sockets) -> BuildArgv:
    """
    Commands of peers that have pages at these C{sockets}.
    """

    def build(peer_id: int, folder: Path) -> list[str]:
        return [*build_argv(peer_id, folder), sockets.option(peer_id)]

    return build
