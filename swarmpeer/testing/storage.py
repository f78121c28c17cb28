"""
A storage whose answers a test holds back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from zope.interface import implementer

from swarmpeer.errors import StorageError
from swarmpeer.interfaces import IPieceStorage
from swarmpeer.seam import Piece
from swarmpeer.wire.messages import PieceData


@dataclass(frozen=True, slots=True)
class HeldCall:
    """
    A call that was not answered yet.

    @ivar name: the method, such as C{write}.
    @ivar index: the piece, if the call is about one.
    @ivar go: make the call now.
    @ivar failed: let it fail instead; C{None} where a storage cannot.
    """

    name: str
    index: int | None
    go: Callable[[], None]
    failed: Callable[[StorageError], None] | None


@implementer(IPieceStorage)
class HeldStorage:
    """
    Another storage, behind a door: what is asked of it waits in C{waiting}, and
    is done and answered when the test says so, in any order.  Made for the
    moments between a question and its answer, which a disk has and a memory
    has not.

    @ivar waiting: the calls that wait, oldest first.
    """

    def __init__(self, storage: IPieceStorage) -> None:
        """
        @param storage: does the work; one that answers at once, such as
            L{swarmpeer.storage.MemoryStorage}, leaves the order to the test.
        """
        self._storage = storage
        self.waiting: list[HeldCall] = []

    @property
    def is_whole(self) -> bool:
        """
        Did the whole file stand in place when the storage was opened?
        """
        return bool(self._storage.is_whole)

    def release(self, position: int = 0) -> None:
        """
        Do what waits at C{position}, the oldest if not given.

        @raise IndexError: if nothing waits there.
        """
        self.waiting.pop(position).go()

    def release_all(self) -> None:
        """
        Do all that waits, oldest first, and what that brings about.
        """
        while self.waiting:
            self.release()

    def fail(self, reason: str, position: int = 0) -> None:
        """
        Answer what waits at C{position} with a L{StorageError}; nothing is
        done.

        @raise IndexError: if nothing waits there.
        @raise ValueError: if it is a C{close}, which cannot fail.
        """
        failed = self.waiting[position].failed
        if failed is None:
            raise ValueError("a storage always closes")
        del self.waiting[position]
        failed(StorageError(reason))

    def open(self) -> None:
        """
        Open the storage behind, at once.
        """
        self._storage.open()

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hold the call.
        """

        def go() -> None:
            self._storage.read(index, done, failed)

        self.waiting.append(HeldCall("read", index, go, failed))

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Hold the call, as one for each piece.
        """
        for piece in pieces:
            go = partial(self._storage.write, [piece], done, failed)
            call = HeldCall("write", piece.index, go, partial(failed, piece.index))
            self.waiting.append(call)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Hold the call.
        """

        def go() -> None:
            self._storage.finish(done, failed)

        self.waiting.append(HeldCall("finish", None, go, failed))

    def close(self, done: Callable[[], None]) -> None:
        """
        Hold the call.
        """

        def go() -> None:
            self._storage.close(done)

        self.waiting.append(HeldCall("close", None, go, None))
