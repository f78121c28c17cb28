"""
What is known before the check: the swarm, the file, the peer under test, and how
long things may take.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from swarmpeer.config import CommonConfig, PeerInfo
from swarmpeer.core.layout import PieceLayout


class PieceSource(Protocol):
    """
    Where the right bytes come from.
    """

    def piece(self, index: int) -> bytes:
        """
        The bytes of one piece.
        """


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long things may take, in seconds.

    @ivar answer: what is answered at once, such as a bitfield.
    @ivar quiet: in which nothing must come, when nothing is to come.
    @ivar grace: what was on its way may cross what we say.
    @ivar close: until a connection is closed that broke the rules.
    @ivar handshake: until half a handshake is given up.
    @ivar call: until the peer calls us for the first time.
    @ivar call_again: until it calls us again.
    @ivar end: until it ends when all are complete.
    """

    answer: float = 3.0
    quiet: float = 1.0
    grace: float = 0.5
    close: float = 3.0
    handshake: float = 15.0
    call: float = 60.0
    call_again: float = 10.0
    end: float = 20.0


def patience_for(answer_seconds: float) -> Patience:
    """
    How long things may take, if an answer may take so long.
    """
    usual = Patience()
    factor = answer_seconds / usual.answer
    return replace(
        usual,
        answer=answer_seconds,
        quiet=usual.quiet * factor,
        grace=usual.grace * factor,
        close=usual.close * factor,
        handshake=max(usual.handshake, usual.handshake * factor),
        call_again=max(usual.call_again, usual.call_again * factor),
        end=max(usual.end, usual.end * factor),
    )


@dataclass(frozen=True)
class Subject:
    """
    What is checked.

    @ivar tested: the peer under test, as the list has it.
    @ivar members: all peers of the list, in its order.
    @ivar source: the file.
    @ivar is_alone: do we play all other members, so that nobody else gives it
        pieces, takes its places or has to be complete?
    """

    common: CommonConfig
    members: tuple[PeerInfo, ...]
    tested: PeerInfo
    source: PieceSource
    patience: Patience
    is_alone: bool

    @cached_property
    def layout(self) -> PieceLayout:
        """
        How the file is cut.
        """
        return PieceLayout(self.common.file_size_bytes, self.common.piece_size_bytes)

    @property
    def held(self) -> range:
        """
        What the peer under test holds from the start.
        """
        return range(self.layout.piece_count if self.tested.has_file else 0)

    @property
    def unchoke_seconds(self) -> float:
        """
        Who is interested alone is unchoked within that.
        """
        interval = self.common.unchoking_interval_seconds
        return interval + max(1.0, interval / 4)

    @property
    def round_seconds(self) -> float:
        """
        Within that there were a preferred and an optimistic round.
        """
        optimistic = self.common.optimistic_unchoking_interval_seconds
        return self.unchoke_seconds + optimistic
