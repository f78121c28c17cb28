"""
Tests for L{swarmpeer.net.manifest_parts}.
"""

import itertools
import struct
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation
from swarmpeer.net.limits import Limits
from swarmpeer.net.manifest_parts import ManifestAsker
from swarmpeer.net.parts_gathered import WINDOW_PARTS
from swarmpeer.net.reasons import ConversationEnded
from swarmpeer.test.net_fixtures import (
    EXTENDED_CODEC,
    FEATURES,
    INFOHASH,
    THEIRS,
    THEIRS_VERIFIED,
    TCPStringTransport,
)
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    MAX_MANIFEST_BYTES,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
)
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake
from swarmpeer.wire.messages import HaveMessage, InterestedMessage

OWN = Handshake(1001, Feature.VERIFIED, INFOHASH[:SWARM_BYTES])
MANIFEST = bytes(range(256)) * 256 * 12 + b"the end"
"""
Thirteen parts.
"""
PARTS = 13


def _part(number: int, manifest: bytes = MANIFEST) -> bytes:
    return EXTENDED_CODEC.encode(ManifestPartMessage.cut(manifest, number))


def _requests(numbers: Iterable[int]) -> bytes:
    return b"".join(
        EXTENDED_CODEC.encode(ManifestRequestMessage(number)) for number in numbers
    )


def _goodbye(code: int, words: str) -> bytes:
    return EXTENDED_CODEC.encode(GoodbyeMessage(code, words))


class AskerCase(SynchronousTestCase):
    """
    A connection to the neighbour 1002.
    """

    def setUp(self) -> None:
        """
        It stands.
        """
        self._connect()

    def _connect(self, limits: Limits = Limits()) -> None:  # noqa: B008 (frozen)
        self.clock = Clock()
        self.transport = TCPStringTransport()
        self.asker = ManifestAsker(1002, OWN, self.clock, limits)
        self.greeted = self.asker.when_greeted()
        self.asker.makeConnection(self.transport)

    def _fetch(self) -> "Deferred[bytes]":
        """
        They are greeted, and asked.
        """
        self.asker.dataReceived(THEIRS_VERIFIED)
        self.successResultOf(self.greeted)
        self.transport.clear()
        return self.asker.fetch()

    def _said(self) -> bytes:
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def _reason(self, result: "Deferred[bytes] | Deferred[None]") -> str:
        """
        Why they were left; nothing is left of them.
        """
        failure = self.failureResultOf(result, ConversationEnded, ProtocolViolation)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.asker.held_bytes, 0)
        return str(failure.value)


class GreetingTests(AskerCase):
    """
    Whom there is any use in asking.
    """

    def test_greeting(self) -> None:
        """
        We say of which swarm we are, and that we have no manifest.
        """
        self.assertEqual(self._said(), OWN.encode())
        for byte in THEIRS_VERIFIED[:-1]:
            self.asker.dataReceived(bytes([byte]))
            self.assertNoResult(self.greeted)
        self.asker.dataReceived(THEIRS_VERIFIED[-1:])
        self.assertIsNone(self.successResultOf(self.greeted))
        self.assertEqual(self._said(), b"")

    def test_of_no_use(self) -> None:
        """
        Whoever cannot give it is left, with a reason, and is told what they can
        read.
        """
        swarm = INFOHASH[:SWARM_BYTES]
        other = "other-swarm: their infohash begins with 0000000000000000, ours "
        other += "with 0001020304050607"
        for theirs, reason, code in (
            (THEIRS, "speaks only the course protocol", None),
            (Handshake(1002, FEATURES).encode(), other, GoodbyeCode.OTHER_SWARM),
            (
                Handshake(1003, FEATURES, swarm).encode(),
                "wrong-peer: peer 1002 was called, 1003 answered",
                GoodbyeCode.UNKNOWN_PEER,
            ),
            (
                Handshake(1002, Feature.VERIFIED, swarm).encode(),
                "has no manifest either",
                GoodbyeCode.OTHER,
            ),
        ):
            self._connect()
            self._said()
            self.asker.dataReceived(theirs + _part(0))
            self.assertEqual(self._reason(self.greeted), reason)
            words = reason.split(": ", 1)[-1]
            expected = b"" if code is None else _goodbye(code, words)
            self.assertEqual(self._said(), expected)
            self.assertEqual(self.transport.closings, ["flush and close"])

    def test_no_handshake(self) -> None:
        """
        So is who says something else, or nothing in time.
        """
        self.asker.dataReceived(b"HTTP/1.1 200 OK\r\n")
        self.assertTrue(self._reason(self.greeted).startswith("bad-handshake"))
        self._connect()
        for byte in THEIRS_VERIFIED[:9]:
            self.asker.dataReceived(bytes([byte]))
            self.clock.advance(1)
        self.assertNoResult(self.greeted)
        self.clock.advance(1)
        self.assertEqual(self._reason(self.greeted), "no handshake within 10 seconds")
        self.assertEqual(self.transport.closings, ["abort"])

    def test_lost(self) -> None:
        """
        So is who closes.
        """
        self.asker.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self._reason(self.greeted), "closed by the neighbour")


class FetchTests(AskerCase):
    """
    The parts come.
    """

    def test_in_turn(self) -> None:
        """
        The first part tells how many there are; then a few are asked for ahead.
        """
        whole = self._fetch()
        self.assertEqual(self._said(), _requests([0]))
        for number in range(PARTS):
            self.assertNoResult(whole)
            self.asker.dataReceived(_part(number))
            ahead = number + WINDOW_PARTS
            asked = range(1, ahead + 1) if number == 0 else [ahead]
            expected = [part for part in asked if part < PARTS]
            self.assertEqual(self._said(), _requests(expected))
        self.assertEqual(self.successResultOf(whole), MANIFEST)
        self.assertEqual(self.asker.held_bytes, 0)
        self.assertEqual(self.transport.closings, [])

    def test_one_part(self) -> None:
        """
        A manifest may be of one part, whole or not.
        """
        for manifest in (b"x", bytes(MANIFEST_PART_BYTES)):
            self._connect()
            whole = self._fetch()
            self.asker.dataReceived(_part(0, manifest))
            self.assertEqual(self.successResultOf(whole), manifest)
            self.assertEqual(self._said(), _requests([0]))

    def test_small_talk(self) -> None:
        """
        What else they say is skipped and costs no memory, cut anywhere.
        """
        manifest = b"manifest"
        stream = (
            EXTENDED_CODEC.encode(HaveAllMessage())
            + EXTENDED_CODEC.encode(HaveMessage(2))
            + EXTENDED_CODEC.encode(InterestedMessage())
            + struct.pack(">IBI", 2**20 + 1, 5, 0)[:5]
            + bytes(2**20)
            + bytes.fromhex("00000006 07 00000000 00")
            + _part(0, manifest)
        )

        @given(st.lists(st.integers(0, len(stream)), max_size=10))
        @settings(deadline=None, max_examples=30)
        def check(places: list[int]) -> None:
            self._connect()
            whole = self._fetch()
            for start, end in itertools.pairwise([0, *sorted(places), len(stream)]):
                self.assertLess(self.asker.held_bytes, 100)
                self.asker.dataReceived(stream[start:end])
            self.assertEqual(self.successResultOf(whole), manifest)

        check()

    def test_any_bytes(self) -> None:
        """
        Any bytes bring a manifest, nothing, or a failure.
        """
        heads = st.sampled_from([b"\0\0\0\x0a\x11", b"\0\0\0\x02\x0f", b"\0\0\0\x05"])
        chunks = st.tuples(heads, st.binary(max_size=12)).map(b"".join)

        @given(st.lists(st.binary(max_size=30) | chunks, max_size=5))
        @settings(deadline=None)
        def check(chunks: list[bytes]) -> None:
            self._connect()
            whole = self._fetch()
            whole.addErrback(
                lambda failure: failure.trap(ConversationEnded, ProtocolViolation)
            )
            for chunk in chunks:
                self.asker.dataReceived(chunk)

        check()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_left_before(self) -> None:
        """
        Who left before it was asked gives nothing, and it is told why.
        """
        self.asker.dataReceived(THEIRS_VERIFIED)
        self.asker.dataReceived(_goodbye(GoodbyeCode.STOPPING, "so long"))
        whole = self.asker.fetch()
        self.assertEqual(self._reason(whole), "they said goodbye: so long")


class HostileTests(AskerCase):
    """
    What comes is not what was asked for.
    """

    def _refused(self, *data: bytes) -> str:
        """
        Why they are refused; they are told the same.
        """
        self._connect()
        whole = self._fetch()
        for chunk in data:
            self._said()
            self.asker.dataReceived(chunk)
        reason = self._reason(whole)
        words = reason.split(": ", 1)[-1]
        self.assertEqual(self._said(), _goodbye(GoodbyeCode.VIOLATION, words))
        return reason

    def test_another_part(self) -> None:
        """
        Only the part whose turn it is may come.
        """
        self.assertEqual(
            self._refused(_part(1)), "bad-manifest: part 1 came instead of part 0"
        )
        self.assertEqual(
            self._refused(_part(0), _part(0)),
            "bad-manifest: part 0 came instead of part 1",
        )

    def test_not_asked_for(self) -> None:
        """
        Before it is asked for, and behind the last one, nothing of a part is kept.
        """
        reason = "bad-manifest: a part of the manifest that was not asked for"
        self.asker.dataReceived(THEIRS_VERIFIED + _part(0)[:9])
        whole = self.asker.fetch()
        self.assertEqual(self._reason(whole), reason)
        self._connect()
        whole = self._fetch()
        self._said()
        self.asker.dataReceived(_part(0, b"one") + _part(0, b"one")[:9])
        self.assertEqual(self.successResultOf(whole), b"one")
        self.assertEqual(
            self._said(), _goodbye(GoodbyeCode.VIOLATION, reason.split(": ")[1])
        )

    def test_another_total(self) -> None:
        """
        The length must not change.
        """
        self.assertEqual(
            self._refused(_part(0), _part(1, MANIFEST + b"!")),
            "bad-manifest: it had 786439 bytes, and has 786440 now",
        )

    def test_absurd(self) -> None:
        """
        A length that no manifest has is refused from the first bytes that tell; one
        that may be takes no memory before the parts come.
        """
        for head in (
            struct.pack(
                ">IBII", 9 + MANIFEST_PART_BYTES, 17, MAX_MANIFEST_BYTES + 1, 0
            ),
            struct.pack(">IBII", 9 + MANIFEST_PART_BYTES, 17, 5, 0),
            struct.pack(">IBII", 10 + MANIFEST_PART_BYTES, 17, 2**20, 0),
            struct.pack(">I", 2**32 - 1),
            bytes(4),
        ):
            self.assertTrue(self._refused(head).startswith("bad-length"))
        self._connect()
        self._fetch()
        total = MAX_MANIFEST_BYTES
        part = ManifestPartMessage(total, 0, bytes(MANIFEST_PART_BYTES))
        self.asker.dataReceived(EXTENDED_CODEC.encode(part))
        self.assertEqual(self.asker.held_bytes, MANIFEST_PART_BYTES)

    def test_goodbyes(self) -> None:
        """
        The first goodbye is the end, and is not answered.
        """
        whole = self._fetch()
        self._said()
        self.asker.dataReceived(_goodbye(99, "") * 1000)
        self.assertEqual(self._reason(whole), "they said goodbye: 99")
        self.assertEqual(self._said(), b"")


class PatienceTests(AskerCase):
    """
    Too little comes.
    """

    def test_nothing(self) -> None:
        """
        Who sends nothing for the stall time is left.
        """
        whole = self._fetch()
        self._said()
        self.clock.advance(7.5)
        self.assertNoResult(whole)
        self.clock.advance(0.5)
        reason = "sent too little of the manifest for 8 seconds"
        self.assertEqual(self._reason(whole), reason)
        self.assertEqual(self._said(), _goodbye(GoodbyeCode.OTHER, reason))

    def test_drip(self) -> None:
        """
        So is who sends a byte now and then, of a part or of anything else.
        """
        for stream in (_part(0), EXTENDED_CODEC.encode(HaveMessage(0)) * 20):
            self._connect()
            whole = self._fetch()
            for byte in stream[:8]:
                self.assertNoResult(whole)
                self.asker.dataReceived(bytes([byte]))
                self.clock.advance(1)
            self.failureResultOf(whole, ConversationEnded)

    def test_waiting(self) -> None:
        """
        While it is not yet their turn they hear that we are still here, and after
        the end nothing.
        """
        self.asker.dataReceived(THEIRS_VERIFIED)
        self._said()
        keep_alive = EXTENDED_CODEC.encode(KeepAliveMessage())
        for _ in range(5):
            self.clock.advance(59.5)
            self.assertEqual(self._said(), b"")
            self.clock.advance(0.5)
            self.assertEqual(self._said(), keep_alive)
        self.clock.advance(40)
        self.asker.fetch().addErrback(lambda _: None)
        self.assertEqual(self._said(), _requests([0]))
        self.asker.leave(GoodbyeCode.OTHER, "enough")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow(self) -> None:
        """
        Who is slow is waited for.
        """
        whole = self._fetch()
        stream = b"".join(_part(number) for number in range(PARTS))
        for at in range(0, len(stream), 10_000):
            self.clock.advance(7)
            self.asker.dataReceived(stream[at : at + 10_000])
        self.assertEqual(self.successResultOf(whole), MANIFEST)

    def test_cancel(self) -> None:
        """
        Who has no more patience leaves when it wants to.
        """
        whole = self._fetch()
        self.asker.dataReceived(_part(0))
        self._said()
        whole.cancel()
        self.failureResultOf(whole, CancelledError)
        self.asker.leave(GoodbyeCode.OTHER, "it takes too long")
        self.asker.leave(GoodbyeCode.OTHER, "again")
        self.assertEqual(self._said(), _goodbye(GoodbyeCode.OTHER, "it takes too long"))
        self.assertEqual(self.transport.closings, ["flush and close"])
        self.assertEqual(self.asker.held_bytes, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
