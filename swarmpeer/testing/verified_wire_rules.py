"""
What an honest peer of a verified swarm may say, beyond the eight messages.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import ClassVar

from swarmpeer.core.layout import PieceLayout
from swarmpeer.testing.invariants import Finding
from swarmpeer.testing.wire_rules import SpokenSide
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extension import (
    BadPieceMessage,
    CancelMessage,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    RejectMessage,
    WithdrawMessage,
)
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    Message,
    PieceMessage,
    RequestMessage,
)


class VerifiedSpokenSide(SpokenSide):
    """
    One end of one connection between two that are verified.

    @ivar unanswered: the pieces that it asked for and had no answer of any kind
        about since.
    @ivar cancelled: how often it said of a piece that it need not come.
    @ivar has_taken_leave: did it say goodbye?
    """

    _holdings: ClassVar[tuple[type[Message], ...]] = (
        BitfieldMessage,
        HaveAllMessage,
        HaveNoneMessage,
    )

    def __init__(
        self,
        handshake: Handshake,
        layout: PieceLayout,
        codec: MessageCodec,
        holds: Callable[[int], bool],
    ) -> None:
        """
        See L{SpokenSide}.
        """
        super().__init__(handshake, layout, codec, holds)
        self._ever_told = bytearray(layout.piece_count)
        self._gave: set[int] = set()
        self.unanswered: set[int] = set()
        self.cancelled: Counter[int] = Counter()
        self.has_taken_leave = False

    def has_told(self, index: int) -> bool:
        """
        Did it ever tell of that piece?  That it holds it no more may be under way.
        """
        return self._ever_told[index] == 1

    def has_given(self, index: int) -> bool:
        """
        Did it ever send that piece?
        """
        return index in self._gave

    def answered(self, index: int) -> bool:
        """
        See L{SpokenSide}.
        """
        self.unanswered.discard(index)
        return super().answered(index)

    def _judge(self, message: Message) -> Iterator[Finding]:
        if self.has_taken_leave:
            yield "goodbye is the last word", message.type.name
        yield from super()._judge(message)
        match message:
            case HaveAllMessage():
                for index in range(len(self._told)):
                    yield from self._tell(index)
            case PieceMessage(index):
                self._gave.add(index)
            case RequestMessage(index):
                self.unanswered.add(index)
            case WithdrawMessage(index):
                if not self._told[index]:
                    yield "withdraws what was told", f"piece {index}"
                self._told[index] = 0
            case RejectMessage(index):
                if self.other is not None and not self.other.answered(index):
                    yield "rejects a request", f"piece {index} was not asked for"
            case CancelMessage(index):
                # Their answer may be under way.
                if index not in self.asked:
                    yield "cancels a request", f"piece {index} was not asked for"
                self.cancelled[index] += 1
            case BadPieceMessage(index):
                other = self.other
                if isinstance(other, VerifiedSpokenSide) and not other.has_given(index):
                    yield "complains of what came", f"piece {index} was not sent"
            case GoodbyeMessage():
                self.has_taken_leave = True

    def _may_come_first(self, message: Message) -> bool:
        return isinstance(message, GoodbyeMessage)

    def _tell(self, index: int) -> Iterator[Finding]:
        self._ever_told[index] = 1
        yield from super()._tell(index)
