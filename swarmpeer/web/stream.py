"""
One reader of server-sent events.
"""

from socket import SO_SNDBUF, SOL_SOCKET, socket

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, ISystemHandle
from twisted.web.server import Request
from zope.interface import implementer

from swarmpeer.status.shape import Pictures

QUIET_SECONDS = 15.0
"""
A reader is told something after so long at the latest, or it, or what is in between,
would think that we are gone.
"""
STUCK_SECONDS = 60.0
"""
A reader that takes nothing for so long is cut off.
"""
SEND_BUFFER_BYTES = 1 << 14
"""
So much the system is to keep for a reader, where it can be told; it would take some
megabytes from us before anybody saw that they are not read.
"""
RETRY_SECONDS = 2.0
"""
So long a browser waits until it calls again.
"""


@implementer(IPushProducer)
class Stream:
    """
    What one reader gets.  While it does not take what it was sent it misses events, and
    nothing is kept for it; after that it gets the picture of then.

    @ivar known: the last happening that it was told of, of each peer by id.
    @ivar when_gone: fires with C{None} when the conversation is over.
    """

    def __init__(self, request: Request, now: float) -> None:
        self.known: dict[int, int] = {}
        self.when_gone: Deferred[None] = Deferred()
        self._request = request
        self._is_new = True
        self._said_at = now
        self._paused_at: float | None = None
        self._is_paused = False
        self._is_closing = False
        _keep_little(request)
        request.notifyFinish().addBoth(self._end)
        request.registerProducer(self, True)
        request.write(f"retry: {RETRY_SECONDS * 1000:.0f}\n\n".encode())

    def change(self) -> None:
        """
        There is something to tell.
        """
        self._is_new = True

    def wants_pictures(self, now: float) -> bool:
        """
        Is there something to tell, and does it take it?  One that has not taken
        anything for long is cut off.
        """
        if not self._is_paused:
            self._paused_at = None
            return self._is_new
        if self._paused_at is None:
            self._paused_at = now
        elif now - self._paused_at >= STUCK_SECONDS:
            self.abort()
        return False

    def stuck_seconds(self, now: float) -> float:
        """
        How long it has taken nothing, as far as it was looked at; 0 if it takes all.
        """
        if not self._is_paused or self._paused_at is None:
            return 0.0
        return now - self._paused_at

    def abort(self) -> None:
        """
        Cut it off.
        """
        self._request.channel.forceAbortClient()

    def tell(self, pictures: Pictures, data: bytes, now: float) -> None:
        """
        Send these.

        @param data: the same as JSON, on one line.
        """
        self._is_new = False
        for picture in pictures.peers:
            if picture.happenings:
                self.known[picture.status.peer_id] = picture.happenings[-1].number
        self._say(b"event: picture\ndata: " + data, now)

    def keep_alive(self, now: float) -> None:
        """
        Say something if nothing was said for long.
        """
        if not self._is_paused and now - self._said_at >= QUIET_SECONDS:
            self._say(b": nothing new", now)

    def close(self) -> Deferred[None]:
        """
        There is nothing more to tell.

        @return: L{when_gone}, which then waits until they took what they were sent.
        """
        self._is_closing = True
        if not self._is_paused:
            self._finish()
        return self.when_gone

    def pauseProducing(self) -> None:
        """
        They do not take what they were sent.
        """
        self._is_paused = True

    def resumeProducing(self) -> None:
        """
        They took it.
        """
        self._is_paused = False
        if self._is_closing:
            self._finish()

    def stopProducing(self) -> None:
        """
        They are gone.
        """
        self._is_paused = True

    def _finish(self) -> None:
        # Or else one could ask again on the same connection.
        self._request.channel.persistent = False
        self._request.unregisterProducer()
        self._request.finish()

    def _say(self, words: bytes, now: float) -> None:
        self._said_at = now
        self._request.write(words + b"\n\n")

    def _end(self, _: object) -> None:
        self.when_gone.callback(None)


def _keep_little(request: Request) -> None:
    system = ISystemHandle(request.channel.transport, None)
    handle = None if system is None else system.getHandle()
    # With TLS it is another thing.
    if isinstance(handle, socket):
        handle.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
