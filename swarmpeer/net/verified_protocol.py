"""
One connection of a verified swarm: it greets with more, and says more.
"""

from collections.abc import Iterator

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.beat import Beat
from swarmpeer.net.further_delivery import deliver_further
from swarmpeer.net.further_sending import LATER_HAVE_SECONDS, FurtherSender
from swarmpeer.net.goodbye import goodbye_code
from swarmpeer.net.greeting import Greeting
from swarmpeer.net.holding import Hold
from swarmpeer.net.late_pieces import LatePieces
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.verified_terms import VerifiedTerms, check_swarm
from swarmpeer.net.watch import Deadline, Watch
from swarmpeer.seam import SwarmLogic
from swarmpeer.verified_seam import VerifiedLogicSide
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.extension import (
    ExtensionType,
    GoodbyeCode,
    GoodbyeMessage,
    KeepAliveMessage,
    RejectMessage,
)
from swarmpeer.wire.handshake import Handshake


class VerifiedProtocol(FurtherSender, PeerProtocol):
    """
    A L{swarmpeer.verified_seam.VerifiedNetworkSide} over a transport.

    With a classic neighbour, if they are allowed, it is a L{PeerProtocol} and no
    more.  Who calls us may be one, and would not understand our greeting, so then
    we hear theirs first.

    The conversation ends with the first goodbye, whoever says it.
    """

    # The node of a verified swarm has no other.
    _logic: VerifiedLogicSide

    def __init__(
        self,
        node: SwarmLogic,
        codec: MessageCodec,
        clock: IReactorTime,
        limits: Limits,
        *,
        terms: VerifiedTerms,
        extended_codec: ExtendedCodec,
        lenient: bool = False,
        expected_peer_id: int | None = None,
        beat: Beat | None = None,
        later_beat: Beat | None = None,
        late: LatePieces | None = None,
        up: Allowance | None = None,
        down: Allowance | None = None,
    ) -> None:
        """
        See L{PeerProtocol}.

        @param codec: for classic neighbours.
        @param later_beat: the same as C{beat} for haves that can wait.
        @param extended_codec: for all others.
        """
        super().__init__(
            node,
            codec,
            clock,
            limits,
            lenient=lenient,
            expected_peer_id=expected_peer_id,
            beat=beat,
            late=late,
            up=up,
            down=down,
        )
        self._later_beat = later_beat or Beat(clock, LATER_HAVE_SECONDS)
        self._terms = terms
        self._extended_codec = extended_codec
        self._greeting = Greeting(lenient=lenient, verified=True)
        self._watch = Watch(clock, self._deadlines, self._stood_still)
        self._unsaid_id: int | None = None
        self._greeted_as_classic = False
        self._said_goodbye = False
        self._spoke_at = clock.seconds()

    # From the logic.

    def send_handshake(self, peer_id: int) -> None:
        """
        Send the 32 bytes, or, if they have to tell first how they want to be
        greeted, remember who we are until then.
        """
        if self.is_dialled:
            self._greet(peer_id, self.peer_id in self._terms.classic_peers)
        elif self._terms.allow_classic:
            self._unsaid_id = peer_id
        else:
            self._greet(peer_id, False)

    def send_cancel(self, index: int) -> None:
        """
        Tell them that a piece need not come, and do not wait for it.
        """
        super().send_cancel(index)
        self._waiting.end((index,))
        self._review_late()

    def close(self, reason: str = "", code: int = GoodbyeCode.OTHER) -> None:
        """
        Say goodbye, flush what is written, close, and deliver nothing from now on.
        """
        self._say_goodbye(code, reason)
        super().close(reason)

    # From the factory.

    def stop(self, reason: str) -> None:
        """
        Close, since this peer stops.
        """
        self.close(reason, GoodbyeCode.STOPPING)

    # What differs from a classic swarm.

    def _accept(self, handshake: Handshake) -> None:
        if self._unsaid_id is not None:
            self._greet(self._unsaid_id, not handshake.is_verified)
        if not handshake.is_verified:
            self._check_classic(handshake)
            return
        if not self._greeted_as_classic:
            self._speak_further()
        check_swarm(handshake.swarm, self._terms.swarm)

    def _hear_further(self, payload: WireBytes) -> None:
        kind = payload[0]
        if kind >= self._codec.first_unknown_type:
            super()._hear_further(payload)
            return
        self._expect_message(kind)
        message = self._codec.decode_checked(payload)
        if isinstance(message, RejectMessage):
            self._waiting.end((message.index,))
        deliver_further(message, self._logic)
        if isinstance(message, GoodbyeMessage):
            # They say nothing more, and need not hear more.
            self._said_goodbye = True
            self.close(f"they said goodbye: {message.words or message.code}")

    def _expect_message(self, kind: int) -> None:
        if kind == ExtensionType.MANIFEST_PART:
            raise ProtocolViolation(
                ViolationReason.BAD_MANIFEST,
                "a part of the manifest that was not asked for",
            )
        super()._expect_message(kind)

    def _end(self, reason: str) -> None:
        self._later_beat.leave(self.flush_haves)
        super()._end(reason)

    def _tell_fault(self, violation: ProtocolViolation | None) -> None:
        if violation is None:
            self._say_goodbye(GoodbyeCode.INTERNAL, "internal error")
        else:
            self._say_goodbye(goodbye_code(violation), violation.detail)

    def _deadlines(self) -> Iterator[Deadline]:
        yield from super()._deadlines()
        if self._is_verified and not self._gate.is_finished:
            limits = self._limits
            if Hold.RATE not in self._holding:
                yield self._heard_at + limits.silence_seconds, self._on_silence
            yield self._spoke_at + limits.keep_alive_seconds, self._on_nothing_said

    # Inside.

    def _greet(self, own_id: int, is_classic: bool) -> None:
        """
        Say who we are, in the classic way or in ours.
        """
        self._greeted_as_classic = is_classic
        if is_classic:
            super().send_handshake(own_id)
        else:
            terms = self._terms
            handshake = Handshake(own_id, terms.features, terms.swarm)
            self._gate.write(handshake.encode())

    def _speak_further(self) -> None:
        """
        From now on there are more than the eight messages.
        """
        self._is_verified = True
        self._codec = self._extended_codec
        self._frames.judge_by(self._codec)
        limits = self._limits
        soon = min(limits.keep_alive_seconds, limits.silence_seconds)
        self._watch.wake_by(self._heard_at + soon)

    def _check_classic(self, handshake: Handshake) -> None:
        terms = self._terms
        if not terms.allow_classic and handshake.peer_id not in terms.classic_peers:
            raise ProtocolViolation(
                ViolationReason.CLASSIC_PEER,
                f"peer {handshake.peer_id} speaks only the course protocol; "
                f"allow_classic = true, and classic = true for that member, would "
                f"let it take part",
            )

    def _say_goodbye(self, code: int, words: str) -> None:
        """
        Unless either side did already.
        """
        if self._is_verified and not self._said_goodbye:
            self._said_goodbye = True
            self._send(GoodbyeMessage.saying(code, words))

    def _stood_still(self) -> None:
        """
        What they said and took meanwhile we could not notice: their time begins
        anew.  Ours does not, so that they hear of us at once.
        """
        self._heard_at = self._clock.seconds()
        self._gate.stood_still()
        self._waiting.restart(self._frames.piece_bytes)

    def _on_silence(self) -> None:
        if self._catches_up():
            return
        self.close(f"silent for {self._limits.silence_seconds:g} seconds")

    def _on_nothing_said(self) -> None:
        self._spoke_at = self._clock.seconds()
        if self._gate.is_open:
            self._send_further(KeepAliveMessage())
