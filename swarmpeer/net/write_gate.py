"""
The way out through a transport: what is written goes to it portion by portion.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from swarmpeer.net.allowance import Allowance
from swarmpeer.net.flow import MESSAGE_COST_BYTES, TimedGate
from swarmpeer.net.spans import SpanBroken, SpanOnItsWay
from swarmpeer.seam import PieceContent
from swarmpeer.wire.messages import PieceData

PORTION_BYTES = 2**17
"""
As much as Twisted hands to the socket in one go.
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
class WriteGate(TimedGate):
    """
    Keeps the order of what is written, and tells whether more is welcome.

    It is the transport's producer in place of the protocol, which as a producer
    would stop I{reading} when the neighbour does not take what we write; two
    peers that send each other a large piece would then wait for ever.

    A piece is handed over in portions, so that a slow neighbour can be told
    from one that takes nothing, however large the piece is.
    """

    __slots__ = (
        "_broken",
        "_closed",
        "_is_paused",
        "_is_registered",
        "_opened",
        "_outlet",
        "_waiting",
        "backlog_bytes",
    )

    def __init__(
        self,
        outlet: Outlet,
        clock: IReactorTime,
        closed: Callable[[], None],
        opened: Callable[[], None],
        broken: Callable[[str], None],
        up: Allowance | None = None,
    ) -> None:
        """
        @param closed: called when the gate closes.
        @param opened: called when the gate was closed and is open again.
        @param broken: called with the reason when the rest of a piece cannot be had:
            nothing can be said any more.
        @param up: how much may go; C{None}: all.
        """
        super().__init__(clock, up)
        self._outlet = outlet
        self._closed = closed
        self._opened = opened
        self._broken = broken
        self._waiting: deque[memoryview | SpanOnItsWay] = deque()
        self._is_paused = False
        self._is_registered = True
        self.backlog_bytes = 0
        outlet.registerProducer(self, True)

    @property
    def is_open(self) -> bool:
        """
        Has the neighbour taken enough for us to write more?
        """
        return not self._is_paused and not self._waiting

    is_flushed = is_open

    @property
    def room_bytes(self) -> int:
        """
        For how many bytes of pieces is there room?  Where only so much may go, for one
        piece at a time.
        """
        if not self.is_open:
            return 0
        return 1 if self._is_limited else PORTION_BYTES

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
        if not self._is_limited:
            self._outlet.write(data)
        else:
            self._waiting.append(memoryview(data))
            self._hand_over()

    def write_pieces(
        self, heads: Sequence[bytes], contents: Sequence[PieceContent]
    ) -> None:
        """
        The same for pieces of any size, each with its head in front.  Of a span each
        portion is read when it is handed over.
        """
        if self.is_finished:
            self._refuse(contents)
            return
        at_once: list[bytes] = []
        for head, content in zip(heads, contents, strict=True):
            if not isinstance(content, PieceData):
                self._waiting += (memoryview(head), SpanOnItsWay(content))
            elif self._waiting or self._is_limited or len(content) > PORTION_BYTES:
                self._waiting += (memoryview(head), memoryview(content))
            else:
                # Nothing is copied that is bytes already.
                at_once += (head, bytes(content))
        if at_once:
            self._outlet.writeSequence(at_once)
        self._hand_over()

    def retire(self) -> None:
        """
        Drop what waits here; what the transport has is its own matter.
        """
        self.finish()
        self._forget()
        if self._is_registered:
            self._is_registered = False
            self._outlet.unregisterProducer()

    def pauseProducing(self) -> None:
        """
        The transport has enough.  It says so again at each further write.
        """
        if not self._is_paused:
            self._is_paused = True
            self._progressed_at = self._clock.seconds()
            self._closed()

    def resumeProducing(self) -> None:
        """
        The transport got rid of everything.
        """
        self._is_paused = False
        self._progressed_at = self._clock.seconds()
        self._go_on()

    def stopProducing(self) -> None:
        """
        The transport is gone.
        """
        self._forget()

    @property
    def _is_limited(self) -> bool:
        return self._up is not None and self._up.is_limited

    def _go_on(self) -> None:
        self._hand_over()
        if self.is_open:
            self.backlog_bytes = 0
            self._opened()

    def _hand_over(self) -> None:
        while self._waiting and not self._is_paused and not self._is_held:
            room_bytes = PORTION_BYTES
            if self._up is not None:
                room_bytes = self._up.grant(room_bytes)
                if not room_bytes:
                    self._is_held = True
                    self._up.wait(self._allowed)
                    continue
            portion: list[bytes] = []
            try:
                portion = self._next_portion(room_bytes)
            except SpanBroken as broken:
                self._broken(str(broken))
                return
            finally:
                if self._up is not None:
                    self._up.refund(room_bytes - sum(map(len, portion)))
            self._outlet.writeSequence(portion)

    def _may_go(self) -> None:
        if self._waiting and not self._is_paused:
            self._go_on()

    def _next_portion(self, room_bytes: int) -> list[bytes]:
        """
        @raise SpanBroken: if there is none.
        """
        portion = []
        while self._waiting and room_bytes:
            first = self._waiting[0]
            if isinstance(first, SpanOnItsWay):
                portion.append(first.read(room_bytes))
                if not first.rest_bytes:
                    self._waiting.popleft()
                    first.give_back()
            else:
                portion.append(bytes(first[:room_bytes]))
                if len(first) > room_bytes:
                    self._waiting[0] = first[room_bytes:]
                else:
                    self._waiting.popleft()
            room_bytes -= len(portion[-1])
        return portion

    def _forget(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        if self._up is not None:
            self._up.forget(self._allowed)
        for one in waiting:
            if isinstance(one, SpanOnItsWay):
                one.give_back()
