"""
Whole peers that keep their rates, on a clock and a network of the tests' own.
"""

import socket
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config.rate_schedule import Rates
from swarmpeer.core.layout import PieceLayout
from swarmpeer.net.flow import MESSAGE_COST_BYTES
from swarmpeer.net.lifetime import OWN_BACKLOG
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.throttle import Throttle
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.test.net_fixtures import (
    CODEC,
    THEIRS,
    RecordingNode,
    TCPStringTransport,
)
from swarmpeer.test.verified_fixtures import PIECE
from swarmpeer.test.verified_peers import NO_SCRUB, SlowMemory, VerifiedPeers
from swarmpeer.testing.figures import Passed, most_and_least
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.virtual_time import VirtualTime
from swarmpeer.verified_service import VerifiedPeerService
from swarmpeer.wire.messages import ChokeMessage

PIECES = 128
RATE = 64 * 2**10
STEP_SECONDS = 0.025


class LimitedPeersTests(SynchronousTestCase):
    """
    Peer 1 has 2 MiB; the others fetch them.
    """

    def setUp(self) -> None:
        """
        What comes is noted where it comes from the transport.
        """
        self.swarm = VerifiedPeers(3, pieces=PIECES)
        self.came: dict[int | None, list[Passed]] = {}
        clock: Clock = self.swarm.clock
        came = self.came
        receive = VerifiedProtocol.dataReceived

        def note(protocol: VerifiedProtocol, data: bytes) -> None:
            at = came.setdefault(protocol.peer_id, [])
            at.append((clock.seconds(), len(data)))
            receive(protocol, data)

        self.patch(VerifiedProtocol, "dataReceived", note)

    def run_for(self, seconds: float) -> None:
        """
        Let time pass, in steps that are short beside what is measured.
        """
        end = self.swarm.clock.seconds() + seconds
        while self.swarm.clock.seconds() < end:
            self.swarm.clock.advance(STEP_SECONDS)
            self.swarm.network.settle()

    def begin(self, *rates: Rates) -> None:
        """
        Start as many peers, which have these rates.
        """
        self.peers = [self.swarm.peer(i + 1) for i in range(len(rates))]
        for peer, own in zip(self.peers, rates, strict=True):
            peer.set_rates(own)
            peer.startService()
            self.addCleanup(peer.stopService)

    def test_up(self) -> None:
        """
        A seed sends as fast as it may, to all its neighbours together; every piece
        comes whole.
        """
        self.begin(Rates(up=RATE), Rates(), Rates())
        self.run_for(26)
        most, least = most_and_least(self.came[1], 2.0, 26.0)
        self.assertLess(most, RATE * 10 * 1.03)
        self.assertGreater(least, RATE * 10 * 0.97)
        self.run_for(40)
        self.assertTrue(self.swarm.is_right(2))
        self.assertTrue(self.swarm.is_right(3))

    def test_while_it_runs(self) -> None:
        """
        New rates hold for the conversations that are open.
        """
        self.begin(Rates(up=RATE, up_per_neighbor=1024), Rates())
        self.run_for(5)
        self.peers[0].set_rates(Rates(up_per_neighbor=RATE))
        self.run_for(20)
        most, least = most_and_least(self.came[1], 7.0, 25.0)
        self.assertLess(most, RATE * 10 * 1.03)
        self.assertGreater(least, RATE * 10 * 0.97)
        self.peers[0].set_rates(Rates())
        self.run_for(2)
        self.assertTrue(self.swarm.is_right(2))


class SimulatedTCPTests(SynchronousTestCase):
    """
    The same over simulated TCP, whose sockets hold back what nobody reads.
    """

    def setUp(self) -> None:
        """
        Peer 1 has 2 MiB.
        """
        self.swarm = VerifiedPeers(2, pieces=PIECES)
        self.time = VirtualTime()
        self.network = SimulatedNetwork(self.time, Random(1))
        self.hosts = {peer_id: self.network.host(str(peer_id)) for peer_id in (1, 2)}
        self.sent: list[Passed] = []
        self.network.tap = self.note

    def note(self, _number: int, speaker: str, _listener: str, data: bytes) -> None:
        """
        What the seed writes.
        """
        if speaker == "1":
            self.sent.append((self.time.seconds(), len(data)))

    def begin(self, peer_id: int, rates: Rates, dscp: int = 0) -> VerifiedPeerService:
        """
        A peer on a host of its own.
        """
        host, clock = self.hosts[peer_id], HostClock(self.time)
        layout = PieceLayout.of_files([len(self.swarm.data)], PIECE)
        held = range(PIECES) if peer_id == 1 else ()
        self.swarm.memories[peer_id] = SlowMemory(layout, self.swarm.data, held)
        peer = VerifiedPeerService(
            self.swarm.config(peer_id),
            self.swarm.content.manifest,
            self.swarm.memories[peer_id],
            clock=clock,
            listen_endpoint=host.listen_endpoint(clock, 6000 + peer_id),
            dial_endpoint=lambda to: host.dial_endpoint(
                clock, str(to.peer_id), to.port
            ),
            rng=Random(peer_id),
            verification=NO_SCRUB,
            rates=rates,
            dscp=dscp,
        )
        peer.startService()
        return peer

    def run_until(self, end: float) -> None:
        """
        Let time pass.
        """
        while (due := self.time.next_at) is not None and due <= end:
            self.time.step()

    def test_up(self) -> None:
        """
        A seed keeps the rate.
        """
        self.begin(1, Rates(up=RATE))
        self.begin(2, Rates())
        self.run_until(30.0)
        most, least = most_and_least(self.sent, 3.0, 30.0)
        self.assertLess(most, RATE * 10 * 1.03)
        self.assertGreater(least, RATE * 10 * 0.97)
        self.run_until(40.0)
        self.assertTrue(self.swarm.is_right(2))

    def test_down(self) -> None:
        """
        A leecher reads no faster than it may, and is none the worse for it.
        """
        self.begin(1, Rates())
        self.begin(2, Rates(down=RATE))
        needed = PIECES * PIECE / RATE
        self.run_until(0.95 * needed)
        self.assertFalse(self.swarm.is_right(2))
        self.run_until(1.1 * needed)
        self.assertTrue(self.swarm.is_right(2))

    def test_marks(self) -> None:
        """
        Every connection is marked, whoever made it.
        """
        for peer_id in (1, 2):
            self.begin(peer_id, Rates(), dscp=peer_id)
        self.run_until(1.0)
        for peer_id, host in self.hosts.items():
            marks = [
                found.getsockopt(socket.IPPROTO_IP, socket.IP_TOS)
                for found in host.sockets
            ]
            self.assertIn(peer_id << 2, marks)


class SmallMessageTests(SynchronousTestCase):
    """
    Much is to be told, and little may be sent.
    """

    def test_own_backlog(self) -> None:
        """
        Who is slow by his own rate does not take it for a fault of his neighbour; but
        he does not keep everything either.
        """
        node, clock, limits = RecordingNode(), Clock(), Limits(drain_bytes=1000)
        up, _ = Throttle(clock, Rates(up=1024)).allowances()
        protocol = PeerProtocol(node, CODEC, clock, limits, up=up)
        protocol.makeConnection(TCPStringTransport())
        protocol.dataReceived(THEIRS)
        ended = ("logic", "on_disconnect", "takes nothing of what it is told")
        cost_bytes = len(CODEC.encode(ChokeMessage())) + MESSAGE_COST_BYTES
        # The first is what all others wait behind.
        for _ in range(1 + OWN_BACKLOG * 1000 // cost_bytes):
            protocol.send_choke()
        self.assertNotIn(ended, node.calls)
        protocol.send_choke()
        self.assertIn(ended, node.calls)
