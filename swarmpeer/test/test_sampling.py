"""
Tests of L{swarmpeer.net.sampling}.
"""

from random import Random

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import PeerInfo
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.events import DialFailed, SwarmEvent
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.sampling import LINES, SampleDialer
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.net_fixtures import LAYOUT, RecordingNode, ScriptedEndpoint
from swarmpeer.wire.handshake import Handshake

IDS = tuple(range(1002, 1042))
PEERS = tuple(PeerInfo(each, f"{each}.example", 6008, False) for each in IDS)


class Wishes:
    """
    What a node would want: as many as the test says, but for those that it spares.
    """

    def __init__(self) -> None:
        self.wanted_calls = 0
        self.spared: set[int] = set()

    def is_sought(self, peer_id: int) -> bool:
        """
        As the test said.
        """
        return peer_id not in self.spared


class SampleDialerTests(SynchronousTestCase):
    """
    Some members are called, in an order of the caller's own.
    """

    def setUp(self) -> None:
        """
        Forty others; nobody is wanted yet.
        """
        self.clock = Clock()
        self.events: list[SwarmEvent] = []
        self.dials: list[ScriptedEndpoint] = []
        self.cancelled: list[int] = []
        self.wishes = Wishes()
        self.registry = PeerRegistry(1001, [1001, *IDS])
        self.factory = PeerFactory(
            RecordingNode(),
            PieceStore(LAYOUT, MemoryStorage(LAYOUT)),
            self.registry,
            clock=self.clock,
        )

    def start(self, seed: int = 1) -> SampleDialer:
        """
        A dialer that runs.
        """
        dialer = SampleDialer(
            PEERS,
            self.factory,
            self._endpoint_for,
            self.clock,
            Random(seed),
            self.events.append,
            sought=self.wishes,
        )
        dialer.start()
        return dialer

    def _endpoint_for(self, peer: PeerInfo) -> ScriptedEndpoint:
        self.dials.append(ScriptedEndpoint(peer.peer_id, self.cancelled))
        return self.dials[-1]

    def run_for(self, seconds: float) -> list[int]:
        """
        @return: who was called meanwhile.
        """
        before = len(self.dials)
        self.clock.pump([0.1] * round(seconds * 10))
        return [dial.peer_id for dial in self.dials[before:]]

    def test_nobody_wanted(self) -> None:
        """
        As long as there are neighbours enough nobody is called.
        """
        self.start()
        self.assertEqual(self.run_for(10), [])

    def test_order(self) -> None:
        """
        It is drawn: another peer calls in another order, and nobody twice before all
        were called once.
        """
        self.wishes.wanted_calls = 40
        orders = []
        for seed in (1, 2):
            self.dials.clear()
            dialer = self.start(seed)
            while len(self.dials) < len(IDS):
                for dial in self.dials:
                    if not dial.result.called:
                        dial.refuse()
                self.clock.advance(0.6)
            dialer.stop()
            orders.append([dial.peer_id for dial in self.dials][: len(IDS)])
        self.assertNotEqual(orders[0], orders[1])
        for order in orders:
            self.assertNotEqual(order, sorted(order))
        early = orders[0][:20]
        self.assertEqual(len(set(early)), len(early))

    def test_few_at_a_time(self) -> None:
        """
        However many are wanted, only so many calls are under way.
        """
        self.wishes.wanted_calls = 40
        self.start()
        self.run_for(5)
        self.assertEqual(len(self.dials), LINES)
        self.dials[0].refuse()
        self.run_for(2)
        self.assertEqual(len(self.dials), LINES + 1)

    def test_no_more_than_wanted(self) -> None:
        """
        Calls that are under way count as neighbours.
        """
        self.wishes.wanted_calls = 2
        self.start()
        self.run_for(5)
        self.assertEqual(len(self.dials), 2)

    def test_only_who_is_sought(self) -> None:
        """
        Others are passed over.
        """
        self.wishes.wanted_calls = 40
        self.wishes.spared = set(IDS) - {1010, 1020}
        self.start()
        self.run_for(3)
        self.assertEqual(sorted(dial.peer_id for dial in self.dials), [1010, 1020])

    def test_rest(self) -> None:
        """
        Whom it cannot reach it leaves alone for longer and longer, half a minute at
        most, and tells so.
        """
        self.wishes.wanted_calls = 1
        self.wishes.spared = set(IDS) - {1010}
        self.start()
        waits = []
        for _ in range(8):
            self.dials[-1].refuse()
            begin, count = self.clock.seconds(), len(self.dials)
            while len(self.dials) == count:
                self.clock.advance(0.1)
            waits.append(self.clock.seconds() - begin)
        for place, wait in enumerate(waits):
            usual = min(2.0**place, 30.0)
            # It looks once a second.
            self.assertTrue(0.9 * usual <= wait <= 1.1 * usual + 1.3, (place, wait))
        told = [each for each in self.events if isinstance(each, DialFailed)]
        self.assertEqual([each.peer_id for each in told], [1010] * 8)

    def test_who_does_not_stay(self) -> None:
        """
        Who leaves at once is left alone for a while, too; who stayed is not.
        """
        self.wishes.wanted_calls = 1
        self.wishes.spared = set(IDS) - {1010}
        self.start()
        for seconds, within, is_called in ((0.0, 0.8, False), (6.0, 1.2, True)):
            protocol = self.dials[-1].accept()
            assert isinstance(protocol, PeerProtocol)
            protocol.dataReceived(Handshake(1010).encode())
            self.wishes.wanted_calls = 0
            self.run_for(seconds)
            protocol.connectionLost(Failure(ConnectionDone()))
            self.wishes.wanted_calls = 1
            self.assertEqual(bool(self.run_for(within)), is_called)
            self.run_for(2)

    def test_stop(self) -> None:
        """
        A stop ends the calls that are under way, and there are no more.
        """
        self.wishes.wanted_calls = 2
        dialer = self.start()
        self.run_for(1)
        dialer.stop()
        self.assertEqual(len(self.cancelled), 2)
        self.assertEqual(self.run_for(60), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])
