"""
A storage of others: what it raises, or answers though it cannot be, is a failure of the
pieces it was asked for, told in one line, so that the peer goes on.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from zope.interface import implementer

from swarmpeer.core.guarding.answers import Complaints, OneAnswer, OurSide, Tell
from swarmpeer.core.guarding.content import guarded, in_bytes
from swarmpeer.core.guarding.faults import name_of, raised
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import OUR_END, StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.interfaces import ILendingStorage, IPieceStorage, IVerifiedStorage
from swarmpeer.seam import Piece, PieceContent, size_of
from swarmpeer.text import in_few_words
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

_Storage = TypeVar("_Storage", bound=IPieceStorage)


def guard_storage(
    storage: IPieceStorage, layout: PieceLayout, tell: Tell
) -> IPieceStorage:
    """
    The storage, guarded unless it is one of our own.
    """
    return storage if _is_own(storage) else GuardedStorage(storage, layout, tell)


def guard_verified_storage(
    storage: IVerifiedStorage, layout: PieceLayout, tell: Tell
) -> IVerifiedStorage:
    """
    The same for one of a verified swarm.
    """
    if _is_own(storage):
        return storage
    return GuardedVerifiedStorage(storage, layout, tell)


@implementer(ILendingStorage)
class GuardedStorage(Generic[_Storage]):
    """
    A storage of others.  One that does not lend is read instead.
    """

    def __init__(self, storage: _Storage, layout: PieceLayout, tell: Tell) -> None:
        self._storage = storage
        self._layout = layout
        self._complaints = Complaints(name_of(type(storage)), tell)

    @property
    def is_whole(self) -> bool:
        """
        Did the whole file stand in place when the storage was opened?

        @raise TypeError: if it does not know, though it is open.
        """
        try:
            is_whole: bool = self._storage.is_whole
        except OUR_END:
            raise
        except BaseException as error:
            fault = self._complaints.error("is_whole", raised(error))
            raise TypeError(str(fault)) from error
        return is_whole

    def open(self) -> None:
        """
        Check and take the folder.
        """
        self._storage.open()

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the bytes of a piece.
        """
        answer = OneAnswer("read", self._complaints, done, failed)

        def on_done(data: object) -> None:
            try:
                content = in_bytes(data)
                fault = self._odd_size(index, len(content))
            except OUR_END:
                raise
            except BaseException:
                # A view that was released, say.
                answer.refuse(f"answered {in_few_words(data)}, which are no bytes")
                return
            if fault:
                answer.refuse(fault)
            else:
                answer.done(content)

        answer.ask(lambda: self._storage.read(index, on_done, answer.failed))

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch the first of these pieces, and as many behind it as it likes.
        """
        storage = self._storage
        if not ILendingStorage.providedBy(storage):
            self.read(indexes[0], lambda data: done((data,)), failed)
            return
        answer = OneAnswer("lend", self._complaints, done, failed)

        def on_done(contents: object) -> None:
            if not isinstance(contents, Sequence) or isinstance(contents, bytes):
                what = in_few_words(contents)
                answer.refuse(f"answered {what}, which is no list of contents")
                return
            good: list[PieceContent] = []
            fault = None if contents else "answered with nothing, not even the first"
            if answer.is_waiting:
                for index, content in zip(indexes, contents, strict=False):
                    try:
                        one = guarded(content, self._complaints)
                        fault = self._odd_size(index, size_of(one))
                    except OUR_END:
                        raise
                    except BaseException:
                        what = in_few_words(content)
                        fault = f"answered {what}, which is neither bytes nor span"
                    if fault:
                        break
                    good.append(one)
            for surplus in islice(contents, len(good), None):
                self._give_back(surplus)
            if good:
                answer.done(good)
            elif fault:
                answer.refuse(fault)

        answer.ask(lambda: storage.lend(indexes, on_done, answer.failed))

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep the bytes of pieces.  All of which it does not say a word before it raises
        are not kept; if there are none, that it raised is told.
        """
        ours = OurSide()
        done, failed = ours.hearing(done), ours.hearing(failed)
        waiting = {piece.index: piece for piece in pieces}

        def refuse(fault: str) -> None:
            for index in [*waiting]:
                del waiting[index]
                failed(index, self._complaints.error("write", fault))

        def on_done(kept: object) -> None:
            if not isinstance(kept, Sequence) or not all(
                isinstance(piece, Piece) for piece in kept
            ):
                refuse(f"answered {in_few_words(kept)}, which is no list of pieces")
                return
            known = [waiting.pop(each.index) for each in kept if each.index in waiting]
            if known:
                done(known)

        def on_failed(index: int, error: StorageError) -> None:
            if waiting.pop(index, None) is not None:
                failed(index, self._complaints.as_error("write", error))

        try:
            self._storage.write(pieces, on_done, on_failed)
        except OUR_END:
            raise
        except BaseException as error:
            if ours.has_failed:
                raise
            fault = raised(error)
            if not waiting:
                self._complaints.tell("write", self._complaints.error("write", fault))
            refuse(fault)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Put the file in place.
        """
        answer = OneAnswer[None]("finish", self._complaints, lambda _: done(), failed)
        answer.ask(
            lambda: self._storage.finish(lambda: answer.done(None), answer.failed)
        )

    def close(self, done: Callable[[], None]) -> None:
        """
        Give everything back.
        """
        self._storage.close(done)

    def _give_back(self, surplus: object) -> None:
        """
        Nobody will send it; it may be bytes, or no content at all.
        """
        try:
            give_back = getattr(surplus, "give_back", None)
            if give_back is not None:
                give_back()
        except OUR_END:
            raise
        except BaseException as error:
            fault = self._complaints.error("span.give_back", raised(error))
            self._complaints.tell("span.give_back", fault)

    def _odd_size(self, index: int, size_bytes: int) -> str | None:
        size = self._layout.size(index)
        if size_bytes == size:
            return None
        return f"answered {size_bytes} bytes for piece {index}, which has {size}"


@implementer(IVerifiedStorage)
class GuardedVerifiedStorage(GuardedStorage[IVerifiedStorage]):
    """
    A storage of others that knows what the pieces should be.
    """

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        From now on tell what happens.
        """
        self._storage.report_to(publish)

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Find out which pieces are here.
        """
        answer = OneAnswer("check", self._complaints, done, failed)
        heard = answer.hearing(progress)
        answer.ask(lambda: self._storage.check(heard, answer.done, answer.failed))

    def check_piece(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Read a piece and look whether it is right.
        """
        answer = OneAnswer("check_piece", self._complaints, done, failed)
        answer.ask(lambda: self._storage.check_piece(index, answer.done, answer.failed))


def _is_own(storage: object) -> bool:
    """
    Is it of this package, where a fault had better end a test?  See
    L{swarmpeer.core.guarding} for why that is another rule than the one of policies.
    """
    module: str = type(storage).__module__
    return module.partition(".")[0] == "swarmpeer"
