"""
Tests for L{swarmpeer.assemble}.
"""

import errno
from pathlib import Path

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.assemble import BACKLOG, assemble_peer, own_endpoint, read_config
from swarmpeer.config import PeerInfo
from swarmpeer.config.rate_schedule import Rates
from swarmpeer.errors import ConfigError, StorageError
from swarmpeer.events import ListeningStarted
from swarmpeer.test.paper_reactor import COMMON, DATA, PaperReactor
from swarmpeer.testing.recorders import RecordingObserver


class OwnEndpointTests(SynchronousTestCase):
    """
    Where a peer listens by default.
    """

    def listen(self, host: str, reactor: PaperReactor | None = None) -> str:
        """
        @return: the interface; C{::} takes callers of both families.
        """
        reactor = reactor or PaperReactor()
        endpoint = own_endpoint(reactor, PeerInfo(1001, host, 6008, has_file=True))
        self.successResultOf(endpoint.listen(Factory()))
        ((port, backlog, interface),) = reactor.listening
        self.assertEqual((port, backlog), (6008, BACKLOG))
        return interface

    def test_loopback(self) -> None:
        """
        A peer on loopback is not to be reached from elsewhere.
        """
        for host, interface in (
            ("localhost", "127.0.0.1"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.2", "127.0.0.2"),
            ("LocalHost.", "127.0.0.1"),
            ("::1", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
        ):
            self.assertEqual(self.listen(host), interface)

    def test_every_address(self) -> None:
        """
        Any other peer listens on every address of either family, whatever its
        host is called.
        """
        for host in ("alpha.example", "localhost.example", "10.0.0.7", "2001:db8::7"):
            self.assertEqual(self.listen(host), "::")

    def test_no_ipv6(self) -> None:
        """
        Where there is no IPv6, it listens on every IPv4 address.
        """
        for number in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            reactor = PaperReactor()
            reactor.refusals["::"] = number
            self.assertEqual(self.listen("alpha.example", reactor), "")

    def test_port_taken(self) -> None:
        """
        A port that is taken is an error, and no reason to listen on half of the
        addresses.
        """
        reactor = PaperReactor()
        reactor.refusals["::"] = errno.EADDRINUSE
        own = PeerInfo(1001, "alpha.example", 6008, has_file=True)
        failed = own_endpoint(reactor, own).listen(Factory())
        self.failureResultOf(failed, CannotListenError)
        self.assertEqual(reactor.listening, [])


class FolderTests(SynchronousTestCase):
    """
    A working folder with both configuration files and a seed's data.
    """

    def setUp(self) -> None:
        """
        Peer 1001 has the file.
        """
        self.folder = Path(self.mktemp())
        (self.folder / "peer_1001").mkdir(parents=True)
        (self.folder / "peer_1001" / "TheFile.dat").write_bytes(DATA)
        (self.folder / "Common.cfg").write_text(COMMON)
        (self.folder / "PeerInfo.cfg").write_text(
            "1001 localhost 6001 1\n1002 localhost 6002 0\n"
        )

    def expect_refusal(self, *words: str, **names: str) -> None:
        """
        Reading fails with one line that holds all the C{words}.
        """
        with self.assertRaises(ConfigError) as raised:
            read_config(1001, self.folder, **names)
        for word in words:
            self.assertIn(word, str(raised.exception))
        self.assertEqual(len(str(raised.exception).splitlines()), 1)


class ReadConfigTests(FolderTests):
    """
    L{read_config}.
    """

    def test_read(self) -> None:
        """
        The two files make one configuration; other names are looked up in the
        folder, and absolute ones as they are.
        """
        config = read_config(1002, self.folder)
        self.assertEqual(config.common.file_size_bytes, 5)
        self.assertEqual([peer.peer_id for peer in config.earlier], [1001])
        (self.folder / "Common.cfg").rename(self.folder / "other.cfg")
        peers = (self.folder / "PeerInfo.cfg").absolute()
        again = read_config(1002, self.folder, "other.cfg", peers)
        self.assertEqual(again, config)

    def test_unreadable(self) -> None:
        """
        A file that is missing, or is none, is named with what would be right.
        """
        right = "the path of a readable file would be right"
        missing = str(self.folder / "no.cfg")
        self.expect_refusal(missing, "No such file", right, common="no.cfg")
        self.expect_refusal(missing, "No such file", right, peers="no.cfg")
        self.expect_refusal("Is a directory", right, peers="peer_1001")

    def test_wrong(self) -> None:
        """
        A mistake in a file is told with the file's path and the place in it.
        """
        common = self.folder / "Common.cfg"
        common.write_text(COMMON.replace("FileSize 5", "FileSize five"))
        self.expect_refusal(f"{common}:5:10: ")


class AssemblePeerTests(FolderTests):
    """
    L{assemble_peer}.
    """

    def test_usual_peer(self) -> None:
        """
        It listens at its port, holds its folder's file, writes its log where it
        is to, and tells observers; nothing of that before it is started.
        """
        reactor, observer = PaperReactor(), RecordingObserver()
        (self.folder / "logs").mkdir()
        peer = assemble_peer(
            reactor,
            read_config(1001, self.folder),
            self.folder,
            log_folder=self.folder / "logs",
            observers=[observer],
        )
        self.assertEqual(reactor.listening, [])
        peer.startService()
        self.assertEqual(reactor.listening, [(6001, BACKLOG, "127.0.0.1")])
        self.assertEqual(peer.progress().held, 3)
        self.assertIsInstance(observer.events[0], ListeningStarted)
        self.assertTrue((self.folder / "logs" / "log_peer_1001.log").exists())
        self.successResultOf(peer.stopService())

    def test_rates(self) -> None:
        """
        The rates that it begins with are said in the log; where there are none nothing
        is said of them.
        """
        config = read_config(1001, self.folder)
        for rates, said in (
            (Rates(), []),
            (
                Rates(up=2_000_000),
                ["peer 1001: from now on up 2.00 MB/s, down unlimited"],
            ),
        ):
            with capturedLogs() as events:
                assemble_peer(PaperReactor(), config, self.folder, rates=rates)
            lines = [line for line in map(formatEvent, events) if "from now" in line]
            self.assertEqual([line.partition(", for")[0] for line in lines], said)

    def test_no_log(self) -> None:
        """
        A log that cannot be opened is an error at the start, before anything
        else is begun.
        """
        config = read_config(1001, self.folder)
        reactor = PaperReactor()
        peer = assemble_peer(
            reactor, config, self.folder, log_folder=self.folder / "none"
        )
        with self.assertRaises(StorageError) as raised:
            peer.startService()
        self.assertEqual(reactor.listening, [])
        self.assertIn("log_peer_1001.log", str(raised.exception))
