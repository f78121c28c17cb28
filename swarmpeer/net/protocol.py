"""
One connection: the mouth and ear of a conversation.
"""

from collections.abc import Iterator

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.beat import Beat
from swarmpeer.net.delivery import deliver
from swarmpeer.net.framing import FrameReader
from swarmpeer.net.greeting import Greeting
from swarmpeer.net.lifetime import Lifetime, Phase
from swarmpeer.net.limits import Limits
from swarmpeer.net.sending import HAVE_SECONDS
from swarmpeer.net.waiting import Waiting
from swarmpeer.net.watch import Deadline
from swarmpeer.seam import LogicSide, SwarmLogic
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import MessageType, PieceMessage

# A plain number: looking up a member takes longer than all else there.
_HAVE = MessageType.HAVE.value


class PeerProtocol(Lifetime):
    """
    A L{swarmpeer.seam.NetworkSide} over a transport.

    Of the inherited receiver the shape remains and the framing is our own: the
    inherited one joins all that it holds at every read.  Reading never pauses;
    what holds us back is L{swarmpeer.net.flow.WriteGate}.
    """

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
        super().__init__(
            node,
            codec,
            clock,
            limits,
            expected_peer_id=expected_peer_id,
            beat=beat or Beat(clock, HAVE_SECONDS),
        )
        self.MAX_LENGTH = codec.max_length
        self._greeting = Greeting(lenient=lenient)
        self._frames = FrameReader(codec, self._expect_piece, self._expect_message)
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

    # From the transport.

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

    # From the logic, beside what is inherited.

    def send_request(self, index: int) -> None:
        """
        Ask for a piece, and watch for progress.
        """
        if self._is_in(Phase.CLOSED):
            return
        super().send_request(index)
        if self._is_in(Phase.CLOSED):
            # It was one too many for a neighbour that takes nothing.
            return
        self._watch.wake_by(self._waiting.begin(index, self._frames.piece_bytes))

    def stop_waiting(self) -> None:
        """
        Stop watching for progress.
        """
        self._waiting.end()

    # Inside.

    def _open_conversation(self) -> LogicSide:
        return self._node.open_conversation(self, self.peer_id)

    def _hear(self, data: bytes) -> None:
        if self._is_in(Phase.GREETING):
            data = self._hear_greeting(data)
            if not self._is_in(Phase.OPEN):
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
            self._phase = Phase.OPEN
            self._logic.on_handshake(self.peer_id)
            if self._is_in(Phase.OPEN):
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

    # What may take how long, and the end.

    def _end(self, reason: str) -> None:
        self._frames.stop()
        super()._end(reason)

    def _deadlines(self) -> Iterator[Deadline]:
        if not self._is_in(Phase.CLOSED):
            if self._frames.is_mid_frame:
                yield self._heard_at + self._limits.frame_seconds, self._on_cut_frame
            if self._waiting.deadline is not None:
                yield self._waiting.deadline, self._on_stall
        yield from super()._deadlines()

    def _on_cut_frame(self) -> None:
        self.close(
            f"silent for {self._limits.frame_seconds:g} seconds within a message"
        )

    def _on_stall(self) -> None:
        self._waiting.restart(self._frames.piece_bytes)
        self._judge(self._logic.on_stall)
