"""
One connection: the mouth and ear of a conversation.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import ParamSpec, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import ConnectionRefused, ViolationSeen
from swarmpeer.net.beat import Beat
from swarmpeer.net.delivery import deliver
from swarmpeer.net.farewell import Farewell
from swarmpeer.net.flow import Outlet, WriteGate
from swarmpeer.net.framing import FrameReader
from swarmpeer.net.greeting import Greeting
from swarmpeer.net.limits import Limits
from swarmpeer.net.occasion import Occasion
from swarmpeer.net.reasons import ConversationEnded, in_one_line
from swarmpeer.net.sending import HAVE_SECONDS, MessageSender
from swarmpeer.net.tuning import tune
from swarmpeer.net.waiting import Waiting
from swarmpeer.net.watch import Deadline, Watch
from swarmpeer.seam import LogicSide, SwarmLogic
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import MessageType, PieceMessage

_P = ParamSpec("_P")

# A plain number: looking up a member takes longer than all else there.
_HAVE = MessageType.HAVE.value


class _Phase(Enum):
    # Their handshake is not whole yet.
    GREETING = auto()
    OPEN = auto()
    # Over for the logic; bytes that still come are dropped.
    CLOSED = auto()


@implementer(IHalfCloseableProtocol)
class PeerProtocol(MessageSender):
    """
    A L{swarmpeer.seam.NetworkSide} over a transport.

    The logic hears of the end as soon as it is decided, not when the last byte
    has left, so that a neighbour who comes back finds the place free.
    C{close} therefore calls C{on_disconnect} before it returns.

    Of the inherited receiver the shape remains and the framing is our own: the
    inherited one joins all that it holds at every read.  Reading never pauses;
    what holds us back is L{WriteGate}.

    @ivar is_dialled: did we open this connection (else they did)?
    @ivar peer_id: who they say they are; until they do, whom we dialled.
    """

    _log = Logger()
    _logic: LogicSide
    _farewell: Farewell

    def __init__(
        self,
        node: SwarmLogic,
        codec: MessageCodec,
        clock: IReactorTime,
        limits: Limits,
        *,
        lenient: bool = False,
        expected_peer_id: int | None = None,
        beat: Beat | None = None,
    ) -> None:
        """
        @param lenient: take handshakes that write their numbers as text.
        @param expected_peer_id: whom we dialled, or C{None} if they called us.
        @param beat: shared by the connections of a peer, which mostly have the same
            haves to tell; one of our own if not given.
        """
        self._watch = Watch(clock, self._deadlines)
        super().__init__(codec, clock, beat or Beat(clock, HAVE_SECONDS))
        self.is_dialled = expected_peer_id is not None
        self.peer_id = expected_peer_id
        self.MAX_LENGTH = codec.max_length
        self._node = node
        self._limits = limits
        self._phase = _Phase.GREETING
        self._greeting = Greeting(lenient=lenient)
        self._frames = FrameReader(codec, self._expect_piece, self._expect_message)
        self._owes_disconnect = False
        self._opened = Occasion()
        self._ended = Occasion()
        self._gone = Occasion()
        self._waiting = Waiting(clock, limits)

    @property
    def held_bytes(self) -> int:
        """
        How much memory the message takes that is on its way in.
        """
        return self._frames.held_bytes

    @property
    def waits_until(self) -> float | None:
        """
        When the request that is outstanding becomes a stall; C{None} if none is.
        """
        return self._waiting.deadline

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
        # Twisted's transports are consumers too, whatever their type says.
        outlet = cast(Outlet, transport)
        self._gate = WriteGate(
            outlet, self._clock, self._gate_closed, self._gate_opened
        )
        self._farewell = Farewell(
            transport, self._gate, self._watch, self._clock, self._limits
        )
        self._made_at = self._heard_at = self._clock.seconds()
        self._watch.review()
        self._judge(self._begin)

    def dataReceived(self, data: bytes) -> None:
        """
        Take in the handshake, then whole messages; after the end, nothing.
        """
        self._heard_at = self._clock.seconds()
        self._judge(self._hear, data)

    def stringReceived(self, string: WireBytes) -> None:
        """
        Deliver one message.

        @param string: its payload; of an unknown type, the type byte.
        """
        kind = string[0]
        if kind == _HAVE:
            # There are more of these than of all others; they take the short way.
            self._logic.on_have(self._codec.have_index(string))
            return
        if kind > MessageType.PIECE:
            self._hear_further(string)
            return
        message = self._codec.decode_checked(string)
        if isinstance(message, PieceMessage):
            self._waiting.end(message.index)
        deliver(message, self._logic)

    def lengthLimitExceeded(self, length: int) -> None:
        """
        Refuse a frame longer than any that may come.

        @raise ProtocolViolation: always.
        """
        raise ProtocolViolation(
            ViolationReason.BAD_LENGTH, f"a frame of {length} bytes"
        )

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
        self._end(in_one_line(reason))
        self._farewell.over()
        self._gone.settle()

    # From the logic, beside what is inherited.

    def send_request(self, index: int) -> None:
        """
        Ask for a piece, and watch for progress.
        """
        if self._is_in(_Phase.CLOSED):
            return
        super().send_request(index)
        if self._is_in(_Phase.CLOSED):
            # It was one too many for a neighbour that takes nothing.
            return
        self._watch.wake_by(self._waiting.begin(index, self._frames.piece_bytes))

    def stop_waiting(self) -> None:
        """
        Stop watching for progress.
        """
        self._waiting.end()

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

    def _is_in(self, phase: _Phase) -> bool:
        return self._phase is phase

    def _write(self, data: bytes) -> None:
        self._gate.write(data)
        if self._gate.backlog_bytes > self._limits.drain_bytes:
            self._end("takes nothing of what it is told")
            self._farewell.abort()

    def _gate_closed(self) -> None:
        self._watch.wake_by(self._gate.progressed_at + self._limits.drain_seconds)

    def _gate_opened(self) -> None:
        self._farewell.gate_opened()
        if self._is_in(_Phase.OPEN):
            self._judge(self._logic.on_writable)

    def _begin(self) -> None:
        logic = self._node.open_conversation(self, self.peer_id)
        if self._is_in(_Phase.GREETING):
            self._logic = logic
            self._owes_disconnect = True
            logic.on_connect()

    def _hear(self, data: bytes) -> None:
        if self._is_in(_Phase.GREETING):
            data = self._hear_greeting(data)
            if not self._is_in(_Phase.OPEN):
                return
        for payload in self._frames.feed(data):
            self.stringReceived(payload)
        self._waiting.note(self._frames.piece_bytes)
        if self._frames.is_mid_frame:
            self._watch.wake_by(self._heard_at + self._limits.frame_seconds)

    def _hear_greeting(self, data: bytes) -> bytes:
        """
        @return: what follows the handshake.
        """
        rest = self._greeting.feed(data)
        handshake = self._greeting.handshake
        if handshake is not None:
            self.peer_id = handshake.peer_id
            self._accept(handshake)
            self._phase = _Phase.OPEN
            self._logic.on_handshake(self.peer_id)
            if self._is_in(_Phase.OPEN):
                self._opened.settle()
        return rest

    def _expect_piece(self, index: int) -> None:
        self._logic.expect_piece(index)

    def _expect_message(self, kind: int) -> None:
        if kind == MessageType.BITFIELD:
            self._logic.expect_bitfield()

    # What a verified swarm does otherwise.

    def _accept(self, handshake: Handshake) -> None:
        """
        Their handshake is well formed; the logic does not know of it yet.

        @raise ProtocolViolation: if it is none for us.
        """

    def _hear_further(self, payload: WireBytes) -> None:
        """
        Deliver a message of a type above that of a piece.

        @param payload: of an unknown type, the type byte.
        """
        self._logic.on_unknown(payload[0])

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
        if self._is_in(_Phase.CLOSED):
            return
        if self._is_in(_Phase.OPEN):
            self.flush_haves()
        self._phase = _Phase.CLOSED
        self._beat.leave(self.flush_haves)
        self._frames.stop()
        self._gate.finish()
        if self._owes_disconnect:
            self._owes_disconnect = False
            self._judge(self._logic.on_disconnect, reason)
        self._opened.settle(Failure(ConversationEnded(reason)))
        self._ended.settle()

    def _deadlines(self) -> Iterator[Deadline]:
        limits = self._limits
        if self._phase is _Phase.CLOSED:
            yield from self._farewell.deadlines()
            return
        if self._phase is _Phase.GREETING:
            yield self._made_at + limits.handshake_seconds, self._on_no_greeting
        if self._frames.is_mid_frame:
            yield self._heard_at + limits.frame_seconds, self._on_cut_frame
        if self._waiting.deadline is not None:
            yield self._waiting.deadline, self._on_stall
        if not self._gate.is_open:
            yield self._gate.progressed_at + limits.drain_seconds, self._on_no_drain

    def _on_no_greeting(self) -> None:
        reason = f"no handshake within {self._limits.handshake_seconds:g} seconds"
        if self.is_dialled:
            self._end(reason)
            self._farewell.abort()
        else:
            self.refuse(reason)

    def _on_cut_frame(self) -> None:
        self.close(
            f"silent for {self._limits.frame_seconds:g} seconds within a message"
        )

    def _on_stall(self) -> None:
        self._waiting.restart(self._frames.piece_bytes)
        self._judge(self._logic.on_stall)

    def _on_no_drain(self) -> None:
        reason = f"took nothing for {self._limits.drain_seconds:g} seconds"
        self._end(reason)
        self._farewell.abort()
