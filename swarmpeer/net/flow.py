"""
The way out of a connection: what all gates have in common.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from swarmpeer.net.allowance import Allowance
from swarmpeer.seam import PieceContent, give_back

MESSAGE_COST_BYTES = 64
"""
What a small message that waits takes beside its bytes.
"""


class Gate(Protocol):
    """
    The way out of one connection.

    @ivar is_finished: is nothing more taken?
    """

    is_finished: bool

    @property
    def backlog_bytes(self) -> int:
        """
        What the small messages take that were written since the gate closed.
        """

    @property
    def is_open(self) -> bool:
        """
        Does the neighbour take what we write?
        """

    @property
    def is_flushed(self) -> bool:
        """
        Is all that was written on its way, so that our end may be closed behind it?
        """

    @property
    def room_bytes(self) -> int:
        """
        For how many bytes of pieces is there room?  The last of them may be longer.
        """

    @property
    def progressed_at(self) -> float:
        """
        While the gate is closed, when the neighbour last took something, or might
        have if we had been allowed to send it.
        """

    def write(self, data: bytes) -> None:
        """
        Write a small message, after all that was written before, even if the
        gate is closed.  Once it is finished this does nothing.
        """

    def write_pieces(
        self, heads: Sequence[bytes], contents: Sequence[PieceContent]
    ) -> None:
        """
        The same for pieces, each with its head in front.  A span is given back,
        whatever becomes of it.
        """

    def stood_still(self) -> None:
        """
        Time passed that the neighbour could not use.
        """

    def finish(self) -> None:
        """
        From now on only what was written already goes out.
        """

    def retire(self) -> None:
        """
        No piece that waits here goes out any more; what the transport has, and small
        messages before the first piece, may.
        """


class TimedGate(ABC):
    """
    A L{Gate} that knows since when the neighbour took nothing.

    @ivar _is_held: does C{_up} call C{_allowed} as soon as something may go?
    @ivar _progressed_at: when the neighbour last took something, or could last not.
    @ivar is_finished: is nothing more taken?
    """

    __slots__ = ("_clock", "_is_held", "_progressed_at", "_up", "is_finished")

    def __init__(self, clock: IReactorTime, up: Allowance | None) -> None:
        """
        @param up: how much may go; C{None}: all.
        """
        self._clock = clock
        self._up = up
        self._is_held = False
        self._progressed_at = clock.seconds()
        self.is_finished = False

    @property
    def progressed_at(self) -> float:
        """
        While the gate is closed, when the neighbour last took something; now, while
        it is we who may not send.
        """
        return self._clock.seconds() if self._is_held else self._progressed_at

    def stood_still(self) -> None:
        """
        Time passed that the neighbour could not use.
        """
        self._progressed_at = self._clock.seconds()

    def finish(self) -> None:
        """
        From now on only what was written already goes out.
        """
        self.is_finished = True

    def _refuse(self, contents: Sequence[PieceContent]) -> None:
        """
        Pieces came after the end.
        """
        for content in contents:
            give_back(content)

    def _allowed(self) -> None:
        self._is_held = False
        self._progressed_at = self._clock.seconds()
        self._may_go()

    @abstractmethod
    def _may_go(self) -> None:
        """
        Something may go that was held back.
        """
