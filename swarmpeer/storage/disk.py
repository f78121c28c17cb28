"""
One file in one folder, with calls that may block.
"""

import errno
import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar

from swarmpeer.errors import StorageError
from swarmpeer.file_name import part_name
from swarmpeer.storage.cached_reads import CachedReads
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.folder import (
    FolderLock,
    cannot,
    check_file_name,
    make_folder,
    open_folder,
)
from swarmpeer.storage.spans import FileSpan, LentDescriptor, read_through
from swarmpeer.storage.system_errors import NOT_ALLOWED
from swarmpeer.storage.transfers import read_up_to, sync, write_all
from swarmpeer.text import printable
from swarmpeer.wire.messages import PieceData

T = TypeVar("T", bound=PieceData)


class DiskFile:
    """
    The file of a peer, whole from the start or growing under another name.

    All names are looked up in the open folder and never followed as symbolic
    links, so nothing outside of it is touched whatever becomes of its path.

    @ivar path: where the file is now.
    """

    def __init__(
        self, folder_path: Path, file_name: str, size_bytes: int, calls: FileCalls
    ) -> None:
        self._folder_path = folder_path
        self._file_name = file_name
        self._size_bytes = size_bytes
        self._calls = calls
        self._held = ExitStack()
        self._folder = -1
        self._fd = -1
        self._lent = LentDescriptor(-1, calls.close)
        self._is_placed = False
        self._is_lost = False
        self._cached_reads = CachedReads(calls)
        self.path = folder_path / file_name

    @property
    def can_tell_cached(self) -> bool:
        """
        Does C{read_cached} know what is in memory?
        """
        return self._cached_reads.can_tell

    def open_whole(self) -> None:
        """
        Take the folder and open the file that must be there, to read it.

        Whoever can write to the folder locks it.  One who cannot goes without,
        since readers do each other no harm.

        @raise StorageError: if the name is not safe, another peer works in the
            folder, or the file is missing, unreadable, not plain or of another
            size.
        """
        check_file_name(self._file_name)
        with ExitStack() as held:
            self._take_folder(held)
            try:
                self._lock(held)
            except OSError as error:
                if error.errno not in NOT_ALLOWED:
                    raise self._not_lockable(error) from error
            try:
                self._open(held, self._file_name, os.O_RDONLY)
            except FileNotFoundError as error:
                raise StorageError(
                    f"{printable(self.path)} is missing, but this peer is to have the "
                    f"file; put it there"
                ) from error
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise self._not_plain() from error
                raise cannot("open it", self.path, error, "let us read it") from error
            found = self._calls.fstat(self._fd)
            if not stat.S_ISREG(found.st_mode):
                raise self._not_plain()
            if found.st_size != self._size_bytes:
                raise StorageError(
                    f"{printable(self.path)} is {found.st_size} bytes long, but the "
                    f"configuration says {self._size_bytes}; put the right file there "
                    f"or correct the size"
                )
            self._held = held.pop_all()
        self._is_placed = True

    def open_part(self) -> None:
        """
        Take the folder, made if need be, and begin an empty file beside the
        place of the final one.

        @raise StorageError: if the name is not safe, another peer works in the
            folder, something that is no plain file has the final name, or the
            file cannot be made.
        """
        check_file_name(self._file_name)
        make_folder(self._calls, self._folder_path)
        part = part_name(self._file_name)
        with ExitStack() as held:
            self._take_folder(held)
            try:
                self._lock(held)
            except OSError as error:
                raise self._not_lockable(error) from error
            try:
                self._check_final_name()
                with suppress(FileNotFoundError):
                    self._calls.unlink(self._folder, part)
                self._open(held, part, os.O_RDWR | os.O_CREAT | os.O_EXCL)
                self._calls.truncate(self._fd, self._size_bytes)
            except OSError as error:
                raise cannot(
                    f"make a file of {self._size_bytes} bytes there",
                    self._folder_path / part,
                    error,
                    "see that the folder can be written to and the name is free",
                ) from error
            self._held = held.pop_all()
        self.path = self._folder_path / part

    def read_cached(self, size_bytes: int, offset: int) -> PieceData | None:
        """
        Read what is in memory already; never blocks.

        @return: the bytes, or C{None} if they are not all there or the file
            system cannot tell.
        @raise OSError: if the file cannot be read.
        @raise StorageError: if it ends too early.
        """
        data = self._cached_reads.read(self._fd, size_bytes, offset)
        if data is None or (self.can_tell_cached and len(data) < size_bytes):
            return None
        return self._all_of(data, size_bytes, offset)

    def is_cached(self, size_bytes: int, offset: int) -> bool:
        """
        Can that be read without waiting for the disk, as far as samples tell?

        @raise OSError: if the file cannot be read.
        """
        return self._cached_reads.are_there(self._fd, size_bytes, offset)

    def bring_into_memory(self, size_bytes: int, offset: int) -> None:
        """
        Read, and keep nothing of it.

        @raise OSError: if the file cannot be read.
        @raise StorageError: if it ends too early.
        """
        count = 0
        for chunk in read_through(self._calls, self._fd, size_bytes, offset):
            count += len(chunk)
        self._check_end(count, size_bytes, offset)

    def lend(self, size_bytes: int, offset: int) -> FileSpan:
        """
        Let somebody send from the file, which stays open until he is done.  To be
        asked for in the thread that closes it.
        """
        self._lent.borrow()
        return FileSpan(self._calls, self._fd, offset, size_bytes, self._lent.give_back)

    def read(self, size_bytes: int, offset: int) -> bytes:
        """
        Read.

        @raise OSError: if the file cannot be read.
        @raise StorageError: if it ends too early.
        """
        data = read_up_to(self._calls, self._fd, size_bytes, offset)
        return self._all_of(data, size_bytes, offset)

    def write(self, data: PieceData, offset: int) -> None:
        """
        Write all of C{data}.

        @raise OSError: if the file cannot be written.
        """
        write_all(self._calls, self._fd, data, offset)

    def place(self) -> None:
        """
        Bring the bytes to the disk and give the file its final name.

        May be tried again, but once the disk refused the bytes it fails for
        good: the system forgets both those bytes and the failure.

        @raise OSError: if it cannot be done.
        @raise StorageError: if bytes were lost.
        """
        if self._is_lost:
            raise StorageError(
                f"{printable(self.path)}: the disk did not take all of it; start this "
                f"peer anew",
                is_final=True,
            )
        if not self._is_placed:
            try:
                self._calls.sync(self._fd)
            except OSError:
                self._is_lost = True
                raise
            part = part_name(self._file_name)
            self._calls.rename(self._folder, part, self._file_name)
            self._is_placed = True
            self.path = self._folder_path / self._file_name
        sync(self._calls, self._folder)

    def close(self) -> None:
        """
        Close the file and give the folder back.
        """
        # Whatever had to last was brought to the disk by place.
        with suppress(OSError):
            self._held.close()

    def _take_folder(self, held: ExitStack) -> None:
        self._folder = open_folder(self._calls, self._folder_path)
        held.callback(self._calls.close, self._folder)

    def _lock(self, held: ExitStack) -> None:
        lock = FolderLock(self._calls, self._folder, self._folder_path)
        held.callback(lock.release)

    def _open(self, held: ExitStack, name: str, flags: int) -> None:
        self._fd = self._calls.open(self._folder, name, flags)
        self._lent = LentDescriptor(self._fd, self._calls.close)
        held.callback(self._lent.give_back)

    def _check_final_name(self) -> None:
        with suppress(FileNotFoundError):
            found = self._calls.lstat(self._folder, self._file_name)
            if not stat.S_ISREG(found.st_mode):
                raise self._not_plain()

    def _all_of(self, data: T, size_bytes: int, offset: int) -> T:
        self._check_end(len(data), size_bytes, offset)
        return data

    def _check_end(self, count: int, size_bytes: int, offset: int) -> None:
        if count < size_bytes:
            raise StorageError(
                f"{printable(self.path)} ends at byte {offset + count} or before; "
                f"somebody cut it while it was in use"
            )

    def _not_plain(self) -> StorageError:
        return StorageError(
            f"{printable(self.path)} is a symbolic link, a folder or another thing "
            f"that is no plain file; remove it, or give this peer another folder"
        )

    def _not_lockable(self, error: OSError) -> StorageError:
        return cannot(
            "lock the folder", self._folder_path, error, "let us make files in it"
        )
