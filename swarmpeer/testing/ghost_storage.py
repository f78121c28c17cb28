"""
A storage for swarms that are too large to keep their bytes.
"""

from collections.abc import Callable
from functools import partial

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.wire.messages import PieceData


@implementer(IPieceStorage)
class GhostStorage:
    """
    Remembers which pieces it was given and compares each with what it should
    be.  Bytes are kept only where they were wrong, so that they are handed on
    as wrong as they came.

    @ivar is_whole: see L{IPieceStorage}.
    @ivar is_finished: was the file put in place, or whole from the start?
    """

    def __init__(
        self,
        layout: PieceLayout,
        source: Callable[[int], bytes],
        whole: bool,
        clock: IReactorTime,
        delay_seconds: float = 0.0,
    ) -> None:
        """
        @param source: the right bytes of a piece.
        @param whole: begin with all pieces?
        @param delay_seconds: how long an answer takes; 0: it comes before the
            call returns.
        """
        self._layout = layout
        self._source = source
        self._clock = clock
        self._delay_seconds = delay_seconds
        self._held = bytearray(layout.piece_count)
        self._wrong: dict[int, bytes] = {}
        self._is_open = False
        self._was_opened = False
        self._is_placing = False
        self._under_way = 0
        self._when_closed: list[Callable[[], None]] = []
        self.is_whole = whole
        self.is_finished = whole

    @property
    def wrong(self) -> list[int]:
        """
        The pieces that are held with wrong bytes, as they came.
        """
        return list(self._wrong)

    def open(self) -> None:
        """
        Begin: with all pieces, or with none.

        @raise StorageError: if it is open.
        """
        if self._was_opened:
            raise StorageError("the ghost storage is open, or not closed yet")
        if not self.is_whole:
            self._held = bytearray(self._layout.piece_count)
            self._wrong.clear()
            self.is_finished = False
        self._is_open = self._was_opened = True

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hand out the piece, or fail if it was never written.

        @raise IndexError: if the layout has no such piece.
        """
        self._layout.offset(index)
        if not self._is_open:
            failed(self._not_open())
        elif not (self.is_whole or self._held[index]):
            failed(StorageError(f"piece {index} was never written"))
        else:
            self._answer(partial(done, self._wrong.get(index) or self._source(index)))

    def write(
        self,
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Compare the piece and remember that it is here.

        @raise IndexError: if the layout has no such piece.
        @raise ValueError: if C{data} is not as long as the piece.
        """
        size_bytes = self._layout.size(index)
        if len(data) != size_bytes:
            raise ValueError(f"{len(data)} bytes for piece {index} of {size_bytes}")
        if not self._is_open:
            failed(self._not_open())
        elif self.is_finished or self._is_placing:
            failed(StorageError("the file is complete and is not changed"))
        else:
            self._answer(partial(self._keep, index, bytes(data), done))

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Declare the file complete, or fail if a piece was never written.
        """
        missing = self._held.count(0)
        if not self._is_open:
            failed(self._not_open())
        elif self._is_placing:
            failed(StorageError("the file is being put in place"))
        elif self.is_finished:
            done()
        elif missing:
            failed(StorageError(f"{missing} pieces were never written"))
        else:
            self._is_placing = True
            self._answer(partial(self._place, done))

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on and wait for the answers to what was
        begun.  May be asked for many times.
        """
        self._is_open = False
        self._when_closed.append(done)
        self._close_if_idle()

    def _keep(self, index: int, piece: bytes, done: Callable[[], None]) -> None:
        self._held[index] = True
        if piece == self._source(index):
            self._wrong.pop(index, None)
        else:
            self._wrong[index] = piece
        done()

    def _place(self, done: Callable[[], None]) -> None:
        self._is_placing = False
        self.is_finished = True
        done()

    def _answer(self, answer: Callable[[], None]) -> None:
        if self._delay_seconds:
            self._under_way += 1
            self._clock.callLater(self._delay_seconds, self._end, answer)
        else:
            answer()

    def _end(self, answer: Callable[[], None]) -> None:
        self._under_way -= 1
        try:
            answer()
        finally:
            self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._when_closed and not self._under_way:
            self._was_opened = False
            when_closed, self._when_closed = self._when_closed, []
            for done in when_closed:
                done()

    def _not_open(self) -> StorageError:
        return StorageError("the ghost storage is not open")
