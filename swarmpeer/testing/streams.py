"""
One direction of a simulated connection.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from swarmpeer.testing.lines import Lane

if TYPE_CHECKING:
    from swarmpeer.testing.network import SimulatedNetwork
    from swarmpeer.testing.sockets import Socket

WINDOW_BYTES = 256 * 1024
"""
What one direction of a connection takes that the far process has not read: the
buffers of both sockets and the way between them.
"""
ROOMY_BYTES = WINDOW_BYTES * 2 // 3
"""
With more than that under way a process is not woken to write a little.
"""
RETRANSMIT_SECONDS = 1.0
"""
How soon, at most, what got lost is sent again after a way is open again.
"""


class Stream:
    """
    One direction of a connection.  Bytes keep their order, whatever happens.

    An empty chunk is the end of the stream, as it is for C{recv}.

    @ivar unread: how many bytes left the sender's process and were not read by
        the receiver's, as far as the sender was told.
    @ivar is_blocked: does nothing come through?
    @ivar latency: how long a byte is under way, in seconds.
    """

    __slots__ = (
        "_acks",
        "_down",
        "_held",
        "_is_over",
        "_network",
        "_receiver",
        "_sender",
        "_up",
        "_wire",
        "arrives_at",
        "is_blocked",
        "latency",
        "unread",
    )

    def __init__(
        self, network: "SimulatedNetwork", sender: "Socket", receiver: "Socket"
    ) -> None:
        """
        Nothing was sent.
        """
        self._network = network
        self._sender = sender
        self._receiver = receiver
        self._up = Lane(self._set_out)
        self._down = Lane(receiver.take)
        self._wire: deque[bytes] = deque()
        self._held: list[bytes] = []
        self._acks = 0
        self._is_over = False
        self.unread = 0
        self.arrives_at = 0.0
        self.is_blocked = False
        self.latency = 0.0

    def send(self, chunk: bytes) -> None:
        """
        Send this, or the end.
        """
        self.unread += len(chunk)
        line = self._sender.host.up_line
        if line.is_free:
            self._set_out(chunk)
        else:
            line.put(self._up, chunk)

    def acknowledge(self, size: int) -> None:
        """
        The receiving process has read so many bytes.
        """
        back = self._receiver.out
        if back is not None and back.is_blocked:
            self._acks += size
        else:
            self._settle(size)

    def stop(self) -> None:
        """
        Send nothing more, not even what waits at a line.
        """
        self._is_over = True
        self._up.waiting.clear()

    def open_up(self) -> None:
        """
        What was held may pass, after what is lost was noticed and sent again.
        """
        if self._held:
            held, self._held = self._held, []
            self._wire.extendleft(reversed(held))
            network = self._network
            pause = network.rng.uniform(0, RETRANSMIT_SECONDS)
            when = self._next_arrival(pause)
            for _ in held:
                network.time.at(when, self._arrive)

    def acknowledge_held(self) -> None:
        """
        The way back is open again.
        """
        size, self._acks = self._acks, 0
        if size:
            self._settle(size)

    def after_all(self, act: Callable[[], None]) -> None:
        """
        Do something when all that left has arrived.
        """
        self._network.time.at(self._next_arrival(0.0), act)

    def _settle(self, size: int) -> None:
        was_full = self.unread > ROOMY_BYTES
        self.unread -= size
        if was_full:
            sender = self._sender
            if sender.is_writable and sender.owner is not None:
                sender.owner.socket_writable()

    def _next_arrival(self, pause: float) -> float:
        network = self._network
        when = network.time.seconds() + self.latency + pause
        if network.jitter_seconds:
            when += network.rng.random() * network.jitter_seconds
        if when < self.arrives_at:
            when = self.arrives_at
        self.arrives_at = when
        return when

    def _set_out(self, chunk: bytes) -> None:
        if self._is_over:
            return
        self._wire.append(chunk)
        self._network.time.at(self._next_arrival(0.0), self._arrive)

    def _arrive(self) -> None:
        chunk = self._wire.popleft()
        if self.is_blocked:
            self._held.append(chunk)
            return
        line = self._receiver.host.down_line
        if line.is_free:
            self._receiver.take(chunk)
        else:
            line.put(self._down, chunk)
