"""
Looking after the pieces that we hold: in turn, and where there is doubt.
"""

from collections.abc import Callable
from functools import partial

from swarmpeer.core.pieces import PieceState
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import StorageError


class Scrubbing:
    """
    Has pieces read and checked.  One at a time is checked in turn; one that is in
    doubt is checked beside it.
    """

    def __init__(self, store: VerifiedStore, lost: Callable[[int, str], None]) -> None:
        """
        @param lost: told of each piece that we hold and that is wrong, and how that
            was found.
        """
        self._store = store
        self._lost = lost
        self._turn = 0
        self._last = -1
        self._is_in_turn = False
        self._allowed_bytes = 0
        self._is_going_on = False
        self._checking: set[int] = set()

    def allow(self, size_bytes: int) -> None:
        """
        Check the next pieces in turn, until so much more is read than was allowed
        before.  What was not used up does not add up.
        """
        self._allowed_bytes = min(self._allowed_bytes + size_bytes, size_bytes)
        self._go_on()

    def step(self) -> int:
        """
        Begin to check the next piece that we hold, unless the last one is still being
        checked.

        @return: how many bytes are read for it.
        """
        held = self._store.bits
        if self._is_in_turn or held.is_empty:
            return 0
        # By rank, so that the next one is found at once however few are held.  What
        # comes to be ours meanwhile may shift the turn back by a piece.
        self._turn %= held.count
        self._last = index = held.at_rank(self._turn)
        self._turn += 1
        if index in self._checking:
            return 0
        self._is_in_turn = True
        self._begin(index, "the scrub found it wrong", self._end_turn)
        return self._store.layout.size(index)

    def note_lost(self, index: int) -> None:
        """
        We hold a piece no more, so the others behind it move up.
        """
        if index <= self._last and self._turn:
            self._turn -= 1

    def check(self, index: int, doubt: str) -> None:
        """
        Check a piece, unless we do not hold it or it is being checked.

        @param doubt: what to say if it is wrong.
        """
        if self._store.state(index) is PieceState.HAVE and index not in self._checking:
            self._begin(index, doubt, _nothing)

    def look_again(self, index: int, is_right: Callable[[], None]) -> None:
        """
        Check a piece that was lost, unless it is being checked: it may have been the
        disk that failed for a while, or somebody put the file back.

        @param is_right: told if it is.
        """
        if index in self._checking:
            return

        def judge(found_right: bool) -> None:
            self._checking.discard(index)
            if found_right:
                is_right()

        self._checking.add(index)
        self._store.check(index, judge, partial(self._give_up, index, _nothing))

    def _begin(self, index: int, found: str, end: Callable[[], None]) -> None:
        self._checking.add(index)
        self._store.check(
            index,
            partial(self._judge, index, found, end),
            partial(self._give_up, index, end),
        )

    def _judge(
        self, index: int, found: str, end: Callable[[], None], is_right: bool
    ) -> None:
        self._checking.discard(index)
        if not is_right:
            self._lost(index, found)
        end()

    def _give_up(
        self, index: int, end: Callable[[], None], _error: StorageError
    ) -> None:
        self._checking.discard(index)
        end()

    def _end_turn(self) -> None:
        self._is_in_turn = False
        self._go_on()

    def _go_on(self) -> None:
        # An answer may come before the call for it returns.
        if self._is_going_on:
            return
        self._is_going_on = True
        while self._allowed_bytes > 0 and (size_bytes := self.step()):
            self._allowed_bytes -= size_bytes
        self._is_going_on = False


def _nothing() -> None:
    """
    Nobody waits for it.
    """
