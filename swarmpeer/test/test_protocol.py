"""
Tests for L{swarmpeer.net.protocol}.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import ConnectionRefused, ViolationSeen
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.reasons import ConversationEnded
from swarmpeer.net.write_gate import PORTION_BYTES
from swarmpeer.seam import LogicSide, NetworkSide, Piece
from swarmpeer.test.net_fixtures import (
    CODEC,
    THEIRS,
    Line,
    RecordingNode,
    Unreturnable,
)
from swarmpeer.testing.recorders import Call, RecordingLogic
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    ChokeMessage,
    HaveMessage,
    InterestedMessage,
    Message,
    NotInterestedMessage,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)


def fits_seam(protocol: PeerProtocol) -> NetworkSide:
    """
    mypy proves that the protocol is one side of the seam.
    """
    return protocol


UNKNOWN = bytes.fromhex("00000004 2a 010203")
STREAM = (
    THEIRS
    + CODEC.encode(BitfieldMessage(Bitfield.full(3)))
    + CODEC.encode(InterestedMessage())
    + CODEC.encode(UnchokeMessage())
    + CODEC.encode(RequestMessage(7))
    + UNKNOWN
    + CODEC.encode(PieceMessage(2, b"x" * 500))
    + CODEC.encode(HaveMessage(1))
    + CODEC.encode(PieceMessage(0, b"y" * 1000))
    + CODEC.encode(NotInterestedMessage())
    + CODEC.encode(ChokeMessage())
)
SAID: list[Call] = [
    ("logic", "on_handshake", 1002),
    ("logic", "on_bitfield", b"\xe0"),
    ("logic", "on_interested"),
    ("logic", "on_unchoke"),
    ("logic", "on_request", 7),
    ("logic", "on_unknown", 0x2A),
    ("logic", "expect_piece", 2),
    ("logic", "on_piece", 2, b"x" * 500),
    ("logic", "on_have", 1),
    ("logic", "expect_piece", 0),
    ("logic", "on_piece", 0, b"y" * 1000),
    ("logic", "on_not_interested"),
    ("logic", "on_choke"),
]


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


@dataclass
class ClosingLogic(RecordingLogic):
    """
    Closes its connection, or breaks, when it hears C{trigger}.
    """

    trigger: str = ""
    error: Exception | None = None
    line: Line | None = None

    def _hear(self, *call: object) -> None:
        super()._hear(*call)
        if call[0] != self.trigger:
            return
        if self.error is not None:
            raise self.error
        assert self.line is not None
        self.line.protocol.close("enough")


def _triggered(trigger: str, error: Exception | None = None) -> Line:
    """
    A line whose logic closes it, or breaks, when it hears C{trigger}.
    """
    node = RecordingNode()
    logic = ClosingLogic("logic", node.calls, trigger=trigger, error=error)
    node.logic = logic
    logic.line = Line(node=node)
    return logic.line


class ConnectTests(SynchronousTestCase):
    """
    The first moments of a connection.
    """

    def test_conversation_is_opened(self) -> None:
        """
        The logic is made and told at once, before anything is read.
        """
        line = Line().connect()
        self.assertEqual(
            line.node.take(),
            [("node", "open_conversation", None), ("logic", "on_connect")],
        )
        self.assertFalse(line.protocol.is_dialled)

    def test_dialled(self) -> None:
        """
        Who dialled tells the logic whom.
        """
        line = Line(expected_peer_id=1002).connect()
        self.assertEqual(line.node.take()[0], ("node", "open_conversation", 1002))
        self.assertTrue(line.protocol.is_dialled)

    def test_tuned(self) -> None:
        """
        Small messages leave at once, and a host that vanished is noticed.
        """
        line = Line().connect()
        self.assertEqual(
            line.transport.options, [("no delay", True), ("keep alive", True)]
        )

    def test_reading_never_pauses(self) -> None:
        """
        The producer is not the protocol, so a slow reader pauses no reading.
        """
        line = Line().open()
        line.protocol.send_pieces((0,), (bytes(1000),))
        line.pause()
        self.assertEqual(line.transport.producerState, "producing")
        self.assertIsNot(line.transport.producer, line.protocol)

    def test_half_closeable(self) -> None:
        """
        Twisted tells it of either end apart.
        """
        verifyObject(IHalfCloseableProtocol, Line().connect().protocol)

    def test_any_transport(self) -> None:
        """
        A transport that knows neither TCP nor half ends will do.
        """
        line = Line()
        transport = StringTransport()
        line.protocol.makeConnection(transport)
        line.protocol.dataReceived(STREAM)
        line.protocol.close("done")
        self.assertTrue(transport.disconnecting)

    def test_broken_node(self) -> None:
        """
        A node that cannot answer closes that connection and no more.
        """

        class BrokenNode(RecordingNode):
            def open_conversation(self, *_: object) -> RecordingLogic:
                raise ZeroDivisionError

        line = Line(node=BrokenNode()).connect()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(line.transport.closings, ["our end"])
        line.protocol.dataReceived(STREAM)
        line.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(line.node.take(), [])

    def test_closed_by_the_node(self) -> None:
        """
        A conversation closed before it began is neither begun nor ended.
        """

        class RefusingNode(RecordingNode):
            def open_conversation(
                self, network: NetworkSide, expected_peer_id: int | None
            ) -> LogicSide:
                network.close("no")
                return super().open_conversation(network, expected_peer_id)

        line = Line(node=RefusingNode()).connect()
        self.assertEqual(line.node.take(), [("node", "open_conversation", None)])
        self.assertEqual(line.transport.closings, ["our end"])

    def test_lost_while_connecting(self) -> None:
        """
        A connection that goes while the logic greets ends once.
        """
        node = RecordingNode()
        line = Line(node=node)

        class Greeter(RecordingLogic):
            def on_connect(self) -> None:
                super().on_connect()
                line.protocol.connectionLost(Failure(ConnectionDone()))
                line.protocol.send_handshake(1001)

        node.logic = Greeter("logic", node.calls)
        line.connect()
        self.assertEqual(
            node.take()[1:],
            [
                ("logic", "on_connect"),
                ("logic", "on_disconnect", "closed by the neighbour"),
            ],
        )
        self.assertEqual(line.clock.getDelayedCalls(), [])


class SendTests(SynchronousTestCase):
    """
    What leaves.
    """

    def test_bytes(self) -> None:
        """
        Each message leaves as the protocol has it.
        """
        line = Line().open()
        protocol = line.protocol
        protocol.send_handshake(1001)
        protocol.send_bitfield(Bitfield.full(3))
        protocol.send_choke()
        protocol.send_unchoke()
        protocol.send_interested()
        protocol.send_not_interested()
        protocol.send_haves([2])
        protocol.send_requests([1])
        protocol.send_pieces((2,), (b"z" * 500,))
        protocol.sendString(b"\x01")
        self.assertEqual(
            line.transport.value(),
            Handshake(1001).encode()
            + bytes.fromhex(
                "00000002 05 e0 00000001 00 00000001 01 00000001 02 00000001 03"
                "00000005 04 00000002 00000005 06 00000001 000001f9 07 00000002"
            )
            + b"z" * 500
            + bytes.fromhex("00000001 01"),
        )

    def test_kinds_of_data(self) -> None:
        """
        The bytes of a piece may be held in any of the three ways.
        """
        for kind in (bytes, bytearray, memoryview):
            line = Line().open()
            line.protocol.send_pieces((2,), (kind(b"z" * 500),))
            self.assertEqual(line.transport.value()[9:], b"z" * 500)

    def test_wrong_size(self) -> None:
        """
        A piece of a wrong size is our mistake, and not sent.
        """
        line = Line().open()
        pieces = (2,), (bytes(1000),)
        self.assertRaises(ValueError, line.protocol.send_pieces, *pieces)
        self.assertEqual(line.transport.value(), b"")

    def test_nothing_after_close(self) -> None:
        """
        After the end all that is said is dropped.
        """
        line = Line().open()
        line.protocol.close()
        protocol = line.protocol
        protocol.send_haves([1])
        protocol.send_requests([1])
        protocol.send_pieces((2,), (bytes(500),))
        protocol.sendString(b"\x01")
        self.assertEqual(line.transport.value(), b"")

    def test_on_writable(self) -> None:
        """
        The logic hears when there is room again.
        """
        line = Line().open()
        self.assertGreater(line.protocol.room_bytes, 0)
        line.pause()
        self.assertEqual(line.protocol.room_bytes, 0)
        line.resume()
        self.assertGreater(line.protocol.room_bytes, 0)
        self.assertEqual(line.node.take(), [("logic", "on_writable")])

    def test_not_writable_before_the_handshake(self) -> None:
        """
        There is nobody to serve before the handshake.
        """
        line = Line().connect()
        line.node.take()
        line.pause()
        line.resume()
        self.assertEqual(line.node.take(), [])


class GreetingTests(SynchronousTestCase):
    """
    The handshake comes before everything.
    """

    def _greet(self, line: Line, data: bytes) -> list[Call]:
        line.connect().node.take()
        line.protocol.dataReceived(data)
        return line.node.take()

    def test_whole(self) -> None:
        """
        With its last byte the logic learns who it is.
        """
        line = Line()
        self.assertEqual(self._greet(line, THEIRS[:31]), [])
        line.protocol.dataReceived(THEIRS[31:])
        self.assertEqual(line.node.take(), [("logic", "on_handshake", 1002)])
        self.assertEqual(line.protocol.peer_id, 1002)

    def test_wrong_from_the_first_byte(self) -> None:
        """
        What cannot become a handshake is not waited for.
        """
        line = Line()
        calls = self._greet(line, b"GET / HTTP/1.1")
        self.assertEqual(
            [call[:2] for call in calls],
            [("logic", "on_disconnect"), ("node", "publish")],
        )
        event = calls[1][2]
        assert isinstance(event, ViolationSeen)
        self.assertEqual((event.peer_id, event.reason), (None, "bad-handshake"))
        self.assertEqual(line.transport.closings, ["our end"])

    def test_lenient(self) -> None:
        """
        Numbers written as text are taken only if that was asked for.
        """
        text = b"P2PFILESHARINGPROJ" + b"0" * 10 + b"1002"
        self.assertEqual(
            self._greet(Line(lenient=True), text), [("logic", "on_handshake", 1002)]
        )
        self.assertEqual(self._greet(Line(), text)[0][1], "on_disconnect")

    def test_refused_by_the_logic(self) -> None:
        """
        Whom the logic refuses is closed; what came behind is dropped.
        """
        refusal = ProtocolViolation(ViolationReason.UNKNOWN_PEER, "who?")
        line = _triggered("on_handshake", refusal)
        self.assertEqual(
            self._greet(line, STREAM),
            [
                ("logic", "on_handshake", 1002),
                *_violation(ViolationReason.UNKNOWN_PEER, "who?"),
            ],
        )

    def test_closed_by_the_logic(self) -> None:
        """
        A logic that closes at the handshake hears nothing more.
        """
        self.assertEqual(
            self._greet(_triggered("on_handshake"), STREAM),
            [("logic", "on_handshake", 1002), ("logic", "on_disconnect", "enough")],
        )

    def test_time_limit(self) -> None:
        """
        A caller that drips is gone in time, however the bytes come.
        """
        line = Line().connect()
        line.node.take()
        for byte in THEIRS[:9]:
            line.protocol.dataReceived(bytes([byte]))
            line.advance(1)
        self.assertEqual(line.node.take(), [])
        line.advance(1)
        reason = "no handshake within 10 seconds"
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "on_disconnect", reason),
                ("node", "publish", ConnectionRefused(None, reason)),
            ],
        )
        self.assertEqual(line.transport.closings, ["abort"])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_time_limit_of_our_own_call(self) -> None:
        """
        Of one that we called the dialler hears, and no one else.
        """
        line = Line(expected_peer_id=1002).connect()
        line.node.take()
        failed = line.protocol.when_open()
        line.advance(10)
        reason = "no handshake within 10 seconds"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])
        self.assertEqual(
            str(self.failureResultOf(failed, ConversationEnded).value), reason
        )

    def test_in_time(self) -> None:
        """
        After the handshake its time limit is void: silence is no fault.
        """
        line = Line().open()
        line.advance(3600)
        self.assertEqual(line.node.take(), [])
        self.assertEqual(line.transport.closings, [])
        self.assertEqual(line.clock.getDelayedCalls(), [])


class ReceiveTests(SynchronousTestCase):
    """
    What comes reaches the logic, and what may not come ends the connection.
    """

    def _heard(self, chunks: list[bytes]) -> list[Call]:
        line = Line().connect()
        line.node.take()
        for chunk in chunks:
            line.protocol.dataReceived(chunk)
        return line.node.take()

    def test_one_read(self) -> None:
        """
        Handshake and messages in one read are told in order.
        """
        self.assertEqual(self._heard([STREAM]), SAID)

    def test_single_bytes(self) -> None:
        """
        A drip of single bytes says the same.
        """
        self.assertEqual(self._heard([bytes([byte]) for byte in STREAM]), SAID)

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
        Any bytes become messages or one violation; nothing is told after it.
        """

        @given(st.lists(st.binary(max_size=30), max_size=5))
        @settings(deadline=None)
        def check(chunks: list[bytes]) -> None:
            line = Line().open()
            for chunk in chunks:
                line.protocol.dataReceived(chunk)
            told = [call[1] for call in line.node.take()]
            self.assertEqual(told.count("publish"), told.count("on_disconnect"))
            if "on_disconnect" in told:
                self.assertEqual(told[-2:], ["on_disconnect", "publish"])

        check()
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_violation(self) -> None:
        """
        A frame that may not come ends it with one event; the rest is dropped.
        """
        line = Line().open()
        line.protocol.dataReceived(bytes.fromhex("00000000") + STREAM)
        line.protocol.dataReceived(STREAM)
        self.assertEqual(
            line.node.take(),
            _violation(ViolationReason.BAD_LENGTH, "a frame of 0 bytes"),
        )
        self.assertEqual(line.transport.closings, ["our end"])

    def test_second_handshake(self) -> None:
        """
        A second handshake is a frame much too long.
        """
        line = Line().open()
        line.protocol.dataReceived(THEIRS)
        self.assertEqual(
            [call[1] for call in line.node.take()], ["on_disconnect", "publish"]
        )

    def test_violation_found_by_the_logic(self) -> None:
        """
        The logic's verdict counts as the codec's does.
        """
        late = ProtocolViolation(ViolationReason.LATE_BITFIELD, "late")
        line = _triggered("on_bitfield", late).open()
        line.protocol.dataReceived(STREAM[32:])
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "on_bitfield", b"\xe0"),
                *_violation(ViolationReason.LATE_BITFIELD, "late"),
            ],
        )

    def test_unasked_piece(self) -> None:
        """
        A piece that was not asked for is refused from its head.
        """
        node = RecordingNode()
        node.logic = RecordingLogic(
            "logic",
            node.calls,
            refuse_pieces=ProtocolViolation(ViolationReason.UNREQUESTED_PIECE, "no"),
        )
        line = Line(node=node).open()
        line.protocol.dataReceived(bytes.fromhex("000001f9 07 00000002"))
        self.assertEqual(
            node.take(),
            [
                ("logic", "expect_piece", 2),
                *_violation(ViolationReason.UNREQUESTED_PIECE, "no"),
            ],
        )

    def test_our_mistake(self) -> None:
        """
        An error of our own is logged once and costs that one connection.
        """
        line = _triggered("on_have", KeyError("oops")).open()
        line.protocol.dataReceived(STREAM[32:])
        self.assertEqual(
            line.node.take()[-2:],
            [("logic", "on_have", 1), ("logic", "on_disconnect", "internal error")],
        )
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_close_within_a_message(self) -> None:
        """
        A logic that closes while it hears one message hears no other.
        """
        for trigger in ("on_interested", "on_unknown", "on_have"):
            line = _triggered(trigger).open()
            line.protocol.dataReceived(STREAM[32:])
            told = [call[1] for call in line.node.take()]
            self.assertEqual(told[-2:], [trigger, "on_disconnect"])

    def test_close_at_the_head_of_a_piece(self) -> None:
        """
        A logic that closes when asked about a piece does not get it.
        """
        line = _triggered("expect_piece").open()
        line.protocol.dataReceived(STREAM[32:])
        told = [call[1] for call in line.node.take()]
        self.assertEqual(told[-2:], ["expect_piece", "on_disconnect"])
        self.assertEqual(line.protocol.held_bytes, 0)

    def test_limits_of_the_inherited_receiver(self) -> None:
        """
        What Twisted's receiver has for limits agrees with ours.
        """
        line = Line().open()
        self.assertEqual(line.protocol.MAX_LENGTH, CODEC.max_length)
        self.assertRaises(
            ProtocolViolation,
            line.protocol.lengthLimitExceeded,
            CODEC.max_length + 1,
        )


class RunTests(SynchronousTestCase):
    """
    Pieces that come together.
    """

    pair = PieceMessage(0, bytes(1000)), PieceMessage(1, bytes(1000))

    def setUp(self) -> None:
        """
        Somebody counts how many come at once.
        """
        self.runs: list[list[int]] = []
        runs = self.runs

        class Counting(RecordingLogic):
            def on_pieces(self, pieces: Sequence[Piece]) -> None:
                super().on_pieces(pieces)
                runs.append([piece.index for piece in pieces])

        node = RecordingNode()
        node.logic = Counting("logic", node.calls)
        self.line = Line(node=node).open()

    def say(self, *messages: Message) -> None:
        """
        All of it is read at once.
        """
        stream = b"".join(map(CODEC.encode, messages))
        self.line.protocol.dataReceived(stream)

    def test_together(self) -> None:
        """
        Those that come one behind the other are handed on together, before what comes
        next.
        """
        zero, one = self.pair
        self.line.node.take()
        self.say(zero, one, HaveMessage(2), one)
        self.assertEqual(self.runs, [[0, 1], [1]])
        heard = [call[1] for call in self.line.node.take()]
        heard = [name for name in heard if name != "expect_piece"]
        self.assertEqual(heard, ["on_piece", "on_piece", "on_have", "on_piece"])

    def test_before_a_violation(self) -> None:
        """
        Those before something that may not come did come.
        """
        self.line.protocol.dataReceived(
            CODEC.encode(PieceMessage(1, bytes(1000))) + b"\0\0\0\0"
        )
        self.assertEqual(self.runs, [[1]])
        self.assertEqual(
            self.line.node.take()[-2:],
            _violation(ViolationReason.BAD_LENGTH, "a frame of 0 bytes"),
        )

    def test_end_at_a_run(self) -> None:
        """
        If they are left when a run was handed on, nothing behind it is heard.
        """
        self.ends_at("on_pieces", lambda pieces: len(pieces) == 2)
        self.say(*self.pair, HaveMessage(2), self.pair[0])
        self.assertEqual(
            self.line.node.take(),
            [
                ("logic", "expect_piece", 0),
                ("logic", "expect_piece", 1),
                ("logic", "on_disconnect", "enough"),
            ],
        )

    def test_end_within_a_run(self) -> None:
        """
        If they are left while a run comes in, it is not handed on.
        """
        self.ends_at("expect_piece", lambda index: index == 1)
        self.say(*self.pair, HaveMessage(2))
        self.assertEqual(self.line.node.take(), [("logic", "on_disconnect", "enough")])
        self.assertEqual(self.runs, [])

    def ends_at(self, method: str, is_it: Callable[[Any], bool]) -> None:
        """
        When the logic is told that, it closes the conversation.
        """

        def hear(what: object) -> None:
            if is_it(what):
                self.line.protocol.close("enough")

        self.patch(self.line.protocol._logic, method, hear)
        self.line.node.take()


class StallTests(SynchronousTestCase):
    """
    A request is outstanding, and nothing comes.
    """

    def _asked(self) -> Line:
        line = Line().open()
        line.protocol.send_requests([0])
        return line

    def _stalls(self, line: Line) -> int:
        calls = line.node.take()
        self.assertEqual(calls, [("logic", "on_stall")] * len(calls))
        return len(calls)

    def test_again_and_again(self) -> None:
        """
        The logic hears of it after each further stall time.
        """
        line = self._asked()
        line.advance(7.5)
        self.assertEqual(self._stalls(line), 0)
        line.advance(0.5)
        self.assertEqual(self._stalls(line), 1)
        line.advance(16)
        self.assertEqual(self._stalls(line), 2)

    def test_progress(self) -> None:
        """
        Slow is not stalled, as long as enough of the piece comes.
        """
        line = Line(limits=Limits(progress_bytes=90)).open()
        line.protocol.send_requests([0])
        piece = CODEC.encode(PieceMessage(0, bytes(1000)))
        for at in range(0, 900, 100):
            line.advance(7)
            line.protocol.dataReceived(piece[at : at + 100])
        self.assertEqual(line.node.take(), [("logic", "expect_piece", 0)])
        line.advance(8)
        self.assertEqual(self._stalls(line), 1)

    def test_drip(self) -> None:
        """
        A byte of the piece now and then is no progress.
        """
        line = Line(limits=Limits(progress_bytes=90)).open()
        line.protocol.send_requests([0])
        piece = CODEC.encode(PieceMessage(0, bytes(1000)))
        line.protocol.dataReceived(piece[:100])
        line.node.take()
        for at in range(100, 108):
            line.advance(1)
            line.protocol.dataReceived(piece[at : at + 1])
        self.assertEqual(self._stalls(line), 1)

    def test_small_talk(self) -> None:
        """
        Nor is anything else that they say.
        """
        line = self._asked()
        for _ in range(8):
            line.advance(1)
            line.protocol.dataReceived(CODEC.encode(HaveMessage(1)) * 200)
        self.assertEqual(line.node.take().count(("logic", "on_stall")), 1)

    def test_piece_is_in(self) -> None:
        """
        With the piece the watch ends.
        """
        line = self._asked()
        line.protocol.dataReceived(CODEC.encode(PieceMessage(0, bytes(1000))))
        line.node.take()
        line.advance(100)
        self.assertEqual(self._stalls(line), 0)
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_late_piece_of_an_earlier_request(self) -> None:
        """
        A piece asked for earlier does not end the watch for this one.
        """
        line = self._asked()
        line.protocol.stop_waiting()
        line.protocol.send_requests([2])
        line.protocol.dataReceived(CODEC.encode(PieceMessage(0, bytes(1000))))
        line.node.take()
        line.advance(8)
        self.assertEqual(self._stalls(line), 1)

    def test_stop_waiting(self) -> None:
        """
        A request given up is not watched.
        """
        line = self._asked()
        line.protocol.stop_waiting()
        line.advance(100)
        self.assertEqual(self._stalls(line), 0)

    def test_close(self) -> None:
        """
        Of a connection that is closed nothing is watched.
        """
        line = self._asked()
        line.protocol.close()
        line.node.take()
        line.advance(100)
        self.assertEqual(self._stalls(line), 0)

    def test_next_request_from_within(self) -> None:
        """
        A request sent while the piece comes in is watched anew.
        """
        node = RecordingNode()
        line = Line(node=node)

        class Asker(RecordingLogic):
            def on_pieces(self, pieces: Sequence[Piece]) -> None:
                super().on_pieces(pieces)
                line.protocol.send_requests([2])

        node.logic = Asker("logic", node.calls)
        line.open()
        line.protocol.send_requests([0])
        line.advance(5)
        line.protocol.dataReceived(CODEC.encode(PieceMessage(0, bytes(1000))))
        node.take()
        line.advance(7.5)
        self.assertEqual(self._stalls(line), 0)
        line.advance(0.5)
        self.assertEqual(self._stalls(line), 1)

    def test_one_delayed_call(self) -> None:
        """
        However much is said, one delayed call watches over it.
        """
        line = self._asked()
        for _ in range(50):
            line.advance(0.25)
            line.protocol.dataReceived(CODEC.encode(HaveMessage(1)) + b"\0")
            line.protocol.dataReceived(b"\0\0\x01\x01")
            line.protocol.send_requests([1])
            self.assertEqual(len(line.clock.getDelayedCalls()), 1)


class SilenceTests(SynchronousTestCase):
    """
    Other ways to say or take nothing.
    """

    def test_within_a_message(self) -> None:
        """
        Who stops within a message is closed after a while.
        """
        line = Line().open()
        line.protocol.dataReceived(b"\0\0")
        line.advance(59)
        line.protocol.dataReceived(b"\0")
        line.advance(59.5)
        self.assertEqual(line.node.take(), [])
        line.advance(0.5)
        self.assertEqual(
            line.node.take(),
            [("logic", "on_disconnect", "silent for 60 seconds within a message")],
        )
        self.assertEqual(line.transport.closings, ["our end"])

    def test_takes_nothing(self) -> None:
        """
        Who takes nothing of what we write is cut off after a while.
        """
        line = Line().open()
        line.advance(5)
        line.pause()
        line.advance(299.5)
        # More to send is not progress.
        line.protocol.send_haves([0])
        line.pause()
        self.assertEqual(line.node.take(), [])
        line.advance(0.5)
        self.assertEqual(
            line.node.take(),
            [("logic", "on_disconnect", "took nothing for 300 seconds")],
        )
        self.assertEqual(line.transport.closings, ["abort"])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_takes_little(self) -> None:
        """
        An honest but slow neighbour is not cut off, however large the piece.
        """
        size = 20 * PORTION_BYTES
        line = Line(layout=PieceLayout(size, size))
        line.open()
        line.pause_at_each_write()
        line.protocol.send_pieces((0,), (bytes(size),))
        for _ in range(20):
            self.assertEqual(line.protocol.room_bytes, 0)
            line.advance(59)
            line.resume()
        self.assertEqual(len(line.transport.value()), 9 + size)
        line.advance(59)
        line.resume()
        self.assertGreater(line.protocol.room_bytes, 0)
        self.assertEqual(line.node.take(), [("logic", "on_writable")])


class CloseTests(SynchronousTestCase):
    """
    The end, told once and in bounded time.
    """

    def _ended(self, line: Line, reason: str) -> None:
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])

    def test_close(self) -> None:
        """
        Closing tells the logic at once, closes our end, and drops what comes.
        """
        line = Line().open()
        line.protocol.send_haves([1])
        line.protocol.close("done")
        self._ended(line, "done")
        self.assertEqual(line.transport.closings, ["our end"])
        line.protocol.dataReceived(STREAM)
        line.protocol.close("again")
        line.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(line.node.take(), [])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_they_close_after_us(self) -> None:
        """
        When they answer with their own end there is nothing to wait for.
        """
        line = Line().open()
        line.protocol.close()
        line.protocol.writeConnectionLost()
        line.protocol.readConnectionLost()
        self.assertEqual(line.transport.closings, ["our end", "flush and close"])

    def test_they_stay(self) -> None:
        """
        When they do not, we leave after a while.
        """
        line = Line().open()
        line.protocol.close()
        line.protocol.writeConnectionLost()
        line.advance(0.75)
        self.assertEqual(line.transport.closings, ["our end"])
        line.advance(0.25)
        self.assertEqual(line.transport.closings, ["our end", "flush and close"])

    def test_they_do_not_read(self) -> None:
        """
        Who does not take our last words is cut off in the end.
        """
        line = Line().open()
        line.protocol.close()
        line.advance(300)
        self.assertEqual(line.transport.closings, ["our end", "abort"])
        line.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_transport_does_not_close(self) -> None:
        """
        A transport that was told to close and does not is aborted.
        """
        line = Line().open()
        line.protocol.readConnectionLost()
        line.advance(300)
        self.assertEqual(line.transport.closings, ["flush and close", "abort"])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_flush_first(self) -> None:
        """
        What was written before the end leaves before our end closes.
        """
        size = 3 * PORTION_BYTES
        line = Line(layout=PieceLayout(size, size)).open()
        line.pause()
        line.protocol.send_pieces((0,), (bytes(size),))
        line.protocol.close("done")
        self._ended(line, "done")
        self.assertEqual(line.transport.closings, [])
        line.resume()
        self.assertEqual(len(line.transport.value()), 9 + size)
        self.assertEqual(line.transport.closings, ["our end"])
        self.assertIsNone(line.transport.producer)
        self.assertEqual(line.node.take(), [])

    def test_they_close(self) -> None:
        """
        Their end of the stream is the end of the conversation.
        """
        line = Line().open()
        line.pause()
        line.protocol.readConnectionLost()
        self._ended(line, "closed by the neighbour")
        self.assertEqual(line.transport.closings, ["flush and close"])
        # A transport does not close while it has a producer.
        self.assertIsNone(line.transport.producer)

    def test_reset(self) -> None:
        """
        A connection that is lost tells why in one line.
        """
        line = Line().open()
        line.protocol.connectionLost(Failure(ConnectionLost("no\nroute")))
        self._ended(
            line,
            "connection lost: no route",
        )

    def test_both_close_at_once(self) -> None:
        """
        Two ends that close in the same moment are both done with it.
        """
        line = Line().open()
        line.protocol.close("done")
        line.protocol.readConnectionLost()
        self._ended(line, "done")
        self.assertEqual(line.transport.closings, ["our end", "flush and close"])

    def test_logic_closes_at_its_end(self) -> None:
        """
        A logic that closes once more when it hears of the end hears it once.
        """
        line = _triggered("on_disconnect").open()
        line.protocol.close("done")
        self._ended(line, "done")

    def test_logic_breaks_at_its_end(self) -> None:
        """
        An error at the end is logged, and the connection closes all the same.
        """
        line = _triggered("on_disconnect", KeyError("oops")).open()
        line.protocol.close("done")
        self._ended(line, "done")
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(line.transport.closings, ["our end"])

    def test_refuse(self) -> None:
        """
        Who is turned away is gone at once.
        """
        line = Line().connect()
        line.node.take()
        line.protocol.refuse("full")
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "on_disconnect", "full"),
                ("node", "publish", ConnectionRefused(None, "full")),
            ],
        )
        self.assertEqual(line.transport.closings, ["abort"])


class WaitingTests(SynchronousTestCase):
    """
    What others may wait for.
    """

    def test_open(self) -> None:
        """
        Opened is who was greeted, whether asked before or after.
        """
        line = Line().connect()
        before = line.protocol.when_open()
        self.assertNoResult(before)
        line.protocol.dataReceived(THEIRS)
        self.assertIsNone(self.successResultOf(before))
        self.assertIsNone(self.successResultOf(line.protocol.when_open()))
        line.protocol.close()
        self.assertIsNone(self.successResultOf(line.protocol.when_open()))

    def test_never_open(self) -> None:
        """
        Who ended before that was never open.
        """
        line = Line().connect()
        before = line.protocol.when_open()
        line.protocol.close("no")
        for waiting in (before, line.protocol.when_open()):
            failure = self.failureResultOf(waiting, ConversationEnded)
            self.assertEqual(str(failure.value), "no")

    def test_ended_and_gone(self) -> None:
        """
        Ended is one thing, and gone another.
        """
        line = Line().open()
        ended, gone = line.protocol.when_ended(), line.protocol.when_gone()
        line.protocol.close()
        self.assertIsNone(self.successResultOf(ended))
        self.assertNoResult(gone)
        line.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertIsNone(self.successResultOf(gone))

    def test_gone_with_a_span(self) -> None:
        """
        Gone is also whose span cannot be given back.
        """
        line = Line().open()
        assert line.transport.producer is not None
        line.transport.producer.pauseProducing()
        line.protocol.send_pieces([0], [Unreturnable()])
        gone = line.protocol.when_gone()
        lost = Failure(ConnectionDone())
        self.assertRaises(ZeroDivisionError, line.protocol.connectionLost, lost)
        self.assertIsNone(self.successResultOf(gone))

    def test_cancel(self) -> None:
        """
        Who no longer cares disturbs nobody.
        """
        line = Line().connect()
        impatient: Deferred[None] = line.protocol.when_open()
        impatient.addErrback(lambda _: None).cancel()
        patient = line.protocol.when_open()
        line.protocol.dataReceived(THEIRS)
        self.assertIsNone(self.successResultOf(patient))


class BothWaysTests(SynchronousTestCase):
    """
    Two protocols joined back to back.
    """

    def test_large_pieces_cross(self) -> None:
        """
        Large pieces sent both ways at once both arrive.
        """
        size = 2**22
        layout = PieceLayout(size, size)
        lines = [Line(layout=layout).open(), Line(layout=layout).open()]
        for line in lines:
            line.pause_at_each_write()
            line.protocol.send_pieces((0,), (bytes(size),))
        is_moving = True
        while is_moving:
            is_moving = False
            for line, other in (lines, lines[::-1]):
                data = line.transport.value()
                line.transport.clear()
                for at in range(0, len(data), 2**16):
                    other.protocol.dataReceived(data[at : at + 2**16])
                if data:
                    is_moving = True
                    line.resume()
        expected = [("logic", "expect_piece", 0), ("logic", "on_piece", 0, bytes(size))]
        for line in lines:
            calls = [call for call in line.node.take() if call[1] != "on_writable"]
            self.assertEqual(calls, expected)


class BufferBoundTests(SynchronousTestCase):
    """
    What a hostile neighbour can make us keep.
    """

    def test_hostile_lengths(self) -> None:
        """
        Whatever they announce, hardly a byte of it is kept.
        """
        layout = PieceLayout(2**30, 2**24)
        heads = st.sampled_from(
            [bytes.fromhex(head) for head in ("00000000", "ffffffff", "01000005 07")]
        )

        @given(heads, st.binary(max_size=2000))
        @settings(deadline=None, max_examples=50)
        def check(head: bytes, rest: bytes) -> None:
            node = RecordingNode()
            node.logic = RecordingLogic(
                "logic",
                node.calls,
                refuse_pieces=ProtocolViolation(
                    ViolationReason.UNREQUESTED_PIECE, "no"
                ),
            )
            line = Line(node=node, layout=layout).open()
            for at in range(0, len(head + rest), 100):
                line.protocol.dataReceived((head + rest)[at : at + 100])
            self.assertLess(line.protocol.held_bytes, 1024)

        check()


class HaveTests(SynchronousTestCase):
    """
    Haves that follow each other closely.
    """

    def _haves(self, *indexes: int) -> bytes:
        return b"".join(CODEC.encode(HaveMessage(index)) for index in indexes)

    def _line(self) -> Line:
        line = Line().open()
        line.advance(1)
        line.transport.clear()
        return line

    def test_gathered(self) -> None:
        """
        The first leaves at once, the others together soon after.
        """
        line = self._line()
        for index in (0, 1, 2):
            line.protocol.send_haves([index])
        self.assertEqual(line.transport.value(), self._haves(0))
        line.advance(0.02)
        self.assertEqual(line.transport.value(), self._haves(0, 1, 2))

    def test_order(self) -> None:
        """
        What is said after them does not overtake them.
        """
        line = self._line()
        line.protocol.send_haves([0])
        line.protocol.send_haves([1])
        line.protocol.send_not_interested()
        self.assertEqual(
            line.transport.value(),
            self._haves(0, 1) + CODEC.encode(NotInterestedMessage()),
        )

    def test_overtaken(self) -> None:
        """
        Requests and pieces mean the same before them, and do not hurry them.
        """
        line = self._line()
        line.protocol.send_haves([0])
        line.protocol.send_haves([1])
        line.protocol.send_requests([2])
        line.protocol.send_haves([2])
        request = CODEC.encode(RequestMessage(2))
        self.assertEqual(line.transport.value(), self._haves(0) + request)
        line.advance(0.02)
        self.assertEqual(
            line.transport.value(), self._haves(0) + request + self._haves(1, 2)
        )

    def test_piece(self) -> None:
        """
        A piece does not overtake its own have.
        """
        line = self._line()
        for index in (0, 1, 2):
            line.protocol.send_haves([index])
        line.protocol.send_pieces((2,), (b"x" * 500,))
        self.assertEqual(
            line.transport.value(),
            self._haves(0, 1, 2) + CODEC.encode(PieceMessage(2, b"x" * 500)),
        )

    def test_close(self) -> None:
        """
        They are not lost at the end.
        """
        line = self._line()
        line.protocol.send_haves([0])
        line.protocol.send_haves([1])
        line.protocol.close("done")
        self.assertEqual(line.transport.value(), self._haves(0, 1))
        self.assertEqual(line.transport.closings, ["our end"])

    def test_nothing_waits_for_the_end(self) -> None:
        """
        A conversation that is over leaves no haves to be told a moment later.
        """
        line = self._line()
        for index in (0, 1):
            line.protocol.send_haves([index])
        line.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(line.clock.getDelayedCalls(), [])


class BacklogTests(SynchronousTestCase):
    """
    A neighbour that takes nothing of what it is told.
    """

    def test_small_messages(self) -> None:
        """
        Small messages wait for it only up to a limit, counted with what each
        costs; then it is closed.
        """
        line = Line(limits=Limits(drain_bytes=1000)).open()
        producer = line.transport.producer
        assert producer is not None
        producer.pauseProducing()
        for _ in range(13):
            line.protocol.send_requests([0])
        self.assertEqual(line.transport.closings, [])
        line.protocol.send_requests([0])
        self.assertEqual(line.transport.closings, ["abort"])
        self.assertIn(
            ("logic", "on_disconnect", "takes nothing of what it is told"),
            line.node.take(),
        )
        for _ in range(2):
            line.protocol.send_haves([0])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_taken(self) -> None:
        """
        Whoever takes them in the end stays.
        """
        line = Line(limits=Limits(drain_bytes=1000)).open()
        producer = line.transport.producer
        assert producer is not None
        for _ in range(10):
            producer.pauseProducing()
            for _ in range(10):
                line.protocol.send_requests([0])
            producer.resumeProducing()
        self.assertEqual(line.transport.closings, [])
