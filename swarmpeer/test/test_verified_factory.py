"""
Tests for L{swarmpeer.net.verified_factory}.
"""

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.net.verified_factory import VerifiedFactory
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.net_fixtures import (
    EXTENDED_CODEC,
    FEATURES,
    INFOHASH,
    LAYOUT,
    THEIRS_VERIFIED,
    RecordingNode,
    TCPStringTransport,
)
from swarmpeer.wire.extension import GoodbyeCode, GoodbyeMessage

ADDRESS = IPv4Address("TCP", "10.0.0.1", 40000)


class VerifiedFactoryTests(SynchronousTestCase):
    """
    In a verified swarm.
    """

    def setUp(self) -> None:
        """
        A factory of such a swarm.
        """
        self.clock = Clock()
        self.factory = VerifiedFactory(
            RecordingNode(),
            PieceStore(LAYOUT, MemoryStorage(LAYOUT)),
            PeerRegistry(1001, [1001, 1002]),
            clock=self.clock,
            terms=VerifiedTerms(INFOHASH, FEATURES),
        )

    def test_both_ways(self) -> None:
        """
        Inbound and outbound connections are of that swarm.
        """
        protocols = [
            self.factory.buildProtocol(ADDRESS),
            self.factory.dialling(1002).buildProtocol(ADDRESS),
        ]
        seen = []
        for protocol in protocols:
            assert isinstance(protocol, VerifiedProtocol)
            seen.append((protocol.is_dialled, protocol.peer_id))
            self.assertIs(protocol.factory, self.factory)
            protocol.makeConnection(TCPStringTransport())
            protocol.dataReceived(THEIRS_VERIFIED)
            self.assertTrue(protocol.is_verified)
        self.assertEqual(seen, [(False, None), (True, 1002)])

    def test_stop(self) -> None:
        """
        When all are closed, they are told that this peer stops.
        """
        protocol = self.factory.buildProtocol(ADDRESS)
        assert protocol is not None
        transport = TCPStringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(THEIRS_VERIFIED)
        gone = self.factory.close_all("stopping")
        self.assertEqual(
            transport.value(),
            EXTENDED_CODEC.encode(GoodbyeMessage(GoodbyeCode.STOPPING, "stopping")),
        )
        protocol.connectionLost()
        self.assertIsNone(self.successResultOf(gone))
        self.assertEqual(self.clock.getDelayedCalls(), [])
