"""
Waiting for a piece that was asked for.
"""

from collections.abc import Iterable

from twisted.internet.interfaces import IReactorTime

from swarmpeer.net.limits import Limits


class Waiting:
    """
    Tells whether there is progress while requests are outstanding.  Only bytes
    of pieces are progress, and only enough of them; see L{Limits}.
    """

    __slots__ = (
        "_clock",
        "_indexes",
        "_limits",
        "_next_progress_bytes",
        "_since",
    )

    def __init__(self, clock: IReactorTime, limits: Limits) -> None:
        """
        Nothing is waited for yet.
        """
        self._clock = clock
        self._limits = limits
        self._indexes: set[int] = set()
        self._since = 0.0
        self._next_progress_bytes = 0

    def waits_for(self, index: int) -> bool:
        """
        Was the piece asked for, and is its answer waited for?
        """
        return index in self._indexes

    @property
    def deadline(self) -> float | None:
        """
        When the wait becomes a stall; C{None} if nothing is waited for.
        """
        if not self._indexes:
            return None
        return self._since + self._limits.stall_seconds

    def begin(self, indexes: Iterable[int], piece_bytes: int) -> float:
        """
        These pieces were asked for.

        @param piece_bytes: how many bytes of pieces came so far.
        @return: the deadline.
        """
        self._indexes.update(indexes)
        self.restart(piece_bytes)
        return self._since + self._limits.stall_seconds

    def restart(self, piece_bytes: int) -> None:
        """
        Count from now.
        """
        self._since = self._clock.seconds()
        self._next_progress_bytes = piece_bytes + self._limits.progress_bytes

    def note(self, piece_bytes: int) -> None:
        """
        So many bytes of pieces came by now.
        """
        if piece_bytes >= self._next_progress_bytes:
            self.restart(piece_bytes)

    def end(self, indexes: Iterable[int] | None = None) -> None:
        """
        These pieces are in or will not come; without any, none will.
        """
        if indexes is None:
            self._indexes.clear()
        else:
            self._indexes.difference_update(indexes)
