"""
The status of a peer, and its health in a word, for programs.
"""

from collections.abc import Callable
from http import HTTPStatus

from twisted.web.resource import Resource
from twisted.web.server import Request

from swarmpeer.status.encoding import encode
from swarmpeer.status.shape import Picture, Status
from swarmpeer.web.access import OpenPage
from swarmpeer.web.plain import JSON, answer, content


class StatusPage(Resource):
    """
    C{/status.json}: a L{Status}; with C{?pieces=1} also which pieces are here.
    """

    isLeaf = True

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


class PicturePage(Resource):
    """
    C{/picture.json}: a L{Picture}; with C{?after=N} no happening up to that one, with
    C{?own=1} without what the neighbours hold.
    """

    isLeaf = True

    def __init__(self, picture: Callable[[int, bool], Picture]) -> None:
        """
        @param picture: the number of the last happening known, and whether it is to
            have the maps of the neighbours, to the picture.
        """
        super().__init__()
        self._picture = picture

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
        return content(request, JSON, encode(self._picture(int(after), not is_own)))


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
