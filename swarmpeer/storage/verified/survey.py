"""
What is on the disk when a peer starts, as far as it can be told without hashing.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from swarmpeer.core.layout import PieceLayout
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.verified.data_folder import DataFolder
from swarmpeer.storage.verified.file_state import Place
from swarmpeer.storage.verified.resume import FileIdentity, Record, RecordFault
from swarmpeer.storage.verified.stored_file import StoredFile
from swarmpeer.wire.bitfield import Bitfield

_SPAN_BYTES = 4 << 20
_MOST_SPANS = 256


@dataclass(frozen=True, slots=True)
class Span:
    """
    Pieces of one file that stand side by side and are to be hashed.

    @ivar pieces: as the swarm counts them.
    @ivar final: the file in place that they are read from, as it was found;
        C{None}: they are read from the part.
    """

    number: int
    pieces: range
    final: FileIdentity | None


@dataclass(slots=True)
class Survey:
    """
    What was found.

    @ivar record: what can be relied on: those pieces are held.
    @ivar fault: why what an earlier run recorded was set aside, if it was.
    @ivar is_stale: does the record on the disk tell of more than there is?
    @ivar candidates: files in place that nothing is known of.
    @ivar spans: what is to be hashed.
    """

    record: Record
    fault: str | None = None
    is_stale: bool = False
    candidates: dict[int, FileIdentity] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


def survey(
    folder: DataFolder,
    calls: FileCalls,
    files: Mapping[int, StoredFile],
    layout: PieceLayout,
    infohash: bytes,
    is_stopped: Callable[[], bool],
) -> Survey:
    """
    Find the files, and say to each where it was found.

    @param is_stopped: is there no need to go on?
    @raise OSError: if nothing can be found out.
    @raise StorageError: if something else is in the way of a file.
    """
    found = _read_record(folder, layout, infohash)
    recorded = len(found.record.files)
    for number, file in files.items():
        if is_stopped():
            break
        _Look(folder, calls, file, layout, found).look()
        if number not in found.record.files and not found.record.held.is_empty:
            for index in layout.pieces_of(number):
                found.is_stale |= found.record.held.discard(index)
    found.is_stale |= len(found.record.files) < recorded
    return found


def batches(spans: Iterable[Span], piece_size_bytes: int) -> Iterator[list[Span]]:
    """
    The spans cut and put together so that each batch is some MiB.
    """
    most = max(1, _SPAN_BYTES // piece_size_bytes)
    batch: list[Span] = []
    room = most
    for span in spans:
        pieces = span.pieces
        while pieces:
            cut, pieces = pieces[:room], pieces[room:]
            batch.append(Span(span.number, cut, span.final))
            room -= len(cut)
            if not room or len(batch) == _MOST_SPANS:
                yield batch
                batch, room = [], most
    if batch:
        yield batch


def _read_record(folder: DataFolder, layout: PieceLayout, infohash: bytes) -> Survey:
    nothing = Survey(Record(infohash, Bitfield(layout.piece_count)))
    if not folder.is_writable:
        return nothing
    try:
        data = folder.state.read_record(Record.longest(layout))
        if data is None:
            return nothing
        return Survey(Record.decode(data, infohash, layout))
    except OSError as error:
        nothing.fault = f"it cannot be read: {error.strerror or error}"
    except RecordFault as fault:
        nothing.fault = str(fault)
    try:
        folder.state.set_record_aside()
    except OSError:
        folder.state.remove_record()
    return nothing


class _Look:
    """
    Finding one file.
    """

    def __init__(
        self,
        folder: DataFolder,
        calls: FileCalls,
        file: StoredFile,
        layout: PieceLayout,
        found: Survey,
    ) -> None:
        self._folder = folder
        self._calls = calls
        self._file = file
        self._number = file.number
        self._layout = layout
        self._pieces = layout.pieces_of(file.number)
        self._found = found

    def look(self) -> None:
        """
        Find it, and what of it is to be hashed.
        """
        record = self._found.record
        known = record.files.get(self._number)
        final, part = self._final(), self._part()
        if final == known and final and final.size_bytes == self._file.size_bytes:
            self._file.settle(Place.FINAL, final)
            if part is not None:
                with suppress(OSError):
                    self._folder.state.remove_part(self._number)
            self._add_spans(self._unrecorded(self._pieces), final)
            return
        if part is None or known is None or not part.is_same_file(known):
            record.files.pop(self._number, None)
            record.refused.discard(self._number)
        elif part != known:
            # We wrote on after we recorded it, and died; or somebody else wrote.
            self._forget_pieces()
        if part is not None:
            self._file.settle(Place.PART, part)
            if self._is_believed():
                self._add_spans(self._unrecorded(self._written()), None)
        if final is not None:
            self._found.candidates[self._number] = final
            size = self._layout.piece_size_bytes
            whole = final.size_bytes >= self._file.size_bytes
            count = len(self._pieces) if whole else final.size_bytes // size
            self._add_spans(self._pieces[:count], final)

    def _forget_pieces(self) -> None:
        """
        Of the unfinished file nothing is certain but what it hashes to.
        """
        record = self._found.record
        for index in self._pieces:
            record.held.discard(index)

    def _final(self) -> FileIdentity | None:
        status = self._folder.find(self._file.path)
        if status is None:
            return None
        self._folder.check_plain(self._file.path, status)
        return FileIdentity.of(status)

    def _part(self) -> FileIdentity | None:
        if not self._folder.is_writable:
            return None
        status = self._folder.state.find_part(self._number)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        found = FileIdentity.of(status)
        return found if found.size_bytes == self._file.size_bytes else None

    def _is_believed(self) -> bool:
        """
        May there be more in the file than is recorded?
        """
        return self._number not in self._found.record.refused

    def _unrecorded(self, pieces: Iterable[int]) -> Iterator[int]:
        record = self._found.record
        if self._number not in record.files:
            return iter(pieces)
        return (index for index in pieces if index not in record.held)

    def _written(self) -> Iterator[int]:
        """
        The pieces of the part in which something was ever written.
        """
        calls, size = self._calls, self._layout.piece_size_bytes
        fd = self._folder.state.open_part(self._number, os.O_RDONLY)
        try:
            position = 0
            while (start := calls.next_data(fd, position * size)) is not None:
                end = calls.next_hole(fd, start)
                first = max(position, start // size)
                position = max(first + 1, -(-end // size))
                yield from self._pieces[first:position]
        finally:
            calls.close(fd)

    def _add_spans(self, pieces: Iterable[int], final: FileIdentity | None) -> None:
        first = end = -1
        for index in pieces:
            if index != end:
                self._add_span(range(first, end), final)
                first = index
            end = index + 1
        self._add_span(range(first, end), final)

    def _add_span(self, pieces: range, final: FileIdentity | None) -> None:
        if pieces:
            self._found.spans.append(Span(self._number, pieces, final))
