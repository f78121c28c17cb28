"""
Tests for L{swarmpeer.tap}.
"""

import errno
import io
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer import tap
from swarmpeer.assemble import assemble_peer
from swarmpeer.config import Config
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.manifest_files import build_manifest, save_manifest
from swarmpeer.service import PeerService
from swarmpeer.status.watch import StatusWatch
from swarmpeer.tap import making, process, wanted
from swarmpeer.test.paper_reactor import COMMON, DATA, PaperReactor

SWARM = """\
manifest = "m.torrent"
folder = "{id}"
[[members]]
id = 1
host = "localhost"
port = 6001
seed = true
"""


def note_steps(case: SynchronousTestCase) -> list[str]:
    """
    From now on C{makeService} leaves the memory of this process as it is.

    @return: what it does to that, and in between the names of the services that it
        puts into the process.
    """
    steps: list[str] = []

    class NotedProcess(process.PeerProcess):
        """
        Notes what it is given.
        """

        def addService(self, service: IService) -> None:
            """
            A part of it.
            """
            steps.append(type(service).__name__)
            super().addService(service)

    for name in ("keep_freed_memory", "leave_uncollected"):
        case.patch(making, name, partial(steps.append, name))
    case.patch(making, "PeerProcess", NotedProcess)
    return steps


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
                "common": None,
                "peers": None,
                "log-dir": None,
                "listen": None,
                "swarm": None,
                "stay": 0,
                "lenient": 0,
                "up": None,
                "down": None,
                "up-per-neighbor": None,
                "down-per-neighbor": None,
                "dscp": None,
                "web": None,
                "web-token-file": None,
                "log-file": None,
                "log-format": None,
                "log-size": 10 * 2**20,
                "log-keep": 4,
            },
        )

    def test_refused(self) -> None:
        """
        No id, an id that is no number, and unknown words are told in one line.
        """
        for words, expected in (
            ([], "say which peer this is, such as --id 1001"),
            (
                ["--id", "one"],
                "--id: 'one' is no id, a whole number such as 1001 would be right",
            ),
            (["--id", "1", "--x"], "option --x not recognized"),
            (
                ["--id", "1", "--up-per-neighbour", "2M"],
                "option --up-per-neighbour not recognized; --up-per-neighbor would be "
                "right",
            ),
            (["--id", "1", "x"], "'x' belongs to no option"),
        ):
            error = self.assertRaises(SystemExit, self.parse, *words)
            self.assertEqual(error.code, f"swarmpeer: {expected}")

    def test_rates(self) -> None:
        """
        Rates and the mark are read as C{swarm.toml} has them.
        """
        options = self.parse("--id", "1", "--up", "2 MiB/s", "--dscp", "le")
        self.assertEqual((options["up"], options["dscp"]), (2**21, 1))
        for option, value, fault in (
            ("--up", "0", "would let nothing through, "),
            ("--up", "20 Mbps", "has a unit that is not known here, "),
            ("--down", "fast", "is no rate, "),
            ("--dscp", "64", "is no DSCP, "),
        ):
            words = [option, value]
            error = self.assertRaises(SystemExit, self.parse, "--id", "1", *words)
            self.assertTrue(
                str(error).startswith(f"swarmpeer: {option}: '{value}' {fault}"),
                error,
            )
            self.assertIn("would be right", str(error))

    def test_help(self) -> None:
        """
        It tells of both kinds of swarms, and of what is usual.
        """
        text = " ".join(str(tap.Options()).split())
        self.assertIn("A verified swarm, of a file or a folder of which every", text)
        self.assertIn("relative to --dir. [default: Common.cfg]", text)
        self.assertIn("relative to --dir. [default: PeerInfo.cfg]", text)


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
        self.patch(making, "monotonic_reactor", lambda: self.reactor)
        self.steps = note_steps(self)
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

    def test_one_watch(self) -> None:
        """
        Pages and a service manager share what watches the peer.
        """
        made: list[StatusWatch] = []
        begin = StatusWatch.__init__

        def note(watch: StatusWatch, *arguments: Any) -> None:
            made.append(watch)
            begin(watch, *arguments)

        self.patch(StatusWatch, "__init__", note)
        web = ("--web", "tcp:6080:interface=127.0.0.1")
        for words, manager, count in (
            ((), "", 0),
            (web, "", 1),
            ((), "@x", 1),
            (web, "@x", 1),
        ):
            made.clear()
            self.patch(os, "environ", {"NOTIFY_SOCKET": manager})
            self.make(*words)
            self.assertEqual(len(made), count, (words, manager))

    def test_memory(self) -> None:
        """
        The process keeps the memory that is freed before it gets any part, and leaves
        what was made uncollected once all of it is there; each once.
        """
        self.patch(os, "environ", {"NOTIFY_SOCKET": "@x"})
        self.make("--web", "tcp:6080:interface=127.0.0.1")
        made = ["WebService", "PeerService", "Notifying"]
        self.assertEqual(self.steps, ["keep_freed_memory", *made, "leave_uncollected"])

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

    def test_rates(self) -> None:
        """
        The peer is given the rates and the mark of the command line.
        """
        heard: list[tuple[Rates, int]] = []

        def note(
            reactor: object,
            config: Config,
            folder: Path,
            *,
            rates: Rates,
            dscp: int,
            **more: Any,
        ) -> PeerService:
            heard.append((rates, dscp))
            return assemble_peer(reactor, config, folder, **more)

        self.patch(wanted, "assemble_peer", note)
        words = ["--up", "2M", "--down", "unlimited", "--down-per-neighbor", "8Mbit"]
        self.make(*words, "--dscp", "cs1")
        self.make()
        rates = Rates(up=2**21, down_per_neighbor=1_000_000)
        self.assertEqual(heard, [(rates, 8), (Rates(), 0)])

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

    def test_forgotten_option(self) -> None:
        """
        Where there is a C{swarm.toml} and no C{Common.cfg}, C{--swarm} was forgotten.
        """
        self.expect_refusal(["--common", "no.cfg"], "no.cfg:1:1: cannot be read")
        (self.folder / "swarm.toml").write_text(SWARM)
        self.make()
        (self.folder / "Common.cfg").unlink()
        self.expect_refusal(
            [],
            f"there is no {self.folder}/Common.cfg, but a {self.folder}/swarm.toml; "
            "say --swarm swarm.toml if it is that swarm",
        )

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


class VerifiedProcessTests(SynchronousTestCase):
    """
    One peer of a verified swarm as a process, with a reactor on paper.
    """

    def setUp(self) -> None:
        """
        A swarm of one, which is complete as soon as it is started.
        """
        self.folder = Path(self.mktemp())
        (self.folder / "below" / "1").mkdir(parents=True)
        self.file = self.folder / "below" / "1" / "TheFile.dat"
        self.file.write_bytes(DATA)
        manifest = build_manifest(self.file, 16384)
        save_manifest(manifest, self.folder / "below" / "m.torrent")
        (self.folder / "below" / "swarm.toml").write_text(SWARM)
        self.reactor = PaperReactor()
        self.reactor.running = True
        self.patch(making, "monotonic_reactor", lambda: self.reactor)
        self.steps = note_steps(self)
        self.failed: list[str] = []
        self.patch(process, "fail_at_exit", lambda: self.failed.append("failed"))
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)

    def make(self, *words: str) -> IService:
        """
        The service for a command line.
        """
        words = ("--swarm", "below/swarm.toml", *words)
        options = tap.Options()
        options.parseOptions(["--id", "1", "--dir", str(self.folder), *words])
        return tap.makeService(options)

    def test_whole(self) -> None:
        """
        The paths in C{swarm.toml} are relative to it, the log goes to the working
        folder, and the process ends with status 0 once the swarm is complete.
        """
        self.make().startService()
        self.assertEqual(self.reactor.listening[0][::2], (6001, "127.0.0.1"))
        self.assertTrue((self.folder / "log_peer_1.log").exists())
        self.assertFalse(self.reactor.hasStopped)
        self.reactor.advance(0)
        self.assertTrue(self.reactor.hasStopped)
        self.assertEqual((self.failed, self.stderr.getvalue()), ([], ""))

    def test_memory(self) -> None:
        """
        As in a classic swarm, the memory is looked after before and after all is made.
        """
        self.make()
        made = ["VerifiedPeerService", "RatesAgain"]
        self.assertEqual(self.steps, ["keep_freed_memory", *made, "leave_uncollected"])

    def test_elsewhere(self) -> None:
        """
        It may listen and write its log elsewhere.
        """
        logs = Path(self.mktemp())
        logs.mkdir()
        words = ("--log-dir", str(logs), "--listen", "tcp:6500:interface=127.0.0.3")
        self.make(*words).startService()
        self.assertEqual(self.reactor.listening[0][::2], (6500, "127.0.0.3"))
        self.assertTrue((logs / "log_peer_1.log").exists())

    def test_stay(self) -> None:
        """
        With C{--stay} it goes on.
        """
        self.make("--stay").startService()
        self.reactor.advance(1)
        self.assertFalse(self.reactor.hasStopped)

    def test_rates_again(self) -> None:
        """
        C{SIGHUP} makes it read its rates again.
        """
        self.make("--stay").startService()
        path = self.folder / "below" / "swarm.toml"
        path.write_text(f"{SWARM}[rates]\nup = 2048\n")
        with capturedLogs() as events:
            os.kill(os.getpid(), signal.SIGHUP)
        lines = [str(formatEvent(event)) for event in events]
        self.assertEqual(lines[0], f"the rates of {path.absolute()} are read again")
        self.assertIn("peer 1: from now on up 2.05 kB/s", lines[1])

    def test_hangup(self) -> None:
        """
        C{SIGHUP} never ends it: it changes nothing before the start and while the peer
        stops, be it for long.
        """
        service = self.make("--stay")
        self.assertIs(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        service.startService()
        self.assertTrue(callable(signal.getsignal(signal.SIGHUP)))
        service.stopService()
        self.assertIs(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)

    def test_check_fails(self) -> None:
        """
        A seed that has nothing is found out after the start: the process ends with
        a line on the real standard error and with status 1, C{--stay} or not.
        """
        self.file.write_bytes(DATA[::-1])
        for words in ([], ["--stay"]):
            service = self.make(*words)
            service.startService()
            self.reactor.advance(0)
            self.assertTrue(self.reactor.hasStopped)
            self.assertEqual(self.failed, ["failed"])
            (line,) = self.stderr.getvalue().splitlines()
            self.assertTrue(line.startswith("swarmpeer: "), line)
            self.assertIn("but this peer is to have everything", line)
            service.stopService()
            self.reactor.hasStopped, self.reactor.running = False, True
            self.failed.clear()
            self.stderr.truncate(0)
            self.stderr.seek(0)

    def test_stopped(self) -> None:
        """
        An orderly stop before the swarm is complete is no failure.
        """
        text = SWARM.replace("seed = true", "seed = false")
        (self.folder / "below" / "swarm.toml").write_text(text)
        self.file.unlink()
        service = self.make()
        service.startService()
        service.stopService()
        self.reactor.advance(0)
        self.assertEqual((self.failed, self.stderr.getvalue()), ([], ""))
        self.assertFalse(self.reactor.hasStopped)

    def test_cannot_start(self) -> None:
        """
        A port that is taken is one line, and status 1.
        """
        self.reactor.refusals["127.0.0.1"] = errno.EADDRINUSE
        failure = self.assertRaises(tap.StartFailed, self.make().startService)
        self.assertEqual(failure.code, 1)
        (line,) = self.stderr.getvalue().splitlines()
        self.assertIn("swarmpeer: cannot listen at 127.0.0.1:6001: ", line)

    def test_unusable(self) -> None:
        """
        What is wrong with the configuration or the manifest is one line, before
        anything is begun.
        """
        below = self.folder / "below"
        (below / "odd.toml").write_text(SWARM.replace("port", "gate"))
        (below / "gone.toml").write_text(SWARM.replace("m.torrent", "gone"))
        for words, expected in (
            (["--swarm", "below/no.toml"], "no.toml"),
            (["--swarm", "below/odd.toml"], "odd.toml:6"),
            (
                ["--swarm", "below/gone.toml"],
                f"{below}/gone.toml: manifest: {below}/gone: No such file or "
                "directory; make it with 'swarmpeer make', or copy it from the host "
                "that did",
            ),
            (["--id", "2"], "our own peer 2 is no member"),
            *(
                (
                    words,
                    f"{words[0]} is for classic swarms, and --swarm for a verified "
                    "one; leave out one of them",
                )
                for words in (
                    ["--common", "Common.cfg"],
                    ["--peers", "x"],
                    ["--lenient"],
                    ["--down", "unlimited"],
                    ["--dscp", "0"],
                )
            ),
            (["--listen", "nonsense:1"], "give one such as tcp:6008:"),
            (["--web", "8080"], "give one such as tcp:8080:interface=127.0.0.1"),
            (["--listen", "systemd:domain=INET:name=p"], "was handed over; its unit"),
        ):
            with self.assertRaises(SystemExit) as raised:
                self.make(*words)
            line = str(raised.exception.code)
            self.assertTrue(line.startswith("swarmpeer: "), line)
            self.assertIn(expected, line)
            self.assertEqual(len(line.splitlines()), 1)
        self.assertEqual(self.reactor.listening, [])
