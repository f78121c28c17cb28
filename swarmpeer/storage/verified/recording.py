"""
Group commit: bytes to the disk first, then the record that tells of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import RecordFailed, RecordSaved, SwarmEvent
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.system_errors import reason_of
from swarmpeer.storage.verified.change_watch import ChangeWatch
from swarmpeer.storage.verified.commit import Changes, Commit, Outcome
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.resume import FileIdentity, Record
from swarmpeer.storage.verified.stored_file import StoredFile
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
        works: PendingWork,
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
        self._watch = ChangeWatch(files, folder, publish)
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

    @property
    def has_unsynced(self) -> bool:
        """
        Is there a piece in a part that may not be on the disk, since that could not
        be tried yet?
        """
        parts = {
            number for number, file in self._files.items() if file.place is Place.PART
        }
        return bool(self._changes.written_in(self._layout, parts))

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

    def written(self, indexes: Sequence[int], number: int, changes: int) -> bool:
        """
        Pieces of a file were written.

        @param number: of the file.
        @param changes: to the file, until then.
        @return: C{False} if somebody changed the file since, so that they may be gone.
        """
        if self._refused:
            self._refused.difference_update(indexes)
        return self.found(indexes, number, changes)

    def found(self, indexes: Sequence[int], number: int, changes: int) -> bool:
        """
        Pieces of a file were read and are right.

        @param number: of the file.
        @param changes: to the file, until then.
        @return: C{False} if somebody changed the file since.
        """
        if not self._watch.is_steady(number, changes):
            self.notice(number)
            if not self._watch.is_current(number, changes):
                return False
        trusted = indexes
        if self._refused:
            trusted = [index for index in indexes if index not in self._refused]
        if trusted:
            noted = self._changes
            noted.written.add_each(trusted)
            noted.identities[number] = None
            if self._timer is None:
                self._schedule()
        return True

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
        identity, is_changed = self._watch.look(number)
        if is_changed:
            self._changes.forget(self._layout, number)
            self._schedule()
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
            saved(Outcome(error=error))

        self._works.begin(commit.to_disk, saved, failed)

    @property
    def _is_pending(self) -> bool:
        changes = self._changes
        return bool(changes.identities or changes.gone or self._is_unsaved)

    def _on_outcome(self, changes: Changes, outcome: Outcome) -> None:
        for index in changes.written_in(self._layout, outcome.refused):
            number, _ = self._layout.place(index)
            self._refused.add(index)
            # Also if it was written meanwhile: nobody knows which bytes were refused.
            self._changes.written.discard(index)
            changes.written.discard(index)
            self._files[number].suspect(index)
        for number in outcome.delayed | outcome.missing:
            self.notice(number)
        if outcome.is_applied:
            self._changes.follow(self._layout, changes, outcome.delayed)
        else:
            self._changes.follow_all(self._layout, changes)
        self._is_unsaved = outcome.error is not None
        if outcome.error is None:
            self._has_failed = False
            self._publish(RecordSaved(outcome.recorded))
        elif not self._has_failed:
            self._has_failed = True
            self._publish(RecordFailed(reason_of(outcome.error)))
        if self._is_pending:
            self._schedule()
