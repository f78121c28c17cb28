"""
Tests for L{swarmpeer.net.manifest_fetch}.
"""

from dataclasses import dataclass
from random import Random
from typing import cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.config import PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import DialFailed, ManifestFetched, SwarmEvent, ViolationSeen
from swarmpeer.manifest import Manifest, ManifestFile, compose_manifest, merkle
from swarmpeer.net.limits import Limits
from swarmpeer.net.manifest_fetch import INLINE_BYTES, ManifestFetcher
from swarmpeer.net.manifest_parts import ManifestAsker
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.test.net_fixtures import (
    FEATURES,
    RecordingNode,
    ScriptedEndpoint,
    TCPStringTransport,
)
from swarmpeer.testing.recorders import RecordingVerifiedLogic
from swarmpeer.thread_work import Work
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec, encode_manifest_head
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_MANIFEST_BYTES,
    manifest_part_count,
)

PEERS = [PeerInfo(1002 + n, f"{n}.example", 6008, has_file=True) for n in range(6)]
PIECE_SIZE = 2**14


def _manifest(piece_count: int, seed: int = 0) -> Manifest:
    """
    Of one file of so many pieces.
    """
    hashes = Random(seed).randbytes(32 * piece_count)
    root = merkle.pieces_root(hashes, PIECE_SIZE) if piece_count > 1 else hashes
    file = ManifestFile(("data",), piece_count * PIECE_SIZE, root, hashes)
    return compose_manifest("data", [file], PIECE_SIZE)


MANIFEST = _manifest(10_000)
"""
Five parts.
"""
INFOHASH = MANIFEST.infohash
WRONG = _manifest(2, seed=1)


@dataclass
class Giving(RecordingVerifiedLogic):
    """
    The logic at the other end, which gives a manifest.
    """

    manifest: bytes = b""
    protocol: VerifiedProtocol | None = None
    own_id: int = 1002
    parts: int = 10**6

    def on_connect(self) -> None:
        """
        Greet.
        """
        super().on_connect()
        assert self.protocol is not None
        self.protocol.send_handshake(self.own_id)

    def on_manifest_request(self, part: int) -> None:
        """
        Give a part, as long as there are some to be given.
        """
        super().on_manifest_request(part)
        assert self.protocol is not None
        if part < min(self.parts, manifest_part_count(len(self.manifest))):
            self.protocol.send_manifest_part(part, self.manifest)


class Neighbor:
    """
    The other end of a call that was taken: a connection of an ordinary peer of a
    verified swarm.
    """

    def __init__(self, dial: ScriptedEndpoint, clock: Clock, giving: Giving) -> None:
        self.node = RecordingNode(logic=giving)
        layout = PieceLayout(10, 10)
        self.protocol = giving.protocol = VerifiedProtocol(
            self.node,
            MessageCodec(layout),
            clock,
            Limits(),
            terms=VerifiedTerms(INFOHASH, FEATURES),
            extended_codec=ExtendedCodec(layout),
        )
        giving.own_id = dial.peer_id
        self.calls = giving.calls
        self.transport = TCPStringTransport()
        self.protocol.makeConnection(self.transport)
        asker = dial.accept()
        assert isinstance(asker, ManifestAsker)
        self.asker = asker
        self.their_transport = cast(TCPStringTransport, asker.transport)

    def talk(self) -> None:
        """
        Carry bytes until there are none.
        """
        while self.step():
            pass

    def step(self) -> bool:
        """
        Carry what was said.
        """
        ours, theirs = self.transport.value(), self.their_transport.value()
        self.transport.clear()
        self.their_transport.clear()
        self.protocol.dataReceived(theirs)
        self.asker.dataReceived(ours)
        return bool(ours or theirs)

    def heard(self) -> list[object]:
        """
        What they heard last.
        """
        return [call[1:] for call in self.calls[-2:]]


class FetcherTests(SynchronousTestCase):
    """
    A peer that knows the infohash alone.
    """

    def setUp(self) -> None:
        """
        Virtual time; nobody is called yet.
        """
        self.clock = Clock()
        self.events: list[SwarmEvent] = []
        self.dials: list[ScriptedEndpoint] = []
        self.cancelled: list[int] = []
        self.works: list[Work] = []

    def _endpoint_for(self, peer: PeerInfo) -> ScriptedEndpoint:
        self.dials.append(ScriptedEndpoint(peer.peer_id, self.cancelled))
        return self.dials[-1]

    def _fetcher(self, count: int = 1) -> ManifestFetcher:
        return ManifestFetcher(
            INFOHASH,
            1001,
            PEERS[:count],
            self._endpoint_for,
            self.clock,
            Random(7),
            self.events.append,
            Limits(),
            run_in_thread=self.works.append,
        )

    def _start(self, count: int = 1) -> "Deferred[Manifest]":
        return self._fetcher(count).start()

    def _answer(
        self, place: int, manifest: bytes | None = None, parts: int = 10**6
    ) -> Neighbor:
        """
        A call is taken, and both ends talk until they have nothing to say.
        """
        if manifest is None:
            manifest = MANIFEST.encode()
        giving = Giving("logic", manifest=manifest, parts=parts)
        neighbor = Neighbor(self.dials[place], self.clock, giving)
        neighbor.talk()
        return neighbor

    def _advance(self, seconds: float) -> None:
        self.clock.pump([0.25] * int(seconds * 4))

    def _failed(self) -> list[tuple[int, str]]:
        return [
            (event.peer_id, event.reason)
            for event in self.events
            if isinstance(event, DialFailed)
        ]

    def test_fetched(self) -> None:
        """
        The manifest comes part by part from an ordinary peer of the swarm, which is
        left with a goodbye.
        """
        fetched = self._start()
        neighbor = self._answer(0)
        self.assertEqual(self.successResultOf(fetched), MANIFEST)
        size = len(MANIFEST.encode())
        self.assertEqual(self.events, [ManifestFetched(1002, size)])
        self.assertEqual(
            neighbor.calls,
            [
                ("logic", "on_connect"),
                ("logic", "on_handshake", 1001),
                *[("logic", "on_manifest_request", part) for part in range(5)],
                ("logic", "on_goodbye", 0, "has the manifest now"),
                (
                    "logic",
                    "on_disconnect",
                    "they said goodbye: has the manifest now",
                ),
            ],
        )
        neighbor.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_few_at_a_time(self) -> None:
        """
        Four are called at a time; whoever cannot be reached makes room for the next,
        and is called again later.
        """
        fetched = self._start(6)
        self.assertEqual(len(self.dials), 4)
        self.dials[0].refuse("nobody")
        self.dials[1].refuse("nobody")
        self.assertEqual(len(self.dials), 6)
        called = [dial.peer_id for dial in self.dials]
        self.assertEqual(sorted(called), [peer.peer_id for peer in PEERS])
        reason = "connection refused"
        self.assertEqual(self._failed(), [(id, reason) for id in called[:2]])
        self.dials[2].refuse("nobody")
        self._advance(1)
        self.assertIn(self.dials[6].peer_id, called[:3])
        self.assertNoResult(fetched)
        self._answer(5)
        self.successResultOf(fetched)

    def test_back_off(self) -> None:
        """
        Who cannot be reached is called ever more slowly, for as long as it takes.
        """
        self._start()
        waits = []
        for _ in range(20):
            self.dials[-1].refuse()
            event = self.events[-1]
            assert isinstance(event, DialFailed)
            waits.append(event.retry_seconds)
            count = len(self.dials)
            self._advance(6)
            self.assertEqual(len(self.dials), count + 1)
        self.assertLess(waits[0], 0.3)
        self.assertGreater(waits[-1], 4.4)

    def test_one_at_a_time(self) -> None:
        """
        Of those that have it one is asked; when it fails, the next one is, and then
        all others are left.
        """
        fetched = self._start(3)
        first, second, third = (self._answer(place, parts=3) for place in range(3))
        self.assertEqual(
            [len(one.calls) for one in (first, second, third)], [2 + 5, 2, 2]
        )
        assert isinstance(second.node.logic, Giving)
        second.node.logic.parts = 5
        self._advance(8)
        reason = "sent too little of the manifest for 8 seconds"
        self.assertEqual(self._failed(), [(self.dials[0].peer_id, reason)])
        second.talk()
        self.successResultOf(fetched)
        first.talk()
        third.talk()
        self.assertEqual(
            [one.heard()[0] for one in (first, second, third)],
            [
                ("on_goodbye", 0, reason),
                ("on_goodbye", 0, "has the manifest now"),
                ("on_goodbye", 1, "stopping"),
            ],
        )
        self._advance(60)
        self.assertEqual(len(self.dials), 3)

    def test_wrong(self) -> None:
        """
        Who gives another manifest, or none, is told so, and not asked again for a
        minute; others are.
        """
        fetched = self._start(2)
        what = f"its infohash is {WRONG.infohash.hex()}"
        neighbor = self._answer(0, WRONG.encode())
        peer_id = self.dials[0].peer_id
        self.assertEqual(
            self.events,
            [
                ViolationSeen(peer_id, "bad-manifest", what),
                DialFailed(peer_id, f"bad-manifest: {what}", 60.0),
            ],
        )
        self.assertEqual(neighbor.heard()[0], ("on_goodbye", 4, what))
        self._answer(1, b"no manifest at all")
        event = self.events[2]
        assert isinstance(event, ViolationSeen)
        self.assertEqual(event.reason, "bad-manifest")
        self._advance(59.5)
        self.assertEqual(len(self.dials), 2)
        self._advance(1)
        self.assertEqual(len(self.dials), 4)
        self._answer(2)
        self.successResultOf(fetched)

    def test_layers_of_another(self) -> None:
        """
        The right infohash does not make up for wrong piece layers.
        """
        fetched = self._start()
        data = bytearray(MANIFEST.encode())
        data[-100] ^= 1
        self._answer(0, bytes(data))
        event = self.events[0]
        assert isinstance(event, ViolationSeen)
        self.assertEqual(event.reason, "bad-manifest")
        self.assertNoResult(fetched)

    def test_breaks_the_protocol(self) -> None:
        """
        Whoever breaks the protocol is told of, and called again.
        """
        self._start()
        asker = self.dials[0].accept()
        asker.dataReceived(b"220 smtp.example ESMTP")
        self.assertEqual(
            [type(event) for event in self.events], [ViolationSeen, DialFailed]
        )
        self._advance(1)
        self.assertEqual(len(self.dials), 2)

    def test_drip(self) -> None:
        """
        One that sends just enough not to be left has half a minute; then the next
        one has its turn.
        """
        fetched = self._start(2)
        slow = self._slow(0)
        next_one = self._answer(1)
        for second in range(30):
            self.assertNoResult(fetched)
            self._drip(slow, second)
        next_one.talk()
        self.assertEqual(self.successResultOf(fetched), MANIFEST)
        self.assertEqual(
            self._failed(),
            [
                (
                    self.dials[0].peer_id,
                    "the manifest was not whole after 30 seconds",
                )
            ],
        )

    def test_slow(self) -> None:
        """
        One that needed more than its turn gets twice as long each time, so one that
        is slow by nature gives the manifest in the end.
        """
        self._start()
        for place, seconds in enumerate((30, 60, 120)):
            slow = self._slow(place)
            for second in range(seconds):
                self.assertEqual(len(self._failed()), place)
                self._drip(slow, second)
            reason = f"the manifest was not whole after {seconds} seconds"
            self.assertEqual(self._failed()[place][1], reason)
            self.assertEqual(slow.asker.held_bytes, 0)
            self._advance(1)

    def _slow(self, place: int) -> Neighbor:
        """
        A call is taken by somebody who is asked and does not answer.
        """
        slow = Neighbor(self.dials[place], self.clock, Giving("logic"))
        slow.step()
        slow.step()
        return slow

    def _drip(self, slow: Neighbor, second: int) -> None:
        """
        They send what they send of the longest manifest in this second: so much that
        it counts as progress.
        """
        size = MANIFEST_PART_BYTES
        stream = b"".join(
            encode_manifest_head(MAX_MANIFEST_BYTES, part, size) + bytes(size)
            for part in range(4)
        )
        slow.asker.dataReceived(stream[1500 * second : 1500 * (second + 1)])
        self._advance(1)

    def test_long_manifest(self) -> None:
        """
        A long manifest is read in a thread, right or wrong.
        """
        long = _manifest(INLINE_BYTES // 32 + 1)
        fetched = self._start()
        self._answer(0, long.encode())
        self.assertNoResult(fetched)
        self.works.pop()()()
        event = self.events[0]
        assert isinstance(event, ViolationSeen)
        self.assertEqual(event.detail, f"its infohash is {long.infohash.hex()}")
        self._advance(61)
        self._answer(1, long.encode()[:-1])
        self.works.pop()()()
        event = self.events[2]
        assert isinstance(event, ViolationSeen)
        self.assertEqual(event.reason, "bad-manifest")

    def test_long_and_right(self) -> None:
        """
        Once it is read it is the manifest; but not if all was stopped meanwhile.
        """
        long = _manifest(INLINE_BYTES // 32 + 1)
        for stops in (False, True):
            self.setUp()
            fetcher = ManifestFetcher(
                long.infohash,
                1001,
                PEERS[:1],
                self._endpoint_for,
                self.clock,
                Random(7),
                self.events.append,
                run_in_thread=self.works.append,
            )
            fetched = fetcher.start()
            asker = self.dials[0].accept()
            assert isinstance(asker, ManifestAsker)
            _give(asker, long)
            if stops:
                fetcher.stop()
            self.works.pop()()()
            if stops:
                self.failureResultOf(fetched, CancelledError)
                self.assertEqual(self.events, [])
            else:
                self.assertEqual(self.successResultOf(fetched), long)

    def test_without_threads(self) -> None:
        """
        Without threads a long manifest is read all the same.
        """
        long = _manifest(INLINE_BYTES // 32 + 1)
        fetcher = ManifestFetcher(
            long.infohash,
            1001,
            PEERS[:1],
            self._endpoint_for,
            self.clock,
            Random(7),
            self.events.append,
        )
        fetched = fetcher.start()
        asker = self.dials[0].accept()
        assert isinstance(asker, ManifestAsker)
        _give(asker, long)
        self.assertEqual(self.successResultOf(fetched), long)

    def test_nobody(self) -> None:
        """
        With nobody to ask it waits until it is stopped.
        """
        fetcher = self._fetcher(0)
        fetched = fetcher.start()
        self.assertNoResult(fetched)
        fetcher.stop()
        self.failureResultOf(fetched, CancelledError)

    def test_stop(self) -> None:
        """
        Stopping, or cancelling, gives up the calls, the waits and the turns, tells
        whoever was reached, and calls nobody any more.
        """
        for stops in (False, True):
            self.setUp()
            fetcher = self._fetcher(6)
            fetched = fetcher.start()
            asked = self._answer(0, parts=0)
            waiting = self._answer(1)
            self.dials[2].refuse()
            if stops:
                fetcher.stop()
            else:
                fetched.cancel()
            self.failureResultOf(fetched, CancelledError)
            self.assertEqual(self.cancelled, [dial.peer_id for dial in self.dials[3:5]])
            for neighbor in (asked, waiting):
                neighbor.talk()
                self.assertEqual(neighbor.heard()[0], ("on_goodbye", 1, "stopping"))
                neighbor.protocol.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(len(self.dials), 5)
            self.assertEqual(self.clock.getDelayedCalls(), [])
            self.assertEqual(self.flushLoggedErrors(), [])
            fetcher.stop()

    def test_again(self) -> None:
        """
        After it was stopped it may be started again.
        """
        fetcher = self._fetcher()
        fetcher.start().addErrback(lambda failure: failure.trap(CancelledError))
        fetcher.stop()
        fetched = fetcher.start()
        self._answer(1)
        self.assertEqual(self.successResultOf(fetched), MANIFEST)
        fetcher.stop()

    def test_broken_endpoint(self) -> None:
        """
        An endpoint that raises counts as a failure like any other.
        """

        def broken(_: PeerInfo) -> IStreamClientEndpoint:
            raise ValueError("no such transport")

        ManifestFetcher(
            INFOHASH,
            1001,
            PEERS[:1],
            broken,
            self.clock,
            Random(7),
            self.events.append,
        ).start()
        self.assertEqual(self._failed(), [(1002, "no such transport")])

    def test_own_mistake(self) -> None:
        """
        What fails by a mistake of our own is logged, and not done again; the others
        are still asked.
        """

        def broken(_: Work) -> None:
            raise RuntimeError("no threads")

        long = _manifest(INLINE_BYTES // 32 + 1)
        fetcher = ManifestFetcher(
            long.infohash,
            1001,
            PEERS[:2],
            self._endpoint_for,
            self.clock,
            Random(7),
            self.events.append,
            run_in_thread=broken,
        )
        fetched = fetcher.start()
        for place in (0, 1):
            self.assertNoResult(fetched)
            asker = self.dials[place].accept()
            assert isinstance(asker, ManifestAsker)
            _give(asker, long, self.dials[place].peer_id)
            self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        # Nobody is left to be asked.
        self.failureResultOf(fetched, RuntimeError)
        self.assertEqual((self.events, len(self.dials)), ([], 2))
        self.assertEqual(self.clock.getDelayedCalls(), [])


def _give(asker: ManifestAsker, manifest: Manifest, own_id: int = 1002) -> None:
    """
    Send all parts as they are asked for.
    """
    data = manifest.encode()
    layout = PieceLayout(10, 10)
    giving = Giving("logic", manifest=data, own_id=own_id)
    protocol = giving.protocol = VerifiedProtocol(
        RecordingNode(logic=giving),
        MessageCodec(layout),
        Clock(),
        Limits(),
        terms=VerifiedTerms(manifest.infohash, FEATURES),
        extended_codec=ExtendedCodec(layout),
    )
    transport = TCPStringTransport()
    theirs = cast(TCPStringTransport, asker.transport)
    protocol.makeConnection(transport)
    while transport.value() or theirs.value():
        said, heard = transport.value(), theirs.value()
        transport.clear()
        theirs.clear()
        protocol.dataReceived(heard)
        asker.dataReceived(said)
