"""
Short answers.
"""

from http import HTTPStatus

from twisted.web.server import Request

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


def answer(request: Request, status: HTTPStatus, words: str) -> bytes:
    """
    One line of text.
    """
    return content(request, TEXT, f"{words}\n".encode(), status)


def content(
    request: Request, kind: str, data: bytes, status: HTTPStatus = HTTPStatus.OK
) -> bytes:
    """
    What is asked for, as it is now, and not to be kept.

    @return: what a C{render} of Twisted gives.
    """
    request.setResponseCode(status)
    headers = request.responseHeaders
    headers.setRawHeaders("content-type", [kind])
    headers.setRawHeaders("cache-control", ["no-store"])
    headers.setRawHeaders("x-content-type-options", ["nosniff"])
    headers.setRawHeaders("content-length", [str(len(data))])
    # Twisted complains of an answer with more than its head where that was asked for.
    return b"" if request.method == b"HEAD" else data
