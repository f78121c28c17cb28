"""
What happens, as it happens.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.web.server import NOT_DONE_YET, Request

from swarmpeer.status.changes import timeless
from swarmpeer.status.encoding import encode
from swarmpeer.status.shape import Pictures
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web.pages import Page
from swarmpeer.web.plain import answer
from swarmpeer.web.stream import Stream

TICK_SECONDS = 0.5
"""
So often it is looked whether there is something new.
"""
LAST_WORDS_SECONDS = 1.0
"""
So long readers may take for what they are told last.
"""
MOST_STREAMS = 16
"""
So many may read at once.
"""
ROOM_SECONDS = 5.0
"""
A reader that has taken nothing for so long makes room for another one.
"""


class PictureSource(Protocol):
    """
    Where pictures come from.
    """

    def mark(self) -> object:
        """
        What equals an earlier mark if nothing but time went by in between.
        """

    def pictures(self, after: Mapping[int, int]) -> Pictures:
        """
        How it is now.

        @param after: the last happening that is known, of each peer by id.
        """


class PeerPictures:
    """
    Those of one peer.
    """

    def __init__(self, watch: StatusWatch) -> None:
        self._watch = watch

    def mark(self) -> object:
        """
        Its status without times.
        """
        return timeless(self._watch.status()), self._watch.last_happening

    def pictures(self, after: Mapping[int, int]) -> Pictures:
        """
        The one of it.
        """
        (known,) = after.values() or (0,)
        return Pictures((self._watch.picture(known),))


class EventsPage(Page):
    """
    C{/events}: server-sent events.  A C{picture} has L{Pictures} as its data: first
    when somebody begins to read, then whenever something is new, with those happenings
    only that were not told before.
    """

    def __init__(self, source: PictureSource, clock: IReactorTime) -> None:
        super().__init__()
        self._source = source
        self._clock = clock
        self._streams: list[Stream] = []
        self._mark: object = None
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock

    @property
    def readers(self) -> int:
        """
        How many read now.
        """
        return len(self._streams)

    def render_HEAD(self, request: Request) -> bytes:
        """
        Say what it would be.
        """
        _head(request)
        return b""

    def render_GET(self, request: Request) -> object:
        """
        Begin to tell.
        """
        if self.readers >= MOST_STREAMS and not self._make_room():
            request.setHeader("retry-after", "10")
            return answer(
                request,
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{MOST_STREAMS} others look already; close one of their pages",
            )
        _head(request)
        stream = Stream(request, self._clock.seconds())
        self._streams.append(stream)
        stream.when_gone.addBoth(lambda _: self._remove(stream))
        if self._ticking.running:
            self._tell()
        else:
            self._ticking.start(TICK_SECONDS).addErrback(self._fail)
        return NOT_DONE_YET

    def close(self) -> Deferred[None]:
        """
        Tell everybody how it is for the last time, and no more.

        @return: fires when they took it, or after L{LAST_WORDS_SECONDS}.
        """
        if self._ticking.running:
            self._tick()
        gone = [stream.close() for stream in list(self._streams)]
        closed = DeferredList(gone, consumeErrors=True)
        closed.addTimeout(LAST_WORDS_SECONDS, self._clock)
        return closed.addBoth(lambda _: None)

    def _tick(self) -> None:
        mark = self._source.mark()
        if mark != self._mark:
            self._mark = mark
            for stream in self._streams:
                stream.change()
        self._tell()

    def _tell(self) -> None:
        now = self._clock.seconds()
        tell = _TellingOnce(self._source.pictures)
        for stream in list(self._streams):
            if stream.wants_pictures(now):
                stream.tell(*tell(stream.known), now)
            else:
                stream.keep_alive(now)

    def _make_room(self) -> bool:
        """
        Cut off the one that has taken nothing for longest, if that is long enough.
        """
        now = self._clock.seconds()
        stream = max(self._streams, key=lambda one: one.stuck_seconds(now))
        if stream.stuck_seconds(now) < ROOM_SECONDS:
            return False
        stream.abort()
        self._remove(stream)
        return True

    def _remove(self, stream: Stream) -> None:
        # It may have made room before its connection was gone.
        if stream not in self._streams:
            return
        self._streams.remove(stream)
        if not self.readers and self._ticking.running:
            self._ticking.stop()

    def _fail(self, reason: object) -> None:
        # Our own fault; whoever reads is to call again.
        for stream in list(self._streams):
            stream.close()
        raise RuntimeError(f"no more events: {reason}")


class _TellingOnce:
    """
    Makes pictures for several readers, who mostly know the same.
    """

    def __init__(self, make: Callable[[Mapping[int, int]], Pictures]) -> None:
        self._make = make
        self._made: dict[frozenset[tuple[int, int]], tuple[Pictures, bytes]] = {}

    def __call__(self, known: Mapping[int, int]) -> tuple[Pictures, bytes]:
        """
        Those for who knows of such happenings, and the same as JSON.
        """
        key = frozenset(known.items())
        made = self._made.get(key)
        if made is None:
            pictures = self._make(known)
            made = self._made[key] = pictures, encode(pictures)
        return made


def _head(request: Request) -> None:
    headers = request.responseHeaders
    headers.setRawHeaders("content-type", ["text/event-stream; charset=utf-8"])
    headers.setRawHeaders("cache-control", ["no-store"])
    headers.setRawHeaders("x-content-type-options", ["nosniff"])
    # What stands between us and the reader, such as nginx, is not to collect.
    headers.setRawHeaders("x-accel-buffering", ["no"])
