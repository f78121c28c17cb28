"""
Asking the peers of a lab for their pictures, each through a local socket of its own.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, quoteStringArgument
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IResponse
from zope.interface import implementer

from swarmpeer.errors import StatusError
from swarmpeer.lab.gathering import MOST_ANSWER_BYTES

_ANSWER_SECONDS = 5.0
_LONGEST_PATH_BYTES = 100
"""
The system allows 103 to 107.
"""


class Sockets:
    """
    Where the peers of one lab have their pages.
    """

    def __init__(self, folder: Path, peer_ids: list[int]) -> None:
        """
        @param folder: of the lab; if its path is too long for a socket, another one
            is made for them.
        """
        self._made: Path | None = None
        if len(os.fsencode(folder / "web_00000000.sock")) > _LONGEST_PATH_BYTES:
            self._made = folder = Path(tempfile.mkdtemp(prefix="swarmpeer-lab-web-"))
        self._paths = {id_: folder / f"web_{id_}.sock" for id_ in peer_ids}

    def path(self, peer_id: int) -> str:
        """
        The socket of that peer.
        """
        return str(self._paths[peer_id])

    def option(self, peer_id: int) -> str:
        """
        What makes the peer have its pages there.
        """
        # Twisted's own does not quote what would make a keyword of it.
        quoted = quoteStringArgument(self.path(peer_id)).replace("=", r"\=")
        return f"--web=unix:{quoted}:mode=600"

    def close(self) -> None:
        """
        Take away what is left of them.
        """
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        for path in self._paths.values():
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".lock").unlink(missing_ok=True)


@implementer(IAgentEndpointFactory)
class _Endpoints:
    def __init__(self, reactor: object, path: Callable[[int], str]) -> None:
        self._reactor = reactor
        self._path = path

    def endpointForURI(self, uri: URI) -> UNIXClientEndpoint:
        """
        The socket of the peer that the name of a host stands for.
        """
        path = self._path(int(uri.host.removeprefix(b"peer-")))
        return UNIXClientEndpoint(self._reactor, path, timeout=_ANSWER_SECONDS)


class Asking:
    """
    Asks over connections that are kept.
    """

    def __init__(self, reactor: object, sockets: Sockets) -> None:
        self._agent = Agent.usingEndpointFactory(
            reactor,
            _Endpoints(reactor, sockets.path),
            pool=HTTPConnectionPool(reactor),
        )
        self._clock = IReactorTime(reactor)

    def __call__(self, peer_id: int, after: int) -> Deferred[bytes]:
        """
        The picture of a peer as JSON.

        @param after: the last happening of it that is known.
        """
        uri = f"http://peer-{peer_id}/picture.json?own=1&after={after}"
        asked = self._agent.request(b"GET", uri.encode(), Headers({}))
        answer: Deferred[bytes] = asked.addCallback(_body)
        return answer.addTimeout(_ANSWER_SECONDS, self._clock)


def _body(response: IResponse) -> Deferred[bytes]:
    if response.code != 200:
        response.deliverBody(_Body(1))
        raise StatusError(f"it answers {response.code}")
    body = _Body(MOST_ANSWER_BYTES)
    response.deliverBody(body)
    return body.whole


class _Body(Protocol):
    def __init__(self, most_bytes: int) -> None:
        self.whole: Deferred[bytes] = Deferred(lambda _: self._cut())
        self._left_bytes = most_bytes
        self._parts: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._parts.clear()
            self._cut()
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.whole.called:
            return
        if reason.check(ResponseDone):
            self.whole.callback(b"".join(self._parts))
        else:
            self.whole.errback(StatusError("its answer was cut off"))

    def _cut(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()
