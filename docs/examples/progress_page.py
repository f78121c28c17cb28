"""
A web server that shows a peer's progress as JSON.

    python docs/examples/progress_page.py 1002 FOLDER 8080
    curl http://127.0.0.1:8080/

It goes on serving, pieces and pages, until it is told to stop.
"""

import json
import sys
from dataclasses import asdict

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorCore, IReactorTCP
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from swarmpeer.assemble import assemble_peer, read_config
from swarmpeer.errors import SwarmPeerError
from swarmpeer.service import PeerService


class ProgressPage(Resource):
    """
    How far one peer is.
    """

    isLeaf = True

    def __init__(self, peer: PeerService) -> None:
        super().__init__()
        self._peer = peer

    def render_GET(self, request: Request) -> bytes:
        """
        The progress, with its neighbours, as one JSON object.
        """
        request.setHeader(b"content-type", b"application/json")
        return json.dumps(asdict(self._peer.progress())).encode()


async def main(reactor: object, peer_id: str, folder: str, port: str) -> None:
    """
    Run the peer and the page until the process is told to stop.
    """
    page = TCP4ServerEndpoint(IReactorTCP(reactor), int(port), interface="127.0.0.1")
    try:
        peer = assemble_peer(reactor, read_config(int(peer_id), folder), folder)
        await page.listen(Site(ProgressPage(peer)))
        peer.startService()
    except (SwarmPeerError, CannotListenError) as error:
        raise SystemExit(f"progress_page: {error}") from None
    core = IReactorCore(reactor)
    core.addSystemEventTrigger("before", "shutdown", peer.stopService)
    await Deferred()


if __name__ == "__main__":
    if len(sys.argv) != 4 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    react(main, sys.argv[1:])
