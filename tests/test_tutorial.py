"""
The tutorial: every command of it, and what it shows of their answers.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

from tests.processes import (
    ROOT,
    TWISTD,
    ProcessTestCase,
    child_environment,
    reserve_port,
)

_PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(
    r"(<!-- another run [^\n]*-->\n)?^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_PORTS = ("6001", "6002", "6003", "6004", "6005", "6006", "8004")
_SECONDS = 90.0


@dataclass(frozen=True)
class Block:
    """
    Commands of the page and what it shows of their answers.

    @ivar differs: does another run give other numbers?
    """

    commands: str
    shown: str
    differs: bool


def blocks(text: str) -> Iterator[Block]:
    """
    All on a page, in order.
    """
    for found in _BLOCK.finditer(text):
        lines = found[2].splitlines(keepends=True)
        typed = [line[2:] for line in lines if line.startswith(("$ ", "> "))]
        shown = [line for line in lines if not line.startswith(("$ ", "> "))]
        yield Block("".join(typed), "".join(shown), found[1] is not None)


def kinds(text: str) -> set[str]:
    """
    The lines of an answer without what differs from run to run: numbers, lists of
    them, and what became of a neighbour.
    """
    found = set()
    for line in text.splitlines():
        words = re.sub(r"[0-9a-f]{64}|\d+", "#", line)
        words = re.sub(r"#(,#)+", "#", words)
        words = re.sub(r"( preferred| optimistic)+$", "", words)
        found.add(" ".join(words.split()))
    return found


class TutorialTests(ProcessTestCase):
    """
    docs/tutorial.md.
    """

    def answers(self, page: list[Block]) -> list[str]:
        """
        Do what the page says in one shell, with ports that are free.

        @return: what each block printed.
        """
        folder = self.make_folder()
        commands = folder / "bin"
        commands.mkdir()
        for name, words in (
            ("twistd", TWISTD),
            ("swarmpeer", [sys.executable, "-m", "swarmpeer"]),
            ("python", [sys.executable]),
        ):
            (commands / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            (commands / name).chmod(0o755)
        (folder / "docs").symlink_to(ROOT / "docs")
        (folder / "course").mkdir()
        mark = "---- the next block ----"
        script = f"echo '{mark}'\n".join(block.commands for block in page)
        free = {port: self.free_port() for port in _PORTS}
        script = re.sub("|".join(_PORTS), lambda found: free[found[0]], script)
        said = self.said_by(script, folder / "course", commands)
        return said.split(f"{mark}\n")

    def free_port(self) -> str:
        """
        One that is ours until the test is over.
        """
        holder = reserve_port()
        self.addCleanup(holder.close)
        return str(holder.getsockname()[1])

    def said_by(self, script: str, folder: Path, commands: Path) -> str:
        """
        What a shell prints that runs a script; all that it started is ended with it.
        """
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env={**child_environment(), "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            return shell.communicate(timeout=_SECONDS)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()

    def test_commands(self) -> None:
        """
        Every command answers as the page shows: to the letter, or, where another run
        gives other numbers, with no kind of line that the page has not; the round that
        a peer tells of is held by the rule, and all copies are the same.
        """
        page = list(blocks(_PAGE.read_text()))
        self.assertGreater(len(page), 10)
        known = set().union(*(kinds(block.shown) for block in page if block.differs))
        said = self.answers(page)
        self.assertEqual(len(said), len(page))
        for block, answer in zip(page, said, strict=True):
            if block.differs:
                self.assertTrue(answer, block.commands)
                self.assertEqual(kinds(answer) - known, set(), block.commands)
                continue
            is_same = OutputChecker().check_output(block.shown, answer, ELLIPSIS)
            self.assertTrue(is_same, f"{block.commands}\n{answer}")
        (last_round,) = (each for each in said if each.startswith("round "))
        # One as the text explains it, while there is something to explain.
        self.assertRegex(
            last_round,
            r"^round ([4-9]|\d\d) of 1004 at \d\d:\d\d:\d\d, by what they gave:",
        )
        self.assertGreater(max(self.check_round(last_round).values(), default=0), 0)
        (counted,) = (
            answer
            for block, answer in zip(page, said, strict=True)
            if "awk -f" in block.commands
        )
        givers = set(re.findall(r"^  (\d+) gave", counted, re.MULTILINE))
        self.assertLessEqual(givers, {"1001", "1002", "1003", "1005", "1006"})
        (copies,) = (
            answer.split()
            for block, answer in zip(page, said, strict=True)
            if "sha256sum" in block.commands
        )
        self.assertEqual((len(copies), copies[0]), (2, "6"))

    def test_round_shown(self) -> None:
        """
        So is the one that the page shows, and its lines of the log say the same.
        """
        page = list(blocks(_PAGE.read_text()))
        (last_round,) = (b.shown for b in page if b.shown.startswith("round "))
        gave = self.check_round(last_round)
        (counted,) = (b.shown for b in page if "awk -f" in b.commands)
        rounds = re.split(r"^\[.*\n", counted, flags=re.MULTILINE)
        pieces = dict(re.findall(r"^  (\d+) gave (\d+)$", rounds[2], re.MULTILINE))
        self.assertEqual(
            {peer_id: 16384 * int(pieces.get(peer_id, 0)) for peer_id in gave}, gave
        )

    def check_round(self, told: str) -> dict[str, int]:
        """
        Two at most are preferred, and if they were ranked nobody gave more than they.

        @return: what each gave, by id.
        """
        rows = re.findall(r"^  (\d+) gave +(\d+) bytes *(.*)$", told, re.MULTILINE)
        chosen = [int(gave) for _, gave, role in rows if "preferred" in role]
        others = [int(gave) for _, gave, role in rows if "preferred" not in role]
        self.assertEqual(len(chosen), min(2, len(rows)))
        if "by what they gave" in told:
            self.assertGreaterEqual(min(chosen, default=0), max(others, default=0))
        return {peer_id: int(gave) for peer_id, gave, _ in rows}
