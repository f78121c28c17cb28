"""
Asking a peer for one of its pages, over HTTP.
"""

from errno import ENOENT
from http import HTTPStatus

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IResponse
from zope.interface import implementer

from swarmpeer.errors import StatusError
from swarmpeer.net.reasons import in_one_line
from swarmpeer.text import printable

ANSWER_SECONDS = 5.0
"""
Who has not answered in full by then does not answer.
"""

_MOST_REASON_CHARACTERS = 200


class NoSocket(StatusError):
    """
    There is nothing at the path where one would ask.
    """


class TokenWanted(StatusError):
    """
    We have not the token that one has to know.
    """


@implementer(IAgentEndpointFactory)
class _OneWay:
    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def endpointForURI(self, _uri: object) -> IStreamClientEndpoint:
        return self._endpoint


class Asker:
    """
    Asks peers.
    """

    def __init__(
        self, reactor: object, token: str | None = None, *, keeps: bool = False
    ) -> None:
        """
        @param token: what one has to know to be answered.
        @param keeps: keep connections for the next question; each peer must have a
            host of its own in its URLs then.
        """
        self._reactor = reactor
        self._clock = IReactorTime(reactor)
        self._pool = HTTPConnectionPool(reactor, persistent=keeps)
        self._has_token = token is not None
        self._headers = Headers({b"user-agent": [b"swarmpeer"]})
        if token is not None:
            self._headers.addRawHeader(b"authorization", b"Bearer " + token.encode())

    def get(
        self, endpoint: IStreamClientEndpoint, url: str, most_bytes: int
    ) -> Deferred[bytes]:
        """
        What is at C{url}?

        @param endpoint: the way there.
        @param most_bytes: a longer answer is none.
        @return: fails with L{StatusError} if it is not told.
        """
        asked = Deferred.fromCoroutine(self._get(endpoint, url, most_bytes))
        is_dropped = False

        def drop(_: Deferred[bytes]) -> None:
            # What is under way may end with any error then, which is nobody's.
            nonlocal is_dropped
            is_dropped = True
            asked.cancel()

        def tell(result: bytes | Failure) -> None:
            if not is_dropped:
                told.callback(result)

        told: Deferred[bytes] = Deferred(drop)
        asked.addBoth(tell)
        told.addTimeout(ANSWER_SECONDS, self._clock)
        return told.addErrback(_explain)

    async def _get(
        self, endpoint: IStreamClientEndpoint, url: str, most_bytes: int
    ) -> bytes:
        agent = Agent.usingEndpointFactory(
            self._reactor, _OneWay(endpoint), pool=self._pool
        )
        response: IResponse = await agent.request(
            b"GET", url.encode("ascii"), self._headers
        )
        body = await _body(response, most_bytes)
        if response.code == HTTPStatus.UNAUTHORIZED:
            which = "another" if self._has_token else "a"
            raise TokenWanted(f"it wants {which} token")
        if response.code != HTTPStatus.OK:
            raise StatusError(_refusal(response.code, body))
        return body


class _Body(Protocol):
    """
    Gathers an answer, up to a limit.
    """

    def __init__(self, gathered: Deferred[bytes], most_bytes: int) -> None:
        self._gathered = gathered
        self._most_bytes = most_bytes
        self._data = bytearray()
        self._is_over = False

    def dataReceived(self, data: bytes) -> None:
        """
        Some of it is here.
        """
        self._data += data
        if len(self._data) > self._most_bytes:
            self._end(Failure(StatusError("its answer is too long")))
            self.drop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        That was all, or should have been more.
        """
        if reason.check(ResponseDone):
            self._end(bytes(self._data))
        else:
            self._end(Failure(StatusError("its answer broke off")))

    def drop(self) -> None:
        """
        Hear no more of it.
        """
        self._is_over = True
        self._data.clear()
        if self.transport is not None:
            self.transport.loseConnection()

    def _end(self, result: bytes | Failure) -> None:
        if not self._is_over:
            self._is_over = True
            self._gathered.callback(result)


def _body(response: IResponse, most_bytes: int) -> Deferred[bytes]:
    gathered: Deferred[bytes] = Deferred(lambda _: body.drop())
    body = _Body(gathered, most_bytes)
    response.deliverBody(body)
    return gathered


def _refusal(code: int, body: bytes) -> str:
    if code == HTTPStatus.NOT_FOUND:
        return "there are no pages of a peer"
    words = printable(body[:_MOST_REASON_CHARACTERS].decode("utf-8", "replace").strip())
    return f"it answers {code}: {words}" if words else f"it answers {code}"


def _explain(failure: Failure) -> Failure:
    """
    @return: a L{StatusError} that tells the same in a line.
    """
    if failure.check(StatusError, CancelledError):
        return failure
    if failure.check(TimeoutError):
        return Failure(StatusError(f"no answer in {ANSWER_SECONDS:g} s"))
    if failure.check(ConnectionRefusedError):
        return Failure(StatusError("connection refused"))
    if getattr(failure.value, "osError", None) == ENOENT:
        return Failure(NoSocket("there is no such socket"))
    reasons = getattr(failure.value, "reasons", None)
    if reasons:
        return Failure(StatusError("it does not speak HTTP, or was cut off"))
    reason = printable(in_one_line(failure)[:_MOST_REASON_CHARACTERS].rstrip("."))
    return Failure(StatusError(reason))
