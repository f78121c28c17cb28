"""
Asking one neighbour for the manifest: a connection that does no more.

What they say beside it is skipped without being kept: as long as there is no
manifest, nobody knows what it should look like.
"""

from collections.abc import Callable, Iterator
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, ITCPTransport, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.framing import FrameReader, Haves, Requests
from swarmpeer.net.goodbye import goodbye_code
from swarmpeer.net.greeting import Greeting
from swarmpeer.net.limits import Limits
from swarmpeer.net.occasion import Occasion
from swarmpeer.net.parts_codec import HEARD_TYPES, PartsCodec
from swarmpeer.net.parts_gathered import PartsGathered
from swarmpeer.net.reasons import ConversationEnded, in_one_line
from swarmpeer.net.tuning import tune
from swarmpeer.net.verified_terms import check_swarm
from swarmpeer.net.waiting import Waiting
from swarmpeer.net.watch import Deadline, Watch
from swarmpeer.seam import Piece
from swarmpeer.wire import WireBytes
from swarmpeer.wire.extension import (
    ExtensionMessage,
    ExtensionType,
    GoodbyeCode,
    GoodbyeMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
)
from swarmpeer.wire.handshake import Feature, Handshake

_CODEC = PartsCodec()


class ManifestAsker(Protocol):
    """
    Greets, asks for the parts one after the other, and leaves.

    Who says less than they should in a given time is left, who breaks the protocol
    at once.
    """

    _log = Logger()

    def __init__(
        self, peer_id: int, own: Handshake, clock: IReactorTime, limits: Limits
    ) -> None:
        """
        @param peer_id: whom we dialled.
        @param own: what we say of ourselves.
        """
        self._peer_id = peer_id
        self._own = own
        self._clock = clock
        self._limits = limits
        self._made_at = clock.seconds()
        self._greeting = Greeting(lenient=False, verified=True)
        self._frames = FrameReader(_CODEC, self._expect_piece, self._expect_message)
        self._waiting = Waiting(clock, limits)
        self._watch = Watch(clock, self._deadlines)
        self._greeted = Occasion()
        self._whole: Deferred[bytes] | None = None
        self._parts = PartsGathered()
        self._spoke_at = self._made_at
        self._is_greeted = False
        self._may_speak = False
        self._end_error: Exception | None = None

    @property
    def held_bytes(self) -> int:
        """
        How much memory the parts take that are here or on their way in.
        """
        return self._parts.size_bytes + self._frames.held_bytes

    def when_greeted(self) -> Deferred[None]:
        """
        @return: fires when they said that they have the manifest; fails with
            L{ConversationEnded} or L{ProtocolViolation} if they do not.
        """
        return self._greeted.when()

    def fetch(self) -> Deferred[bytes]:
        """
        Ask for the manifest, once they are greeted.

        @return: all of it, unread; fails as C{when_greeted} does.  Who has no more
            patience cancels it, and leaves.
        """
        whole: Deferred[bytes] = Deferred(self._give_up)
        self._whole = whole
        if self._end_error is not None:
            self._settle(Failure(self._end_error))
        else:
            self._waiting.begin([0], 0)
            self._ask()
            self._watch.review()
        return whole

    def leave(self, code: int, words: str) -> None:
        """
        Say goodbye and close.
        """
        self._end(ConversationEnded(words), partial(self._part, code, words))

    # From the transport.

    def connectionMade(self) -> None:
        """
        Greet.
        """
        tune(self._transport)
        self._made_at = self._clock.seconds()
        self._write(self._own.encode())
        self._watch.review()

    def dataReceived(self, data: bytes) -> None:
        """
        Take in the handshake, then the parts.
        """
        if self._is_over:
            return
        try:
            self._hear(data)
        except ProtocolViolation as violation:
            code, words = goodbye_code(violation), violation.detail
            self._end(violation, partial(self._part, code, words))
        except Exception:
            self._log.failure("Asking for the manifest failed by a mistake of our own")
            self.leave(GoodbyeCode.INTERNAL, "internal error")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The transport is closed.
        """
        self._end(ConversationEnded(in_one_line(reason)), lambda: None)

    # Inside.

    @property
    def _is_over(self) -> bool:
        return self._end_error is not None

    @property
    def _transport(self) -> ITransport:
        transport = self.transport
        assert transport is not None
        return transport

    def _write(self, data: bytes) -> None:
        # Some 40 kB for the longest manifest, so nobody need look whether they are
        # taken.
        self._spoke_at = self._clock.seconds()
        self._transport.write(data)

    def _say(self, message: ExtensionMessage) -> None:
        self._write(_CODEC.encode_extension(message))

    def _hear(self, data: bytes) -> None:
        if not self._is_greeted:
            data = self._greeting.feed(data)
            handshake = self._greeting.handshake
            if handshake is None:
                return
            self._is_greeted = True
            self._accept(handshake)
        for heard in self._frames.feed(data):
            match heard:
                case Piece() | Haves() | Requests():
                    # Taken as such by whoever knows the manifest.
                    pass
                case _ if heard[0] in HEARD_TYPES:
                    self._hear_message(heard)
        self._waiting.note(self._parts.size_bytes + self._frames.gathered_bytes)

    def _accept(self, handshake: Handshake) -> None:
        if not handshake.is_verified:
            self.leave(GoodbyeCode.OTHER, "speaks only the course protocol")
            return
        self._may_speak = True
        check_swarm(handshake.swarm, self._own.swarm)
        if handshake.peer_id != self._peer_id:
            raise ProtocolViolation(
                ViolationReason.WRONG_PEER,
                f"peer {self._peer_id} was called, {handshake.peer_id} answered",
            )
        if Feature.MANIFEST not in handshake.features:
            self.leave(GoodbyeCode.OTHER, "has no manifest either")
            return
        self._greeted.settle()
        self._watch.review()

    def _hear_message(self, payload: WireBytes) -> None:
        self._expect_message(payload[0])
        match _CODEC.decode_checked(payload):
            case ManifestPartMessage(total_bytes, part, data):
                self._take(total_bytes, part, bytes(data))
            case GoodbyeMessage(code, words):
                self._may_speak = False
                self.leave(code, f"they said goodbye: {words or code}")

    def _take(self, total_bytes: int, part: int, data: bytes) -> None:
        self._parts.take(total_bytes, part, data)
        if self._parts.is_whole:
            self._waiting.end()
            self._settle(self._parts.hand_over())
        else:
            self._ask()

    def _ask(self) -> None:
        for part in self._parts.ask():
            self._say(ManifestRequestMessage(part))

    def _expect_piece(self, index: int) -> None:
        """
        Never called: a piece is as unknown as all else.
        """

    def _expect_message(self, kind: int) -> None:
        if kind == ExtensionType.MANIFEST_PART:
            self._parts.expect()

    def _part(self, code: int, words: str) -> None:
        if self._may_speak:
            self._say(GoodbyeMessage.saying(code, words))
        self._transport.loseConnection()

    def _abort(self) -> None:
        if ITCPTransport.providedBy(self._transport):
            ITCPTransport(self._transport).abortConnection()
        else:
            self._transport.loseConnection()

    def _give_up(self, _: Deferred[bytes]) -> None:
        self._whole = None
        self._waiting.end()

    def _end(self, error: Exception, close: Callable[[], None]) -> None:
        """
        @param error: the first one counts.
        @param close: closes the transport, before anybody hears of the end.
        """
        if self._is_over:
            return
        self._end_error = error
        self._frames.stop()
        self._parts.drop()
        self._waiting.end()
        self._watch.review()
        close()
        self._greeted.settle(Failure(error))
        self._settle(Failure(error))

    def _settle(self, outcome: bytes | Failure) -> None:
        whole, self._whole = self._whole, None
        if whole is not None:
            whole.callback(outcome)

    def _deadlines(self) -> Iterator[Deadline]:
        if self._is_over:
            return
        if not self._is_greeted:
            yield self._made_at + self._limits.handshake_seconds, self._on_no_greeting
        if self._waiting.deadline is not None:
            yield self._waiting.deadline, self._on_stall
        if self._may_speak:
            # It may be long until it is their turn.
            yield self._spoke_at + self._limits.keep_alive_seconds, self._on_quiet

    def _on_no_greeting(self) -> None:
        reason = f"no handshake within {self._limits.handshake_seconds:g} seconds"
        self._end(ConversationEnded(reason), self._abort)

    def _on_quiet(self) -> None:
        self._say(KeepAliveMessage())

    def _on_stall(self) -> None:
        self.leave(
            GoodbyeCode.OTHER,
            f"sent too little of the manifest for {self._limits.stall_seconds:g} "
            f"seconds",
        )
