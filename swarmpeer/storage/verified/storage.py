"""
A storage that knows what the pieces should be, and takes up where it stopped.
"""

import os
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from swarmpeer.errors import StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.file_name import OWN_NAMES
from swarmpeer.interfaces import ILendingStorage, IVerifiedStorage
from swarmpeer.manifest import Manifest
from swarmpeer.seam import Piece, PieceContent
from swarmpeer.storage.answering import check_sizes, refuse_each
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.limits import INLINE_LIMIT_BYTES
from swarmpeer.storage.pending_work import PendingWork
from swarmpeer.storage.second_thread import SecondThread
from swarmpeer.storage.system_calls import SystemCalls
from swarmpeer.storage.system_errors import reason_of
from swarmpeer.storage.timing import Stopwatch, TimedCalls, TimedHashes
from swarmpeer.storage.verified.checked import Checked
from swarmpeer.storage.verified.checking import FilesCheck
from swarmpeer.storage.verified.data_folder import shown
from swarmpeer.storage.verified.extras import place_of
from swarmpeer.storage.verified.piece_hashes import PieceHashes
from swarmpeer.storage.verified.placing import Stage
from swarmpeer.storage.verified.session import Options, Session
from swarmpeer.thread_work import RunInThread
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

COMMIT_SECONDS = 2.0
"""
How long after a piece was written the record tells of it.
"""


class _Phase(Enum):
    """
    What may be asked for.  The values say for people why something may not.
    """

    CLOSED = "it is not open"
    OPEN = "it is not checked yet"
    CHECKING = "it is being checked"
    READY = "it is open and checked"
    CLOSING = "it is being closed"


@implementer(IVerifiedStorage, ILendingStorage)
class VerifiedStorage:
    """
    The files of a manifest in a folder; see L{IVerifiedStorage}.

    A file is under its name only when it is whole; until then it grows as a part in
    a folder of our own beside it.  What is there already is found out, and what is
    wrong of it is left until the right file takes its place.

    @ivar layout: how the files are cut into pieces.
    @ivar is_whole: see L{IVerifiedStorage}.
    """

    def __init__(
        self,
        manifest: Manifest,
        folder: str | os.PathLike[str],
        *,
        clock: IReactorTime,
        run_in_thread: RunInThread,
        calls: FileCalls | None = None,
        seed: bool = False,
        paranoid: bool = False,
        preallocate: bool = False,
        commit_seconds: float = COMMIT_SECONDS,
        inline_limit_bytes: int = INLINE_LIMIT_BYTES,
        second_thread: SecondThread | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        """
        @param folder: where the file or the folder of the manifest goes.
        @param run_in_thread: where calls that may take long are made, such as
            L{swarmpeer.storage.threads.ReactorThreads}.
        @param calls: the disk; by default the machine's own.
        @param seed: is everything to be there?
        @param paranoid: hash each piece each time that it is read?
        @param preallocate: take the room for a file when it is begun?
        @param inline_limit_bytes: see L{INLINE_LIMIT_BYTES}.
        @param second_thread: hashes and writes pieces, too; C{None}: nobody does.
        @param stopwatch: measures the hashing, and the machine's own calls;
            C{None}: nobody does.
        """
        self._manifest = manifest
        self._is_seed = seed
        if stopwatch is None:
            self._hashes = PieceHashes(manifest)
        else:
            self._hashes = TimedHashes(manifest, stopwatch)
            calls = calls or TimedCalls(stopwatch)
        self._folder = Path(folder)
        self._shown = shown(self._folder, (manifest.name,))
        self._works = PendingWork(run_in_thread)
        self._options = Options(
            calls or SystemCalls(),
            clock,
            seed,
            paranoid,
            preallocate,
            commit_seconds,
            inline_limit_bytes,
            second_thread,
        )
        self._publish: Callable[[SwarmEvent], None] = lambda _: None
        self._phase = _Phase.CLOSED
        self._session: Session | None = None
        self._check: FilesCheck | None = None
        self._when_closed: list[Callable[[], None]] = []
        self.layout = self._hashes.layout
        self.is_whole = False

    def report_to(self, publish: Callable[[SwarmEvent], None]) -> None:
        """
        See L{IVerifiedStorage}.
        """
        self._publish = publish

    def open(self) -> None:
        """
        Take the folder; made if need be, unless the files are to be there.

        @raise StorageError: if it cannot be used, or another peer works with the
            same manifest in it.
        """
        if self._phase is not _Phase.CLOSED:
            raise self._failure("open it", self._phase.value)
        # What is in our own folders is believed.
        if self._manifest.name.casefold().startswith(OWN_NAMES):
            raise self._failure("use it", f"names with {OWN_NAMES} are our own")
        session = Session(
            self._manifest,
            self._folder,
            self._hashes,
            self._options,
            self._works,
            self._tell,
        )
        session.folder.open(only_read=self._is_seed)
        self.is_whole = False
        self._session = session
        self._phase = _Phase.OPEN

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        See L{IVerifiedStorage}; also fails if something is in the way of a file, or
        if a seed does not find everything.
        """
        session = self._in_phase(_Phase.OPEN, failed, "check it")
        if session is None:
            return

        def on_done(checked: Checked) -> None:
            self._check = None
            lacks = checked.differing or checked.missing
            if self._is_seed and (lacks or not checked.held.is_full):
                self._phase = _Phase.OPEN
                failed(self._incomplete(checked))
                return
            self._phase = _Phase.READY
            self.is_whole = checked.is_whole
            session.begin(checked)
            for event in checked.events():
                self._tell(event)
            done(checked.held.copy())

        def on_failed(error: Exception) -> None:
            self._check = None
            if self._phase is _Phase.CHECKING:
                self._phase = _Phase.OPEN
            failed(self._cause("check it", error))

        self._phase = _Phase.CHECKING
        self._check = session.check(progress, on_done, on_failed)
        self._check.start()

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch a piece: at once if that cannot take long, else in a thread.

        @raise IndexError: if there is no such piece.
        """
        session = self._in_phase(_Phase.READY, failed, "read piece %d", index)
        if session is not None:
            session.pieces.read(index, done, failed)

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Fetch small pieces, or lend where the first is once it is in memory.

        @raise IndexError: if there is no such piece as the first.
        """
        session = self._in_phase(_Phase.READY, failed, "read piece %d", indexes[0])
        if session is not None:
            session.pieces.lend(indexes, done, failed)

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Hash pieces and keep those that are right: the small ones at once, if nothing
        may take long, else in a thread.

        @raise IndexError: if there is no such piece.
        @raise ValueError: if a piece is not as long as it should be.
        """
        check_sizes(self.layout, pieces)
        session = self._session
        if session is None or self._phase is not _Phase.READY:
            refusal = self._phase.value
        elif session.placing.stage is Stage.UNDER_WAY:
            refusal = "it is being put in place"
        else:
            session.writer.write(pieces, done, failed)
            return
        refuse_each(
            pieces,
            lambda index: self._failure(f"write piece {index}", refusal),
            failed,
        )

    def check_piece(
        self,
        index: int,
        done: Callable[[bool], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        See L{IVerifiedStorage}.

        @raise IndexError: if there is no such piece.
        """
        session = self._in_phase(_Phase.READY, failed, "check piece %d", index)
        if session is not None:
            session.pieces.check(index, done, failed)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Bring everything to the disk, record it, and give the files their names.

        May be asked for again after a failure, but once the disk refused bytes it
        fails for good.
        """
        what = "put it in place"
        session = self._in_phase(_Phase.READY, failed, what)
        if session is not None:
            session.placing.start(done, lambda error: failed(self._cause(what, error)))

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on, wait for what was begun, try once to record
        what is there, then give the folder back.  May be asked for many times.
        """
        session = self._session
        if session is None:
            done()
            return
        self._when_closed.append(done)
        if self._phase is _Phase.CLOSING:
            return
        self._phase = _Phase.CLOSING
        if self._check is not None:
            self._check.stop(self._failure("check it", self._phase.value))

        def give_back() -> None:
            session.give_back()
            self._session = None
            self._phase = _Phase.CLOSED
            when_closed, self._when_closed = self._when_closed, []
            for done in when_closed:
                done()

        self._works.when_idle(
            lambda: session.recorder.commit(lambda: self._works.when_idle(give_back))
        )

    def _in_phase(
        self,
        phase: _Phase,
        failed: Callable[[StorageError], None],
        what: str,
        *numbers: int,
    ) -> Session | None:
        """
        @param what: what cannot be done otherwise, and C{numbers} in it.
        @return: the session if it is that far; else C{failed} was told.
        """
        if self._phase is phase:
            return self._session
        failed(self._failure(what % numbers, self._phase.value))
        return None

    def _tell(self, event: SwarmEvent) -> None:
        self._publish(event)

    def _cause(self, what: str, error: Exception) -> StorageError:
        if isinstance(error, StorageError):
            return error
        return self._failure(what, reason_of(error))

    def _failure(self, what: str, reason: str) -> StorageError:
        return StorageError(f"{self._shown}: cannot {what}: {reason}")

    def _incomplete(self, checked: Checked) -> StorageError:
        """
        Why a seed is none.  What it has is left alone: it may be the source of it
        all, which somebody changed.
        """
        if checked.differing:
            first = checked.differing[0]
            return StorageError(
                f"{first.path} is not as the manifest says, or cannot be read "
                f"({first.wrong_pieces} of {first.piece_count} pieces), but this peer "
                f"is to have everything; if it was changed, make a new manifest; to "
                f"have it fetched and replaced, say seed = false"
            )
        if checked.missing:
            return self._missing(checked.missing[0])
        first_missing = next(
            i for i in range(checked.held.size) if i not in checked.held
        )
        number, _ = self.layout.place(first_missing)
        path = place_of(self._manifest, self._manifest.files[number])
        return self._missing(shown(self._folder, path))

    @staticmethod
    def _missing(path: str) -> StorageError:
        return StorageError(
            f"{path} is missing, but this peer is to have everything; put it there"
        )
