"""
A storage that knows what the pieces should be, and takes up where it stopped.

Who touches what: the reactor thread alone knows which pieces are held and what is
to be recorded.  A work in a thread is given what it needs and answers with what it
found.  What works share is safe by itself: where a file is and whether somebody
changed it, under the lock of that L{StoredFile}; the descriptors, under that of
L{OpenFiles}.  The record belongs to the check, and after that to the one commit
that is under way.
"""

import os
from collections.abc import Callable
from pathlib import Path

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from swarmpeer.errors import StorageError
from swarmpeer.events import SwarmEvent
from swarmpeer.file_name import OWN_NAMES
from swarmpeer.interfaces import IVerifiedStorage
from swarmpeer.manifest import Manifest
from swarmpeer.storage.calls import FileCalls, SystemCalls
from swarmpeer.storage.checking import Checked, FilesCheck
from swarmpeer.storage.file import INLINE_LIMIT_BYTES
from swarmpeer.storage.piece_hashes import PieceHashes
from swarmpeer.storage.recording import reason_of
from swarmpeer.storage.session import Session
from swarmpeer.storage.threads import RunInThread
from swarmpeer.storage.works import Works
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

COMMIT_SECONDS = 2.0
"""
How long after a piece was written the record tells of it.
"""


@implementer(IVerifiedStorage)
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
    ) -> None:
        """
        @param folder: where the file or the folder of the manifest goes.
        @param run_in_thread: where calls that may take long are made, such as
            L{swarmpeer.storage.threads.ReactorThreads}.
        @param calls: the disk; by default the machine's own.
        @param seed: is some of it to be there?
        @param paranoid: hash each piece each time that it is read?
        @param preallocate: take the room for a file when it is begun?
        @param inline_limit_bytes: see L{swarmpeer.storage.file}.
        """
        self._manifest = manifest
        self._is_seed = seed
        self._hashes = PieceHashes(manifest)
        self._works = Works(run_in_thread)
        self._begin = lambda: Session(
            manifest,
            Path(folder),
            hashes=self._hashes,
            calls=calls or SystemCalls(),
            works=self._works,
            clock=clock,
            publish=self._tell,
            is_paranoid=paranoid,
            preallocates=preallocate,
            commit_seconds=commit_seconds,
            inline_limit_bytes=inline_limit_bytes,
        )
        self._now = self._begin()
        self._check: FilesCheck | None = None
        self._is_checked = False
        self._publish: Callable[[SwarmEvent], None] = lambda _: None
        self._is_open = self._was_opened = False
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
        if self._was_opened:
            raise self._failure("open it", "it is open, or not closed yet")
        self._now = self._begin()
        self.is_whole = False
        # What is in our own folders is believed.
        if self._manifest.name.casefold().startswith(OWN_NAMES):
            raise self._failure("use it", f"names with {OWN_NAMES} are our own")
        self._now.folder.open(only_read=self._is_seed)
        self._is_open = self._was_opened = True

    def check(
        self,
        progress: Callable[[int, int], None],
        done: Callable[[Bitfield], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        See L{IVerifiedStorage}; also fails if something is in the way of a file, or
        if a seed finds nothing.
        """

        def on_done(checked: Checked) -> None:
            self._check = None
            if self._is_seed and not checked.held.count and self.layout.piece_count:
                failed(
                    StorageError(
                        f"{self._shown()} is missing or all of it is wrong, but this "
                        f"peer is to have it; put it there"
                    )
                )
                return
            self._is_checked = True
            self._now.pieces.held = checked.held
            self.is_whole = self._now.placing.is_over = checked.is_whole
            self._now.recorder.begin(checked.record, checked.found, checked.found_in)
            for event in checked.events():
                self._tell(event)
            done(checked.held.copy())

        def on_failed(error: Exception) -> None:
            self._check = None
            failed(self._cause("check it", error))

        if not self._is_open or self._is_checked or self._check is not None:
            failed(self._failure("check it", "it is not open, or was checked"))
            return
        self._check = self._now.check(progress, on_done, on_failed)
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
        if self._is_ready(f"read piece {index}", failed):
            self._now.pieces.read(index, done, failed)

    def write(
        self,
        index: int,
        data: PieceData,
        done: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hash a piece and keep it, if it is right: at once if it is small, else in a
        thread.

        @raise IndexError: if there is no such piece.
        @raise ValueError: if C{data} is not as long as the piece.
        """
        size_bytes = self.layout.size(index)
        if len(data) != size_bytes:
            raise ValueError(f"piece {index} has {size_bytes}, not {len(data)}")
        what = f"write piece {index}"
        if self._now.placing.is_under_way:
            failed(self._failure(what, "it is being put in place"))
        elif self._is_ready(what, failed):
            self._now.pieces.write(index, data, done, failed)

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
        if self._is_ready(f"check piece {index}", failed):
            self._now.pieces.check(index, done, failed)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        Bring everything to the disk, record it, and give the files their names.

        May be asked for again after a failure, but once the disk refused bytes it
        fails for good.
        """
        what = "put it in place"
        if not self._is_ready(what, failed):
            return
        missing = self.layout.piece_count - self._now.pieces.held.count
        if missing:
            failed(self._failure(what, f"{missing} pieces are not there"))
        else:
            self._now.placing.start(
                done, lambda error: failed(self._cause(what, error))
            )

    def close(self, done: Callable[[], None]) -> None:
        """
        Refuse everything from now on, wait for what was begun, try once to record
        what is there, then give the folder back.  May be asked for many times.
        """
        self._is_open = False
        self._when_closed.append(done)
        if len(self._when_closed) > 1:
            return
        if self._check is not None:
            self._check.stop(self._failure("check it", "it is closed"))
        self._works.when_idle(
            lambda: self._now.recorder.commit(
                lambda: self._works.when_idle(self._give_back)
            )
        )

    def _give_back(self) -> None:
        self._now.recorder.stop()
        self._now.open_files.drop_all()
        self._now.folder.close()
        self._was_opened = self._is_checked = False
        when_closed, self._when_closed = self._when_closed, []
        for done in when_closed:
            done()

    def _is_ready(self, what: str, failed: Callable[[StorageError], None]) -> bool:
        is_ready = self._is_open and self._is_checked
        if not is_ready:
            failed(self._failure(what, "it is not open"))
        return is_ready

    def _tell(self, event: SwarmEvent) -> None:
        self._publish(event)

    def _cause(self, what: str, error: Exception) -> StorageError:
        if isinstance(error, StorageError):
            return error
        return self._failure(what, reason_of(error))

    def _failure(self, what: str, reason: str) -> StorageError:
        return StorageError(f"{self._shown()}: cannot {what}: {reason}")

    def _shown(self) -> str:
        return self._now.folder.shown((self._manifest.name,))
