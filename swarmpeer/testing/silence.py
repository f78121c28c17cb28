"""
How a simulated socket finds out that its far end is gone without a word.
"""

import errno
import socket
from functools import partial
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swarmpeer.testing.sockets import Socket

KEEP_ALIVE_SECONDS = 60.0
"""
When a connection without an answer ends on which nothing is under way.
"""
GIVE_UP_SECONDS = 924.0
"""
When it ends if something was sent again and again and never acknowledged.
"""


class Silence:
    """
    Whether anything is heard from the far end of a socket, and if not, since
    when.
    """

    __slots__ = ("_since", "_socket")

    def __init__(self, socket: "Socket") -> None:
        """
        There is none.
        """
        self._socket = socket
        self._since: float | None = None

    def hear(self) -> None:
        """
        The far end is there.
        """
        self._since = None

    def miss(self) -> None:
        """
        From now on the far end is not heard; in the end that is noticed.
        """
        if self._since is None and not self._socket.is_closed:
            time = self._socket.host.network.time
            since = self._since = time.seconds()
            time.at(since + KEEP_ALIVE_SECONDS, partial(self._notice, since))

    def _notice(self, since: float) -> None:
        end = self._socket
        if self._since != since or end.is_closed or end.has_failed:
            return
        time = end.host.network.time
        if time.seconds() >= since + self._patience_seconds():
            end.fail(errno.ETIMEDOUT)
        else:
            again_at = time.seconds() + KEEP_ALIVE_SECONDS
            time.at(again_at, partial(self._notice, since))

    def _patience_seconds(self) -> float:
        """
        How long it is borne, as things are now.
        """
        end = self._socket
        if end.out is not None and end.out.unread > 0:
            limit = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            return limit / 1000 if limit else GIVE_UP_SECONDS
        is_kept_alive = end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        return KEEP_ALIVE_SECONDS if is_kept_alive else inf
