"""
The calls to a simulated disk that concern names: what is in which folder.
"""

import errno
import os

from swarmpeer.testing.cached_folder import CachedFolder, Link, Node
from swarmpeer.testing.disk_contents import DiskContents, names_on
from swarmpeer.testing.disk_faults import os_error


class DiskNames(DiskContents):
    """
    That half of C{FileCalls} which finds, makes, moves and removes.  There are
    files, folders, and symbolic links that are never followed; a folder is neither
    moved nor removed.
    """

    def make_folder(self, path: str) -> None:
        """
        See C{FileCalls}.  Those that it is in were always there.
        """
        self._begin("make_folder")
        if self._look_up(path) is not None:
            raise os_error(errno.EEXIST)
        *way, name = names_on(path)
        self._made(way).adopt(name, self._new_folder(is_by_path=True))

    def open_folder(self, path: str) -> int:
        """
        See C{FileCalls}.
        """
        self._begin("open_folder")
        node = self._look_up(path)
        if node is None:
            raise os_error(errno.ENOENT)
        return self._descriptors.open_folder(_as_folder(node))

    def make_folder_in(self, folder: int, name: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("make_folder_in")
        inside = self._descriptors.folder(folder)
        if name in inside.entries:
            raise os_error(errno.EEXIST)
        inside.change((name, self._new_folder(is_by_path=False)))

    def open_folder_in(self, folder: int, name: str) -> int:
        """
        See C{FileCalls}.
        """
        self._begin("open_folder_in")
        return self._descriptors.open_folder(_as_folder(self._named(folder, name)))

    def names(self, folder: int) -> list[str]:
        """
        See C{FileCalls}.
        """
        self._begin("names")
        return sorted(self._descriptors.folder(folder).entries)

    def open(self, folder: int, name: str, flags: int) -> int:
        """
        See C{FileCalls}.  Of the flags those of access, C{O_CREAT}, C{O_EXCL} and
        C{O_TRUNC} are heeded.
        """
        self._begin("open")
        inside = self._descriptors.folder(folder)
        node = inside.entries.get(name)
        if node is None:
            if not flags & os.O_CREAT:
                raise os_error(errno.ENOENT)
            node = self._new_file()
            inside.change((name, node))
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise os_error(errno.EEXIST)
        is_writable = flags & os.O_ACCMODE != os.O_RDONLY
        if isinstance(node, Link):
            raise os_error(errno.ELOOP)
        if isinstance(node, CachedFolder):
            if is_writable or flags & os.O_CREAT:
                raise os_error(errno.EISDIR)
            return self._descriptors.open_folder(node)
        if flags & os.O_TRUNC:
            self._touch(node)
            node.truncate(0)
        return self._descriptors.open_file(node, is_writable=is_writable)

    def rename(self, folder: int, old_name: str, new_name: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("rename")
        self._move(folder, old_name, folder, new_name)

    def rename_to(
        self, folder: int, old_name: str, new_folder: int, new_name: str
    ) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("rename_to")
        self._move(folder, old_name, new_folder, new_name)

    def unlink(self, folder: int, name: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("unlink")
        if isinstance(self._named(folder, name), CachedFolder):
            raise os_error(errno.EISDIR)
        self._descriptors.folder(folder).change((name, None))

    def link_text(self, folder: int, name: str) -> str:
        """
        See C{FileCalls}.
        """
        self._begin("link_text")
        node = self._named(folder, name)
        if not isinstance(node, Link):
            raise os_error(errno.EINVAL)
        return node.text

    def make_link(self, folder: int, name: str, text: str) -> None:
        """
        See C{FileCalls}.
        """
        self._begin("make_link")
        inside = self._descriptors.folder(folder)
        if name in inside.entries:
            raise os_error(errno.EEXIST)
        inside.change((name, Link(self._take_number(), text)))

    def _named(self, folder: int, name: str) -> Node:
        node = self._descriptors.folder(folder).entries.get(name)
        if node is None:
            raise os_error(errno.ENOENT)
        return node

    def _move(self, folder: int, old_name: str, new_folder: int, new_name: str) -> None:
        moved = self._named(folder, old_name)
        source = self._descriptors.folder(folder)
        target = self._descriptors.folder(new_folder)
        replaced = target.entries.get(new_name)
        if moved is replaced:
            return
        if isinstance(moved, CachedFolder):
            raise os_error(errno.EBUSY)
        if isinstance(replaced, CachedFolder):
            holds_it = any(inside is source for _, inside in replaced.walk(""))
            raise os_error(errno.ENOTEMPTY if holds_it else errno.EISDIR)
        source.move(old_name, target, new_name)


def _as_folder(node: Node) -> CachedFolder:
    if not isinstance(node, CachedFolder):
        raise os_error(errno.ENOTDIR)
    return node
