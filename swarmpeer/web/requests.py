"""
What is taken of a request.
"""

from http import HTTPStatus
from io import BytesIO

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from swarmpeer.web.plain import answer

MOST_BODY_BYTES = 2**16
"""
Who sends more along with a request is cut off.
"""


class BodilessRequest(Request):
    """
    A request of which nothing is kept but its head: no page takes more, and what
    strangers send must not fill the disk, where Twisted would put it.
    """

    _log = Logger()
    _body_bytes = 0

    def gotLength(self, length: int | None) -> None:
        """
        So long they say it is; C{None}: they do not say.
        """
        self.content = BytesIO()
        self._bound(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        """
        Some of it came.
        """
        self._body_bytes += len(data)
        self._bound(self._body_bytes)

    def processingFailed(self, reason: Failure) -> Failure:
        """
        A fault of ours, of which whoever asked hears no more than that.
        """
        self._log.failure("", failure=reason)
        words = "this failed; the log of the peer says why"
        self.write(answer(self, HTTPStatus.INTERNAL_SERVER_ERROR, words))
        self.finish()
        return reason

    def _bound(self, size_bytes: int) -> None:
        if size_bytes > MOST_BODY_BYTES and self.channel is not None:
            self.channel.loseConnection()
