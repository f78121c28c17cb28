"""
What came to a simulated socket and was not read yet.
"""

from collections import deque


class Inbox:
    """
    Bytes in their order.  They come in chunks and are taken in any size.
    """

    __slots__ = ("_chunks",)

    def __init__(self) -> None:
        """
        It is empty.
        """
        self._chunks: deque[bytes] = deque()

    def __bool__(self) -> bool:
        """
        Is anything there?
        """
        return bool(self._chunks)

    def put(self, chunk: bytes) -> None:
        """
        This came; it is not empty.
        """
        self._chunks.append(chunk)

    def take(self, size: int) -> bytes:
        """
        @return: the next bytes, up to C{size}.
        @raise IndexError: if there are none.
        """
        chunks = self._chunks
        data = chunks.popleft()
        if chunks and len(data) < size:
            parts = [data]
            room = size - len(data)
            while chunks and room >= len(chunks[0]):
                room -= len(chunks[0])
                parts.append(chunks.popleft())
            data = b"".join(parts)
        if len(data) > size:
            chunks.appendleft(data[size:])
            data = data[:size]
        return data

    def clear(self) -> None:
        """
        Forget it all.
        """
        self._chunks.clear()
