"""
What all pages have in common: nothing is below them, and they refuse in one line.
"""

from http import HTTPStatus

from twisted.web.error import UnsupportedMethod
from twisted.web.resource import Resource
from twisted.web.server import Request, supportedMethods

from swarmpeer.web.plain import answer


class Refusal(Resource):
    """
    Says in a line why there is nothing to be had.
    """

    isLeaf = True

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__()
        self._status = status
        self._words = words

    def render(self, request: Request) -> bytes:
        """
        Say why.
        """
        return answer(request, self._status, self._words)


class Page(Resource):
    """
    One page, or what pages stand below.
    """

    def getChild(self, path: bytes, request: Request) -> Resource:  # noqa: ARG002
        """
        Nobody put anything there.
        """
        return Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")

    def render(self, request: Request) -> object:
        """
        Answer, or refuse what nobody can do with a page.
        """
        try:
            return super().render(request)
        except UnsupportedMethod as error:
            if request.method not in supportedMethods:
                return answer(
                    request, HTTPStatus.NOT_IMPLEMENTED, "there is no such method here"
                )
            allowed = b", ".join(error.allowedMethods)
            request.setHeader(b"allow", allowed)
            words = f"only {allowed.decode()} can be done here"
            return answer(request, HTTPStatus.METHOD_NOT_ALLOWED, words)
