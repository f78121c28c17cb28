"""
Reading a piece in a thread, and whether what is found there still counts.
"""

from collections.abc import Callable, Iterable
from functools import partial

from swarmpeer.seam import give_back
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.piece_reading import Content, IsRight, PieceReading
from swarmpeer.storage.verified.recording import Recorder
from swarmpeer.storage.verified.stored_file import StoredFile

ReadPiece = Callable[[int, IsRight, bool], PieceReading[Content]]
"""
C{read} or C{lend} of a L{StoredFile}.
"""


class ReadingsUnderWay:
    """
    What a reading finds is of the moment when it read.  If the piece was written or
    lost since it began, that is no news any more.
    """

    def __init__(self) -> None:
        self._under_way: dict[int, set[object]] = {}

    def begin(self, index: int) -> object:
        """
        Begin to read a piece.

        @return: what to end that reading with.
        """
        reading = object()
        self._under_way.setdefault(index, set()).add(reading)
        return reading

    def end(self, index: int, reading: object) -> bool:
        """
        A reading has its answer.

        @return: does it count?
        """
        here = self._under_way.get(index, set())
        if reading not in here:
            return False
        here.remove(reading)
        if not here:
            del self._under_way[index]
        return True

    def outdate(self, indexes: Iterable[int]) -> None:
        """
        These pieces are others now.
        """
        if self._under_way:
            for index in indexes:
                self._under_way.pop(index, None)


class ThreadReading:
    """
    Reads pieces in a thread, and tells the recorder what that showed.  All is asked
    for and answered in the reactor thread.
    """

    def __init__(
        self,
        hashes: PieceHashes,
        works: PendingWork,
        recorder: Recorder,
        readings: ReadingsUnderWay,
        is_held: Callable[[int], bool],
    ) -> None:
        """
        @param readings: told by others which pieces were written or lost.
        @param is_held: is that piece held now?
        """
        self._hashes = hashes
        self._works = works
        self._recorder = recorder
        self._readings = readings
        self._is_held = is_held

    def begin(
        self,
        index: int,
        file: StoredFile,
        read: ReadPiece[Content],
        judge: Callable[[PieceReading[Content]], None],
        failed: Callable[[Exception], None],
        outdated: Callable[[], None],
        *,
        look_for_name: bool,
        hash_it: bool,
    ) -> None:
        """
        Read or lend a piece.

        @param file: where it is.
        @param read: of that file.
        @param judge: told what was found; the content is its own then.
        @param outdated: told instead of both if meanwhile the piece was written or
            lost.
        @param look_for_name: look first whether the file still has its name?
        @param hash_it: look whether it is right, even if nobody changed the file?
        """
        reading = self._readings.begin(index)
        is_right = partial(self._hashes.is_right_in_chunks, index)

        def work() -> PieceReading[Content]:
            if look_for_name:
                file.check_name()
            return read(index, is_right, hash_it)

        def on_read(found: PieceReading[Content]) -> None:
            self._recorder.notice(file.number)
            is_current = self._readings.end(index, reading)
            standing = found.standing
            if found.is_right and standing.is_suspect and self._is_held(index):
                self._recorder.found([index], file.number, standing.changes)
            if is_current:
                judge(found)
            else:
                give_back(found.content)
                outdated()

        def on_failed(error: Exception) -> None:
            self._recorder.notice(file.number)
            if self._readings.end(index, reading):
                failed(error)
            else:
                outdated()

        self._works.begin(work, on_read, on_failed)
