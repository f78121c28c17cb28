"""
Tests for L{swarmpeer.net.verified_protocol}.
"""

import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import ViolationSeen
from swarmpeer.net.limits import Limits
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.test.net_fixtures import (
    CODEC,
    EXTENDED_CODEC,
    FEATURES,
    INFOHASH,
    THEIRS,
    THEIRS_VERIFIED,
    RecordingNode,
    VerifiedLine,
)
from swarmpeer.testing.recorders import Call, RecordingVerifiedLogic
from swarmpeer.verified_seam import VerifiedNetworkSide
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.extension import (
    MANIFEST_PART_BYTES,
    BadPieceMessage,
    CancelMessage,
    GoodbyeCode,
    GoodbyeMessage,
    HaveAllMessage,
    HaveNoneMessage,
    KeepAliveMessage,
    ManifestPartMessage,
    ManifestRequestMessage,
    RejectMessage,
    WithdrawMessage,
)
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    HaveMessage,
    Message,
    PieceMessage,
    RequestMessage,
)


def fits_seam(protocol: VerifiedProtocol) -> VerifiedNetworkSide:
    """
    mypy proves that the protocol is one side of the seam.
    """
    return protocol


OURS = Handshake(1001, FEATURES, INFOHASH[:SWARM_BYTES]).encode()
OURS_CLASSIC = Handshake(1001).encode()
OTHER_SWARM = Handshake(1002, FEATURES, bytes(SWARM_BYTES)).encode()
MIXED = VerifiedTerms(INFOHASH, FEATURES, True, frozenset({1002}))
"""
Where classic peers take part, and the neighbour is known to be one.
"""
OPEN_TO_ALL = VerifiedTerms(INFOHASH, FEATURES, allow_classic=True)

UNKNOWN = bytes.fromhex("00000004 2a 010203")
STREAM = (
    THEIRS_VERIFIED
    + EXTENDED_CODEC.encode(HaveAllMessage())
    + EXTENDED_CODEC.encode(HaveNoneMessage())
    + EXTENDED_CODEC.encode(HaveMessage(1))
    + EXTENDED_CODEC.encode(RejectMessage(2**32 - 1))
    + EXTENDED_CODEC.encode(KeepAliveMessage())
    + EXTENDED_CODEC.encode(CancelMessage(7))
    + UNKNOWN
    + EXTENDED_CODEC.encode(PieceMessage(2, b"x" * 500))
    + EXTENDED_CODEC.encode(WithdrawMessage(2))
    + EXTENDED_CODEC.encode(BadPieceMessage(0))
    + EXTENDED_CODEC.encode(BitfieldMessage(Bitfield.full(3)))
    + EXTENDED_CODEC.encode(ManifestRequestMessage(9))
    + EXTENDED_CODEC.encode(GoodbyeMessage(GoodbyeCode.STOPPING, "stopped"))
    + EXTENDED_CODEC.encode(HaveMessage(1))
)
SAID: list[Call] = [
    ("logic", "on_handshake", 1002),
    ("logic", "on_have_all"),
    ("logic", "on_have_none"),
    ("logic", "on_have", 1),
    ("logic", "on_reject", 2**32 - 1),
    ("logic", "on_cancel", 7),
    ("logic", "on_unknown", 0x2A),
    ("logic", "expect_piece", 2),
    ("logic", "on_piece", 2, b"x" * 500),
    ("logic", "on_withdrawal", 2),
    ("logic", "on_bad_piece", 0),
    ("logic", "on_bitfield", b"\xe0"),
    ("logic", "on_manifest_request", 9),
    ("logic", "on_goodbye", GoodbyeCode.STOPPING, "stopped"),
    ("logic", "on_disconnect", "they said goodbye: stopped"),
]


def _goodbye(code: int, words: str) -> bytes:
    return EXTENDED_CODEC.encode(GoodbyeMessage(code, words))


@dataclass
class Greeter(RecordingVerifiedLogic):
    """
    Greets as every logic does, and may break when it hears C{trigger}.
    """

    line: VerifiedLine | None = None
    trigger: str = ""
    error: Exception | None = None

    def _hear(self, *call: object) -> None:
        super()._hear(*call)
        assert self.line is not None
        if call[0] == "on_connect":
            self.line.protocol.send_handshake(1001)
        if call[0] == self.trigger and self.error is not None:
            raise self.error


def _line(
    terms: VerifiedTerms | None = None,
    expected_peer_id: int | None = None,
    trigger: str = "",
    error: Exception | None = None,
) -> VerifiedLine:
    """
    Both ends stand, and we greeted if it was our turn.
    """
    node = RecordingNode()
    logic = Greeter("logic", node.calls, trigger=trigger, error=error)
    node.logic = logic
    logic.line = VerifiedLine(
        node=node,
        expected_peer_id=expected_peer_id,
        terms=terms or VerifiedTerms(INFOHASH, FEATURES),
    )
    logic.line.connect()
    node.take()
    return logic.line


def _said(line: VerifiedLine) -> bytes:
    """
    What we said since this was last asked.
    """
    data: bytes = line.transport.value()
    line.transport.clear()
    return data


def _violation(
    reason: ViolationReason, detail: str, peer_id: int | None = 1002
) -> list[Call]:
    """
    What a violation brings about.
    """
    return [
        ("logic", "on_disconnect", f"{reason.value}: {detail}"),
        ("node", "publish", ViolationSeen(peer_id, reason.value, detail)),
    ]


class GreetingTests(SynchronousTestCase):
    """
    Who says which handshake, and when.
    """

    def test_at_once(self) -> None:
        """
        Where there are no classic peers both ends greet at once.
        """
        for expected in (None, 1002):
            line = _line(expected_peer_id=expected)
            self.assertEqual(_said(line), OURS)
            line.protocol.dataReceived(THEIRS_VERIFIED)
            self.assertEqual(line.node.take(), [("logic", "on_handshake", 1002)])
            self.assertTrue(line.protocol.is_verified)
            self.assertEqual(_said(line), b"")

    def test_dialled(self) -> None:
        """
        Whom we dial we greet at once, in the way that they are known to understand.
        """
        line = _line(OPEN_TO_ALL, 1002)
        self.assertEqual(_said(line), OURS)
        line = _line(MIXED, 1002)
        self.assertEqual(_said(line), OURS_CLASSIC)
        line = _line(MIXED, 1003)
        self.assertEqual(_said(line), OURS)

    def test_in_kind(self) -> None:
        """
        Where there may be classic peers a caller is answered as it greets, with the
        last byte of that and before anything else.
        """
        for theirs, ours, is_verified in (
            (THEIRS_VERIFIED, OURS, True),
            (THEIRS, OURS_CLASSIC, False),
        ):
            line = _line(OPEN_TO_ALL)
            line.protocol.dataReceived(theirs[:31])
            self.assertEqual(_said(line), b"")
            self.assertFalse(line.protocol.is_verified)
            line.protocol.dataReceived(theirs[31:])
            self.assertEqual(_said(line), ours)
            self.assertEqual(line.node.take(), [("logic", "on_handshake", 1002)])
            self.assertEqual(line.protocol.is_verified, is_verified)

    def test_greeted_as_classic(self) -> None:
        """
        A neighbour that we greeted as a classic one is one, though it says more.
        """
        line = _line(MIXED, 1002)
        line.protocol.dataReceived(THEIRS_VERIFIED)
        self.assertEqual(line.node.take(), [("logic", "on_handshake", 1002)])
        self.assertFalse(line.protocol.is_verified)

    def test_features(self) -> None:
        """
        What we offer is told; what they offer and we do not know is passed over.
        """
        line = _line(VerifiedTerms(INFOHASH, Feature.VERIFIED))
        self.assertEqual(_said(line)[18:28], b"\x00\x01" + INFOHASH[:8])
        theirs = bytearray(THEIRS_VERIFIED)
        theirs[18:20] = b"\xff\xff"
        line.protocol.dataReceived(bytes(theirs))
        self.assertTrue(line.protocol.is_verified)

    def test_other_swarm(self) -> None:
        """
        Whoever is of another swarm is told so, behind our own handshake, and closed.
        """
        detail = "their infohash begins with 0000000000000000, ours with "
        detail += "0001020304050607"
        for terms in (None, OPEN_TO_ALL):
            line = _line(terms)
            line.protocol.dataReceived(OTHER_SWARM + STREAM)
            self.assertEqual(
                _said(line), OURS + _goodbye(GoodbyeCode.OTHER_SWARM, detail)
            )
            self.assertEqual(
                line.node.take(), _violation(ViolationReason.OTHER_SWARM, detail)
            )
            self.assertEqual(line.transport.closings, ["our end"])

    def test_other_swarm_that_we_greeted_as_classic(self) -> None:
        """
        Whom we greeted as a classic peer is told nothing more.
        """
        line = _line(MIXED, 1002)
        line.protocol.dataReceived(OTHER_SWARM)
        self.assertEqual(_said(line), OURS_CLASSIC)
        self.assertEqual(line.node.take()[0][1], "on_disconnect")

    def test_classic_refused(self) -> None:
        """
        A classic peer that is not allowed is closed without a word that it could not
        read; the event tells what would let it in.
        """
        line = _line()
        line.protocol.dataReceived(THEIRS)
        self.assertEqual(_said(line), OURS)
        self.assertEqual(
            line.node.take(),
            _violation(
                ViolationReason.CLASSIC_PEER,
                "peer 1002 speaks only the course protocol; allow_classic = true, and "
                "classic = true for that member, would let it take part",
            ),
        )

    def test_no_handshake(self) -> None:
        """
        Bytes that are no handshake are refused as in a classic swarm.
        """
        bad_swarm = bytearray(THEIRS_VERIFIED)
        bad_swarm[18:20] = b"\x00\x02"
        extension = EXTENDED_CODEC.encode(HaveAllMessage())
        for data in (b"GET / HTTP/1.1\r\n", bytes(bad_swarm), extension):
            line = _line()
            line.protocol.dataReceived(data)
            self.assertEqual(_said(line), OURS)
            told = line.node.take()
            event = told[1][2]
            assert isinstance(event, ViolationSeen)
            self.assertEqual(event.reason, "bad-handshake")

    def test_time_limit(self) -> None:
        """
        A caller that is waited for is waited for no longer than others.
        """
        line = _line(OPEN_TO_ALL)
        line.advance(10)
        self.assertEqual(line.transport.closings, ["abort"])
        self.assertEqual((_said(line), line.clock.getDelayedCalls()), (b"", []))

    def test_refused_by_the_logic(self) -> None:
        """
        Whom the logic refuses is told why.
        """
        for reason, code in (
            (ViolationReason.UNKNOWN_PEER, GoodbyeCode.UNKNOWN_PEER),
            (ViolationReason.WRONG_PEER, GoodbyeCode.UNKNOWN_PEER),
            (ViolationReason.OWN_ID, GoodbyeCode.UNKNOWN_PEER),
            (ViolationReason.LATE_BITFIELD, GoodbyeCode.VIOLATION),
        ):
            refusal = ProtocolViolation(reason, "who?")
            line = _line(trigger="on_handshake", error=refusal)
            line.protocol.dataReceived(STREAM)
            self.assertEqual(_said(line), OURS + _goodbye(code, "who?"))
            self.assertEqual(
                line.node.take(),
                [("logic", "on_handshake", 1002), *_violation(reason, "who?")],
            )


class ReceiveTests(SynchronousTestCase):
    """
    What comes reaches the logic.
    """

    def _heard(self, chunks: list[bytes]) -> list[Call]:
        line = _line(OPEN_TO_ALL)
        for chunk in chunks:
            line.protocol.dataReceived(chunk)
        return line.node.take()

    def test_one_read(self) -> None:
        """
        Handshake and messages in one read are told in order, up to the goodbye.
        """
        self.assertEqual(self._heard([STREAM]), SAID)

    def test_cut_in_two_anywhere(self) -> None:
        """
        A cut at any one byte changes nothing.
        """
        for place in range(1, len(STREAM)):
            self.assertEqual(self._heard([STREAM[:place], STREAM[place:]]), SAID)

    def test_cut_anywhere(self) -> None:
        """
        Any number of cuts changes nothing.
        """

        @given(st.lists(st.integers(0, len(STREAM)), max_size=10))
        @settings(deadline=None, max_examples=50)
        def check(places: list[int]) -> None:
            edges = [0, *sorted(places), len(STREAM)]
            chunks = [STREAM[start:end] for start, end in itertools.pairwise(edges)]
            self.assertEqual(self._heard(chunks), SAID)

        check()

    def test_any_bytes(self) -> None:
        """
        Any bytes become messages or one violation; nothing is told after it, and of
        our own there is at most a goodbye.
        """
        kinds = st.integers(0, 20).map(lambda kind: bytes([0, 0, 0, 5, kind]))
        chunks = st.tuples(kinds, st.binary(max_size=12)).map(b"".join)

        @given(st.lists(st.binary(max_size=30) | chunks, max_size=5))
        @settings(deadline=None)
        def check(chunks: list[bytes]) -> None:
            line = VerifiedLine().greeted()
            for chunk in chunks:
                line.protocol.dataReceived(chunk)
            told = [call[1] for call in line.node.take()]
            said = _said(line)
            if "on_disconnect" in told:
                end = ["on_disconnect"]
                if "publish" in told:
                    end.append("publish")
                    self.assertEqual(said[4], 15)
                self.assertEqual(told[-len(end) :], end)
            else:
                self.assertEqual((said, told.count("publish")), (b"", 0))

        check()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_of_a_classic_neighbour(self) -> None:
        """
        A classic neighbour's further types are unknown, whatever they hold.
        """
        line = VerifiedLine(terms=OPEN_TO_ALL).greeted(THEIRS)
        line.protocol.dataReceived(
            EXTENDED_CODEC.encode(HaveAllMessage())
            + bytes.fromhex("00000003 09 0000")
            + EXTENDED_CODEC.encode(GoodbyeMessage(0, "bye"))
            + CODEC.encode(HaveMessage(1))
        )
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "on_unknown", 11),
                ("logic", "on_unknown", 9),
                ("logic", "on_unknown", 15),
                ("logic", "on_have", 1),
            ],
        )

    def test_bad_length(self) -> None:
        """
        A further message of a wrong length is a violation.
        """
        line = VerifiedLine().greeted()
        line.protocol.dataReceived(bytes.fromhex("00000003 09 0000"))
        detail = "REJECT of 3 bytes instead of 5"
        self.assertEqual(
            line.node.take(), _violation(ViolationReason.BAD_LENGTH, detail)
        )
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.VIOLATION, detail))

    def test_manifest_part(self) -> None:
        """
        A part of a manifest is refused from its head, whole or not, since nobody
        asked for it.
        """
        part = EXTENDED_CODEC.encode(ManifestPartMessage(100, 0, bytes(100)))
        for data in (part[:9], part[:50], part):
            line = VerifiedLine().greeted()
            line.protocol.dataReceived(data)
            self.assertEqual(
                line.node.take(),
                _violation(
                    ViolationReason.BAD_MANIFEST,
                    "a part of the manifest that was not asked for",
                ),
            )
            self.assertEqual(line.protocol.held_bytes, 0)

    def test_goodbye(self) -> None:
        """
        The first goodbye ends it; those behind it are dropped, and it is not
        answered.
        """
        line = VerifiedLine().greeted()
        line.protocol.dataReceived(_goodbye(99, "") * 1000)
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "on_goodbye", 99, ""),
                ("logic", "on_disconnect", "they said goodbye: 99"),
            ],
        )
        self.assertEqual(_said(line), b"")
        self.assertEqual(line.transport.closings, ["our end"])


class SendTests(SynchronousTestCase):
    """
    What leaves.
    """

    def _say_all(self, line: VerifiedLine) -> None:
        protocol = line.protocol
        protocol.send_have_all()
        protocol.send_have_none()
        protocol.send_reject(7)
        protocol.send_cancel(2**32 - 1)
        protocol.send_withdrawal(2)
        protocol.send_bad_piece(1)
        protocol.send_manifest_part(0, b"d4:infoe")
        protocol.close("two\nlines", GoodbyeCode.REPLACED)

    def test_lost_before_it_was_told(self) -> None:
        """
        Of a piece that is lost while the have of it waits nothing is said at all.
        """
        line = VerifiedLine().greeted()
        _said(line)
        for index in (0, 1, 2):
            line.protocol.send_haves([index])
        line.protocol.send_withdrawal(1)
        line.protocol.send_withdrawal(0)
        said = HaveMessage(0), HaveMessage(2), WithdrawMessage(0)
        self.assertEqual(
            _said(line), b"".join(EXTENDED_CODEC.encode(each) for each in said)
        )

    def test_all_that_waited_were_lost(self) -> None:
        """
        Whatever waits after that is told in time all the same.
        """
        for can_wait, seconds in (False, 0.02), (True, 0.25):
            line = VerifiedLine().greeted()
            line.protocol.send_haves([0])
            _said(line)
            line.protocol.send_haves([1], can_wait=can_wait)
            line.protocol.send_withdrawal(1)
            line.advance(seconds)
            self.assertEqual(_said(line), b"")
            for index in (1, 2):
                line.protocol.send_haves([index], can_wait=can_wait)
                line.advance(seconds)
                self.assertEqual(_said(line), EXTENDED_CODEC.encode(HaveMessage(index)))

    def test_bytes(self) -> None:
        """
        Each message leaves as the protocol has it.
        """
        line = VerifiedLine().greeted()
        self._say_all(line)
        messages: list[Message] = [
            HaveAllMessage(),
            HaveNoneMessage(),
            RejectMessage(7),
            CancelMessage(2**32 - 1),
            WithdrawMessage(2),
            BadPieceMessage(1),
            ManifestPartMessage(8, 0, b"d4:infoe"),
            GoodbyeMessage(GoodbyeCode.REPLACED, "two\\nlines"),
        ]
        self.assertEqual(_said(line), b"".join(map(EXTENDED_CODEC.encode, messages)))

    def test_to_a_classic_neighbour(self) -> None:
        """
        Nothing leaves that a classic neighbour does not know.
        """
        line = VerifiedLine(terms=OPEN_TO_ALL).greeted(THEIRS)
        self._say_all(line)
        line.protocol.close("done")
        self.assertEqual(_said(line), b"")

    def test_before_the_handshake(self) -> None:
        """
        Before they said who they are nothing leaves but our handshake.
        """
        line = _line()
        self._say_all(line)
        line.protocol.close("done")
        self.assertEqual(_said(line), OURS)

    def test_order(self) -> None:
        """
        What is said after gathered haves does not overtake them.
        """
        line = VerifiedLine().greeted()
        haves = CODEC.encode(HaveMessage(0)) + CODEC.encode(HaveMessage(1))
        for say, message in (
            (lambda: line.protocol.send_withdrawal(0), WithdrawMessage(0)),
            (
                lambda: line.protocol.send_manifest_part(0, b"x"),
                ManifestPartMessage(1, 0, b"x"),
            ),
        ):
            line.advance(1)
            line.protocol.send_haves([0])
            line.protocol.send_haves([1])
            say()
            self.assertEqual(_said(line), haves + EXTENDED_CODEC.encode(message))

    def test_manifest_parts(self) -> None:
        """
        A part is the bytes that it should be; one that is not is our mistake.
        """
        manifest = bytes(range(256)) * 300
        line = VerifiedLine().greeted()
        line.protocol.send_manifest_part(1, manifest)
        rest = manifest[MANIFEST_PART_BYTES:]
        part = ManifestPartMessage(len(manifest), 1, rest)
        self.assertEqual(_said(line), EXTENDED_CODEC.encode(part))
        for wrong in (2, -1):
            with self.assertRaises(ValueError):
                line.protocol.send_manifest_part(wrong, manifest)

    def test_nothing_after_close(self) -> None:
        """
        After the end all that is said is dropped.
        """
        line = VerifiedLine().greeted()
        line.protocol.close("done")
        _said(line)
        self._say_all(line)
        self.assertEqual(_said(line), b"")

    def test_a_neighbour_that_takes_nothing(self) -> None:
        """
        Further messages count like others for who does not take what it is told.
        """
        line = VerifiedLine(limits=Limits(drain_bytes=1000)).greeted()
        line.pause()
        for index in range(20):
            line.protocol.send_reject(index)
        self.assertEqual(line.transport.closings, ["abort"])
        self.assertEqual(
            line.node.take(),
            [("logic", "on_disconnect", "takes nothing of what it is told")],
        )


class HaveTests(SynchronousTestCase):
    """
    Haves that the neighbour has no use for yet.
    """

    def _haves(self, *indexes: int) -> bytes:
        return b"".join(EXTENDED_CODEC.encode(HaveMessage(index)) for index in indexes)

    def _line(self) -> VerifiedLine:
        line = VerifiedLine().greeted()
        line.advance(1)
        return line

    def test_can_wait(self) -> None:
        """
        Those that can wait leave a quarter of a second later, and before that with
        those that cannot.
        """
        line = self._line()
        line.protocol.send_haves([0], can_wait=True)
        line.advance(0.24)
        self.assertEqual(_said(line), b"")
        line.advance(0.01)
        self.assertEqual(_said(line), self._haves(0))
        line.protocol.send_haves([1], can_wait=True)
        line.protocol.send_haves([2])
        line.advance(0.02)
        self.assertEqual(_said(line), self._haves(1, 2))

    def test_taken_along(self) -> None:
        """
        Those that wait leave with a request or a piece, but not one by one: the last
        must have left a moment ago.
        """
        line = self._line()
        piece = EXTENDED_CODEC.encode(PieceMessage(2, b"x" * 500))
        request = EXTENDED_CODEC.encode(RequestMessage(2))
        line.protocol.send_haves([0], can_wait=True)
        line.protocol.send_requests([2])
        line.protocol.send_haves([1], can_wait=True)
        line.protocol.send_requests([2])
        self.assertEqual(_said(line), self._haves(0) + request * 2)
        line.advance(0.02)
        line.protocol.send_pieces([2], [b"x" * 500])
        self.assertEqual(_said(line), self._haves(1) + piece)

    def test_close(self) -> None:
        """
        They are not lost at the end, and nothing waits behind it.
        """
        line = self._line()
        line.protocol.send_haves([0], can_wait=True)
        line.protocol.close("done")
        self.assertTrue(_said(line).startswith(self._haves(0)))
        line.protocol.send_haves([1], can_wait=True)
        line.protocol.connectionLost()
        self.assertEqual((_said(line), line.clock.getDelayedCalls()), (b"", []))

    def test_nothing_waits_for_the_end(self) -> None:
        """
        A conversation that is over leaves none to be told a moment later.
        """
        line = self._line()
        line.protocol.send_haves([0], can_wait=True)
        line.protocol.connectionLost()
        self.assertEqual(line.clock.getDelayedCalls(), [])


class CloseTests(SynchronousTestCase):
    """
    The last words.
    """

    def test_reason(self) -> None:
        """
        Whoever is closed is told why, once.
        """
        line = VerifiedLine().greeted()
        line.protocol.close("done")
        line.protocol.close("again")
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.OTHER, "done"))
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", "done")])
        self.assertEqual(line.transport.closings, ["our end"])

    def test_said_before(self) -> None:
        """
        Who was told already is not told again.
        """
        line = VerifiedLine().greeted()
        line.protocol.close("another", GoodbyeCode.REPLACED)
        line.protocol.close("twice", GoodbyeCode.INTERNAL)
        line.protocol.stop("stopping")
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.REPLACED, "another"))
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", "another")])

    def test_stop(self) -> None:
        """
        A peer that stops says so.
        """
        line = VerifiedLine().greeted()
        line.protocol.stop("stopping")
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.STOPPING, "stopping"))
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", "stopping")])

    def test_our_mistake(self) -> None:
        """
        An error of our own is told as that, without its details.
        """
        line = _line(trigger="on_reject", error=KeyError("oops"))
        line.protocol.dataReceived(THEIRS_VERIFIED)
        _said(line)
        line.protocol.dataReceived(EXTENDED_CODEC.encode(RejectMessage(0)))
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.INTERNAL, "internal error"))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_long_words(self) -> None:
        """
        However long the reason is, the goodbye is one.
        """
        line = VerifiedLine().greeted()
        line.protocol.close("ä" * 300)
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.OTHER, "ä" * 100))


class SilenceTests(SynchronousTestCase):
    """
    Nothing is said.
    """

    def test_keep_alive(self) -> None:
        """
        Who has nothing to say says that every minute.
        """
        line = VerifiedLine(limits=Limits(silence_seconds=1000)).greeted()
        line.advance(59)
        self.assertEqual(_said(line), b"")
        line.advance(121)
        self.assertEqual(_said(line), EXTENDED_CODEC.encode(KeepAliveMessage()) * 3)
        self.assertEqual(line.node.take(), [])

    def test_something_said(self) -> None:
        """
        Whatever was said counts from then on.
        """
        line = VerifiedLine(limits=Limits(silence_seconds=1000)).greeted()
        protocol = line.protocol
        for say in (
            lambda: protocol.send_interested(),
            lambda: protocol.send_pieces((2,), (bytes(500),)),
            lambda: protocol.send_manifest_part(0, b"x"),
            lambda: protocol.send_haves([0]),
        ):
            line.advance(40)
            say()
            _said(line)
            line.advance(59.5)
            self.assertEqual(_said(line), b"")
            line.advance(0.5)
            self.assertEqual(_said(line), EXTENDED_CODEC.encode(KeepAliveMessage()))

    def test_short_limits(self) -> None:
        """
        The limits hold from the handshake on, however short they are.
        """
        line = VerifiedLine(limits=Limits(keep_alive_seconds=2, silence_seconds=5))
        line.greeted()
        line.advance(4.5)
        self.assertEqual(_said(line), EXTENDED_CODEC.encode(KeepAliveMessage()) * 2)
        line.advance(0.5)
        self.assertEqual(
            line.node.take(), [("logic", "on_disconnect", "silent for 5 seconds")]
        )

    def test_not_into_a_jam(self) -> None:
        """
        Who does not take what was written is not told that we are here.
        """
        line = VerifiedLine(limits=Limits(silence_seconds=1000)).greeted()
        line.pause()
        line.advance(200)
        self.assertEqual(_said(line), b"")
        line.resume()
        line.advance(60)
        self.assertEqual(_said(line), EXTENDED_CODEC.encode(KeepAliveMessage()))

    def test_silent(self) -> None:
        """
        A neighbour that says nothing for long is told so, and closed.
        """
        line = VerifiedLine().greeted()
        line.advance(100)
        line.protocol.dataReceived(EXTENDED_CODEC.encode(KeepAliveMessage()))
        line.advance(179.5)
        self.assertEqual(line.node.take(), [])
        _said(line)
        line.advance(0.5)
        reason = "silent for 180 seconds"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])
        self.assertEqual(_said(line), _goodbye(GoodbyeCode.OTHER, reason))
        self.assertEqual(line.transport.closings, ["our end"])

    def test_two_of_us(self) -> None:
        """
        With the usual limits two idle peers stay together.
        """
        lines = [VerifiedLine().greeted(), VerifiedLine().greeted()]
        for _ in range(600):
            for line, other in itertools.permutations(lines):
                line.advance(1)
                other.protocol.dataReceived(_said(line))
        for line in lines:
            self.assertEqual((line.node.take(), line.transport.closings), ([], []))

    def test_stood_still(self) -> None:
        """
        Of a process that was suspended nobody is silent or stuck before what waits
        in the socket was read; it says at once that it is back.
        """
        line = VerifiedLine().greeted()
        line.advance(30)
        keep_alive = EXTENDED_CODEC.encode(KeepAliveMessage())
        line.protocol.dataReceived(keep_alive[:3])
        line.pause()
        line.clock.advance(3600)
        self.assertEqual((line.node.take(), line.transport.closings), ([], []))
        line.resume()
        line.protocol.dataReceived(keep_alive[3:])
        _said(line)
        line.clock.advance(3600)
        self.assertEqual(_said(line), keep_alive)
        self.assertEqual(line.node.take(), [("logic", "on_writable")])
        self.assertEqual(line.transport.closings, [])

    def test_silent_all_the_same(self) -> None:
        """
        A neighbour that is gone when the process comes back is found, in the usual
        time.
        """
        line = VerifiedLine().greeted()
        line.advance(100)
        line.clock.advance(3600)
        line.advance(179.5)
        self.assertEqual(line.node.take(), [])
        line.advance(0.5)
        reason = "silent for 180 seconds"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])

    def test_no_stall(self) -> None:
        """
        Nor is a request a stall that waited while the process stood still.
        """
        line = VerifiedLine().greeted()
        line.protocol.send_requests([0])
        line.clock.advance(3600)
        self.assertEqual(line.node.take(), [])
        line.advance(8)
        self.assertEqual(line.node.take(), [("logic", "on_stall")])

    def test_classic(self) -> None:
        """
        To a classic neighbour silence is no fault, and nothing is said.
        """
        line = VerifiedLine(terms=OPEN_TO_ALL).greeted(THEIRS)
        line.advance(3600)
        self.assertEqual((_said(line), line.node.take()), (b"", []))
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_one_timer(self) -> None:
        """
        However much is said, one delayed call watches over it, and after the end
        none.
        """
        line = VerifiedLine().greeted()
        for _ in range(50):
            line.advance(5)
            line.protocol.send_requests([0])
            line.protocol.dataReceived(EXTENDED_CODEC.encode(RequestMessage(1)))
            self.assertEqual(len(line.clock.getDelayedCalls()), 1)
        line.protocol.close()
        line.protocol.connectionLost()
        self.assertEqual(line.clock.getDelayedCalls(), [])
