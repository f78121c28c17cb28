"""
What waits to be sent over a socket, and sending the front of it.
"""

import socket
from collections import deque
from collections.abc import Iterable
from itertools import islice

from swarmpeer.net.flow import MESSAGE_COST_BYTES
from swarmpeer.net.spans import SpanOnItsWay
from swarmpeer.seam import PieceContent, give_back
from swarmpeer.wire.messages import PieceData

#: So many messages are handed to the system at once.
_PARTS = 64
#: Tells the system that something follows at once, here the data after their head.
_MORE: int = getattr(socket, "MSG_MORE", 0)


class SendQueue:
    """
    Small messages and pieces, in order.

    The data of pieces are the items that are no C{bytes}, so they can be told from
    small messages.

    @ivar _sent_bytes: how much of the first item is sent already, unless it is a span,
        which knows it by itself.
    @ivar waits_bytes: what waits, spans included.
    @ivar backlog_bytes: see L{swarmpeer.net.flow.Gate}.
    """

    __slots__ = ("_items", "_sent_bytes", "_socket", "backlog_bytes", "waits_bytes")

    def __init__(self, link: socket.socket) -> None:
        """
        @param link: takes as much as it has room for, and never blocks.
        """
        self._socket = link
        self._items: deque[bytes | memoryview | SpanOnItsWay] = deque()
        self._sent_bytes = 0
        self.waits_bytes = 0
        self.backlog_bytes = 0

    def __bool__(self) -> bool:
        """
        Does anything wait?
        """
        return bool(self._items)

    def add(self, data: bytes) -> None:
        """
        A small message, not empty.
        """
        self._items.append(data)
        self.waits_bytes += len(data)

    def add_pieces(
        self, heads: Iterable[bytes], contents: Iterable[PieceContent]
    ) -> None:
        """
        Pieces, each with its head in front.  A span is given back once it is sent.
        """
        items = self._items
        for head, content in zip(heads, contents, strict=True):
            if isinstance(content, PieceData):
                size_bytes = len(content)
                data: memoryview | SpanOnItsWay = memoryview(content)
            else:
                size_bytes = content.size_bytes
                data = SpanOnItsWay(content)
            if size_bytes:
                items += (head, data) if head else (data,)
            else:
                items += (head,) if head else ()
                give_back(content)
            self.waits_bytes += len(head) + size_bytes

    def drop_pieces(self) -> None:
        """
        Keep only what is before the first piece.
        """
        items, self._items = self._items, deque()
        while items and isinstance(items[0], bytes):
            self._items.append(items.popleft())
        if items and self._items:
            # The head of the piece.
            self._items.pop()
        size_bytes = sum(
            len(one) for one in self._items if not isinstance(one, SpanOnItsWay)
        )
        self._sent_bytes = min(self._sent_bytes, size_bytes)
        self.waits_bytes = size_bytes - self._sent_bytes
        for one in items:
            if isinstance(one, SpanOnItsWay):
                one.give_back()

    def send(self, may_bytes: int) -> tuple[int, int]:
        """
        Send from the front, in one call to the system.

        @param may_bytes: so many bytes, at most; more than none.
        @return: how much was sent, of how much.
        @raise BlockingIOError: if there is no room.
        @raise OSError: if the connection is lost.
        @raise swarmpeer.net.spans.SpanBroken: if the rest of a piece cannot be had.
        """
        first = self._items[0]
        if isinstance(first, SpanOnItsWay):
            asked_bytes = min(may_bytes, first.rest_bytes)
            sent_bytes = first.send_to(self._socket.fileno(), asked_bytes)
            self.waits_bytes -= sent_bytes
            if not first.rest_bytes:
                self._items.popleft()
                first.give_back()
            return sent_bytes, asked_bytes
        parts: list[bytes | memoryview] = []
        flags = asked_bytes = 0
        for one in islice(self._items, _PARTS):
            if isinstance(one, SpanOnItsWay):
                flags = _MORE
                break
            parts.append(one)
            asked_bytes += len(one)
            if asked_bytes - self._sent_bytes >= may_bytes:
                break
        if self._sent_bytes:
            parts[0] = memoryview(parts[0])[self._sent_bytes :]
            asked_bytes -= self._sent_bytes
        if asked_bytes > may_bytes:
            last = memoryview(parts[-1])
            parts[-1] = last[: len(last) - (asked_bytes - may_bytes)]
            asked_bytes = may_bytes
        if len(parts) == 1:
            sent_bytes = self._socket.send(parts[0], flags)
        else:
            sent_bytes = self._socket.sendmsg(parts, (), flags)
        self._drop(sent_bytes)
        return sent_bytes, asked_bytes

    def _drop(self, size_bytes: int) -> None:
        """
        So much of the items, none of which is a span, is sent.
        """
        self.waits_bytes -= size_bytes
        size_bytes += self._sent_bytes
        items = self._items
        while size_bytes:
            first = items[0]
            assert not isinstance(first, SpanOnItsWay)
            if len(first) > size_bytes:
                break
            size_bytes -= len(first)
            items.popleft()
            if self.backlog_bytes and isinstance(first, bytes):
                # It may never be empty; what is out is no backlog any more.
                cost_bytes = len(first) + MESSAGE_COST_BYTES
                self.backlog_bytes = max(0, self.backlog_bytes - cost_bytes)
        self._sent_bytes = size_bytes
