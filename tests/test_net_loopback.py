"""
Tests of L{swarmpeer.net} over real sockets of this machine.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import cast

from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import (
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.interfaces import (
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
    ISystemHandle,
)
from twisted.trial.unittest import SkipTest, TestCase

from swarmpeer.config import PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.events import SwarmEvent
from swarmpeer.net.dialing import Dialer, hostname_endpoint
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.seam import LogicSide, NetworkSide, Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.testing.recorders import RecordingLogic

CLOCK = cast(IReactorTime, reactor)
PATIENT = Limits(linger_seconds=1000)
"""
Whoever has to wait until these are over fails the test.
"""
SIZE = 2**23
LAYOUT = PieceLayout(2 * SIZE, SIZE)
"""
Pieces that fit into no buffer of the system.
"""


@dataclass
class Host:
    """
    A peer that does as the test wants: node and logic in one.

    @ivar told: what its one conversation was told.
    @ivar greeted: fires with the connection at the handshake.
    @ivar ended: fires with the reason of the end.
    @ivar pieces: fires when a piece is in.
    """

    own_id: int
    spare_bytes = 2**40
    told: list[tuple[object, ...]] = field(default_factory=list)
    events: list[SwarmEvent] = field(default_factory=list)
    greeted: "Deferred[NetworkSide]" = field(default_factory=Deferred)
    ended: "Deferred[str]" = field(default_factory=Deferred)
    piece: "Deferred[int]" = field(default_factory=Deferred)

    def __post_init__(self) -> None:
        """
        Have a factory.
        """
        self.factory = PeerFactory(
            self,
            PieceStore(LAYOUT, MemoryStorage(LAYOUT)),
            PeerRegistry(self.own_id, [1001, 1002]),
            clock=CLOCK,
            limits=PATIENT,
        )

    def publish(self, event: SwarmEvent) -> None:
        """
        Remember.
        """
        self.events.append(event)

    def open_conversation(
        self,
        network: NetworkSide,
        expected_peer_id: int | None,  # noqa: ARG002  (nobody else calls)
    ) -> LogicSide:
        """
        Talk for the test.
        """
        host = self

        class Logic(RecordingLogic):
            def on_connect(self) -> None:
                network.send_handshake(host.own_id)

            def on_handshake(self, peer_id: int) -> None:
                super().on_handshake(peer_id)
                host.greeted.callback(network)

            def on_pieces(self, pieces: Sequence[Piece]) -> None:
                for piece in pieces:
                    said = (self.name, "on_piece", piece.index, len(piece.data))
                    self.calls.append(said)
                    host.piece.callback(piece.index)

            def on_disconnect(self, reason: str = "") -> None:
                super().on_disconnect(reason)
                if not host.ended.called:
                    host.ended.callback(reason)

        return Logic("logic", self.told)


class LoopbackTests(TestCase):
    """
    Two peers on this machine.
    """

    async def _join(
        self, server: IStreamServerEndpoint, client: IStreamClientEndpoint | None = None
    ) -> tuple[Host, Host]:
        """
        @param client: how to connect; by host and port if not given.
        @return: the peer that was called and the one that called, greeted.
        """
        called, caller = Host(1001), Host(1002)
        port = await server.listen(called.factory)
        self.addCleanup(port.stopListening)
        if client is None:
            address = port.getHost()
            assert isinstance(address, IPv4Address | IPv6Address)
            info = PeerInfo(1001, address.host, address.port, has_file=True)
            client = hostname_endpoint(reactor, info)
        dialer = Dialer(
            [PeerInfo(1001, "", 1, has_file=True)],
            caller.factory,
            lambda _: client,
            CLOCK,
            Random(1),
            caller.publish,
        )
        self.addCleanup(self._stop, dialer, called, caller)
        dialer.start()
        await gatherResults([called.greeted, caller.greeted])
        return called, caller

    def _stop(self, dialer: Dialer, *hosts: Host) -> "Deferred[list[None]]":
        dialer.stop()
        return gatherResults([host.factory.close_all("stop") for host in hosts])

    def _ipv4(self) -> TCP4ServerEndpoint:
        return TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    async def test_large_pieces_cross(self) -> None:
        """
        Large pieces sent both ways at once both arrive.
        """
        called, caller = await self._join(self._ipv4())
        for host in (called, caller):
            network = await _again(host.greeted)
            network.send_pieces((0,), (bytes(SIZE),))
        await gatherResults([called.piece, caller.piece])
        for host in (called, caller):
            self.assertIn(("logic", "on_piece", 0, SIZE), host.told)

    async def test_last_words(self) -> None:
        """
        What is said right before the end arrives, though bytes of the other
        side lie unread, and the end is a clean one.
        """
        called, caller = await self._join(self._ipv4())
        theirs, ours = await _again(called.greeted), await _again(caller.greeted)
        theirs.send_pieces((1,), (bytes(SIZE),))
        ours.send_pieces((0,), (bytes(SIZE),))
        ours.send_haves([1])
        ours.close("done")
        reason = await called.ended
        self.assertEqual(reason, "closed by the neighbour")
        self.assertEqual(
            [call for call in called.told if call[1] != "on_writable"],
            [
                ("logic", "on_handshake", 1002),
                ("logic", "expect_piece", 0),
                ("logic", "on_piece", 0, SIZE),
                ("logic", "on_have", 1),
                ("logic", "on_disconnect", "closed by the neighbour"),
            ],
        )
        self.assertEqual(caller.told[-1], ("logic", "on_disconnect", "done"))

    async def test_both_close_at_once(self) -> None:
        """
        Two peers that stop in the same moment do not wait for each other.
        """
        called, caller = await self._join(self._ipv4())
        await gatherResults(
            [host.factory.close_all("done") for host in (called, caller)]
        )
        self.assertEqual(
            [host.told[-1] for host in (called, caller)],
            [("logic", "on_disconnect", "done")] * 2,
        )

    async def test_ipv6(self) -> None:
        """
        A peer is reached by its IPv6 address.
        """
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as error:
            raise SkipTest("this machine has no IPv6") from error
        server = TCP6ServerEndpoint(reactor, 0, interface="::1")
        called, _ = await self._join(server)
        self.assertEqual(called.told, [("logic", "on_handshake", 1002)])

    async def test_unix_socket(self) -> None:
        """
        Peers may as well talk through a local socket.
        """
        path = self.mktemp()
        called, _ = await self._join(
            UNIXServerEndpoint(reactor, path), UNIXClientEndpoint(reactor, path)
        )
        self.assertEqual(called.told, [("logic", "on_handshake", 1002)])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_keep_alive(self) -> None:
        """
        The system is asked to notice within a minute that a host vanished.
        """
        called, _ = await self._join(self._ipv4())
        network = await _again(called.greeted)
        assert isinstance(network, PeerProtocol)
        link = ISystemHandle(network.transport).getHandle()
        assert isinstance(link, socket.socket)
        self.assertTrue(link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        self.assertTrue(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        idle, interval, count = (
            link.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
            )
        )
        self.assertLessEqual(idle + interval * count, 60)


async def _again(done: "Deferred[NetworkSide]") -> NetworkSide:
    """
    The result of a Deferred that others want, too.
    """
    fresh: Deferred[NetworkSide] = Deferred()

    def pass_on(network: NetworkSide) -> NetworkSide:
        fresh.callback(network)
        return network

    done.addCallback(pass_on)
    return await fresh
