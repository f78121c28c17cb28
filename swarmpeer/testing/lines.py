"""
The line between a host and the network: so many bytes per second, shared
fairly by its connections.
"""

from collections import deque
from collections.abc import Callable
from math import inf
from random import Random

from swarmpeer.testing.virtual_time import VirtualTime

TURN_BYTES = 16 * 1024
"""
What one connection may send at most before it is another's turn.
"""
TURN_SECONDS = 0.5
"""
How long a turn takes at most, but for one packet: on a slow line nobody waits long.
"""
PACKET_BYTES = 1500
"""
What is no longer passes an idle line at once; the line is busy afterwards.
"""
CLOGGED_RATE = 125e6
"""
What an unlimited line is taken for when it is clogged, in bytes per second: that
of a gigabit.
"""
SEGMENTED_RATE = 1e6
"""
What a line carries at most that breaks everything into small segments.
"""


class Lane:
    """
    What one direction of one connection has waiting at one line.  An empty
    chunk, which stands for the end, passes as what it is.

    @ivar leave: called with each chunk that passed the line.
    @ivar has_turn: does it stand in the queue?
    """

    __slots__ = ("has_turn", "leave", "waiting")

    def __init__(self, leave: Callable[[bytes], None]) -> None:
        """
        Nothing waits.
        """
        self.leave = leave
        self.has_turn = False
        self.waiting: deque[bytes] = deque()

    def take(self, limit: int) -> bytes:
        """
        @return: the next segment, of up to C{limit} bytes.
        """
        waiting = self.waiting
        chunk = waiting.popleft()
        if len(chunk) > limit:
            waiting.appendleft(chunk[limit:])
            return chunk[:limit]
        if not waiting or not chunk:
            return chunk
        parts = [chunk]
        room = limit - len(chunk)
        while room and waiting and waiting[0]:
            chunk = waiting.popleft()
            if len(chunk) > room:
                waiting.appendleft(chunk[room:])
                chunk = chunk[:room]
            parts.append(chunk)
            room -= len(chunk)
        return b"".join(parts)


class Line:
    """
    Carries one segment after another, one lane after another.

    @ivar is_free: does everything pass at once?
    """

    def __init__(
        self,
        time: VirtualTime,
        rng: Random,
        rate: float | None,
        *,
        turn_seconds: float = TURN_SECONDS,
        ahead_bytes: int = 0,
    ) -> None:
        """
        @param rate: bytes per second; C{None}: no limit.
        @param ahead_bytes: what may be let through before its turn has come, in small
            packets: then they need no events of their own.  The rate is kept.
        """
        self._ahead_bytes = ahead_bytes
        self._turn_seconds = turn_seconds
        self._time = time
        self._rng = rng
        self._rate = inf if rate is None else rate
        self._clog_factor = 1.0
        self._segment_bytes: int | None = None
        self._now_rate = self._rate
        self._ahead_seconds = ahead_bytes / self._rate
        self._queue: deque[Lane] = deque()
        self._carried: tuple[Lane, bytes] | None = None
        self._free_at = 0.0
        self._watched_at = -1.0
        self.is_free = rate is None

    def clog(self, factor: float) -> None:
        """
        Carry only one C{factor}th; 1: as usual.
        """
        self._clog_factor = factor
        self._settle()

    def segment(self, max_bytes: int | None) -> None:
        """
        Break everything into segments of 1 to C{max_bytes} bytes; C{None}: as
        usual.
        """
        self._segment_bytes = max_bytes
        self._settle()

    def put(self, lane: Lane, chunk: bytes) -> None:
        """
        Carry this, behind all that C{lane} has waiting.
        """
        lane.waiting.append(chunk)
        self._queue_up(lane)
        self._go_on()

    def _queue_up(self, lane: Lane) -> None:
        # Whose segment is on its way queues up behind it, for a fair share.
        is_carried = self._carried is not None and self._carried[0] is lane
        if lane.waiting and not lane.has_turn and not is_carried:
            lane.has_turn = True
            self._queue.append(lane)

    def _settle(self) -> None:
        rate = self._rate
        if self._clog_factor != 1:
            rate = min(rate, CLOGGED_RATE) / self._clog_factor
        if self._segment_bytes is not None:
            rate = min(rate, SEGMENTED_RATE)
        self._now_rate = rate
        self._ahead_seconds = self._ahead_bytes / rate
        # What crawls goes on as fast as it may now; so does a line that is busy
        # with a packet that was let through.
        size = PACKET_BYTES if self._carried is None else len(self._carried[1])
        self._free_at = min(self._free_at, self._time.seconds() + size / rate)
        if self._carried is not None:
            self._watch()
        self._go_on()

    def _go_on(self) -> None:
        while self._queue and self._carried is None:
            if self._time.seconds() < self._free_at - self._ahead_seconds:
                self._watch()
                return
            lane = self._queue.popleft()
            lane.has_turn = False
            # It has nothing if its connection was reset.
            if lane.waiting:
                self._serve(lane)
        self.is_free = self._now_rate == inf and self._carried is None

    def _serve(self, lane: Lane) -> None:
        segment_bytes = self._segment_bytes
        if segment_bytes is None:
            usual = min(TURN_BYTES, self._turn_seconds * self._rate)
            chunk = lane.take(max(PACKET_BYTES, int(usual)))
        else:
            chunk = lane.take(self._rng.randint(1, segment_bytes))
        begin = max(self._time.seconds(), self._free_at)
        self._free_at = begin + len(chunk) / self._now_rate
        if len(chunk) <= PACKET_BYTES and segment_bytes is None:
            self._queue_up(lane)
            lane.leave(chunk)
        else:
            self._carried = (lane, chunk)
            self._watch()

    def _watch(self) -> None:
        if self._watched_at != self._free_at:
            self._watched_at = self._free_at
            self._time.at(self._free_at, self._passed)

    def _passed(self) -> None:
        if self._time.seconds() < self._free_at:
            # That was the time before the rate changed.
            return
        self._watched_at = -1.0
        carried, self._carried = self._carried, None
        if carried is not None:
            lane, chunk = carried
            self._queue_up(lane)
            lane.leave(chunk)
        self._go_on()
