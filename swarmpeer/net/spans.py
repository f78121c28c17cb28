"""
A piece that lies in a file, while it is sent.
"""

import errno
import os

from swarmpeer.seam import PieceSpan

#: How the system says that it does not send from such a file.
_NOT_FROM_FILES = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))
#: What goes wrong with a file and not with a connection.
_OF_THE_FILE = frozenset((errno.EIO, errno.ESTALE, errno.EBADF, errno.EOVERFLOW))


class SpanBroken(Exception):
    """
    The rest of a piece that was begun cannot be had.
    """


class SpanOnItsWay:
    """
    A span, how much of it is sent, and that it is given back once.

    @ivar rest_bytes: how much is still to be sent.
    """

    __slots__ = ("_at", "_is_lent", "_must_be_read", "_span", "rest_bytes")

    def __init__(self, span: PieceSpan) -> None:
        """
        Nothing of it is sent yet.
        """
        self._span = span
        self._at = 0
        self._is_lent = True
        self._must_be_read = False
        self.rest_bytes = span.size_bytes

    def send_to(self, link: int, size_bytes: int) -> int:
        """
        Send the next of it from the file, or, where the system does not do that,
        through us.

        @param link: the descriptor of a socket.
        @param size_bytes: how much at most.
        @return: how much was.
        @raise SpanBroken: if the file ends before the piece, or cannot be read.
        @raise OSError: as the socket has it.
        """
        size_bytes = min(size_bytes, self.rest_bytes)
        if self._must_be_read:
            sent_bytes = os.write(link, self._read(min(size_bytes, 2**17)))
        else:
            span = self._span
            try:
                sent_bytes = os.sendfile(
                    link, span.fd, span.offset + self._at, size_bytes
                )
            except OSError as error:
                if error.errno in _OF_THE_FILE:
                    raise SpanBroken(_unreadable(error)) from error
                if error.errno not in _NOT_FROM_FILES:
                    raise
                self._must_be_read = True
                return self.send_to(link, size_bytes)
            if not sent_bytes:
                raise SpanBroken(_ENDS_BEFORE)
        self._at += sent_bytes
        self.rest_bytes -= sent_bytes
        return sent_bytes

    def read(self, size_bytes: int) -> bytes:
        """
        Take the next of it, for it to be sent.

        @param size_bytes: how much at most.
        @raise SpanBroken: if the file ends before the piece, or cannot be read.
        """
        data = self._read(min(size_bytes, self.rest_bytes))
        self._at += len(data)
        self.rest_bytes -= len(data)
        return data

    def give_back(self) -> None:
        """
        It is sent, or will not be.
        """
        if self._is_lent:
            self._is_lent = False
            self._span.give_back()

    def _read(self, size_bytes: int) -> bytes:
        try:
            data = self._span.read(self._at, size_bytes)
        except OSError as error:
            raise SpanBroken(_unreadable(error)) from error
        if not data:
            raise SpanBroken(_ENDS_BEFORE)
        return data


_ENDS_BEFORE = "a piece could not be sent: its file ends before it"


def _unreadable(error: OSError) -> str:
    return f"a piece could not be sent: {error.strerror or error}"
