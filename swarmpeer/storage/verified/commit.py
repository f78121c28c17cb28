"""
One commit: files to the disk, then the record that tells of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.resume import FileIdentity, Record
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.wire.bitfield import Bitfield


@dataclass(slots=True)
class Changes:
    """
    What is to be recorded.

    @ivar written: pieces that are right, in files that are to be synced.
    @ivar gone: pieces that were lost, also if they were written again: what was
        recorded of them does not hold, whatever becomes of the new bytes.
    @ivar forgotten: numbers of files of which no piece is known to be right, but
        those in C{written}.
    @ivar identities: all files that this is about, each as it was at that moment.
    """

    written: Bitfield
    gone: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)
    identities: dict[int, FileIdentity | None] = field(default_factory=dict)

    def written_in(self, layout: PieceLayout, numbers: set[int]) -> list[int]:
        """
        Those of the written pieces that are in some files.
        """
        if not numbers:
            return []
        return [index for index in self.written if layout.place(index)[0] in numbers]

    def forget(self, layout: PieceLayout, number: int) -> None:
        """
        Of a file nothing is known any more.
        """
        for index in self.written_in(layout, {number}):
            self.written.discard(index)
        self.forgotten.add(number)
        self.identities[number] = None

    def follow(
        self, layout: PieceLayout, earlier: "Changes", numbers: set[int]
    ) -> None:
        """
        Tell also of what happened before to some files and could not be recorded.
        """
        for index in earlier.written_in(layout, numbers - self.forgotten):
            if index not in self.gone:
                self.written.add(index)
                self.identities.setdefault(layout.place(index)[0], None)

    def follow_all(self, layout: PieceLayout, earlier: "Changes") -> None:
        """
        Tell also of all that happened before, since nothing of it was recorded.
        """
        numbers = set(earlier.identities)
        self.follow(layout, earlier, numbers)
        self.gone |= earlier.gone
        self.forgotten |= earlier.forgotten
        for number in numbers:
            self.identities.setdefault(number, None)


@dataclass(slots=True)
class Outcome:
    """
    What came of a commit.

    @ivar refused: numbers of files of which the disk did not take all.
    @ivar delayed: numbers of files that could not be tried.
    @ivar missing: numbers of files that are not there any more.
    @ivar is_applied: does the record tell of it, were it only in memory?
    @ivar error: why the record was not saved.
    """

    recorded: int = 0
    refused: set[int] = field(default_factory=set)
    delayed: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)
    is_applied: bool = False
    error: Exception | None = None


class Commit:
    """
    It is made in the reactor thread and done in another; the record is its own
    meanwhile.
    """

    def __init__(
        self,
        layout: PieceLayout,
        files: Mapping[int, StoredFile],
        folder: DataFolder,
        record: Record,
        changes: Changes,
    ) -> None:
        self._layout = layout
        self._files = files
        self._folder = folder
        self._record = record
        self._changes = changes
        self._parts = {
            number for number in changes.identities if files[number].place is Place.PART
        }

    def to_disk(self) -> Outcome:
        """
        Sync, then save.
        """
        changes, outcome = self._changes, Outcome()
        for number in changes.identities:
            try:
                identity = self._files[number].sync()
            except FileNotFoundError:
                outcome.missing.add(number)
            except StorageError:
                outcome.refused.add(number)
            except Exception:
                # No descriptor or no memory is left, say.
                outcome.delayed.add(number)
            else:
                if number in self._parts:
                    changes.identities[number] = identity
        try:
            self._apply(changes, outcome)
            outcome.is_applied = True
            self._folder.state.save_record(self._record)
        except Exception as error:
            outcome.error = error
        outcome.recorded = self._record.held.count
        return outcome

    def _apply(self, changes: Changes, outcome: Outcome) -> None:
        record = self._record
        for number in changes.forgotten:
            for index in self._layout.pieces_of(number):
                record.held.discard(index)
        for index in changes.gone:
            record.held.discard(index)
        untried = outcome.delayed | outcome.missing
        for number, identity in changes.identities.items():
            if identity is None:
                record.files.pop(number, None)
            elif number not in untried:
                record.files[number] = identity
            if number in outcome.refused:
                record.refused.add(number)
        unsafe = set(changes.written_in(self._layout, untried | outcome.refused))
        for index in changes.written:
            if index not in unsafe:
                record.held.add(index)
        for number in record.refused.intersection(changes.identities):
            if all(index in record.held for index in self._layout.pieces_of(number)):
                record.refused.discard(number)
