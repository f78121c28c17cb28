"""
Group commit: bytes to the disk first, then the record that tells of them.
"""

from collections.abc import Callable, Iterable, Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import FileChanged, RecordFailed, RecordSaved, SwarmEvent
from swarmpeer.storage.commit import Changes, Commit, Outcome
from swarmpeer.storage.data_folder import DataFolder
from swarmpeer.storage.resume import FileIdentity, Record
from swarmpeer.storage.stored_file import StoredFile
from swarmpeer.storage.works import Works
from swarmpeer.wire.bitfield import Bitfield


class Recorder:
    """
    Notes what becomes of pieces, and some time later, in one go, syncs the files
    and saves the record.  One commit is under way at a time.

    What the record tells was on the disk before; what it does not tell may be
    there, too.  Of bytes that the disk refused nothing is recorded until they were
    written again: that they can be read proves nothing, since memory keeps what the
    disk did not take.

    All is asked for in the reactor thread.  The record itself belongs to the commit
    that is under way.
    """

    def __init__(
        self,
        layout: PieceLayout,
        files: Mapping[int, StoredFile],
        folder: DataFolder,
        works: Works,
        clock: IReactorTime,
        commit_seconds: float,
        publish: Callable[[SwarmEvent], None],
    ) -> None:
        self._layout = layout
        self._files = files
        self._folder = folder
        self._works = works
        self._clock = clock
        self._commit_seconds = commit_seconds
        self._publish = publish
        self._record = Record(b"", Bitfield(layout.piece_count))
        self._changes = Changes(Bitfield(layout.piece_count))
        self._refused: set[int] = set()
        # Of each file how many changes are known here, and the worst that was told.
        self._known_changes: dict[int, int] = {}
        self._told: dict[int, bool] = {}
        self._timer: IDelayedCall | None = None
        self._is_saving = False
        self._is_unsaved = False
        self._has_failed = False
        self._waiting: list[Callable[[], None]] = []

    @property
    def has_refused(self) -> bool:
        """
        Did the disk refuse bytes that were not written again since?
        """
        return bool(self._refused)

    def begin(self, record: Record, found: Bitfield, found_in: Iterable[int]) -> None:
        """
        Go on from what is recorded.

        @param found: the pieces that are right, too.
        @param found_in: the numbers of the files that they are in.
        """
        self._record = record
        self._changes.written = found
        self._changes.identities = dict.fromkeys(found_in)
        if self._is_pending:
            self._schedule()

    def written(self, index: int, changes: int) -> None:
        """
        A piece was written.

        @param changes: to its file, until then.
        """
        self._refused.discard(index)
        self.found(index, changes)

    def found(self, index: int, changes: int) -> None:
        """
        A piece was read and is right.

        @param changes: to its file, until then.
        """
        number, _ = self._layout.place(index)
        self.notice(number)
        if changes != self._known_changes.get(number, 0) or index in self._refused:
            return
        self._changes.gone.discard(index)
        self._changes.written.add(index)
        self._changes.identities[number] = None
        self._schedule()

    def lost(self, index: int) -> None:
        """
        A piece is not right any more.
        """
        self._changes.written.discard(index)
        self._changes.gone.add(index)
        self._schedule()

    def notice(self, number: int) -> FileIdentity | None:
        """
        Tell if somebody changed a file, and forget its pieces then.

        @return: as what it is known now.
        """
        file = self._files[number]
        identity, changes = file.known()
        if changes != self._known_changes.get(number, 0):
            self._known_changes[number] = changes
            for index in self._changes.written_in(self._layout, {number}):
                self._changes.written.discard(index)
            self._changes.forgotten.add(number)
            self._changes.identities[number] = None
            self._schedule()
            self._tell(file)
        return identity

    def commit(self, done: Callable[[], None]) -> None:
        """
        Bring what is noted by now to the disk and record it.

        @param done: told when that was tried.
        """
        self._waiting.append(done)
        if not self._is_saving:
            self._save()

    def stop(self) -> None:
        """
        Do nothing more by oneself.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, file: StoredFile) -> None:
        is_replaced = file.is_replaced
        if self._told.get(file.number) not in (True, is_replaced):
            self._told[file.number] = is_replaced
            path = self._folder.shown(file.path)
            self._publish(FileChanged(path, is_replaced))

    def _schedule(self) -> None:
        if self._timer is None and not self._is_saving and self._folder.is_writable:
            self._timer = self._clock.callLater(self._commit_seconds, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if not self._is_saving:
            self._save()

    def _save(self) -> None:
        for number in list(self._changes.identities):
            self._changes.identities[number] = self.notice(number)
        self.stop()
        waiting, self._waiting = self._waiting, []
        if not self._is_pending or not self._folder.is_writable:
            for done in waiting:
                done()
            return
        changes = self._changes
        self._changes = Changes(Bitfield(self._layout.piece_count))
        self._is_saving = True
        commit = Commit(self._layout, self._files, self._folder, self._record, changes)

        def saved(outcome: Outcome) -> None:
            self._is_saving = False
            self._on_outcome(changes, outcome)
            for done in waiting:
                done()
            if self._waiting and not self._is_saving:
                self._save()

        def failed(error: Exception) -> None:
            saved(Outcome(delayed=set(changes.identities), error=error))

        self._works.begin(commit.to_disk, saved, failed)

    @property
    def _is_pending(self) -> bool:
        changes = self._changes
        return bool(changes.identities or changes.gone or self._is_unsaved)

    def _on_outcome(self, changes: Changes, outcome: Outcome) -> None:
        for index in changes.written_in(self._layout, outcome.refused):
            number, offset = self._layout.place(index)
            self._refused.add(index)
            self._files[number].suspect(offset // self._layout.piece_size_bytes)
        for index in changes.written_in(self._layout, outcome.delayed):
            number, _ = self._layout.place(index)
            self.notice(number)
            now = self._changes
            if number not in now.forgotten and index not in now.gone:
                now.written.add(index)
                now.identities[number] = None
        self._is_unsaved = outcome.error is not None
        if outcome.error is None:
            self._has_failed = False
            self._publish(RecordSaved(outcome.recorded))
        elif not self._has_failed:
            self._has_failed = True
            self._publish(RecordFailed(reason_of(outcome.error)))
        if self._is_pending:
            self._schedule()


def reason_of(error: Exception) -> str:
    """
    Why something failed, in words.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or repr(error)
