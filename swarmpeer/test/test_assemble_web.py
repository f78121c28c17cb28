"""
Tests of L{swarmpeer.assemble_web} and L{swarmpeer.web_place}.
"""

from importlib.util import find_spec
from pathlib import Path

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.assemble import assemble_peer, read_config
from swarmpeer.assemble_web import assemble_web
from swarmpeer.config import SwarmConfig
from swarmpeer.errors import ConfigError
from swarmpeer.status.encoding import decode_status
from swarmpeer.status.shape import State
from swarmpeer.test.http_pages import TOKEN, ask
from swarmpeer.test.paper_reactor import COMMON, PaperReactor
from swarmpeer.web_place import (
    LEAST_TOKEN_CHARACTERS,
    MOST_TOKEN_CHARACTERS,
    read_token,
    web_endpoint,
)

_MEMBER = "[[members]]\nid = 1001\nhost = 'alpha.example'\nport = 6008\n"


class TokenTests(SynchronousTestCase):
    """
    L{read_token}.
    """

    def setUp(self) -> None:
        """
        Where it is.
        """
        self.path = Path(self.mktemp())

    def test_read(self) -> None:
        """
        It is what is in the file, without the line end.
        """
        self.path.write_text(" 0123456789abcdef\r\n")
        self.assertEqual(read_token(self.path), "0123456789abcdef")

    def test_refused(self) -> None:
        """
        What could be guessed, or is no token, is refused in one line; a file without
        end is not read to it.
        """
        for data in (
            b"",
            b"a" * (LEAST_TOKEN_CHARACTERS - 1),
            b"0123456789 abcdef",
            b"0123456789\nabcdefg",
            "0123456789abcdefé".encode(),
            b"\0" * (2 * MOST_TOKEN_CHARACTERS),
        ):
            self.path.write_bytes(data)
            error = self.assertRaises(ConfigError, read_token, self.path)
            self.assertIn("would be right", str(error))
        error = self.assertRaises(ConfigError, read_token, "/dev/zero")
        self.assertIn("/dev/zero: no token", str(error))
        for path in ("no\nsuch", "a\0b", "."):
            error = self.assertRaises(ConfigError, read_token, path)
            self.assertTrue(str(error).isprintable())


class WebEndpointTests(SynchronousTestCase):
    """
    L{web_endpoint}.
    """

    def ports(self, web: str, member: str = "") -> list[tuple[int, str]]:
        """
        Where the pages listen with these keys.
        """
        text = f"manifest = 'x'\n[web]\n{web}\n{_MEMBER}{member}"
        reactor = MemoryReactorClock()
        endpoint = web_endpoint(reactor, SwarmConfig.parse(text), 1001)
        if endpoint is None:
            return []
        endpoint.listen(Factory())
        return [(port, interface) for port, _, _, interface in reactor.tcpServers]

    def test_places(self) -> None:
        """
        Nowhere, at the loopback address, or, with a token, wherever the peer listens.
        """
        token = "\ntoken_file = 't'"
        self.assertEqual(self.ports(""), [])
        self.assertEqual(self.ports("port = 80"), [(80, "127.0.0.1")])
        self.assertEqual(self.ports("port = 80", "web_port = 81"), [(81, "127.0.0.1")])
        self.assertEqual(self.ports("", "web_port = 81"), [(81, "127.0.0.1")])
        ((port, interface), *_) = self.ports(f"port = 80{token}")
        self.assertEqual(port, 80)
        self.assertIn(interface, ("", "::"))


class AssembleWebTests(SynchronousTestCase):
    """
    L{assemble_web}.
    """

    def test_real_peer(self) -> None:
        """
        The pages tell of a peer that was put together as usual, and its metrics are
        there if the extra for them is.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "Common.cfg").write_text(COMMON)
        (folder / "PeerInfo.cfg").write_text("1001 localhost 6001 0\n1002 b 6002 1\n")
        reactor = PaperReactor()
        peer = assemble_peer(reactor, read_config(1001, folder), folder)
        endpoint = TCP4ServerEndpoint(reactor, 8080, interface="127.0.0.1")
        web = assemble_web(reactor, peer, endpoint, token=TOKEN)
        web.startService()
        ((port, site, _, interface),) = reactor.tcpServers
        self.assertEqual((port, interface), (8080, "127.0.0.1"))
        lines = ["GET /status.json HTTP/1.1", "Host: x"]
        with_token = [*lines, f"Authorization: Bearer {TOKEN}"]
        status = decode_status(ask(site, with_token).body)
        self.assertEqual((status.peer_id, status.state), (1001, State.STARTING))
        self.assertEqual((status.name, status.piece_count), ("TheFile.dat", 3))
        self.assertEqual(ask(site, lines).code, 401)
        metrics = ask(site, ["GET /metrics HTTP/1.1", *with_token[1:]])
        is_installed = find_spec("prometheus_client") is not None
        self.assertEqual(metrics.code, 200 if is_installed else 501)
        self.successResultOf(web.stopService())
