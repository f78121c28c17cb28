"""
Tests for L{swarmpeer.log_output}: lines, files, and what becomes of a restless
neighbour.
"""

import io
import json
import os
import sys
from dataclasses import dataclass, fields
from errno import EACCES, ENOSPC
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from swarmpeer import events
from swarmpeer.diagnostics import DiagnosticLog
from swarmpeer.errors import StorageError
from swarmpeer.events import (
    ConnectionRefused,
    DiskShort,
    FilesChecked,
    NeighborConnected,
    NeighborDisconnected,
    PieceStored,
    PieceWithdrawn,
)
from swarmpeer.log_output.bounded_file import LEAST_BYTES, BoundedFile
from swarmpeer.log_output.folding import AT_ONCE, Folding
from swarmpeer.log_output.lines import MAX_LINE_BYTES, json_line, text_line
from swarmpeer.log_output.output import Form, LogOutput


@implementer(ILogObserver)
class Said(list[LogEvent]):
    """
    Keeps what is said.
    """

    def __call__(self, event: LogEvent) -> None:
        """
        Keep it.
        """
        self.append(event)


class LinesTests(SynchronousTestCase):
    """
    One event is one line.
    """

    def captured(self) -> tuple[Said, Logger]:
        """
        A log, and what was said.
        """
        said = Said()
        return said, Logger("a.b", observer=said)

    def line_of(self, event: events.SwarmEvent) -> dict[str, object]:
        """
        The JSON of what is said of an event.
        """
        said, log = self.captured()
        DiagnosticLog(1001, 10, log).observe(event)
        (line,) = [json_line(each, 1001) for each in said]
        value = json.loads(line)
        self.assertRegex(str(value.pop("time")), r"^\d{4}-\d\d-\d\dT.*\.\d{3}Z$")
        assert isinstance(value, dict)
        return value

    def test_json(self) -> None:
        """
        It has the level, the peer, the name of the event, its text, and its fields.
        """
        self.assertEqual(
            self.line_of(NeighborDisconnected(1002, "gone")),
            {
                "level": "info",
                "peer": 1001,
                "event": "NeighborDisconnected",
                "text": "peer 1001: disconnected from 1002: gone",
                "neighbor": 1002,
                "reason": "gone",
            },
        )
        disk = self.line_of(DiskShort(10, 5))
        self.assertEqual((disk["level"], disk["free_bytes"]), ("error", 5))

    def test_time(self) -> None:
        """
        The time is that of the event, in UTC with milliseconds.
        """
        event = {"log_time": 1_700_000_000.0625, "log_format": "x"}
        self.assertEqual(text_line(event), "2023-11-14T22:13:20.062Z info     x\n")
        self.assertIn('"2023-11-14T22:13:20.062Z"', json_line(event, None))

    def test_other(self) -> None:
        """
        What is said of no event tells who says it.
        """
        said, log = self.captured()
        log.warn("a {word}", word="word")
        value = json.loads(json_line(said[0], 7))
        self.assertEqual((value["event"], value["source"]), (None, "a.b"))
        self.assertEqual((value["text"], value["level"]), ("a word", "warn"))

    def test_no_clash(self) -> None:
        """
        No field of any event has the name of what stands there for all.
        """
        usual = {"time", "level", "peer", "event", "text", "source", "neighbor"}
        usual |= {"repeats", "repeats_seconds", "traceback"}
        for each in vars(events).values():
            if isinstance(each, type) and issubclass(each, events.SwarmEvent):
                names = {field.name for field in fields(each)}
                self.assertEqual(names & usual, set(), each)

    def test_traceback(self) -> None:
        """
        A failure has its traceback: in JSON on the same line, in text in lines that
        are indented.
        """
        said, log = self.captured()
        try:
            raise ValueError("odd\x1b[31m")
        except ValueError:
            log.failure("it failed")
        value = json.loads(json_line(said[0], 1))
        self.assertEqual(value["text"], "it failed")
        self.assertIn("ValueError", value["traceback"])
        first, *rest = text_line(said[0]).splitlines()
        self.assertTrue(first.endswith("critical it failed"))
        self.assertGreater(len(rest), 2)
        for line in rest:
            self.assertTrue(line.startswith("    "))
            self.assertNotIn("\x1b", line)

    @given(st.text(), st.text())
    def test_hostile(self, reason: str, words: str) -> None:
        """
        Whatever stands in it, it is one line of bounded length, in text without what a
        terminal would obey, in JSON readable.
        """
        said, log = self.captured()
        event = ConnectionRefused(None, reason * 3000)
        log.info("{words}: {event.reason}", words=words, event=event)
        log.info("{event.reason}", event=event)
        for each in said:
            for line in (text_line(each), json_line(each, 1)):
                self.assertTrue(line.endswith("\n"))
                self.assertTrue(line[:-1].isprintable())
                self.assertLess(len(line.encode()), MAX_LINE_BYTES)
            self.assertEqual(json.loads(json_line(each, 1))["peer"], 1)

    def test_long(self) -> None:
        """
        An event with more than goes into a line is readable JSON all the same, with all
        of its fields, each as long as there is room for.
        """

        @dataclass(frozen=True)
        class Long(events.SwarmEvent):
            peer_ids: tuple[str, ...]
            reason: str

        failure = Failure(ValueError("\N{PILE OF POO}" * 20_000))
        for ids in ((), ("\N{PILE OF POO}" * 5000,) * 5000):
            event = {
                "log_format": "{event.reason}",
                "log_failure": failure,
                "event": Long(ids, "\0" * 5000),
            }
            line = json_line(event, 1)
            self.assertLessEqual(len(line.encode()), MAX_LINE_BYTES)
            value = json.loads(line)
            self.assertEqual(value["event"], "Long")
            self.assertGreater(min(len(value[key]) for key in ("text", "reason")), 10)
            self.assertGreater(len(line), MAX_LINE_BYTES // 8)
            self.assertLessEqual(len(text_line(event).encode()), MAX_LINE_BYTES)

    def test_broken_format(self) -> None:
        """
        A line that cannot be put together is told of, too.
        """
        event = {"log_time": 0.0, "log_format": "{x.y}", "log_namespace": "n"}
        self.assertIn("nable to format event", text_line(event))
        self.assertIn("nable to format event", json.loads(json_line(event, 1))["text"])


class BoundedFileTests(SynchronousTestCase):
    """
    L{BoundedFile} keeps to its bounds.
    """

    def setUp(self) -> None:
        """
        A folder, and a file in it.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "log"

    def sizes(self) -> dict[str, int]:
        """
        How large what is in the folder is.
        """
        return {path.name: path.stat().st_size for path in self.folder.iterdir()}

    def test_bounds(self) -> None:
        """
        However much is written, each file is at most as large as it may be, there are
        no more than so many, and the last line is in the last.
        """
        file = BoundedFile(self.path, LEAST_BYTES, 2)
        for number in range(400):
            file.write(f"{number} ä{'x' * 20_000}\n")
        sizes = self.sizes()
        self.assertEqual(set(sizes), {"log", "log.1", "log.2"})
        self.assertLessEqual(max(sizes.values()), LEAST_BYTES)
        self.assertIn("399 ä", self.path.read_text())
        self.assertNotIn("\n0 ä", (self.folder / "log.2").read_text())

    def test_goes_on(self) -> None:
        """
        A file that is there is written on.
        """
        for line in ("a\n", "b\n"):
            file = BoundedFile(self.path, LEAST_BYTES, 1)
            file.write(line)
            file.close()
        self.assertEqual(self.path.read_text(), "a\nb\n")

    def test_cannot_be_opened(self) -> None:
        """
        A folder that is missing, or something else of its name, is one line.
        """
        (self.folder / "folder").mkdir()
        os.mkfifo(self.folder / "pipe")
        for name in ("none/log", "folder", "pipe"):
            path = self.folder / name
            error = self.assertRaises(StorageError, BoundedFile, path, LEAST_BYTES, 1)
            self.assertIn(f"the log {path} ", str(error))
            self.assertEqual(len(str(error).splitlines()), 1)

    def test_trouble(self) -> None:
        """
        If it cannot be written the line is lost and nobody is hurt; once it can be,
        lines are written again.
        """
        told = self.told()
        file = BoundedFile(self.path, LEAST_BYTES, 1)
        file.write("a\n")
        self.path.unlink()
        self.path.mkdir()
        file.write("b\n")
        file.write("b\n")
        (line,) = told.getvalue().splitlines()
        self.assertTrue(line.endswith("lines are lost: it is not a file"), line)
        self.path.rmdir()
        file.write("c\n")
        self.assertEqual(self.path.read_text(), "c\n")

    def filled(self, keep: int = 4, path: Path | None = None) -> BoundedFile:
        """
        A log to which five times as much was written as goes into one file.
        """
        file = BoundedFile(path or self.path, LEAST_BYTES, keep)
        self.addCleanup(file.close)
        for number in range(5 * 53):
            file.write(f"{number} {'x' * 20_000}\n")
        return file

    def told(self) -> io.StringIO:
        """
        What goes to standard error.
        """
        stream = io.StringIO()
        self.patch(sys, "__stderr__", stream)
        return stream

    def test_others(self) -> None:
        """
        What else is in the folder stays, whatever its name is like, and hinders
        nothing.
        """
        others = ("log.20261126", "log.old.1", "log.1.gz", "log.", "log.01", "log.5")
        for name in others:
            (self.folder / name).write_text("mine")
        (self.folder / "log.7").mkdir()
        self.filled()
        for name in others:
            self.assertEqual((self.folder / name).read_text(), "mine")
        self.assertIn("\n264 ", self.path.read_text())
        for number in range(1, 5):
            self.assertGreater((self.folder / f"log.{number}").stat().st_size, 2**19)

    def test_any_name(self) -> None:
        """
        A path may have characters that mean something in patterns.
        """
        folder = self.folder / "swarm[1]*?"
        folder.mkdir()
        self.filled(4, folder / "log[0]")
        self.assertEqual(
            sorted(path.name for path in folder.iterdir()),
            ["log[0]", *(f"log[0].{number}" for number in range(1, 5))],
        )

    def test_in_the_way(self) -> None:
        """
        A folder with the name of an older one stays, and there are as many as there is
        room for before it; if there is none the full file is emptied, which is told
        once.
        """
        told = self.told()
        (self.folder / "log.3").mkdir()
        self.filled()
        self.assertEqual(set(self.sizes()), {"log", "log.1", "log.2", "log.3"})
        self.assertTrue((self.folder / "log.3").is_dir())
        self.assertEqual(told.getvalue(), "")
        (self.folder / "log.1").unlink()
        (self.folder / "log.1").mkdir()
        self.filled()
        self.assertLessEqual(self.sizes()["log"], LEAST_BYTES)
        self.assertIn("264 ", self.path.read_text())
        (line,) = told.getvalue().splitlines()
        self.assertIn("log.1 is not a file", line)

    def test_folder_not_writable(self) -> None:
        """
        If the full file cannot be moved it is emptied, which is told once; it is never
        larger.
        """
        told = self.told()

        def refuse(*_paths: Path) -> None:
            raise PermissionError(EACCES, "Permission denied")

        self.patch(os, "replace", refuse)
        self.filled()
        self.assertEqual(set(self.sizes()), {"log"})
        self.assertLessEqual(self.sizes()["log"], LEAST_BYTES)
        self.assertIn("264 ", self.path.read_text())
        (line,) = told.getvalue().splitlines()
        self.assertIn("emptied in place: Permission denied", line)

    def test_moved_by_others(self) -> None:
        """
        A file that others remove, move, replace or empty is written no more: lines go
        to the one at the path, and its bounds hold.
        """
        file = BoundedFile(self.path, LEAST_BYTES, 1)
        file.write("a\n")
        self.path.unlink()
        file.write("b\n")
        self.path.rename(self.folder / "away")
        file.write("c\n")
        self.assertEqual((self.folder / "away").read_text(), "b\n")
        self.assertEqual(self.path.read_text(), "c\n")
        (self.folder / "new").write_text("new\n")
        (self.folder / "new").replace(self.path)
        file.write("d\n")
        self.assertEqual(self.path.read_text(), "new\nd\n")
        os.truncate(self.path, 0)
        file.write("e\n")
        self.assertEqual(self.path.read_text(), "e\n")
        file.close()

    def test_half_a_line(self) -> None:
        """
        Of a line that the disk took half of nothing is left, and it is told once that
        lines are lost.
        """
        told = self.told()
        file = BoundedFile(self.path, LEAST_BYTES, 1)
        file.write("a\n")
        write = os.write

        def half(file: int, data: memoryview) -> int:
            if len(data) < 4:
                raise OSError(ENOSPC, "No space left on device")
            return write(file, data[: len(data) // 2])

        patch = self.patch(os, "write", half)
        file.write("bbbbbbbb\n")
        file.write("cccccccc\n")
        patch.restore()
        file.write("d\n")
        file.close()
        self.assertEqual(self.path.read_text(), "a\nd\n")
        (line,) = told.getvalue().splitlines()
        self.assertIn("lines are lost: No space left on device", line)

    def test_long_line(self) -> None:
        """
        A line that is too long keeps its end.
        """
        file = BoundedFile(self.path, LEAST_BYTES, 1)
        file.write("x" * 2 * MAX_LINE_BYTES + "\n")
        file.write("b\n")
        file.close()
        first, second = self.path.read_text().splitlines()
        self.assertEqual((len(first), second), (MAX_LINE_BYTES - 1, "b"))


class RestlessNeighborTests(SynchronousTestCase):
    """
    A neighbour that connects and leaves every second for an hour.
    """

    def logged(self, form: Form, folder: Path) -> list[str]:
        """
        The lines of that hour, in a log as C{twistd swarmpeer} has it.
        """
        clock = Clock()
        file = BoundedFile(folder / "log", LEAST_BYTES, 1)
        output = LogOutput(file.write, form, 1001)
        verifyObject(ILogObserver, output)
        folding = Folding(output, clock)
        log = DiagnosticLog(1001, 10, Logger("x", observer=folding))
        log.observe(FilesChecked(0, 0, 10))
        for _ in range(3600):
            log.observe(NeighborConnected(1002, is_dialled=False))
            clock.advance(0.5)
            log.observe(NeighborDisconnected(1002, "they hung up"))
            clock.advance(0.5)
        folding.flush()
        file.close()
        return (folder / "log").read_text().splitlines()

    def test_folded(self) -> None:
        """
        The log has, after a few at once, a line a minute of each kind, which tells how
        often it was, and stays far under its bound.
        """
        for form in Form:
            folder = Path(self.mktemp())
            folder.mkdir()
            lines = self.logged(form, folder)
            self.assertEqual([path.name for path in folder.iterdir()], ["log"])
            self.assertLess(len(lines), 2 * (62 + AT_ONCE))
            self.assertLess((folder / "log").stat().st_size, 50_000)
            for words in ("connected with 1002", "disconnected from 1002"):
                of_kind = [line for line in lines if words in line]
                self.assertGreater(len(of_kind), 55)
                for line in of_kind[AT_ONCE:-1]:
                    self.assertIn("times more in the last 60 s)", line)
        counts = [json.loads(line).get("repeats", 1) for line in lines]
        self.assertEqual(sum(counts), 2 * 3600 + 1)

    def test_progress(self) -> None:
        """
        What tells something new each time is never folded; what is lost, is.
        """
        clock = Clock()
        said = Said()
        folding = Folding(said, clock)
        log = DiagnosticLog(1001, 10, Logger("x", observer=folding))
        for held in range(1, 11):
            log.observe(PieceStored(1002, held, 1, held))
        self.assertEqual(len(said), 10)
        for index in range(5000):
            log.observe(PieceWithdrawn(index, "rotten"))
        clock.advance(60)
        self.assertEqual(len(said), 10 + AT_ONCE + 1)
