"""
Tests for L{swarmpeer.manifest_files.checking}.
"""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.manifest_files import Fault, Finding, build_manifest, check_files
from swarmpeer.test.manifest_fixtures import BIG, PIECE_SIZE, make_folder

Told = tuple[str, str, str, tuple[int, ...]]
"""
Fault, path, detail and pieces.
"""


def told(findings: list[Finding]) -> list[Told]:
    """
    The findings in short.
    """
    return [
        (found.fault.name, "/".join(found.path), found.detail, found.pieces)
        for found in findings
    ]


class CheckingTests(SynchronousTestCase):
    """
    L{check_files}.
    """

    def setUp(self) -> None:
        """
        A folder and its manifest.
        """
        self.folder = Path(self.mktemp())
        self.content = make_folder(self.folder / "content")
        self.manifest = build_manifest(self.content, PIECE_SIZE)

    def test_right(self) -> None:
        """
        Nothing is found where all is right, whatever the folder is called, whichever
        way leads to it and whatever empty folders there are.
        """
        other = self.folder / "other"
        self.content.rename(other)
        shutil.rmtree(other / "nothing")
        (other / "more" / "of").mkdir(parents=True)
        link = self.folder / "link"
        link.symlink_to("other")
        for path in (other, link):
            self.assertEqual(check_files(self.manifest, path), [])

    def test_each(self) -> None:
        """
        Each difference is found as what it is, and nothing else.
        """
        content = self.content
        big, run, tools = content / "big", content / "bin" / "run", content / "tools"

        def flip() -> None:
            data = bytearray(BIG)
            data[0] ^= 1
            data[-1] ^= 1
            big.write_bytes(data)

        def cut() -> None:
            big.write_bytes(BIG[: 2 * PIECE_SIZE + 1])

        def lengthen() -> None:
            big.write_bytes(BIG + b"x")

        def make_pipe() -> None:
            big.unlink()
            os.mkfifo(big)

        def make_folder_of_file() -> None:
            big.unlink()
            (big / "below").mkdir(parents=True)
            (big / "below" / "file").write_bytes(b"x")

        def make_file_of_folder() -> None:
            shutil.rmtree(content / "bin")
            (content / "bin").write_bytes(b"x")

        def make_link_of_file() -> None:
            big.rename(self.folder / "elsewhere")
            big.symlink_to("../elsewhere")

        def make_link_of_folder() -> None:
            (content / "bin").rename(self.folder / "bin")
            (content / "bin").symlink_to("../bin")

        def make_file_of_link() -> None:
            tools.unlink()
            tools.write_bytes(b"")

        def lead(text: str) -> Callable[[], None]:
            def change() -> None:
                tools.unlink()
                tools.symlink_to(text)

            return change

        right = "would be right"
        bin_missing = [
            ("MISSING", "bin/run", "", ()),
            ("MISSING", "bin/same", "", ()),
        ]
        cases: tuple[tuple[Callable[[], object], list[Told]], ...] = (
            (flip, [("BAD_PIECES", "big", "", (0, 3))]),
            (
                cut,
                [
                    ("WRONG_SIZE", "big", f"is 32769 bytes, 51200 {right}", ()),
                    ("BAD_PIECES", "big", "", (2, 3)),
                ],
            ),
            (lengthen, [("WRONG_SIZE", "big", f"is 51201 bytes, 51200 {right}", ())]),
            (big.unlink, [("MISSING", "big", "", ())]),
            (
                lambda: (content / "a\n").write_bytes(b""),
                [("EXTRA", "a\n", "", ())],
            ),
            (
                make_pipe,
                [
                    (
                        "WRONG_TYPE",
                        "big",
                        f"is neither a file nor a folder, a file {right}",
                        (),
                    )
                ],
            ),
            (
                make_folder_of_file,
                [
                    ("WRONG_TYPE", "big", f"is a folder, a file {right}", ()),
                    ("EXTRA", "big/below/file", "", ()),
                ],
            ),
            (
                make_file_of_folder,
                [
                    ("WRONG_TYPE", "bin", f"is a file, a folder {right}", ()),
                    *bin_missing,
                ],
            ),
            (
                make_link_of_file,
                [("WRONG_TYPE", "big", f"is a symbolic link, a file {right}", ())],
            ),
            (
                make_link_of_folder,
                [
                    ("WRONG_TYPE", "bin", f"is a symbolic link, a folder {right}", ()),
                    *bin_missing,
                ],
            ),
            (
                make_file_of_link,
                [("WRONG_TYPE", "tools", f"is a file, a symbolic link {right}", ())],
            ),
            (
                lead("bin/run"),
                [("WRONG_TARGET", "tools", f"leads to bin/run, bin {right}", ())],
            ),
            (
                lead("../bin"),
                [("WRONG_TARGET", "tools", "is a link that leads outward", ())],
            ),
            (lead("./bin/"), []),
            (
                lambda: run.chmod(0o644),
                [("WRONG_EXECUTABLE", "bin/run", "is not executable", ())],
            ),
            (
                lambda: big.chmod(0o755),
                [("WRONG_EXECUTABLE", "big", "is executable", ())],
            ),
        )
        kept = self.folder / "kept"
        shutil.copytree(content, kept, symlinks=True)
        for change, expected in cases:
            change()
            self.assertEqual(told(check_files(self.manifest, content)), expected)
            shutil.rmtree(content)
            shutil.copytree(kept, content, symlinks=True)

    def test_all_at_once(self) -> None:
        """
        Everything is found, in the order of the paths.
        """
        (self.content / "bin" / "run").unlink()
        (self.content / "empty").write_bytes(b"x")
        (self.content / "zzz").write_bytes(b"x")
        (self.content / "aaa").write_bytes(b"x")
        findings = check_files(self.manifest, self.content)
        self.assertEqual(
            [(found.fault.name, *found.path) for found in findings],
            [
                ("EXTRA", "aaa"),
                ("MISSING", "bin", "run"),
                ("WRONG_SIZE", "empty"),
                ("EXTRA", "zzz"),
            ],
        )

    def test_piece_count(self) -> None:
        """
        Of a file with bad pieces it is told how many it has.
        """
        (self.content / "big").write_bytes(bytes(len(BIG)))
        (finding,) = check_files(self.manifest, self.content)
        self.assertEqual(
            finding, Finding(Fault.BAD_PIECES, ("big",), "", (0, 1, 2, 3), 4)
        )

    def test_many_spans(self) -> None:
        """
        Bad pieces are found wherever they are in a long file, by their number in it.
        """
        path = self.folder / "long"
        path.write_bytes(bytes(13 << 20))
        manifest = build_manifest(path, PIECE_SIZE)
        with path.open("r+b") as file:
            for piece in (0, 255, 256, 700, 831):
                file.seek(piece * PIECE_SIZE + 7)
                file.write(b"x")
        told_so_far: list[tuple[int, int]] = []
        (finding,) = check_files(
            manifest, path, progress=lambda *now: told_so_far.append(now), threads=3
        )
        self.assertEqual((finding.path, finding.pieces), ((), (0, 255, 256, 700, 831)))
        self.assertEqual(told_so_far[-1], (13 << 20, 13 << 20))

    def test_whole_of_other_type(self) -> None:
        """
        A file in the place of a folder, and the other way round, is one finding, as
        is nothing.
        """
        file = self.content / "big"
        of_file = build_manifest(file)
        right = "would be right"
        for manifest, path, expected in (
            (
                self.manifest,
                file,
                ("WRONG_TYPE", "", f"is a file, a folder {right}", ()),
            ),
            (
                of_file,
                self.content,
                ("WRONG_TYPE", "", f"is a folder, a file {right}", ()),
            ),
            (of_file, self.content / "x", ("MISSING", "", "", ())),
            (of_file, file / "x", ("UNREADABLE", "", "Not a directory", ())),
        ):
            self.assertEqual(told(check_files(manifest, path)), [expected])

    def test_unreadable_folder(self) -> None:
        """
        Of what is in a folder that cannot be read nothing is claimed.
        """
        listdir, place = os.listdir, self.content / "bin"

        def failing_listdir(fd: int) -> list[str]:
            if os.path.samestat(os.fstat(fd), os.stat(place)):
                raise PermissionError(errno.EACCES, "Permission denied")
            return listdir(fd)

        self.patch(os, "listdir", failing_listdir)
        self.assertEqual(
            told(check_files(self.manifest, self.content)),
            [("UNREADABLE", "bin", "Permission denied", ())],
        )

    def test_unreadable_file(self) -> None:
        """
        Of a file that can be read in part the other pieces are told.
        """
        preadv = os.preadv

        def failing_preadv(fd: int, buffers: list[memoryview], offset: int) -> int:
            if offset == 2 * PIECE_SIZE:
                raise OSError(errno.EIO, "Input/output error")
            return preadv(fd, buffers, offset)

        self.patch(os, "preadv", failing_preadv)
        self.assertEqual(
            told(check_files(self.manifest, self.content)),
            [("UNREADABLE", "big", "Input/output error", (2, 3))],
        )

    def test_swapped_meanwhile(self) -> None:
        """
        A folder that becomes a link after it was looked at is not gone through.
        """
        place, listdir, listings = self.content / "bin", os.listdir, []

        def swapping_listdir(fd: int) -> list[str]:
            names = listdir(fd)
            if os.path.samestat(os.fstat(fd), os.stat(place)):
                place.rename(self.folder / "away")
                place.symlink_to("../away")
            listings.append(fd)
            return names

        self.patch(os, "listdir", swapping_listdir)
        (finding,) = check_files(self.manifest, self.content)
        self.assertEqual(
            (finding.fault, finding.path), (Fault.UNREADABLE, ("bin", "run"))
        )
