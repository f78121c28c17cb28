"""
Tests for L{swarmpeer.manifest_files.saving}.
"""

import errno
import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ManifestError
from swarmpeer.manifest_files import build_manifest, read_manifest, save_manifest


class SavingTests(SynchronousTestCase):
    """
    L{read_manifest} and L{save_manifest}.
    """

    def setUp(self) -> None:
        """
        A manifest, and a folder for it.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        file = Path(self.mktemp())
        file.write_bytes(b"x")
        self.manifest = build_manifest(file)
        self.path = self.folder / "manifest"

    def names(self) -> list[str]:
        """
        What is in the folder.
        """
        return sorted(os.listdir(self.folder))

    def test_saved(self) -> None:
        """
        What was saved is read again, and is for whom the umask lets.
        """
        before = os.umask(0o027)
        self.addCleanup(os.umask, before)
        save_manifest(self.manifest, self.path)
        self.assertEqual(read_manifest(self.path), self.manifest)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)
        self.assertEqual(self.names(), ["manifest"])

    def test_not_replaced(self) -> None:
        """
        What is there stays unless it may be replaced, a dangling link included.
        """
        self.path.write_bytes(b"precious")
        (self.folder / "link").symlink_to("nowhere")
        for path in (self.path, self.folder / "link"):
            self.assertRaises(FileExistsError, save_manifest, self.manifest, path)
        self.assertEqual(self.path.read_bytes(), b"precious")
        self.assertEqual(self.names(), ["link", "manifest"])

    def test_replaced(self) -> None:
        """
        A file is replaced if it may be, also one that a link leads to; what is no
        file never is.
        """
        self.path.write_bytes(b"old")
        link = self.folder / "link"
        link.symlink_to("manifest")
        save_manifest(self.manifest, link, overwrite=True)
        self.assertEqual(read_manifest(self.path), self.manifest)
        self.assertTrue(link.is_symlink())
        os.mkfifo(self.folder / "pipe")
        for path in (self.folder, self.folder / "pipe"):
            self.assertRaises(
                OSError, save_manifest, self.manifest, path, overwrite=True
            )
        self.assertEqual(self.names(), ["link", "manifest", "pipe"])

    def test_no_links(self) -> None:
        """
        A file system without hard links does as well, and still nothing is replaced.
        """

        def no_link(_from: str, _to: str) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        self.patch(os, "link", no_link)
        save_manifest(self.manifest, self.path)
        self.assertEqual(read_manifest(self.path), self.manifest)
        self.assertRaises(FileExistsError, save_manifest, self.manifest, self.path)
        self.assertEqual(self.names(), ["manifest"])

    def test_failures(self) -> None:
        """
        If the disk is full, or somebody breaks off, nothing is left.
        """
        for failure in (OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()):

            def fail(_fd: int, failure: BaseException = failure) -> None:
                raise failure

            patch = self.patch(os, "fsync", fail)
            for overwrite in (False, True):
                self.assertRaises(
                    type(failure),
                    save_manifest,
                    self.manifest,
                    self.path,
                    overwrite=overwrite,
                )
            self.assertEqual(self.names(), [])
            patch.restore()

    def test_unreadable(self) -> None:
        """
        What cannot be read or is no manifest is named.
        """
        data, page, cut = (self.folder / name for name in ("data", "page", "cut"))
        data.write_bytes(bytes(100))
        page.write_bytes(b"dear all,")
        cut.write_bytes(self.manifest.encode()[:-1])
        self.path.write_bytes(b"")
        os.mkfifo(self.folder / "pipe")
        for path, expected in (
            (self.folder / "pipe", "pipe: Not a regular file"),
            (self.folder / "none", "none: No such file or directory"),
            (self.folder, "Is a directory"),
            (self.path, "manifest: is no manifest"),
            (data, "data: is no manifest"),
            (page, "page: is no manifest"),
            (cut, "it ends too early"),
        ):
            error = self.assertRaises(ManifestError, read_manifest, path)
            self.assertIn(expected, str(error))
