"""
The way out: what is written goes to the transport portion by portion.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from swarmpeer.wire.messages import PieceData

PORTION_BYTES = 2**17
"""
As much as Twisted hands to the socket in one go.
"""


MESSAGE_COST_BYTES = 64
"""
What a small message that waits takes beside its bytes.
"""


class Outlet(Protocol):
    """
    The writing half of a transport: what Twisted's transports have of
    C{ITransport} and C{IConsumer}.
    """

    def write(self, data: bytes, /) -> None:
        """
        Write this.
        """

    def writeSequence(self, data: Iterable[bytes], /) -> None:
        """
        Write these, in this order.
        """

    def registerProducer(self, producer: IPushProducer, streaming: bool, /) -> None:
        """
        From now on tell C{producer} when to pause.
        """

    def unregisterProducer(self) -> None:
        """
        Nobody is told any more.
        """


@implementer(IPushProducer)
class WriteGate:
    """
    Keeps the order of what is written, and tells whether more is welcome.

    It is the transport's producer in place of the protocol, which as a producer
    would stop I{reading} when the neighbour does not take what we write; two
    peers that send each other a large piece would then wait for ever.

    A piece is handed over in portions, so that a slow neighbour can be told
    from one that takes nothing, however large the piece is.

    @ivar is_finished: is nothing more taken?
    @ivar progressed_at: while the gate is closed, when the neighbour last took
        a portion.
    @ivar backlog_bytes: what the small messages take that were written since the
        gate closed.
    """

    __slots__ = (
        "_clock",
        "_closed",
        "_is_paused",
        "_is_registered",
        "_opened",
        "_outlet",
        "_waiting",
        "backlog_bytes",
        "is_finished",
        "progressed_at",
    )

    def __init__(
        self,
        outlet: Outlet,
        clock: IReactorTime,
        closed: Callable[[], None],
        opened: Callable[[], None],
    ) -> None:
        """
        @param closed: called when the gate closes.
        @param opened: called when the gate was closed and is open again.
        """
        self._outlet = outlet
        self._clock = clock
        self._closed = closed
        self._opened = opened
        self._waiting: deque[memoryview] = deque()
        self._is_paused = False
        self.is_finished = False
        self._is_registered = True
        self.progressed_at = clock.seconds()
        self.backlog_bytes = 0
        outlet.registerProducer(self, True)

    @property
    def is_open(self) -> bool:
        """
        Has the neighbour taken enough for us to write more?
        """
        return not self._is_paused and not self._waiting

    def write(self, data: bytes) -> None:
        """
        Write a small message, after all that was written before, even if the
        gate is closed.  Once it is finished this does nothing.
        """
        if self.is_finished:
            return
        if self._is_paused or self._waiting:
            self.backlog_bytes += len(data) + MESSAGE_COST_BYTES
            if self._waiting:
                self._waiting.append(memoryview(data))
                return
        self._outlet.write(data)

    def write_piece(self, head: bytes, data: PieceData) -> None:
        """
        The same for C{data} of any size, with a C{head} in front.
        """
        if self.is_finished:
            return
        if not self._waiting and len(data) <= PORTION_BYTES:
            # Nothing is copied that is bytes already.
            self._outlet.writeSequence((head, bytes(data)))
            return
        self._waiting += (memoryview(head), memoryview(data))
        if not self._is_paused:
            self._hand_over()

    def finish(self) -> None:
        """
        From now on only what was written already goes out.
        """
        self.is_finished = True

    def retire(self) -> None:
        """
        Drop what waits here; what the transport has is its own matter.
        """
        self.finish()
        self._waiting.clear()
        if self._is_registered:
            self._is_registered = False
            self._outlet.unregisterProducer()

    def pauseProducing(self) -> None:
        """
        The transport has enough.  It says so again at each further write.
        """
        if not self._is_paused:
            self._is_paused = True
            self.progressed_at = self._clock.seconds()
            self._closed()

    def resumeProducing(self) -> None:
        """
        The transport got rid of everything.
        """
        self._is_paused = False
        self.progressed_at = self._clock.seconds()
        self._hand_over()
        if self.is_open:
            self.backlog_bytes = 0
            self._opened()

    def stopProducing(self) -> None:
        """
        The transport is gone.
        """
        self._waiting.clear()

    def _hand_over(self) -> None:
        while self._waiting and not self._is_paused:
            self._outlet.writeSequence(self._next_portion())

    def _next_portion(self) -> list[bytes]:
        portion = []
        room = PORTION_BYTES
        while self._waiting and room:
            first = self._waiting[0]
            portion.append(bytes(first[:room]))
            if len(first) > room:
                self._waiting[0] = first[room:]
            else:
                self._waiting.popleft()
            room -= len(portion[-1])
        return portion
