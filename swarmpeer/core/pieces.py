"""
The pieces of one file: what each one's state is, and where their bytes go.

Invariant: a piece is in exactly one state, and the only ways are

    MISSING -> IN_FLIGHT   claim
    IN_FLIGHT -> MISSING   release
    MISSING, IN_FLIGHT -> STORING   begin_storing
    STORING -> HAVE or MISSING      the storage's answer
    HAVE -> MISSING   lose, in a verified swarm alone
    MISSING -> HAVE   regain, in a verified swarm alone
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData


class PieceState(IntEnum):
    """
    Where a piece is on its way to us.
    """

    MISSING = 0
    IN_FLIGHT = 1
    STORING = 2
    HAVE = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """
    The bytes of one piece.
    """

    index: int
    data: PieceData

    @property
    def size_bytes(self) -> int:
        """
        How long it is.
        """
        return len(self.data)


class PieceStore:
    """
    Our own bits and the state of every piece, with the storage behind them.

    @ivar layout: the geometry of the file.
    @ivar bits: the pieces that we hold; only grows, unless one is lost.
    @ivar on_lost: told of a piece that turned out not to be on the disk any more,
        when it was to be read, and before the reader is; told again if it is read
        again.
    """

    on_lost: Callable[[int, StorageError], None] | None = None

    def __init__(
        self,
        layout: PieceLayout,
        storage: IPieceStorage,
        held: Bitfield | None = None,
    ) -> None:
        """
        @param storage: opened already.
        @param held: the pieces that it holds, if more is known than whether it is
            whole; taken over.
        """
        self.layout = layout
        self._storage = storage
        count = layout.piece_count
        if held is not None:
            self.bits = held
            self._states = bytearray(count)
            for index in held:
                self._states[index] = PieceState.HAVE
        elif storage.is_whole:
            self.bits = Bitfield.full(count)
            self._states = bytearray([PieceState.HAVE]) * count
        else:
            self.bits = Bitfield(count)
            self._states = bytearray(count)

    @property
    def is_complete(self) -> bool:
        """
        Do we hold every piece?
        """
        return self.bits.is_full

    def state(self, index: int) -> PieceState:
        """
        The state of one piece.

        @raise IndexError: if there is no such piece.
        """
        if index < 0:
            raise IndexError(f"piece {index} is negative")
        return PieceState(self._states[index])

    def states(self) -> bytes:
        """
        The states of all pieces, one byte each, as they are now.
        """
        return bytes(self._states)

    def claim(self, index: int) -> None:
        """
        The piece is asked of somebody now.
        """
        self._move(index, PieceState.MISSING, PieceState.IN_FLIGHT)

    def release(self, index: int) -> None:
        """
        The piece is asked of nobody any more.
        """
        self._move(index, PieceState.IN_FLIGHT, PieceState.MISSING)

    def begin_storing(self, index: int) -> bool:
        """
        The piece's bytes are here.

        @return: are they needed?  If so the piece is STORING now, and C{put}
            must follow.
        """
        if self.state(index) >= PieceState.STORING:
            return False
        self._states[index] = PieceState.STORING
        return True

    def put(
        self,
        piece: Piece,
        stored: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Keep the bytes of a piece that is STORING.  Its bit is set before
        C{stored} is called; after C{failed} it is MISSING again.
        """
        index = piece.index
        self._expect(index, PieceState.STORING)

        def on_done() -> None:
            self._move(index, PieceState.STORING, PieceState.HAVE)
            self.bits.add(index)
            stored()

        def on_failed(error: StorageError) -> None:
            self._move(index, PieceState.STORING, PieceState.MISSING)
            failed(error)

        self._storage.write(index, piece.data, on_done, on_failed)

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the bytes of a piece that we HAVE.
        """
        if self.on_lost is not None:
            failed = partial(self._not_read, index, failed)
        self._storage.read(index, done, failed)

    def lose(self, index: int) -> None:
        """
        A piece that we HAVE is MISSING again.
        """
        self._move(index, PieceState.HAVE, PieceState.MISSING)
        self.bits.discard(index)

    def regain(self, index: int) -> None:
        """
        A piece that is MISSING is on the disk as it should be: we HAVE it.
        """
        self._move(index, PieceState.MISSING, PieceState.HAVE)
        self.bits.add(index)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        We HAVE every piece: put the file in place.
        """
        self._storage.finish(done, failed)

    def _not_read(
        self,
        index: int,
        failed: Callable[[StorageError], None],
        error: StorageError,
    ) -> None:
        if self.on_lost is not None and isinstance(error, PieceLostError):
            self.on_lost(index, error)
        failed(error)

    def _move(self, index: int, old: PieceState, new: PieceState) -> None:
        self._expect(index, old)
        self._states[index] = new

    def _expect(self, index: int, expected: PieceState) -> None:
        if index < 0 or self._states[index] != expected:
            name = self.state(index).name
            raise RuntimeError(f"piece {index} is {name}, not {expected.name}")
