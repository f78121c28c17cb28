"""
The folder of one peer: where it is, and its lock.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from swarmpeer.errors import StorageError
from swarmpeer.file_name import LOCK_NAME, file_name_fault
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.system_errors import NO_FOLDER
from swarmpeer.text import printable, quoted

MAX_ATTEMPTS = 20
"""
How often a lock file may be taken away under our hands before we give up.
"""


def peer_folder(working_dir: str | os.PathLike[str], peer_id: int) -> Path:
    """
    The folder that a peer usually has: C{peer_<id>}.
    """
    return Path(working_dir, f"peer_{peer_id}")


def find_folder(
    working_dir: str | os.PathLike[str], peer_id: int, file_name: str, has_file: bool
) -> Path:
    """
    Which folder is the peer's?  The usual one; or C{<id>}, as some lay it out,
    for a peer that has the file there and not in the first one.

    Nothing is made or opened.

    @raise StorageError: if C{file_name} is not safe.
    """
    check_file_name(file_name)
    folder = peer_folder(working_dir, peer_id)
    short_folder = Path(working_dir, str(peer_id))
    if (
        has_file
        # A symbolic link counts as being there; it is refused by name later.
        and not os.path.lexists(folder / file_name)
        and os.path.lexists(short_folder / file_name)
    ):
        return short_folder
    return folder


def check_file_name(file_name: str) -> None:
    """
    Is it safe?  See L{file_name_fault}.

    @raise StorageError: if it is not.
    """
    if fault := file_name_fault(file_name):
        reason, right = fault
        raise StorageError(
            f"the file name {quoted(file_name)} {reason}, {right} would be right"
        )


def cannot(what: str, path: Path, error: OSError, advice: str) -> StorageError:
    """
    One line about a call that failed.
    """
    return StorageError(
        f"{printable(path)}: cannot {what}: {error.strerror or error}; {advice}"
    )


def make_folder(calls: FileCalls, path: Path) -> None:
    """
    Make the folder if nothing stands there.

    @raise StorageError: if it cannot be made.
    """
    try:
        calls.make_folder(str(path))
    except FileExistsError:
        pass
    except OSError as error:
        raise cannot(
            "make the folder", path, error, "make it, or let us write beside it"
        ) from error


def open_folder(calls: FileCalls, path: Path) -> int:
    """
    Open the folder itself, so that whatever becomes of its path later, only
    what is in it is touched.

    @return: its descriptor.
    @raise StorageError: if it is missing, no folder or a symbolic link.
    """
    try:
        return calls.open_folder(str(path))
    except FileNotFoundError as error:
        raise StorageError(
            f"{printable(path)} is missing; make the folder and put the file into it"
        ) from error
    except OSError as error:
        if error.errno in NO_FOLDER:
            raise StorageError(
                f"{printable(path)} is not a folder or is a symbolic link; put a real "
                f"folder there"
            ) from error
        raise cannot("open the folder", path, error, "let us read it") from error


class FolderLock:
    """
    The promise that no other peer works in the folder: a lock on a file in it
    that holds the owner's process id.

    The kernel gives the lock back when its owner dies, so a file left behind by
    a dead owner means nothing, whatever is in it.
    """

    def __init__(
        self, calls: FileCalls, folder: int, path: Path, name: str = LOCK_NAME
    ) -> None:
        """
        Take the lock.

        @param folder: the descriptor of the folder at C{path}.
        @param name: of the lock file.
        @raise OSError: if the lock file cannot be opened or locked.
        @raise StorageError: if another holds the lock, or the lock file is not
            a plain file or never stays.
        """
        self._calls = calls
        self._folder = folder
        self._path = path
        self._name = name
        for _ in range(MAX_ATTEMPTS):
            self._fd = calls.open(folder, self._name, os.O_RDWR | os.O_CREAT)
            try:
                if self._take():
                    return
            except BaseException:
                calls.close(self._fd)
                raise
            calls.close(self._fd)
        raise StorageError(
            f"{printable(path / self._name)} changes all the time; see who does that"
        )

    def release(self) -> None:
        """
        Remove the file and give the lock back.
        """
        # In this order: who opens the file before it is removed finds it
        # locked, or finds after locking it that it is not the one in the folder.
        with suppress(OSError):
            self._calls.unlink(self._folder, self._name)
        self._calls.close(self._fd)

    def _take(self) -> bool:
        """
        @return: C{False} if the former owner removed the file meanwhile.
        """
        calls = self._calls
        if not stat.S_ISREG(calls.fstat(self._fd).st_mode):
            raise StorageError(
                f"{printable(self._path / self._name)} is not a plain file; remove it"
            )
        if not calls.lock(self._fd):
            raise StorageError(
                f"{printable(self._path)} is in use by {self._owner()}; stop it, or "
                f"give this peer another folder"
            )
        try:
            named = calls.lstat(self._folder, self._name)
        except FileNotFoundError:
            return False
        if not os.path.samestat(named, calls.fstat(self._fd)):
            return False
        calls.truncate(self._fd, 0)
        # A full disk is no reason to refuse: the number is only for people.
        with suppress(OSError):
            calls.write(self._fd, memoryview(b"%d\n" % os.getpid()), 0)
        return True

    def _owner(self) -> str:
        text = self._calls.read(self._fd, 32, 0).strip()
        return f"process {int(text)}" if text.isdigit() else "another process"
