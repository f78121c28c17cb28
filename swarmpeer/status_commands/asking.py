"""
Asking one peer for its status.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from swarmpeer.asking import ANSWER_SECONDS, Asker, NoSocket, TokenWanted
from swarmpeer.errors import StatusError
from swarmpeer.status.encoding import decode_status
from swarmpeer.status.shape import Status
from swarmpeer.status_commands.places import Place

MOST_ANSWER_BYTES = 2**24
"""
A longer answer is none: the status of a peer with the most pieces that a manifest may
have, and as many members as may be, is shorter.
"""

Ask = Callable[[Place, bool], Deferred[Status]]
"""
Where, and whether the pieces are wanted, to the status; fails with L{StatusError}.
"""


class StatusAsker:
    """
    Asks peers for their status.
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
        self._asker = Asker(reactor, token)
        self._endpoint_for = endpoint_for or (
            lambda place: place.endpoint(reactor, ANSWER_SECONDS)
        )

    def ask(self, place: Place, with_pieces: bool) -> Deferred[Status]:
        """
        How is the peer there?

        @param with_pieces: also which pieces it has.
        @return: fails with L{StatusError} if it does not tell.
        """

        def read(body: bytes) -> Status:
            status = decode_status(body)
            _check(status, place)
            return status

        def tell_how(failure: Failure) -> Failure:
            if failure.check(TokenWanted):
                how = "give the file that has it, --token-file FILE"
            elif failure.check(NoSocket):
                start = f"start the peer with --web {place.shown}"
                how = f"{start}, or name the path that it has"
            else:
                return failure
            return Failure(StatusError(f"{failure.value}; {how}"))

        query = "?pieces=1" if with_pieces else ""
        return self._asker.get(
            self._endpoint_for(place),
            f"{place.url}/status.json{query}",
            MOST_ANSWER_BYTES,
        ).addCallbacks(read, tell_how)


def _check(status: Status, place: Place) -> None:
    if place.peer_id is not None and status.peer_id != place.peer_id:
        raise StatusError(f"peer {status.peer_id} answers at {place.shown}")
