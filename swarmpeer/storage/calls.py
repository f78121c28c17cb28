"""
The calls to the operating system that a storage on disk makes.
"""

import os
from typing import Protocol

from swarmpeer.wire.messages import PieceData


class FileCalls(Protocol):
    """
    A disk as a storage sees it.  The calls are those of C{os} and raise
    C{OSError} as they do, but nothing is found by a path once the folder is
    open: C{folder} is the descriptor of the folder that a C{name} is in.

    A name is text by UTF-8, whatever the user's locale; a byte that is no UTF-8 is
    half a character, as L{swarmpeer.manifest.paths} has it.
    """

    def make_folder(self, path: str) -> None:
        """
        Make a folder in one that exists.
        """

    def open_folder(self, path: str) -> int:
        """
        Open a folder that is no symbolic link.

        @return: its descriptor.
        """

    def make_folder_in(self, folder: int, name: str) -> None:
        """
        Make a folder in an open one.
        """

    def open_folder_in(self, folder: int, name: str) -> int:
        """
        Open a folder in an open one, if it is no symbolic link.

        @return: its descriptor.
        """

    def names(self, folder: int) -> list[str]:
        """
        All names in a folder, sorted.
        """

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        Open what is no symbolic link, without waiting if it is a pipe.

        @return: its descriptor.
        """

    def close(self, fd: int) -> None:
        """
        Give a descriptor back.
        """

    def fstat(self, fd: int) -> os.stat_result:
        """
        What is open there?
        """

    def lstat(self, folder: int, name: str) -> os.stat_result:
        """
        What stands under that name, were it a symbolic link?
        """

    def lock(self, fd: int) -> bool:
        """
        Take the one lock of a file until it is closed.

        @return: C{False} if somebody else holds it.
        """

    def truncate(self, fd: int, size_bytes: int) -> None:
        """
        Give a file that size.
        """

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """
        Read at C{offset}; fewer bytes than asked for are possible, none means
        that the file ends there.
        """

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """
        Read at C{offset} without waiting for the disk.

        @return: the bytes; where not all of them are in memory, those before the first
            that is not, or C{None}.
        @raise OSError: with C{EOPNOTSUPP} if the file system cannot tell.
        """

    def is_cached(self, fd: int, size_bytes: int, offset: int) -> bool:
        """
        Are so many bytes at C{offset} in memory, as far as samples tell?

        @return: C{False} also if the file ends before.
        @raise OSError: with C{EOPNOTSUPP} if the file system cannot tell.
        """

    def is_in_memory(self, fd: int) -> bool:
        """
        Does the whole file system live in memory?
        """

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """
        Write at C{offset}.

        @return: how many of the bytes were written.
        """

    def allocate(self, fd: int, size_bytes: int) -> None:
        """
        Take the room for so many bytes from the start of a file on, which is at
        least as long then.  What was never written reads as zeros.

        @raise OSError: with C{ENOSPC} if there is not so much room, with
            C{EOPNOTSUPP} if the system knows no such thing.
        """

    def next_data(self, fd: int, offset: int) -> int | None:
        """
        Where the first byte may be, at C{offset} or after, that was ever written.

        @return: its offset, which is C{offset} itself if the file system cannot
            tell; C{None} if nothing but zeros comes up to the end.
        """

    def next_hole(self, fd: int, offset: int) -> int:
        """
        Where the first byte is, at C{offset} or after, that was never written; the
        end of the file if there is none before it.
        """

    def free_bytes(self, folder: int) -> int | None:
        """
        How many bytes more the file system of a folder takes from us; C{None} if
        it cannot tell.
        """

    def set_mode(self, fd: int, mode: int) -> None:
        """
        Say who may read, write and run a file.

        @param mode: the bits of permission, as in C{st_mode}.
        """

    def sync(self, fd: int) -> None:
        """
        Return when a file, or the names in a folder, are on the disk.
        """

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        Give a file of the folder another name there, in the place of what may
        have it.
        """

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """
        Move a file to a name in another folder of the same file system, in the
        place of what may have it.
        """

    def unlink(self, folder: int, name: str) -> None:
        """
        Remove a file or a symbolic link of the folder.
        """

    def link_text(self, folder: int, name: str) -> str:
        """
        Where a symbolic link leads to, as it stands in it.

        @raise OSError: with C{EINVAL} if it is no link.
        """

    def make_link(self, folder: int, name: str, text: str) -> None:
        """
        Make a symbolic link where nothing has that name.
        """
