"""
The life of a connection, whatever is said on it: how it begins, what may take how
long, and how it ends.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import ParamSpec, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.errors import ProtocolViolation
from swarmpeer.events import ConnectionRefused, ViolationSeen
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.beat import Beat
from swarmpeer.net.farewell import Farewell
from swarmpeer.net.fast.gate import FastGate
from swarmpeer.net.fast.plain_tcp import PlainTCP, plain_tcp
from swarmpeer.net.flow import Gate
from swarmpeer.net.holding import Holding
from swarmpeer.net.limits import Limits
from swarmpeer.net.occasion import Occasion
from swarmpeer.net.reasons import ConversationEnded, in_one_line
from swarmpeer.net.sending import MessageSender
from swarmpeer.net.tuning import tune
from swarmpeer.net.watch import Deadline, Watch
from swarmpeer.net.write_gate import Outlet, WriteGate
from swarmpeer.seam import LogicSide, SwarmLogic
from swarmpeer.wire.codec import MessageCodec

_P = ParamSpec("_P")


OWN_BACKLOG = 16
"""
Where our own rate holds small messages back, so many times as much may wait.
"""


class Phase(Enum):
    """
    How far a conversation is.
    """

    # Their handshake is not whole yet.
    GREETING = auto()
    OPEN = auto()
    # Over for the logic; bytes that still come are dropped.
    CLOSED = auto()


@implementer(IHalfCloseableProtocol)
class Lifetime(MessageSender, ABC):
    """
    The part of a L{swarmpeer.seam.NetworkSide} that knows when all is over.

    The logic hears of the end as soon as it is decided, not when the last byte
    has left, so that a neighbour who comes back finds the place free.
    C{close} therefore calls C{on_disconnect} before it returns.

    @ivar is_dialled: did we open this connection (else they did)?
    @ivar mark: marks what goes over the transport, unless there is nothing to do.
    @ivar peer_id: who they say they are; until they do, whom we dialled.
    """

    _log = Logger()
    mark: Callable[[ITransport], None] | None = None
    _logic: LogicSide
    _farewell: Farewell

    def __init__(
        self,
        node: SwarmLogic,
        codec: MessageCodec,
        clock: IReactorTime,
        limits: Limits,
        *,
        expected_peer_id: int | None,
        beat: Beat,
        up: Allowance | None,
        down: Allowance | None,
    ) -> None:
        """
        See L{swarmpeer.net.protocol.PeerProtocol}.
        """
        self._watch = Watch(clock, self._deadlines)
        super().__init__(codec, clock, beat)
        self.is_dialled = expected_peer_id is not None
        self.peer_id = expected_peer_id
        self._node = node
        self._limits = limits
        self._up = up
        self._down = down
        self._phase = Phase.GREETING
        self._owes_disconnect = False
        self._opened = Occasion()
        self._ended = Occasion()
        self._gone = Occasion()

    # What others may wait for.

    def when_open(self) -> Deferred[None]:
        """
        @return: fires when their handshake was accepted; fails with
            L{ConversationEnded} if it was not.
        """
        return self._opened.when()

    def when_ended(self) -> Deferred[None]:
        """
        @return: fires when the logic was told of the end.
        """
        return self._ended.when()

    def when_gone(self) -> Deferred[None]:
        """
        @return: fires when the transport is closed.
        """
        return self._gone.when()

    # From the transport.

    def connectionMade(self) -> None:
        """
        Open the conversation.
        """
        transport = cast(ITransport, self.transport)
        tune(transport)
        if self.mark is not None:
            self.mark(transport)
        plain = plain_tcp(transport)
        self._gate = self._open_gate(transport) if plain is None else self._take(plain)
        # Twisted's transports are producers and consumers, whatever their type says.
        self._holding = Holding(cast(IPushProducer, transport))
        self._farewell = Farewell(
            transport, self._gate, self._watch, self._clock, self._limits
        )
        self._made_at = self._heard_at = self._clock.seconds()
        self._watch.review()
        self._judge(self._begin)

    def readConnectionLost(self) -> None:
        """
        They closed their end: whatever we still write nobody wants.
        """
        self._end("closed by the neighbour")
        self._farewell.leave()

    def writeConnectionLost(self) -> None:
        """
        Our end is closed, behind the last byte that we wrote.
        """
        self._farewell.our_end_closed()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The transport is closed.
        """
        # Haves may wait to be told; there is nobody to take them any more.
        self._gate.finish()
        self._end(in_one_line(reason))
        try:
            self._farewell.over()
        finally:
            # Whoever stops this peer waits for it, whatever becomes of its spans.
            self._gone.settle()

    # From the logic, beside what is inherited.

    def close(self, reason: str = "") -> None:
        """
        Flush what is written, close, and deliver nothing from now on.
        """
        self._end(reason)
        self._farewell.begin()

    # From the factory.

    def hurry(self) -> None:
        """
        There is no more time for a farewell that is under way.
        """
        self._farewell.abort()

    def stop(self, reason: str) -> None:
        """
        Close, since this peer stops.
        """
        self.close(reason)

    def refuse(self, reason: str) -> None:
        """
        Turn a caller away at once, without a farewell.
        """
        self._end(reason)
        self._farewell.abort()
        self._node.publish(ConnectionRefused(self.peer_id, reason))

    # Inside.

    def _open_gate(self, transport: ITransport) -> Gate:
        return WriteGate(
            cast(Outlet, transport),
            self._clock,
            self._gate_closed,
            self._gate_opened,
            self._gate_broken,
            self._up,
        )

    def _take(self, transport: PlainTCP) -> FastGate:
        """
        Take the short way over C{transport}.
        """
        return FastGate(
            transport,
            self._clock,
            self._gate_closed,
            self._gate_opened,
            self._gate_broken,
            self._up,
        )

    def _is_in(self, phase: Phase) -> bool:
        """
        How far is it now?  A type checker takes what a comparison found to hold until
        the end of a method, whatever is called in between; a call it does not.
        """
        return self._phase is phase

    def _write(self, data: bytes) -> None:
        self._gate.write(data)
        backlog_bytes = self._gate.backlog_bytes
        if backlog_bytes > self._limits.drain_bytes and not self._is_ours(
            backlog_bytes
        ):
            self._end("takes nothing of what it is told")
            self._farewell.abort()

    def _is_ours(self, backlog_bytes: int) -> bool:
        """
        Does so much wait since we may send only so fast?
        """
        if self._up is None or not self._up.is_limited:
            return False
        return backlog_bytes <= self._limits.drain_bytes * OWN_BACKLOG

    def _gate_closed(self) -> None:
        self._watch.wake_by(self._gate.progressed_at + self._limits.drain_seconds)

    def _gate_opened(self) -> None:
        self._farewell.gate_opened()
        if self._is_in(Phase.OPEN):
            self._judge(self._logic.on_writable)

    def _gate_broken(self, reason: str) -> None:
        self._end(reason)
        self._farewell.leave()

    def _begin(self) -> None:
        logic = self._open_conversation()
        if self._is_in(Phase.GREETING):
            self._logic = logic
            self._owes_disconnect = True
            logic.on_connect()

    @abstractmethod
    def _open_conversation(self) -> LogicSide:
        """
        @return: the logic of what is said here.
        """

    def _tell_fault(self, violation: ProtocolViolation | None) -> None:
        """
        Say why we are about to close; there is no way to do so in a classic swarm.

        @param violation: what they did; C{None} if we failed ourselves.
        """

    def _judge(
        self, act: Callable[_P, None], *args: _P.args, **more: _P.kwargs
    ) -> None:
        """
        Do it.  This is the one place that tells who is to blame if it fails.
        """
        try:
            act(*args, **more)
        except ProtocolViolation as violation:
            self._tell_fault(violation)
            self.close(str(violation))
            self._node.publish(
                ViolationSeen(self.peer_id, violation.reason.value, violation.detail)
            )
        except Exception:
            self._log.failure("A conversation failed by a mistake of our own")
            self._tell_fault(None)
            self.close("internal error")

    def _end(self, reason: str) -> None:
        """
        The logic's part of the end; the first reason is the one that counts.
        """
        if self._is_in(Phase.CLOSED):
            return
        if self._is_in(Phase.OPEN):
            self.flush_haves()
        self._phase = Phase.CLOSED
        self._beat.leave(self.flush_haves)
        self._gate.finish()
        self._holding.over()
        if self._owes_disconnect:
            self._owes_disconnect = False
            self._judge(self._logic.on_disconnect, reason)
        self._opened.settle(Failure(ConversationEnded(reason)))
        self._ended.settle()

    def _deadlines(self) -> Iterator[Deadline]:
        limits = self._limits
        if self._phase is Phase.CLOSED:
            yield from self._farewell.deadlines()
            return
        if self._phase is Phase.GREETING:
            yield self._made_at + limits.handshake_seconds, self._on_no_greeting
        if not self._gate.is_open:
            yield self._gate.progressed_at + limits.drain_seconds, self._on_no_drain

    def _on_no_greeting(self) -> None:
        reason = f"no handshake within {self._limits.handshake_seconds:g} seconds"
        if self.is_dialled:
            self._end(reason)
            self._farewell.abort()
        else:
            self.refuse(reason)

    def _on_no_drain(self) -> None:
        reason = f"took nothing for {self._limits.drain_seconds:g} seconds"
        self._end(reason)
        self._farewell.abort()
