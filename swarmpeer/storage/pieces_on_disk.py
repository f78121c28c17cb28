"""
Reading, writing and checking the pieces of a manifest.
"""

from collections.abc import Callable, Mapping

from twisted.internet.interfaces import IReactorTime

from swarmpeer.errors import PieceLostError, StorageError
from swarmpeer.storage.file import CACHED_LIMIT_BYTES
from swarmpeer.storage.file_state import Place
from swarmpeer.storage.opening import Disk
from swarmpeer.storage.piece_hashes import PieceHashes
from swarmpeer.storage.recording import Recorder
from swarmpeer.storage.spots import Looked, Spot, spot_of
from swarmpeer.storage.stored_file import StoredFile
from swarmpeer.storage.works import Works, run_inline
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
        works: Works,
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
        spot = spot_of(self._hashes.layout, self._files, index)
        if index not in self.held:
            failed(self._failure(spot, "read", StorageError("it is not held")))
            return
        look_for_name = self._is_name_due(spot.file)
        may_be_quick = not look_for_name and not self._is_paranoid

        def on_failed(error: Exception) -> None:
            failed(self._on_unreadable(spot, error))

        if may_be_quick and spot.size_bytes <= CACHED_LIMIT_BYTES:
            try:
                data = spot.read_cached()
            except Exception as error:
                on_failed(error)
                return
            if data is not None:
                done(data)
                return

        def work() -> Looked:
            return spot.read(
                self._hashes, look_for_name=look_for_name, hash_it=self._is_paranoid
            )

        def on_read(looked: Looked) -> None:
            if self._is_still_right(spot, looked):
                done(looked.data)
            else:
                failed(self._on_unreadable(spot, PieceLostError(_WRONG)))

        is_small = spot.size_bytes <= self._inline_limit_bytes
        if may_be_quick and is_small and not self._disk.cached_reads.can_tell:
            run_inline(work, on_read, on_failed)
        else:
            self._works.begin(work, on_read, on_failed)

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
        spot = spot_of(self._hashes.layout, self._files, index)

        def on_read(looked: Looked) -> None:
            is_right = self._is_still_right(spot, looked)
            if not is_right:
                self._lose(index)
            elif self.held.add(index):
                self._recorder.found(index, looked.changes)
            done(is_right)

        def on_failed(error: Exception) -> None:
            failure = self._on_unreadable(spot, error)
            if isinstance(failure, PieceLostError):
                done(False)
            else:
                failed(failure)

        self._works.begin(
            lambda: spot.read(self._hashes, look_for_name=True, hash_it=True),
            on_read,
            on_failed,
        )

    def write(
        self,
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Keep a piece, if it is right.
        """
        spot = spot_of(self._hashes.layout, self._files, index)

        def on_written(changes: int) -> None:
            self.held.add(index)
            self._recorder.written(index, changes)
            done()

        def on_failed(error: Exception) -> None:
            self._recorder.notice(spot.file.number)
            failed(self._failure(spot, "write", error))

        def work() -> int:
            return spot.write(self._hashes, data)

        # To take the room for a whole file, or to mend one in place, may take long.
        place = spot.file.place
        is_quick = place is Place.PART or (
            place is Place.ABSENT and not self._disk.preallocates
        )
        if is_quick and spot.size_bytes <= self._inline_limit_bytes:
            run_inline(work, on_written, on_failed)
        else:
            self._works.begin(work, on_written, on_failed)

    def _is_name_due(self, file: StoredFile) -> bool:
        if file.place is not Place.FINAL:
            return False
        now = self._clock.seconds()
        is_due = now - self._name_seen.get(file.number, -_NAME_SECONDS) >= _NAME_SECONDS
        if is_due:
            self._name_seen[file.number] = now
        return is_due

    def _is_still_right(self, spot: Spot, looked: Looked) -> bool:
        """
        Make what is to be made of a piece that was read.
        """
        self._recorder.notice(spot.file.number)
        if looked.is_right and looked.was_suspect:
            self._recorder.found(spot.piece, looked.changes)
        return looked.is_right is not False

    def _on_unreadable(self, spot: Spot, error: Exception) -> StorageError:
        """
        Make what is to be made of a piece that could not be read.

        @return: what to tell of it.
        """
        self._recorder.notice(spot.file.number)
        failure = self._failure(spot, "read", error)
        if isinstance(failure, PieceLostError):
            self._lose(spot.piece)
        return failure

    def _lose(self, index: int) -> None:
        if self.held.discard(index):
            self._recorder.lost(index)

    def _failure(self, spot: Spot, what: str, error: Exception) -> StorageError:
        return spot.failure(what, error, self._disk.folder.shown(spot.file.path))
