"""
Tests for L{swarmpeer.assemble_log}.
"""

import io
import json
import sys
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.python import threadable
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.assemble_log import (
    assemble_log,
    fold_all,
    parse_form,
    parse_log_keep,
    parse_log_size,
)
from swarmpeer.errors import ConfigError, StorageError
from swarmpeer.log_output.folding import MANY_AT_ONCE
from swarmpeer.log_output.output import Form, LogOutput


class OptionsTests(SynchronousTestCase):
    """
    What the options take.
    """

    def test_taken(self) -> None:
        """
        A form, a size and a number of files.
        """
        self.assertIs(parse_form("json"), Form.JSON)
        self.assertEqual(parse_log_size("1 MiB"), 2**20)
        self.assertEqual([parse_log_keep(text) for text in ("1", "1000")], [1, 1000])

    def test_refused(self) -> None:
        """
        All else is told, and what would be right.
        """
        for parse, texts in (
            (parse_form, ["xml", ""]),
            (parse_log_size, ["1k", "-1", "large", "0"]),
            (parse_log_keep, ["0", "1001", "-1", "two", "", "1e2"]),
        ):
            for text in texts:
                error = self.assertRaises(ValueError, parse, text)
                self.assertTrue(str(error), text)
                self.assertIn(repr(text), str(error))


class AssembleTests(SynchronousTestCase):
    """
    L{assemble_log}.
    """

    def test_left_to_twistd(self) -> None:
        """
        If nothing is said, C{twistd} decides.
        """
        self.assertIs(assemble_log(1, None, None, of_twistd={"logfile": "x"}), None)

    def test_file(self) -> None:
        """
        The lines go to the file, in text unless JSON is wanted.
        """
        for form, is_json in ((None, False), (Form.JSON, True)):
            path = Path(self.mktemp())
            observer = assemble_log(7, str(path), form, of_twistd={"nodaemon": 0})
            Logger("x", observer=observer).info("hello")
            text = path.read_text()
            if is_json:
                self.assertEqual(json.loads(text)["peer"], 7)
            else:
                self.assertTrue(text.endswith("Z info     hello\n"))

    def test_standard_output(self) -> None:
        """
        Without a file they go to the real standard output; if nobody reads that, they
        are lost.
        """
        output = io.StringIO()
        self.patch(sys, "__stdout__", output)
        observer = assemble_log(7, None, Form.JSON, of_twistd={"nodaemon": 1})
        log = Logger("x", observer=observer)
        log.info("hello")
        self.assertEqual(json.loads(output.getvalue())["text"], "hello")
        output.close()
        log.info("again")
        self.patch(sys, "__stdout__", None)
        log.info("again")

    def test_folded(self) -> None:
        """
        Ours, and what twistd prints, are folded; a log that twistd keeps is its own.
        """
        stream = io.StringIO()
        self.patch(sys, "stdout", stream)
        self.patch(threadable, "ioThread", threadable.getThreadID())
        printed: dict[str, object] = {"nodaemon": 1, "logfile": None}
        clock = Clock()
        ours = io.StringIO()
        for log in (LogOutput(ours.write, Form.TEXT, 1), None):
            folding = fold_all(log, clock, of_twistd=printed)
            assert folding is not None
            for number in range(1000):
                Logger("x", observer=folding).info("{n}", n=number)
            folding.flush()
        for each in (ours, stream):
            self.assertEqual(len(each.getvalue().splitlines()), MANY_AT_ONCE + 1)
        for more in (
            {"nodaemon": 0},
            {"logfile": "x"},
            {"syslog": 1},
            {"logger": len},
        ):
            of_twistd = {**printed, **more}
            self.assertIs(fold_all(None, clock, of_twistd=of_twistd), None)
        self.assertIs(fold_all(None, clock, of_twistd={}), None)

    def test_contradictions(self) -> None:
        """
        Two places, and a standard output of a daemon, are one line each.
        """
        for path, form, of_twistd, words in (
            ("x", None, {"logfile": "y"}, "--log-file stands for twistd's --logfile"),
            ("x", None, {"syslog": 1}, "--log-file stands for twistd's --syslog"),
            (None, Form.TEXT, {"logger": len}, "--log-format stands for twistd's"),
            (None, Form.TEXT, {"nodaemon": 0}, "--log-format without --log-file"),
        ):
            with self.assertRaises(ConfigError) as raised:
                assemble_log(1, path, form, of_twistd=of_twistd)
            self.assertIn(words, str(raised.exception))
        self.assertRaises(
            StorageError, assemble_log, 1, "/nowhere/log", None, of_twistd={}
        )
