"""
Finding out which pieces are here when a peer starts.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from swarmpeer.events import FileDiffers
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.verified.checked import Checked
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.extras import Extras
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.modes import is_right
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.resume import FileIdentity
from swarmpeer.storage.verified.span_reading import SpanReader
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.storage.verified.survey import Span, Survey, batches, survey
from swarmpeer.wire.bitfield import Bitfield

_WORKERS = 2

T = TypeVar("T")


class FilesCheck:
    """
    One check: what was recorded is believed if the files are the ones that they
    were; the rest is hashed.  Of a file that has its name already and is not
    wholly right, the right pieces are copied into a part.

    The steps run in threads, a few MiB each, one after the other or two at a time.
    Once it is over, because it was stopped or a step failed, no answer of a step that
    was still under way leads to anything, and no step changes anything any more.
    """

    def __init__(
        self,
        hashes: PieceHashes,
        infohash: bytes,
        folder: DataFolder,
        calls: FileCalls,
        files: Mapping[int, StoredFile],
        extras: Extras,
        works: PendingWork,
        progress: Callable[[int, int], None],
        done: Callable[[Checked], None],
        failed: Callable[[Exception], None],
        *,
        preallocates: bool,
        only_looks: bool,
    ) -> None:
        """
        @param only_looks: leave files that are not wholly right as they are?
        @param failed: also told once it was stopped.
        """
        self._layout = hashes.layout
        self._infohash = infohash
        self._folder = folder
        self._calls = calls
        self._files = files
        self._extras = extras
        self._works = works
        self._progress = progress
        self._done = done
        self._failed = failed
        self._preallocates = preallocates
        self._only_looks = only_looks
        # Read in threads, and set once.
        self._is_over = False
        self._reader = SpanReader(hashes, folder, calls, files, lambda: self._is_over)
        self._bytes_done = self._bytes_in_all = 0
        self._found = Bitfield(self._layout.piece_count)
        # What is right in files that have their names and are not in the record.
        self._right = Bitfield(self._layout.piece_count)
        self._hashed = 0
        self._differing: list[FileDiffers] = []

    def start(self) -> None:
        """
        Look what is there.
        """
        self._step(
            lambda: survey(
                self._folder,
                self._calls,
                self._files,
                self._layout,
                self._infohash,
                lambda: self._is_over,
            ),
            self._on_survey,
        )

    def stop(self, reason: Exception) -> None:
        """
        Go no further.
        """
        self._fail(reason)

    def _on_survey(self, survey: Survey) -> None:
        self._survey = survey
        self._bytes_in_all = self._bytes_of(survey.spans)
        self._run(survey.spans, self._reader.hash, self._on_hashed, self._on_all_hashed)

    # Hashing.

    def _on_hashed(self, answers: list[tuple[Span, list[int]]]) -> None:
        for span, right in answers:
            is_candidate = span.number in self._survey.candidates
            found = self._right if is_candidate and span.final else self._found
            for index in right:
                found.add(index)
            self._hashed += len(span.pieces)
            self._bytes_done += self._bytes_of([span])
        self._progress(self._bytes_done, self._bytes_in_all)

    # What to make of it.

    def _on_all_hashed(self) -> None:
        self._step(self._settle, self._on_settled)

    def _settle(self) -> list[Span]:
        """
        In a thread: take the files that are right as they are, and let the record
        tell of nothing that is not there, before anything is written that could
        be taken for it.

        @return: what is to be copied.
        """
        copies: list[Span] = []
        record = self._survey.record
        for number, final in self._survey.candidates.items():
            if self._is_over:
                return []
            pieces = self._layout.pieces_of(number)
            is_right = final.size_bytes == self._files[number].size_bytes and all(
                index in self._right for index in pieces
            )
            if not is_right:
                self._differing.append(self._difference(number, pieces))
            if is_right or not self._folder.is_writable:
                self._take(number, final)
                continue
            if self._only_looks:
                continue
            copies += [
                Span(number, range(index, index + 1), final)
                for index in pieces
                if index in self._right
                and index not in record.held
                and index not in self._found
            ]
        if self._survey.is_stale and not self._is_over:
            self._correct_record()
        return copies

    def _difference(self, number: int, pieces: range) -> FileDiffers:
        wrong = sum(index not in self._right for index in pieces)
        # One that is too long has right pieces, and something more.
        path = self._folder.shown(self._files[number].path)
        return FileDiffers(path, max(wrong, 1), len(pieces))

    def _take(self, number: int, final: FileIdentity) -> None:
        record = self._survey.record
        self._files[number].settle(Place.FINAL, final)
        if record.files.pop(number, None) is not None:
            self._survey.is_stale = True
        record.refused.discard(number)
        for index in self._layout.pieces_of(number):
            record.held.discard(index)
            if index in self._right:
                self._found.add(index)
        if self._folder.is_writable:
            self._folder.state.remove_part(number)

    def _correct_record(self) -> None:
        state = self._folder.state
        try:
            state.save_record(self._survey.record)
        except OSError:
            # A full disk, say: it is better to have none than a wrong one.
            state.remove_record()

    def _on_settled(self, copies: list[Span]) -> None:
        self._run(copies, self._reader.copy, self._on_copied, self._on_all_copied)

    # Copying.

    def _on_copied(self, copied: list[int]) -> None:
        for index in copied:
            self._found.add(index)

    def _on_all_copied(self) -> None:
        self._step(self._sum_up, self._on_end)

    def _sum_up(self) -> Checked:
        """
        In a thread: is everything here and in place?
        """
        found, record = self._found, self._survey.record
        held = record.held.copy()
        for index in found:
            held.add(index)
        in_place = [self._extras.are_in_place()]
        in_place += map(self._is_in_place, self._files.values())
        # Where nothing may be written, nothing can be made to be so.
        is_in_place = all(in_place) or not self._folder.is_writable
        missing = []
        for path, is_there in self._extras.wrong():
            if is_there:
                self._differing.append(FileDiffers(self._folder.shown(path), 0, 0))
            else:
                missing.append(self._folder.shown(path))
        return Checked(
            record,
            self._survey.fault,
            held,
            found,
            {self._layout.place(index)[0] for index in found},
            self._hashed,
            held.is_full and is_in_place,
            tuple(self._differing),
            tuple(missing),
            self._needed_bytes(held),
            self._folder.free_bytes(),
        )

    def _is_in_place(self, file: StoredFile) -> bool:
        status = self._folder.find(file.path)
        return (
            file.place is Place.FINAL
            and status is not None
            and is_right(status, file.is_executable)
        )

    def _needed_bytes(self, held: Bitfield) -> int:
        # A part whose room was taken when it was made needs no more.
        return sum(
            self._layout.size(index)
            for number, file in self._files.items()
            if not (self._preallocates and file.place is Place.PART)
            for index in self._layout.pieces_of(number)
            if index not in held
        )

    def _on_end(self, checked: Checked) -> None:
        self._is_over = True
        self._done(checked)

    # Steps.

    def _run(
        self,
        spans: list[Span],
        work: Callable[[list[Span]], T],
        answer: Callable[[T], None],
        then: Callable[[], None],
    ) -> None:
        """
        Do C{work} for all spans, two batches at a time; then go on.
        """
        waiting = batches(spans, self._layout.piece_size_bytes)
        under_way = 0
        is_begun = True

        def begin() -> None:
            nonlocal under_way, is_begun
            if self._is_over:
                return
            batch = next(waiting, None)
            if batch is not None:
                under_way += 1
                self._step(lambda: work(batch), on_answer)
            elif not under_way and is_begun:
                is_begun = False
                then()

        def on_answer(result: T) -> None:
            nonlocal under_way
            under_way -= 1
            answer(result)
            begin()

        for _ in range(_WORKERS):
            begin()

    def _step(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """
        Do C{work} in a thread and go on with what it found, unless it is over by
        then.
        """

        def do() -> T:
            if self._is_over:
                raise InterruptedError("it is over")
            return work()

        def on_answer(result: T) -> None:
            if not self._is_over:
                then(result)

        self._works.begin(do, on_answer, self._fail)

    def _fail(self, error: Exception) -> None:
        if not self._is_over:
            self._is_over = True
            self._failed(error)

    def _bytes_of(self, spans: list[Span]) -> int:
        size = self._layout.size
        return sum(size(index) for span in spans for index in span.pieces)
