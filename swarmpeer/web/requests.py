"""
What is taken of a request.
"""

from io import BytesIO

from twisted.web.server import Request

MOST_BODY_BYTES = 2**16
"""
Who sends more along with a request is cut off.
"""


class BodilessRequest(Request):
    """
    A request of which nothing is kept but its head: no page takes more, and what
    strangers send must not fill the disk, where Twisted would put it.
    """

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

    def _bound(self, size_bytes: int) -> None:
        if size_bytes > MOST_BODY_BYTES and self.channel is not None:
            self.channel.loseConnection()
