"""
Tests for L{swarmpeer.file_name}.
"""

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.file_name import (
    LOCK_NAME,
    MAX_FILE_NAME_BYTES,
    file_name_fault,
    part_name,
)

NAMES = st.text(
    st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")),
    min_size=1,
    max_size=300,
).filter(lambda name: file_name_fault(name) is None)


class FileNameTests(SynchronousTestCase):
    """
    What a file may be called, and what it is called before it is whole.
    """

    def test_unsafe(self) -> None:
        """
        A name that leads out of the folder, that no file can have, or that is
        ours is refused with its reason.
        """
        plain = "a plain name without a path"
        visible = "a name of visible characters"
        ours = "is a name for an unfinished file", "another name"
        for name, expected in (
            ("", ("is empty", "a name")),
            (".", ("is a folder", plain)),
            ("..", ("is a folder", plain)),
            ("/etc/x", ("is an absolute path", plain)),
            ("../x", ("is a path with folders", plain)),
            ("x/", ("is a path with folders", plain)),
            ("a\\b", ("is a path with folders", plain)),
            ("a\0b", ("holds a control character", visible)),
            ("a\x1b[2Jb", ("holds a control character", visible)),
            ("a\x85b", ("holds a control character", visible)),
            (
                "\ud800",
                ("holds half a character", "a name that can be written as UTF-8"),
            ),
            ("é" * 128, ("is 256 bytes long", "at most 255")),
            (LOCK_NAME, ("is the name of the folder's lock", "another name")),
            (".x.part", ours),
            (part_name("x" * 255), ours),
        ):
            self.assertEqual(file_name_fault(name), expected, name)

    def test_safe(self) -> None:
        """
        Odd but harmless names are fine, also those that are no UTF-8 on the disk.
        """
        for name in (
            "-rf",
            "...",
            ".hidden",
            "a b",
            "a:b",
            "é" * 127 + "x",
            "\u202efdp.exe",
            "x.part",
            os.fsdecode(b"\xff"),
        ):
            self.assertIsNone(file_name_fault(name), name)

    @settings(deadline=None)
    @given(NAMES)
    def test_part(self, name: str) -> None:
        """
        The unfinished file of any safe name has one that fits the disk and that
        no other file can have.
        """
        part = part_name(name)
        self.assertLessEqual(len(os.fsencode(part)), MAX_FILE_NAME_BYTES)
        self.assertEqual(
            file_name_fault(part), ("is a name for an unfinished file", "another name")
        )

    def test_parts_differ(self) -> None:
        """
        Names too long to be part of another have unfinished ones of their own.
        """
        self.assertNotEqual(part_name("n" * 255), part_name("m" * 255))
