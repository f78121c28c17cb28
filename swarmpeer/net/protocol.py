"""
One connection: the mouth and ear of a conversation.
"""

from collections.abc import Generator, Iterator, Sequence
from itertools import chain

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.beat import Beat
from swarmpeer.net.delivery import deliver
from swarmpeer.net.fast.gate import FastGate
from swarmpeer.net.fast.plain_tcp import PlainTCP
from swarmpeer.net.fast.reading import FastReader
from swarmpeer.net.framing import FrameReader, Haves, Heard, Requests
from swarmpeer.net.greeting import Greeting
from swarmpeer.net.holding import Hold
from swarmpeer.net.late_pieces import LatePieces
from swarmpeer.net.lifetime import Lifetime, Phase
from swarmpeer.net.limits import Limits
from swarmpeer.net.sending import HAVE_SECONDS
from swarmpeer.net.waiting import Waiting
from swarmpeer.net.watch import Deadline
from swarmpeer.seam import LogicSide, Piece, SwarmLogic
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import PIECE_HEAD_SIZE, MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import MessageType

#: A plain number: looking up a member takes longer than all else there.
_PIECE = MessageType.PIECE.value

MESSAGES_PER_TURN = 100
"""
So many messages of one neighbour are heard before others have their turn: they cost
time by their number, however small they are.
"""


class PeerProtocol(Lifetime):
    """
    A L{swarmpeer.seam.NetworkSide} over a transport.

    Of the inherited receiver the shape remains and the framing is our own: the
    inherited one joins all that it holds at every read.

    Reading pauses while no more may come yet by C{down}, and while what was read waits
    for our next turn.  Both end by themselves, by time alone.  It never pauses because
    the neighbour takes nothing of what we write, or two that send each other large
    pieces would wait for each other for ever: then a L{Gate<swarmpeer.net.flow.Gate>}
    holds back what we write, and nothing else.
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
        late: LatePieces | None = None,
        up: Allowance | None = None,
        down: Allowance | None = None,
    ) -> None:
        """
        @param lenient: take handshakes that write their numbers as text.
        @param expected_peer_id: whom we dialled, or C{None} if they called us.
        @param beat: shared by the connections of a peer, which mostly have the same
            haves to tell; one of our own if not given.
        @param late: shared by the connections of a peer, whose pieces have one memory;
            one of our own if not given.
        @param up: how much we may send; as much as we like if not given.
        @param down: how much may come; the same.
        """
        super().__init__(
            node,
            codec,
            clock,
            limits,
            expected_peer_id=expected_peer_id,
            beat=beat or Beat(clock, HAVE_SECONDS),
            up=up,
            down=down,
        )
        self._reader: FastReader | None = None
        self._next_turn: IDelayedCall | None = None
        self._owed_bytes = 0
        self.MAX_LENGTH = codec.max_length
        self._greeting = Greeting(lenient=lenient)
        self._frames = FrameReader(codec, self._expect_piece, self._expect_message)
        self._waiting = Waiting(clock, limits)
        self._late = late or LatePieces(lambda: node.spare_bytes)
        self._is_late = False

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
        if self._down is not None:
            self._pay(len(data))
        self._judge(self._hear, data)

    # From L{FastReader}, in place of the transport.

    @property
    def hears_plain_bytes(self) -> bool:
        """
        Is their handshake not whole yet?
        """
        return self._phase is Phase.GREETING

    @property
    def is_holding(self) -> bool:
        """
        Must no more be read for now?
        """
        return bool(self._holding)

    @property
    def is_mid_piece(self) -> bool:
        """
        Is a piece on its way?
        """
        return self._frames.is_mid_piece

    @property
    def rest(self) -> memoryview:
        """
        Where the rest of the message goes that is on its way.
        """
        return self._frames.rest

    def hear(self, in_rest_bytes: int, small: bytearray, small_bytes: int) -> None:
        """
        Take in what was read, some of it in the C{rest} already.
        """
        self._heard_at = self._clock.seconds()
        filled = self._frames.filled(in_rest_bytes) if in_rest_bytes else None
        self._judge(self._hear_frames, small, small_bytes, filled)

    def hold_for_rate(self) -> None:
        """
        Read nothing until something may come again.
        """
        if self._down is not None and not self._is_in(Phase.CLOSED):
            self._holding.begin(Hold.RATE)
            self._down.wait(self._may_come)

    # From both.

    def stringReceived(self, string: WireBytes) -> None:
        """
        Deliver one message that does not come in runs.

        @param string: its payload; of an unknown type, the type byte.
        """
        if string[0] > _PIECE:
            self._hear_further(string)
        else:
            deliver(self._codec.decode_checked(string), self._logic)

    def lengthLimitExceeded(self, length: int) -> None:
        """
        Refuse a frame longer than any that may come.

        @raise ProtocolViolation: always.
        """
        raise ProtocolViolation(
            ViolationReason.BAD_LENGTH, f"a frame of {length} bytes"
        )

    # From the logic, beside what is inherited.

    def send_requests(self, indexes: Sequence[int]) -> None:
        """
        Ask for pieces, and watch for progress.
        """
        if self._phase is Phase.CLOSED:
            return
        super().send_requests(indexes)
        if self._is_in(Phase.CLOSED):
            # It was one too many for a neighbour that takes nothing.
            return
        self._watch.wake_by(self._waiting.begin(indexes, self._frames.piece_bytes))
        self._review_late()
        # They may need the room.
        self._late.make_room()

    def stop_waiting(self) -> None:
        """
        Stop watching for progress.
        """
        self._waiting.end()
        self._review_late()

    # Inside.

    def _open_conversation(self) -> LogicSide:
        return self._node.open_conversation(self, self.peer_id)

    def _hear(self, data: bytes) -> None:
        if self._is_in(Phase.GREETING):
            data = self._hear_greeting(data)
            if not self._is_in(Phase.OPEN):
                return
        self._hear_frames(data, len(data))

    def _hear_frames(
        self, chunk: bytes | bytearray, size_bytes: int, filled: Heard | None = None
    ) -> None:
        """
        @param filled: what is whole now, and comes first.
        """
        frames = self._frames
        try:
            if size_bytes or filled is not None or frames.has_unheard:
                more = frames.feed(chunk, size_bytes)
                self._hear_messages(more, () if filled is None else (filled,))
        finally:
            self._review_late()
        self._waiting.note(frames.piece_bytes)
        if frames.is_mid_frame:
            self._watch.wake_by(self._heard_at + self._limits.frame_seconds)
        if self._is_late:
            self._late.make_room()

    def _hear_messages(
        self, more: Generator[Heard, None, None], first: Sequence[Heard]
    ) -> None:
        """
        Deliver messages; pieces that come one behind the other together.
        """
        left = MESSAGES_PER_TURN
        run: list[Piece] = []
        try:
            for heard in chain(first, more):
                if isinstance(heard, Piece):
                    left -= 1
                    run.append(heard)
                else:
                    if run:
                        pieces, run = run, []
                        self._hear_pieces(pieces)
                        if self._is_in(Phase.CLOSED):
                            break
                    match heard:
                        case Haves(indexes):
                            left -= len(indexes)
                            self._logic.on_haves(indexes)
                        case Requests(indexes):
                            left -= len(indexes)
                            self._logic.on_requests(indexes)
                        case _:
                            left -= 1
                            self.stringReceived(heard)
                if left <= 0:
                    more.close()
                    self._hear_on_later()
                    break
        finally:
            # Those before a message that may not come did come.
            if run and not self._is_in(Phase.CLOSED):
                self._hear_pieces(run)

    def _hear_pieces(self, pieces: Sequence[Piece]) -> None:
        self._waiting.end([piece.index for piece in pieces])
        self._logic.on_pieces(pieces)

    def _review_late(self) -> None:
        """
        Is a piece on its way that is not waited for?
        """
        index = self._frames.held_piece
        was_late = self._is_late
        self._is_late = index is not None and not self._waiting.waits_for(index)
        if self._is_late:
            size_bytes = self._frames.held_bytes - PIECE_HEAD_SIZE
            self._late.keep(self._drop_piece, size_bytes)
        elif was_late:
            self._late.forget(self._drop_piece)

    def _drop_piece(self) -> None:
        self._is_late = False
        self._frames.drop()

    def _hear_on_later(self) -> None:
        """
        The rest of what was read has to wait for a turn.
        """
        if self._frames.has_unheard and self._is_in(Phase.OPEN):
            self._holding.begin(Hold.UNHEARD)
            self._next_turn = self._clock.callLater(0, self._hear_on)

    def _hear_on(self) -> None:
        self._next_turn = None
        self._holding.end(Hold.UNHEARD)
        self._judge(self._hear_frames, b"", 0)

    def _pay(self, size_bytes: int) -> None:
        """
        So much came before we could ask whether it may.
        """
        if self._down is not None:
            self._owed_bytes += size_bytes
            self._owed_bytes -= self._down.grant(self._owed_bytes)
            if self._owed_bytes:
                self.hold_for_rate()

    def _may_come(self) -> None:
        if self._is_in(Phase.CLOSED):
            return
        if self._owed_bytes:
            self._pay(0)
        if not self._owed_bytes:
            # They could say nothing meanwhile.
            self._heard_at = self._clock.seconds()
            self._waiting.restart(self._frames.piece_bytes)
            self._holding.end(Hold.RATE)
            self._watch.review()

    def _take(self, transport: PlainTCP) -> FastGate:
        gate = super()._take(transport)
        self._reader = FastReader(
            transport,
            gate,
            self,
            self._clock.seconds,
            self._down,
            self._codec.max_piece_length - PIECE_HEAD_SIZE,
        )
        return gate

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
        self._review_late()
        if self._next_turn is not None:
            self._next_turn.cancel()
            self._next_turn = None
        if self._down is not None:
            self._down.forget(self._may_come)
        super()._end(reason)

    def _deadlines(self) -> Iterator[Deadline]:
        if not self._is_in(Phase.CLOSED) and Hold.RATE not in self._holding:
            if self._frames.is_mid_frame:
                yield self._heard_at + self._limits.frame_seconds, self._on_cut_frame
            if self._waiting.deadline is not None:
                yield self._waiting.deadline, self._on_stall
        yield from super()._deadlines()

    def _catches_up(self) -> bool:
        """
        Did something lie unread that was too little to wake us?  Then who is judged by
        what came is judged anew.
        """
        return self._reader is not None and self._reader.catch_up()

    def _on_cut_frame(self) -> None:
        if self._catches_up():
            return
        self.close(
            f"silent for {self._limits.frame_seconds:g} seconds within a message"
        )

    def _on_stall(self) -> None:
        if self._catches_up():
            return
        self._waiting.restart(self._frames.piece_bytes)
        self._judge(self._logic.on_stall)
