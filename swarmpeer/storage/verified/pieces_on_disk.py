"""
Reading, lending and checking the pieces of a manifest.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.seam import PieceContent, give_back
from swarmpeer.storage.file import CACHED_LIMIT_BYTES
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.piece_reading import (
    Content,
    IsRight,
    PieceReading,
    unreadable,
)
from swarmpeer.storage.verified.readings import ReadingsUnderWay
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.stretches import held_stretches
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

_NAME_SECONDS = 1.0
_WRONG = "it is not right any more"


class PiecesOnDisk:
    """
    The pieces that are held, and where they are.  All is asked for in the reactor
    thread; what may take long is done in another.

    @ivar held: the pieces that were right when they were looked at last.
    """

    def __init__(
        self,
        hashes: PieceHashes,
        files: Mapping[int, StoredFile],
        disk: Disk,
        works: PendingWork,
        recorder: Recorder,
        clock: IReactorTime,
        *,
        is_paranoid: bool,
        inline_limit_bytes: int,
    ) -> None:
        """
        @param is_paranoid: is each piece hashed each time that it is read?
        """
        self._hashes = hashes
        self._files = files
        self._disk = disk
        self._works = works
        self._recorder = recorder
        self._clock = clock
        self._is_paranoid = is_paranoid
        self._inline_limit_bytes = inline_limit_bytes
        # When it was looked last whether a file still has its name.
        self._name_seen: dict[int, float] = {}
        self._readings = ReadingsUnderWay()
        self.held = Bitfield(hashes.layout.piece_count)

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch a piece that is held.
        """
        self._read((index,), lambda pieces: done(pieces[0]), failed)

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch pieces that are held, if they are small; else lend where the first is,
        once it is in memory.  All that is looked at for C{read} is.

        @param done: see L{swarmpeer.interfaces.ILendingStorage}.
        """
        layout, index = self._hashes.layout, indexes[0]
        if layout.piece_size_bytes <= self._inline_limit_bytes:
            self._read(indexes, done, failed)
        elif layout.size(index) <= self._inline_limit_bytes:
            self._read((index,), done, failed)
        else:
            self._lend_large(index, done, failed)

    def check(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Look whether a piece is right: one that is held, or one that was lost, which
        is held again if it is.
        """
        file = self._file_of(index)
        if self._is_right_at_once(index, file):
            done(True)
            return

        def judge(reading: PieceReading[PieceData]) -> None:
            if not reading.is_right:
                self._lose(index)
            elif index not in self.held and self._recorder.found(
                [index], file.number, reading.standing.changes
            ):
                self.hold([index])
            done(index in self.held)

        def on_failed(error: Exception) -> None:
            failure = self._lost_or_not(index, error)
            if isinstance(failure, PieceLostError):
                done(False)
            else:
                failed(failure)

        self._in_thread(
            index,
            file.read,
            judge,
            on_failed,
            lambda _: done(index in self.held),
            look_for_name=True,
            hash_it=True,
        )

    def hold(self, indexes: Sequence[int]) -> None:
        """
        These pieces were written, or found right.
        """
        self._readings.outdate(indexes)
        self.held.add_each(indexes)

    def _read(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceData]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Read the first piece, and those of a run behind it that can be had at once, too.
        """
        layout, index = self._hashes.layout, indexes[0]
        size_bytes = layout.size(index)
        if index not in self.held:
            self._fail_not_held(index, failed)
            return
        number, stretches = held_stretches(layout, self.held, indexes)
        file = self._files[number]
        look_for_name = self._is_name_due(file)
        is_small = size_bytes <= self._inline_limit_bytes
        if (
            not look_for_name
            and not self._is_paranoid
            and (is_small or size_bytes <= CACHED_LIMIT_BYTES)
        ):
            try:
                pieces = file.read_at_once(stretches, may_wait=is_small)
            except Exception as error:
                self._note(index)
                if len(indexes) > 1:
                    # It may be one of the others: each is judged when it is the first.
                    self._read(indexes[:1], done, failed)
                else:
                    failed(self._lost_or_not(index, error))
                return
            if pieces:
                done(pieces)
                return
        self._deliver(
            index,
            file.read,
            done,
            failed,
            lambda: self._read(indexes[:1], done, failed),
            look_for_name=look_for_name,
        )

    def _lend_large(
        self,
        index: int,
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        if index not in self.held:
            self._fail_not_held(index, failed)
            return
        file = self._file_of(index)
        look_for_name = self._is_name_due(file)
        if not look_for_name and not self._is_paranoid:
            try:
                span = file.lend_at_once(index)
            except Exception as error:
                self._note(index)
                failed(self._lost_or_not(index, error))
                return
            if span is not None:
                done((span,))
                return
        self._deliver(
            index,
            file.lend,
            done,
            failed,
            lambda: self._lend_large(index, done, failed),
            look_for_name=look_for_name,
        )

    def _is_right_at_once(self, index: int, file: StoredFile) -> bool:
        """
        Is a small piece that is held right, as far as that is seen without waiting for
        a disk?  To have a thread look costs many times as much; it does so wherever
        this is not sure.
        """
        if (
            self._hashes.layout.size(index) > self._inline_limit_bytes
            or index not in self.held
            or self._is_name_due(file)
        ):
            return False
        try:
            pieces = file.read_at_once((range(index, index + 1),), may_wait=False)
        except Exception:
            return False
        return bool(pieces) and self._hashes.is_right(index, pieces[0])

    def _is_name_due(self, file: StoredFile) -> bool:
        if file.place is not Place.FINAL:
            return False
        now = self._clock.seconds()
        is_due = now - self._name_seen.get(file.number, -_NAME_SECONDS) >= _NAME_SECONDS
        if is_due:
            self._name_seen[file.number] = now
        return is_due

    def _deliver(
        self,
        index: int,
        read: Callable[[int, IsRight, bool], PieceReading[Content]],
        done: Callable[[Sequence[Content]], None],
        failed: Callable[[StorageError], None],
        again: Callable[[], None],
        *,
        look_for_name: bool,
    ) -> None:
        """
        Have a thread fetch a piece, and hand it out unless it is not right.

        @param again: told if what was found may be from before: that piece is another
            by now.
        """

        def judge(reading: PieceReading[Content]) -> None:
            if reading.is_right is not False:
                done((reading.content,))
            else:
                give_back(reading.content)
                failed(self._lost_or_not(index, PieceLostError(_WRONG)))

        def outdated(reading: PieceReading[Content] | None) -> None:
            if reading is not None:
                give_back(reading.content)
            again()

        self._in_thread(
            index,
            read,
            judge,
            lambda error: failed(self._lost_or_not(index, error)),
            outdated,
            look_for_name=look_for_name,
            hash_it=self._is_paranoid,
        )

    def _in_thread(
        self,
        index: int,
        read: Callable[[int, IsRight, bool], PieceReading[Content]],
        judge: Callable[[PieceReading[Content]], None],
        failed: Callable[[Exception], None],
        outdated: Callable[[PieceReading[Content] | None], None],
        *,
        look_for_name: bool,
        hash_it: bool,
    ) -> None:
        """
        Read or lend a piece.

        @param read: C{read} or C{lend} of its file.
        @param outdated: told instead, also what was found, if meanwhile the piece was
            written or lost.
        @param look_for_name: look first whether the file still has its name?
        @param hash_it: look whether it is right, even if nobody changed the file?
        """
        file = self._file_of(index)
        reading = self._readings.begin(index)
        is_right = partial(self._hashes.is_right_in_chunks, index)

        def work() -> PieceReading[Content]:
            if look_for_name:
                file.check_name()
            return read(index, is_right, hash_it)

        def on_read(found: PieceReading[Content]) -> None:
            self._note(index)
            is_current = self._readings.end(index, reading)
            standing = found.standing
            if found.is_right and standing.is_suspect and index in self.held:
                self._recorder.found([index], file.number, standing.changes)
            if is_current:
                judge(found)
            else:
                outdated(found)

        def on_failed(error: Exception) -> None:
            self._note(index)
            if self._readings.end(index, reading):
                failed(error)
            else:
                outdated(None)

        self._works.begin(work, on_read, on_failed)

    def _file_of(self, index: int) -> StoredFile:
        number, _ = self._hashes.layout.place(index)
        return self._files[number]

    def _note(self, index: int) -> None:
        self._recorder.notice(self._file_of(index).number)

    def _fail_not_held(
        self, index: int, failed: Callable[[StorageError], None]
    ) -> None:
        failed(self._unreadable(index, PieceLostError("it is not held")))

    def _lost_or_not(self, index: int, error: Exception) -> StorageError:
        """
        Make what is to be made of a piece that could not be read.

        @return: what to tell of it.
        """
        failure = self._unreadable(index, error)
        if isinstance(failure, PieceLostError):
            self._lose(index)
        return failure

    def _lose(self, index: int) -> None:
        self._readings.outdate([index])
        if self.held.discard(index):
            self._recorder.lost(index)

    def _unreadable(self, index: int, error: Exception) -> StorageError:
        path = self._file_of(index).path
        return unreadable(index, error, self._disk.folder.shown(path))
