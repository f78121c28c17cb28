"""
One connection of a verified swarm: it greets with more, and says more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.beat import Beat
from swarmpeer.net.delivery import deliver_further
from swarmpeer.net.greeting import Greeting, check_swarm
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.reasons import goodbye_code
from swarmpeer.net.watch import Deadline
from swarmpeer.seam import SwarmLogic, VerifiedLogicSide
from swarmpeer.wire import WireBytes
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec, encode_manifest_head
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    ExtensionMessage,
    ExtensionType,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    RejectMessage,
    WithdrawMessage,
)
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake
from swarmpeer.wire.messages import PieceData


@dataclass(frozen=True, slots=True)
class VerifiedTerms:
    """
    On what terms we talk to others in a verified swarm.

    @ivar infohash: of the manifest, 32 bytes.
    @ivar features: what we tell of ourselves.
    @ivar allow_classic: may peers take part that speak only the eight messages?
    @ivar classic_peers: the ids of those that are known to; they are called in
        their way.
    """

    infohash: bytes
    features: Feature = Feature.VERIFIED
    allow_classic: bool = False
    classic_peers: frozenset[int] = frozenset()

    @property
    def swarm(self) -> bytes:
        """
        What of the infohash is told in a handshake.
        """
        return self.infohash[:SWARM_BYTES]


class VerifiedProtocol(PeerProtocol):
    """
    A L{swarmpeer.seam.VerifiedNetworkSide} over a transport.

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
    ) -> None:
        """
        See L{PeerProtocol}.

        @param codec: for classic neighbours.
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
        )
        self._terms = terms
        self._extended_codec = extended_codec
        self._greeting = Greeting(lenient=lenient, extended=True)
        self._unsaid_id: int | None = None
        self._greeted_as_classic = False
        self._is_verified = False
        self._said_goodbye = False
        self._spoke_at = clock.seconds()

    @property
    def is_verified(self) -> bool:
        """
        Do both sides speak more than the eight messages?
        """
        return self._is_verified

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

    def send_piece(self, index: int, data: PieceData) -> None:
        """
        Send the bytes of a piece.
        """
        self._spoke_at = self._clock.seconds()
        super().send_piece(index, data)

    def send_reject(self, index: int) -> None:
        """
        Tell them that a piece will not come.
        """
        self._send_further(RejectMessage(index))

    def send_cancel(self, index: int) -> None:
        """
        Tell them that a piece need not come.
        """
        self._send_further(CancelMessage(index))

    def send_have_all(self) -> None:
        """
        Tell them that we hold every piece.
        """
        self._send_further(HaveAllMessage())

    def send_have_none(self) -> None:
        """
        Tell them that we hold no piece.
        """
        self._send_further(HaveNoneMessage())

    def send_withdrawal(self, index: int) -> None:
        """
        Tell them that we hold a piece no more.
        """
        self._send_further(WithdrawMessage(index))

    def send_bad_piece(self, index: int) -> None:
        """
        Tell them that a piece was wrong.
        """
        self._send_further(BadPieceMessage(index))

    def send_manifest_part(self, part: int, manifest: bytes) -> None:
        """
        Send them a part of the manifest.

        @raise ValueError: if there is no such part.
        """
        if self._is_verified:
            self.flush_haves()
            message = ManifestPartMessage.cut(manifest, part)
            size = len(message.data)
            head = encode_manifest_head(message.total_bytes, part, size)
            self._spoke_at = self._clock.seconds()
            self._gate.write_piece(head, message.data)

    def send_goodbye(self, code: int, words: str) -> None:
        """
        Tell them why we close, unless either side did already.
        """
        if self._is_verified and not self._said_goodbye:
            self._said_goodbye = True
            self._send(GoodbyeMessage.saying(code, words))

    def close(self, reason: str = "") -> None:
        """
        Say goodbye, flush what is written, close, and deliver nothing from now on.
        """
        self.send_goodbye(GoodbyeCode.OTHER, reason)
        super().close(reason)

    # From the factory.

    def stop(self, reason: str) -> None:
        """
        Close, since this peer stops.
        """
        self.send_goodbye(GoodbyeCode.STOPPING, reason)
        super().stop(reason)

    # What differs from a classic swarm.

    def _write(self, data: bytes) -> None:
        self._spoke_at = self._clock.seconds()
        super()._write(data)

    def _accept(self, handshake: Handshake) -> None:
        if self._unsaid_id is not None:
            self._greet(self._unsaid_id, handshake.is_classic)
        if handshake.is_classic:
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

    def _tell_fault(self, violation: ProtocolViolation | None) -> None:
        if violation is None:
            self.send_goodbye(GoodbyeCode.INTERNAL, "internal error")
        else:
            self.send_goodbye(goodbye_code(violation), violation.detail)

    def _deadlines(self) -> Iterator[Deadline]:
        yield from super()._deadlines()
        if self._is_verified and not self._gate.is_finished:
            limits = self._limits
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

    def _send_further(self, message: ExtensionMessage) -> None:
        if self._is_verified:
            self._send(message)

    def _on_silence(self) -> None:
        self.close(f"silent for {self._limits.silence_seconds:g} seconds")

    def _on_nothing_said(self) -> None:
        self._spoke_at = self._clock.seconds()
        if self._gate.is_open:
            self._send_further(KeepAliveMessage())
