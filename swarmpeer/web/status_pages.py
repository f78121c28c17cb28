"""
The status of a peer, and its health in a word, for programs.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import Resource
from twisted.web.server import Request

from swarmpeer.status.encoding import encode
from swarmpeer.status.shape import Picture, Status
from swarmpeer.web.access import OpenPage
from swarmpeer.web.lingering import ASKED_SECONDS, LINGER_SECONDS
from swarmpeer.web.pages import Page
from swarmpeer.web.plain import JSON, answer, content

SENDING_SECONDS = 0.05
"""
So long the last answer has to get out.
"""


class StatusPage(Page):
    """
    C{/status.json}: a L{Status}; with C{?pieces=1} also which pieces are here.
    """

    def __init__(self, status: Callable[[bool], Status]) -> None:
        """
        @param status: whether the pieces are wanted, to the status.
        """
        super().__init__()
        self._status = status

    def render_GET(self, request: Request) -> bytes:
        """
        Tell it.
        """
        wants_pieces = (request.args or {}).get(b"pieces", [b"0"])[0] == b"1"
        return content(request, JSON, encode(self._status(wants_pieces)))


class PicturePage(Page):
    """
    C{/picture.json}: a L{Picture}; with C{?after=N} no happening up to that one, with
    C{?own=1} without what the neighbours hold.
    """

    def __init__(
        self, picture: Callable[[int, bool], Picture], clock: IReactorTime
    ) -> None:
        """
        @param picture: the number of the last happening known, and whether it is to
            have the maps of the neighbours, to the picture.
        """
        super().__init__()
        self._picture = picture
        self._clock = clock
        self._asked_at: float | None = None
        self._last: Picture | None = None
        self._ended_at = 0.0
        self._told: Deferred[None] = Deferred()

    def close(self) -> Deferred[None]:
        """
        The peer ends: from now on tell how it is in this moment, with the neighbours
        that it is about to leave.

        @return: fires when whoever asked lately was told that, or L{LINGER_SECONDS}
            later.
        """
        now = self._ended_at = self._clock.seconds()
        if self._asked_at is None or now - self._asked_at >= ASKED_SECONDS:
            return succeed(None)
        self._last = self._picture(0, True)
        self._told.addTimeout(LINGER_SECONDS, self._clock)
        return self._told.addErrback(lambda _: None)

    def render_GET(self, request: Request) -> bytes:
        """
        Tell it.
        """
        after = (request.args or {}).get(b"after", [b"0"])[0]
        if not after.isdigit() or len(after) > 18:
            return answer(
                request, HTTPStatus.BAD_REQUEST, "after is to be a whole number"
            )
        is_own = (request.args or {}).get(b"own", [b"0"])[0] == b"1"
        self._asked_at = self._clock.seconds()
        if self._last is None:
            told = self._picture(int(after), not is_own)
        else:
            told = self._tell_last(self._last, int(after), is_own=is_own)
        return content(request, JSON, encode(told))

    def _tell_last(self, last: Picture, after: int, *, is_own: bool) -> Picture:
        if not self._told.called:
            self._clock.callLater(SENDING_SECONDS, self._finish)
        return replace(
            last,
            happenings=tuple(one for one in last.happenings if one.number > after),
            neighbor_maps={} if is_own else last.neighbor_maps,
            age_seconds=self._clock.seconds() - self._ended_at,
        )

    def _finish(self) -> None:
        if not self._told.called:
            self._told.callback(None)


class HealthPage(OpenPage):
    """
    C{/healthz}: the peer runs and its reactor turns.
    """

    def render_GET(self, request: Request) -> bytes:
        """
        Say so.
        """
        return answer(request, HTTPStatus.OK, "ok")


class ReadyPage(OpenPage):
    """
    C{/readyz}: is everything in place?
    """

    def __init__(
        self, status: Callable[[bool], Status], *, is_brief: bool = False
    ) -> None:
        """
        @param is_brief: tell no more than that.
        """
        super().__init__()
        self._status = status
        self._is_brief = is_brief

    def for_anybody(self) -> Resource:
        """
        Whether it is, in a word.
        """
        return ReadyPage(self._status, is_brief=True)

    def render_GET(self, request: Request) -> bytes:
        """
        200 if it is, 503 and how far it is if not.
        """
        status = self._status(False)
        if status.is_done:
            return answer(request, HTTPStatus.OK, "ready")
        words = f"{status.state}: {status.held} of {status.piece_count} pieces"
        return answer(
            request,
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not ready" if self._is_brief else words,
        )
