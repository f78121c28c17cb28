"""
Tests for L{swarmpeer.manifest_files.building} and what it looks and hashes with.
"""

import errno
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ManifestError
from swarmpeer.manifest import Manifest, merkle, parse_manifest
from swarmpeer.manifest.paths import joined
from swarmpeer.manifest_files import build_manifest
from swarmpeer.manifest_files.building import own_name
from swarmpeer.manifest_files.hashing import Progress
from swarmpeer.test.manifest_fixtures import BIG, PATHS, PIECE_SIZE, make_folder


class BuildingTests(SynchronousTestCase):
    """
    L{build_manifest}.
    """

    def setUp(self) -> None:
        """
        A folder to work in.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def make(self) -> Path:
        """
        The folder with a bit of everything.
        """
        return make_folder(self.folder / "content")

    def refusal(self, path: Path, **options: int) -> str:
        """
        What is said about it, without the way to it.
        """
        error = self.assertRaises(ManifestError, build_manifest, path, **options)
        self.assertTrue(str(error).isprintable())
        return str(error).replace(str(self.folder), "")

    def test_folder(self) -> None:
        """
        Files and links are in the order of their paths, with what they are; empty
        folders are left out.
        """
        manifest = build_manifest(self.make(), PIECE_SIZE)
        self.assertEqual(manifest.name, "content")
        self.assertEqual([joined(file.path) for file in manifest.files], PATHS)
        by_path = {joined(file.path): file for file in manifest.files}
        big = by_path["big"]
        self.assertEqual(big.size_bytes, len(BIG))
        self.assertEqual(big.piece_hashes, merkle.leaf_hashes(BIG))
        run = by_path["bin/run"]
        self.assertEqual((run.is_executable, big.is_executable), (True, False))
        self.assertEqual(by_path["bin/same"].link_target, ("big",))
        self.assertEqual(by_path["tools"].link_target, ("bin",))
        self.assertIsNone(by_path["empty"].pieces_root)
        self.assertEqual(parse_manifest(manifest.encode()), manifest)

    def test_file(self) -> None:
        """
        A file alone is called as it is, whatever way leads to it.
        """
        path = self.folder / "one"
        path.write_bytes(BIG)
        manifest = build_manifest(path)
        self.assertTrue(manifest.is_single_file)
        self.assertEqual(manifest.files[0].path, ("one",))
        link = self.folder / "link"
        link.symlink_to("one")
        by_link = build_manifest(link)
        self.assertEqual(by_link.name, "link")
        self.assertEqual(by_link.files[0].pieces_root, manifest.files[0].pieces_root)

    def test_empty_file(self) -> None:
        """
        An empty file alone has a manifest without pieces.
        """
        path = self.folder / "none"
        path.write_bytes(b"")
        self.assertEqual(build_manifest(path).piece_count, 0)

    def test_pieces(self) -> None:
        """
        Whatever the sizes and however many threads hash, the hashes are those of
        the pieces one by one.
        """
        path = self.folder / "file"
        block = merkle.BLOCK_BYTES
        for size in (1, block, block + 1, 9 << 20, (9 << 20) + 1):
            data = os.urandom(block) * (size // block) + b"x" * (size % block)
            path.write_bytes(data)
            for piece_size in (block, 1 << 20, 16 << 20):
                levels = merkle.piece_levels(size, piece_size)
                right = [
                    merkle.piece_hash(data[at : at + piece_size], levels)
                    for at in range(0, size, piece_size)
                ]
                (file,) = build_manifest(path, piece_size, threads=3).files
                self.assertEqual(file.piece_hashes, b"".join(right))

    def test_progress(self) -> None:
        """
        It is told how far it is, in the thread that asked, up to the end.
        """
        path = self.folder / "file"
        path.write_bytes(bytes(9 << 20))
        told = []

        def progress(done: int, total: int) -> None:
            told.append((done >> 20, total >> 20, threading.current_thread()))

        build_manifest(path, progress=progress)
        here = threading.current_thread()
        self.assertEqual(told, [(4, 9, here), (8, 9, here), (9, 9, here)])

    def test_no_thread_stays(self) -> None:
        """
        Whoever breaks off leaves no thread behind.
        """
        path = self.folder / "file"
        path.write_bytes(bytes(64 << 20))
        before = threading.active_count()

        def progress(_done: int, _total: int) -> None:
            raise KeyboardInterrupt

        self.assertRaises(
            KeyboardInterrupt, build_manifest, path, progress=progress, threads=2
        )
        self.assertEqual(threading.active_count(), before)

    def test_names(self) -> None:
        """
        The name is the last one of the path, or that of the folder which a path
        without one leads to.
        """
        self.assertEqual(own_name("/a/b//"), "b")
        self.assertEqual(own_name("."), Path.cwd().name)
        self.assertEqual(own_name("a/.."), Path.cwd().name)
        for path in ("/", ""):
            self.assertRaises(ManifestError, own_name, path)

    def test_nothing_there(self) -> None:
        """
        What is not there, or has no file in it, has no manifest.
        """
        self.assertEqual(
            self.refusal(self.folder / "x"), "/x: No such file or directory"
        )
        (self.folder / "x" / "y").mkdir(parents=True)
        self.assertEqual(self.refusal(self.folder / "x"), "/x: holds no file")

    def test_no_files(self) -> None:
        """
        What is neither a file nor a folder nor a link has no place, and is not
        waited for.
        """
        content = self.make()
        os.mkfifo(content / "pipe")
        what = "is neither a file nor a folder"
        self.assertEqual(self.refusal(content), f"/content/pipe: {what}")
        self.assertEqual(self.refusal(content / "pipe"), f"/content/pipe: {what}")

    def test_links(self) -> None:
        """
        Links that lead outward, to nothing or in a circle are refused.
        """
        absolute = "an absolute link, a relative one would be right"
        nothing = "where there is nothing"
        for text, expected in (
            ("/etc/passwd", f"/content/bin/link: {absolute}"),
            ("../../content/big", "/content/bin/link: a link that leads outward"),
            ("..", "/content/bin/link: a link to the whole folder"),
            ("none", f"/content: bin/link: a link to bin/none, {nothing}"),
            ("link", f"/content: bin/link: a link to bin/link, {nothing}"),
            ("../nothing", f"/content: bin/link: a link to nothing, {nothing}"),
            ("../tools/../big", "/content/bin/link: a link that goes back from"),
        ):
            content = make_folder(self.folder / "content")
            (content / "bin" / "link").symlink_to(text)
            self.assertIn(expected, self.refusal(content))
            content.rename(self.mktemp())

    def test_clash(self) -> None:
        """
        Names that other systems would take for one are told before the work.
        """
        content = self.make()
        (content / "BIG").write_bytes(b"x")
        hashed: list[int] = []
        error = self.assertRaises(
            ManifestError,
            build_manifest,
            content,
            progress=lambda done, _: hashed.append(done),
        )
        self.assertIn("big: differs from BIG only in case", str(error))
        self.assertEqual(hashed, [])

    def test_piece_size(self) -> None:
        """
        A piece size that is none is told before the work.
        """
        self.assertIn(
            "piece length: is 1000, a power of two",
            self.refusal(self.make(), piece_size_bytes=1000),
        )

    def test_ambiguous(self) -> None:
        """
        A folder with a file of the same name alone would be taken for the file.
        """
        (self.folder / "x").mkdir()
        (self.folder / "x" / "x").write_bytes(b"x")
        self.assertIn(
            "is alone in a folder of its own", self.refusal(self.folder / "x")
        )

    def test_too_deep(self) -> None:
        """
        Folders that go on and on are refused.
        """
        path = self.folder / "content" / "/".join("d" * 101)
        path.mkdir(parents=True)
        self.assertIn(
            "folders more than 100 deep", self.refusal(self.folder / "content")
        )

    def test_unreadable(self) -> None:
        """
        A file or a folder that cannot be read is named.
        """
        content = self.make()
        listdir, preadv = os.listdir, os.preadv

        def failing_listdir(fd: int) -> list[str]:
            if os.path.samestat(os.fstat(fd), os.stat(content / "bin")):
                raise PermissionError(errno.EACCES, "Permission denied")
            return listdir(fd)

        def failing_preadv(fd: int, buffers: list[memoryview], offset: int) -> int:
            if offset:
                raise OSError(errno.EIO, "Input/output error")
            return preadv(fd, buffers, offset)

        listing = self.patch(os, "listdir", failing_listdir)
        self.assertEqual(self.refusal(content), "/content/bin: Permission denied")
        listing.restore()
        self.patch(os, "preadv", failing_preadv)
        self.assertEqual(
            self.refusal(content, piece_size_bytes=PIECE_SIZE),
            "/content/big: Input/output error",
        )

    def test_changes(self) -> None:
        """
        Whatever changes meanwhile is named: contents, names, kinds, attributes.
        """

        def shrink(content: Path) -> None:
            (content / "big").write_bytes(BIG[:-1])

        def rewrite(content: Path) -> None:
            (content / "big").write_bytes(BIG)

        def replace(content: Path) -> None:
            (content / "new").write_bytes(BIG)
            (content / "new").rename(content / "big")

        def remove(content: Path) -> None:
            (content / "big").unlink()

        def add(content: Path) -> None:
            (content / "new").write_bytes(b"")

        def chmod(content: Path) -> None:
            (content / "bin" / "run").chmod(0o644)

        def link(content: Path) -> None:
            (content / "tools").unlink()
            (content / "tools").symlink_to("nothing")

        for change, name in (
            (shrink, "big"),
            (rewrite, "big"),
            (replace, "big"),
            (remove, "big"),
            (add, "new"),
            (chmod, "bin/run"),
            (link, "tools"),
        ):
            content = self.make()
            os.utime(content / "big", (1, 1))
            error = self.assertRaises(
                ManifestError,
                build_manifest,
                content,
                progress=_once(partial(change, content)),
            )
            self.assertEqual(
                str(error),
                f"{content}/{name}: changed while the manifest was made",
            )
            content.rename(self.mktemp())

    def test_change_before(self) -> None:
        """
        A file that is not what it was when its turn comes is named at once.
        """
        content = self.make()
        preadv = os.preadv

        def shrinking_preadv(fd: int, buffers: list[memoryview], offset: int) -> int:
            return 0 if offset else preadv(fd, buffers, offset)

        self.patch(os, "preadv", shrinking_preadv)
        self.assertEqual(
            self.refusal(content, piece_size_bytes=PIECE_SIZE),
            "/content/big: changed while the manifest was made",
        )

    def test_short_reads(self) -> None:
        """
        A disk that gives little at a time is asked again.
        """
        content = self.make()
        right: Manifest = build_manifest(content)
        preadv = os.preadv

        def slow_preadv(fd: int, buffers: list[memoryview], offset: int) -> int:
            return preadv(fd, [buffers[0][:1000]], offset)

        self.patch(os, "preadv", slow_preadv)
        self.assertEqual(build_manifest(content), right)


def _once(action: Callable[[], None]) -> Progress:
    """
    What does it when first told of progress.
    """
    done: list[bool] = []

    def progress(_done: int, _total: int) -> None:
        if not done:
            done.append(True)
            action()

    return progress
