"""
A storage in memory that knows what the pieces should be, for the tests of the
verified peer.
"""

from collections.abc import Callable, Iterable, Sequence

from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import BadPieceError, PieceLostError, StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.seam import Piece
from swarmpeer.storage.answering import tell_each
from swarmpeer.testing.storage import HeldCall, HeldStorage
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


@implementer(IVerifiedStorage)
class CheckedMemory:
    """
    The pieces as C{bytes}; every answer comes before the call returns, and every
    read looks whether the piece is right.

    @ivar pieces: what is there, right or wrong.
    @ivar failure: if it is not C{None}, every write fails with it.
    """

    def __init__(
        self, layout: PieceLayout, whole: bytes, held: Iterable[int] = ()
    ) -> None:
        """
        @param whole: what the file should be.
        @param held: the pieces that are there from the start.
        """
        self._layout = layout
        self._whole = whole
        self.pieces = {index: self.right(index) for index in held}
        self.failure: StorageError | None = None
        self.is_whole = len(self.pieces) == layout.piece_count

    def right(self, index: int) -> bytes:
        """
        What a piece should be.
        """
        start = self._layout.offset(index)
        return self._whole[start : start + self._layout.size(index)]

    def rot(self, index: int) -> None:
        """
        The disk keeps something else.
        """
        self.pieces[index] = bytes(byte ^ 0xFF for byte in self.right(index))

    def held(self) -> Bitfield:
        """
        The pieces that are right.
        """
        bits = Bitfield(self._layout.piece_count)
        for index, piece in self.pieces.items():
            if piece == self.right(index):
                bits.add(index)
        return bits

    def open(self) -> None:
        """
        Nothing is to be taken.
        """

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        There is nothing to tell.
        """

    def check(
        self,
        progress: Callable[[int, int], None],  # noqa: ARG002 (it is done at once)
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002 (it never does)
    ) -> None:
        """
        Tell what is right.
        """
        done(self.held())

    def check_piece(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002 (it never does)
    ) -> None:
        """
        Tell whether a piece is right.
        """
        done(self.pieces.get(index) == self.right(index))

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hand out the piece, unless it is not right.
        """
        piece = self.pieces.get(index)
        if piece != self.right(index):
            failed(PieceLostError(f"piece {index} has rotted"))
        else:
            done(piece)

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep the pieces that are right.
        """
        failures: dict[int, StorageError] = {}
        for piece in pieces:
            index = piece.index
            if piece.data != self.right(index):
                failures[index] = BadPieceError(f"piece {index} is wrong")
            elif self.failure is not None:
                failures[index] = self.failure
            else:
                self.pieces[index] = bytes(piece.data)
        tell_each(pieces, failures, done, failed)

    def finish(
        self,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],  # noqa: ARG002 (it never does)
    ) -> None:
        """
        Everything is in place.
        """
        self.is_whole = True
        done()

    def close(self, done: Callable[[], None]) -> None:
        """
        Nothing is to be given back.
        """
        done()


@implementer(IVerifiedStorage)
class HeldCheckedStorage(HeldStorage):
    """
    L{CheckedMemory} behind the door of L{HeldStorage}.
    """

    def __init__(self, memory: CheckedMemory) -> None:
        super().__init__(memory)
        self._memory = memory

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        Pass it on.
        """
        self._memory.report_to(publish)

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Check at once.
        """
        self._memory.check(progress, done, failed)

    def check_piece(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hold the call.
        """

        def go() -> None:
            self._memory.check_piece(index, done, failed)

        self.waiting.append(HeldCall("check_piece", index, go, failed))


def checked_store(
    layout: PieceLayout, whole: bytes, held: Iterable[int] = ()
) -> tuple[CheckedMemory, VerifiedStore]:
    """
    A store over a memory that holds some pieces.
    """
    memory = CheckedMemory(layout, whole, held)
    return memory, VerifiedStore(layout, memory, memory.held())
