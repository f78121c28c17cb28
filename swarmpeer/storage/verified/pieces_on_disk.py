"""
Reading, lending and checking the pieces of a manifest.
"""

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.seam import PieceContent
from swarmpeer.storage.file import CACHED_LIMIT_BYTES
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.spans import FileSpan
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.held_run import held_run
from swarmpeer.storage.verified.opening import Disk
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.readings import ReadingsUnderWay
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.stored_piece import (
    Content,
    PieceReading,
    StoredPiece,
    stored_piece,
)
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
        elif layout.size(index) <= self._inline_limit_bytes or index not in self.held:
            self._read((index,), done, failed)
        else:
            self._lend_large(index, done, failed)

    def _lend_large(
        self,
        index: int,
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        piece = stored_piece(self._hashes.layout, self._files, index)
        look_for_name = self._is_name_due(piece.file)
        if not look_for_name and not self._is_paranoid:
            try:
                span = piece.lend_at_once()
            except Exception as error:
                self._note(piece)
                failed(self._lost_or_not(piece, error))
                return
            if span is not None:
                done((span,))
                return

        def judge(reading: PieceReading[FileSpan]) -> None:
            if reading.is_right is not False:
                done((reading.content,))
            else:
                reading.content.give_back()
                failed(self._lost_or_not(piece, PieceLostError(_WRONG)))

        def outdated(reading: PieceReading[FileSpan] | None) -> None:
            if reading is not None:
                reading.content.give_back()
            self.lend((index,), done, failed)

        self._in_thread(
            piece,
            lambda: piece.lend(
                self._hashes, look_for_name=look_for_name, hash_it=self._is_paranoid
            ),
            judge,
            lambda error: failed(self._lost_or_not(piece, error)),
            outdated,
        )

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
        piece = stored_piece(self._hashes.layout, self._files, index)
        if self._is_right_at_once(piece):
            done(True)
            return

        def judge(reading: PieceReading[PieceData]) -> None:
            is_right = bool(reading.is_right)
            if not is_right:
                self._lose(index)
            elif index not in self.held and self._recorder.found(
                [index], piece.file.number, reading.changes
            ):
                self.hold([index])
            done(index in self.held)

        def on_failed(error: Exception) -> None:
            failure = self._lost_or_not(piece, error)
            if isinstance(failure, PieceLostError):
                done(False)
            else:
                failed(failure)

        self._in_thread(
            piece,
            lambda: piece.read(self._hashes, look_for_name=True, hash_it=True),
            judge,
            on_failed,
            lambda _: done(index in self.held),
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
        layout, files, index = self._hashes.layout, self._files, indexes[0]
        size_bytes = layout.size(index)
        if index not in self.held:
            piece = stored_piece(layout, files, index)
            failed(self._unreadable(piece, PieceLostError("it is not held")))
            return
        run = held_run(layout, files, self.held, indexes)
        look_for_name = self._is_name_due(run.file)
        is_small = size_bytes <= self._inline_limit_bytes
        if (
            not look_for_name
            and not self._is_paranoid
            and (is_small or size_bytes <= CACHED_LIMIT_BYTES)
        ):
            try:
                pieces = run.read_at_once(may_wait=is_small)
            except Exception as error:
                piece = stored_piece(layout, files, index)
                self._note(piece)
                if len(indexes) > 1:
                    # It may be one of the others: each is judged when it is the first.
                    self._read(indexes[:1], done, failed)
                else:
                    failed(self._lost_or_not(piece, error))
                return
            if pieces:
                done(pieces)
                return
        piece = stored_piece(layout, files, index)

        def judge(reading: PieceReading[PieceData]) -> None:
            if reading.is_right is not False:
                done((reading.content,))
            else:
                failed(self._lost_or_not(piece, PieceLostError(_WRONG)))

        self._in_thread(
            piece,
            lambda: piece.read(
                self._hashes, look_for_name=look_for_name, hash_it=self._is_paranoid
            ),
            judge,
            lambda error: failed(self._lost_or_not(piece, error)),
            # What was read may be from before: that piece is another by now.
            lambda _: self._read(indexes[:1], done, failed),
        )

    def _is_right_at_once(self, piece: StoredPiece) -> bool:
        """
        Is a small piece that is held right, as far as that is seen without waiting for
        a disk?  To have a thread look costs many times as much; it does so wherever
        this is not sure.
        """
        if (
            piece.size_bytes > self._inline_limit_bytes
            or piece.piece_index not in self.held
            or self._is_name_due(piece.file)
        ):
            return False
        try:
            run = held_run(
                self._hashes.layout, self._files, self.held, (piece.piece_index,)
            )
            pieces = run.read_at_once(may_wait=False)
        except Exception:
            return False
        return bool(pieces) and self._hashes.is_right_at(
            piece.file.number, piece.position, pieces[0]
        )

    def _is_name_due(self, file: StoredFile) -> bool:
        if file.place is not Place.FINAL:
            return False
        now = self._clock.seconds()
        is_due = now - self._name_seen.get(file.number, -_NAME_SECONDS) >= _NAME_SECONDS
        if is_due:
            self._name_seen[file.number] = now
        return is_due

    def _in_thread(
        self,
        piece: StoredPiece,
        work: Callable[[], PieceReading[Content]],
        judge: Callable[[PieceReading[Content]], None],
        failed: Callable[[Exception], None],
        outdated: Callable[[PieceReading[Content] | None], None],
    ) -> None:
        """
        Read a piece.

        @param outdated: told instead, also what was found, if meanwhile the piece was
            written or lost.
        """
        reading = self._readings.begin(piece.piece_index)

        def on_read(found: PieceReading[Content]) -> None:
            self._note(piece)
            is_current = self._readings.end(piece.piece_index, reading)
            if found.is_right and found.was_suspect and piece.piece_index in self.held:
                self._recorder.found(
                    [piece.piece_index], piece.file.number, found.changes
                )
            if is_current:
                judge(found)
            else:
                outdated(found)

        def on_failed(error: Exception) -> None:
            self._note(piece)
            if self._readings.end(piece.piece_index, reading):
                failed(error)
            else:
                outdated(None)

        self._works.begin(work, on_read, on_failed)

    def _note(self, piece: StoredPiece) -> None:
        self._recorder.notice(piece.file.number)

    def _lost_or_not(self, piece: StoredPiece, error: Exception) -> StorageError:
        """
        Make what is to be made of a piece that could not be read.

        @return: what to tell of it.
        """
        failure = self._unreadable(piece, error)
        if isinstance(failure, PieceLostError):
            self._lose(piece.piece_index)
        return failure

    def _lose(self, index: int) -> None:
        self._readings.outdate([index])
        if self.held.discard(index):
            self._recorder.lost(index)

    def _unreadable(self, piece: StoredPiece, error: Exception) -> StorageError:
        return piece.unreadable(error, self._shown(piece))

    def _shown(self, piece: StoredPiece) -> str:
        return self._disk.folder.shown(piece.file.path)
