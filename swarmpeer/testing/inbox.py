"""
What came to a simulated socket and was not read yet.
"""

from collections import deque


class Inbox(deque[bytes]):
    """
    Bytes in their order.  They come in chunks and are taken in any size.

    It is a queue and does not only have one, since a socket looks very often
    whether anything is there.
    """

    __slots__ = ()

    def take(self, size: int) -> bytes:
        """
        @return: the next bytes, up to C{size}.
        @raise IndexError: if there are none.
        """
        data = self.popleft()
        if self and len(data) < size:
            parts = [data]
            room = size - len(data)
            while self and room >= len(self[0]):
                room -= len(self[0])
                parts.append(self.popleft())
            data = b"".join(parts)
        if len(data) > size:
            self.appendleft(data[size:])
            data = data[:size]
        return data
