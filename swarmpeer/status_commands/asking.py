"""
Asking one peer for its status, over HTTP.
"""

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IResponse
from zope.interface import implementer

from swarmpeer.errors import StatusError
from swarmpeer.net.reasons import in_one_line
from swarmpeer.status.encoding import decode_status
from swarmpeer.status.shape import Status
from swarmpeer.status_commands.places import Place
from swarmpeer.text import printable

ANSWER_SECONDS = 5.0
"""
Who has not answered in full by then does not answer.
"""
MOST_ANSWER_BYTES = 2**24
"""
A longer answer is none: the status of a peer with the most pieces that a manifest may
have, and as many members as may be, is shorter.
"""

Ask = Callable[[Place, bool], Deferred[Status]]
"""
Where, and whether the pieces are wanted, to the status; fails with L{StatusError}.
"""

_MOST_REASON_CHARACTERS = 200
_OK = 200


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
        self,
        reactor: object,
        token: str | None = None,
        endpoint_for: Callable[[Place], IStreamClientEndpoint] | None = None,
    ) -> None:
        """
        @param token: what one has to know to be answered.
        @param endpoint_for: the way to a place, if not the usual one.
        """
        self._reactor = reactor
        self._clock = IReactorTime(reactor)
        self._headers = Headers({b"user-agent": [b"swarmpeer"]})
        if token is not None:
            self._headers.addRawHeader(b"authorization", b"Bearer " + token.encode())
        self._endpoint_for = endpoint_for or (
            lambda place: place.endpoint(reactor, ANSWER_SECONDS)
        )

    def ask(self, place: Place, with_pieces: bool) -> Deferred[Status]:
        """
        How is the peer there?

        @param with_pieces: also which pieces it has.
        @return: fails with L{StatusError} if it does not tell.
        """
        asked = Deferred.fromCoroutine(self._ask(place, with_pieces))
        is_dropped = False

        def drop(_: Deferred[Status]) -> None:
            # What is under way may end with any error then, which is nobody's.
            nonlocal is_dropped
            is_dropped = True
            asked.cancel()

        def tell(result: Status | Failure) -> None:
            if not is_dropped:
                told.callback(result)

        told: Deferred[Status] = Deferred(drop)
        asked.addBoth(tell)
        told.addTimeout(ANSWER_SECONDS, self._clock)
        return told.addErrback(_explain)

    async def _ask(self, place: Place, with_pieces: bool) -> Status:
        agent = Agent.usingEndpointFactory(
            self._reactor, _OneWay(self._endpoint_for(place))
        )
        query = "?pieces=1" if with_pieces else ""
        url = f"{place.url}/status.json{query}".encode("ascii")
        response: IResponse = await agent.request(b"GET", url, self._headers)
        body = await _body(response)
        if response.code != _OK:
            raise StatusError(_refusal(response.code, body))
        status = decode_status(body)
        _check(status, place)
        return status


def _check(status: Status, place: Place) -> None:
    if place.peer_id is not None and status.peer_id != place.peer_id:
        raise StatusError(f"peer {status.peer_id} answers at {place.shown}")


class _Body(Protocol):
    """
    Gathers an answer, up to a limit.
    """

    def __init__(self, gathered: Deferred[bytes]) -> None:
        self._gathered = gathered
        self._data = bytearray()
        self._is_over = False

    def dataReceived(self, data: bytes) -> None:
        """
        Some of it is here.
        """
        self._data += data
        if len(self._data) > MOST_ANSWER_BYTES:
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


def _body(response: IResponse) -> Deferred[bytes]:
    gathered: Deferred[bytes] = Deferred(lambda _: body.drop())
    body = _Body(gathered)
    response.deliverBody(body)
    return gathered


def _refusal(code: int, body: bytes) -> str:
    if code == 401:
        return "it wants another token; give the file that has it, --token-file FILE"
    if code == 404:
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
    reasons = getattr(failure.value, "reasons", None)
    if reasons:
        return Failure(StatusError("it does not speak HTTP, or was cut off"))
    reason = printable(in_one_line(failure)[:_MOST_REASON_CHARACTERS].rstrip("."))
    return Failure(StatusError(reason))
