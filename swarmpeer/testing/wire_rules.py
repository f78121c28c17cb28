"""
What an honest peer may say on the wire, read from its bytes.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation
from swarmpeer.testing.invariants import Finding, gathered
from swarmpeer.wire.codec import LENGTH_SIZE, MessageCodec
from swarmpeer.wire.handshake import HANDSHAKE_SIZE, Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)


class SpokenSide:
    """
    What one end of one connection says, in the order in which it says it.

    @ivar other: the other end; C{None} if nobody listens to that one, since it
        is hostile.
    @ivar asked: how often it asked for a piece that it was not sent yet.
    @ivar given_bytes: of the pieces that it sent.
    @cvar _holdings: the messages of which one comes first, and none later.
    """

    _holdings: ClassVar[tuple[type[Message], ...]] = (BitfieldMessage,)

    def __init__(
        self,
        handshake: Handshake,
        layout: PieceLayout,
        codec: MessageCodec,
        holds: Callable[[int], bool],
    ) -> None:
        """
        @param handshake: what it should begin with.
        @param holds: does the peer hold that piece now?
        """
        self.other: SpokenSide | None = None
        self.asked: dict[int, int] = {}
        self.given_bytes = 0
        self._holds = holds
        self._handshake = handshake.encode()
        self._codec = codec
        self._buffer = bytearray()
        self._has_greeted = False
        self._said = 0
        self._is_choking = True
        self._is_interested = False
        self._told = bytearray(layout.piece_count)

    @gathered
    def hear(self, data: bytes) -> Iterator[Finding]:
        """
        It said so much more.

        @return: what it should not have said.
        """
        self._buffer += data
        if not self._has_greeted:
            if len(self._buffer) < HANDSHAKE_SIZE:
                return
            greeting = bytes(self._buffer[:HANDSHAKE_SIZE])
            if greeting != self._handshake:
                yield "handshake", greeting.hex()
            del self._buffer[:HANDSHAKE_SIZE]
            self._has_greeted = True
        at = 0
        while len(self._buffer) - at >= LENGTH_SIZE:
            length = int.from_bytes(self._buffer[at : at + LENGTH_SIZE], "big")
            end = at + LENGTH_SIZE + length
            if end > len(self._buffer):
                break
            try:
                message = self._codec.decode(
                    bytes(self._buffer[at + LENGTH_SIZE : end])
                )
            except ProtocolViolation as violation:
                yield "legal message", str(violation)
            else:
                yield from self._judge(message)
            self._said += 1
            at = end
        del self._buffer[:at]

    def _judge(self, message: Message) -> Iterator[Finding]:
        is_due = self._said == 0 and not self._may_come_first(message)
        if isinstance(message, self._holdings) is not is_due:
            yield "bitfield first", f"message {self._said} is {message.type.name}"
        match message:
            case HaveMessage(index):
                if self._told[index]:
                    yield "one have", f"piece {index} was told before"
                yield from self._tell(index)
            case BitfieldMessage(bits):
                for index in bits:
                    yield from self._tell(index)
            case ChokeMessage() | UnchokeMessage():
                is_choking = isinstance(message, ChokeMessage)
                if is_choking is self._is_choking:
                    yield "choke on change", message.type.name
                self._is_choking = is_choking
            case InterestedMessage() | NotInterestedMessage():
                is_interested = isinstance(message, InterestedMessage)
                # The first of them answers the bitfield, whichever it is.
                if is_interested is self._is_interested and is_interested:
                    yield "interest on change", message.type.name
                self._is_interested = is_interested
            case RequestMessage(index):
                self.asked[index] = self.asked.get(index, 0) + 1
                if not self._is_interested:
                    yield "request with interest", f"piece {index}"
                if self.other is not None and not self.other.has_told(index):
                    yield "asks for what was told", f"piece {index}"
            case PieceMessage(index, data):
                self.given_bytes += len(data)
                if self._is_choking:
                    yield "no piece after choke", f"piece {index}"
                if not self._told[index]:
                    yield "have before piece", f"piece {index}"
                if self.other is not None and not self.other.answered(index):
                    yield "piece on request", f"piece {index} was not asked for"

    def _may_come_first(self, message: Message) -> bool:  # noqa: ARG002
        """
        May that be said before anything is told of what is held?
        """
        return False

    def _tell(self, index: int) -> Iterator[Finding]:
        self._told[index] = 1
        if not self._holds(index):
            yield "tells what it holds", f"it does not hold piece {index}"

    def has_told(self, index: int) -> bool:
        """
        Did it tell of that piece?
        """
        return self._told[index] == 1

    def answered(self, index: int) -> bool:
        """
        A piece is on its way to this end.

        @return: was it asked for?
        """
        count = self.asked.get(index, 0)
        if count:
            self.asked[index] = count - 1
        return count > 0
