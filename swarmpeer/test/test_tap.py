"""
Tests for L{swarmpeer.tap}.
"""

import errno
import io
import sys
from pathlib import Path

from twisted.application.service import IService
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import tap
from swarmpeer.test.paper_reactor import COMMON, DATA, PaperReactor


class OptionsTests(SynchronousTestCase):
    """
    What C{twistd swarmpeer} takes.
    """

    def parse(self, *words: str) -> tap.Options:
        """
        The options of a command line.
        """
        options = tap.Options()
        options.parseOptions(words)
        return options

    def test_usual(self) -> None:
        """
        The id is all that must be said.
        """
        self.assertEqual(
            dict(self.parse("--id", "1001")),
            {
                "id": 1001,
                "dir": ".",
                "common": "Common.cfg",
                "peers": "PeerInfo.cfg",
                "log-dir": None,
                "listen": None,
                "swarm": None,
                "stay": 0,
                "lenient": 0,
            },
        )

    def test_refused(self) -> None:
        """
        No id, an id that is no number, and unknown words are errors.
        """
        for words in ([], ["--id", "one"], ["--id", "1", "--x"], ["--id", "1", "x"]):
            self.assertRaises(UsageError, self.parse, *words)


class ProcessTests(SynchronousTestCase):
    """
    One peer as a process, with a reactor on paper.
    """

    def setUp(self) -> None:
        """
        A swarm of one, which is complete as soon as it is started.
        """
        self.folder = Path(self.mktemp())
        (self.folder / "peer_1").mkdir(parents=True)
        (self.folder / "peer_1" / "TheFile.dat").write_bytes(DATA)
        (self.folder / "Common.cfg").write_text(COMMON)
        (self.folder / "PeerInfo.cfg").write_text("1 localhost 6001 1\n")
        self.reactor = PaperReactor()
        self.reactor.running = True
        self.patch(tap, "monotonic_reactor", lambda: self.reactor)
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)

    def make(self, *words: str) -> IService:
        """
        The service for a command line.
        """
        options = tap.Options()
        options.parseOptions(["--id", "1", "--dir", str(self.folder), *words])
        return tap.makeService(options)

    def expect_refusal(self, words: list[str], *expected: str) -> None:
        """
        There is no service; Python prints the one line and exits with status 1.
        """
        with self.assertRaises(SystemExit) as raised:
            self.make(*words)
        line = raised.exception.code
        assert isinstance(line, str)
        self.assertTrue(line.startswith("swarmpeer: "), line)
        self.assertEqual(len(line.splitlines()), 1)
        for each in expected:
            self.assertIn(each, line)

    def test_listens(self) -> None:
        """
        The peer listens at its port of the list, or where it is told to.
        """
        for words, place in (
            ([], (6001, "127.0.0.1")),
            (["--listen", "tcp:6500:interface=127.0.0.3"], (6500, "127.0.0.3")),
        ):
            process = self.make(*words)
            process.startService()
            port, _, interface = self.reactor.listening[-1]
            self.assertEqual((port, interface), place)
            process.stopService()

    def test_unusable_options(self) -> None:
        """
        An endpoint that is none, a configuration that cannot be used and an id
        that is not listed are one line each, before anything is begun.
        """
        self.expect_refusal(["--listen", "nonsense:1"], "--listen 'nonsense:1'")
        self.expect_refusal(["--listen", "tcp:x"], "--listen 'tcp:x'")
        self.expect_refusal(["--listen", "tcp:1:2:3:4:5"], "is no endpoint")
        self.expect_refusal(["--common", "no.cfg"], "no.cfg:1:1: cannot be read")
        self.expect_refusal(["--id", "2"], "our own peer 2 is not listed")
        self.assertEqual(self.reactor.listening, [])

    def test_cannot_start(self) -> None:
        """
        A port that is taken, or a file that is missing, is one line on the real
        standard error, and the end with status 1 for Python and for twistd.
        """
        self.reactor.refusals["127.0.0.1"] = errno.EADDRINUSE
        for expected in ("cannot listen at 127.0.0.1:6001: ", "TheFile.dat is missing"):
            failure = self.assertRaises(tap.StartFailed, self.make().startService)
            self.assertIsInstance(failure, Exception)
            self.assertIsInstance(failure, SystemExit)
            self.assertEqual(failure.code, 1)
            (line,) = self.stderr.getvalue().splitlines()
            self.assertTrue(line.startswith("swarmpeer: "))
            self.assertIn(expected, line)
            self.stderr.truncate(0)
            self.stderr.seek(0)
            (self.folder / "peer_1" / "TheFile.dat").unlink(missing_ok=True)

    def test_leaves_when_done(self) -> None:
        """
        The process ends once the swarm is complete, not before whatever brought
        the news has returned; after a signal it does not stop twice.
        """
        self.make().startService()
        self.assertFalse(self.reactor.hasStopped)
        self.reactor.advance(0)
        self.assertTrue(self.reactor.hasStopped)
        self.reactor.hasStopped = False
        self.reactor.advance(0)
        self.assertFalse(self.reactor.hasStopped)

    def test_signal_first(self) -> None:
        """
        A process that was told to stop meanwhile is not stopped again.
        """
        self.make().startService()
        self.reactor.running = False
        self.reactor.advance(0)
        self.assertFalse(self.reactor.hasStopped)

    def test_stay(self) -> None:
        """
        With C{--stay} it goes on.
        """
        self.make("--stay").startService()
        self.reactor.advance(60)
        self.assertFalse(self.reactor.hasStopped)
