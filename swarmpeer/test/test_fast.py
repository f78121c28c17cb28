"""
Tests for L{swarmpeer.net.fast}, most of them held to both ways between a socket and a
conversation.
"""

import errno
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.net.fast.gate import ROOM_BYTES, FastGate
from swarmpeer.net.fast.plain_tcp import plain_tcp
from swarmpeer.net.fast.reading import SMALL_BYTES
from swarmpeer.net.fast.waking import MOST_GATHERED_BYTES
from swarmpeer.net.flow import Gate
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import MESSAGES_PER_TURN
from swarmpeer.net.write_gate import WriteGate
from swarmpeer.seam import Piece, PieceContent, PieceSpan
from swarmpeer.test.net_fixtures import CODEC, LAYOUT
from swarmpeer.test.socket_lines import SocketLine
from swarmpeer.test.test_protocol import SAID, STREAM
from swarmpeer.testing.recorders import Call, RecordingVerifiedLogic
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake
from swarmpeer.wire.messages import (
    BitfieldMessage,
    HaveMessage,
    PieceData,
    PieceMessage,
    RequestMessage,
    UnchokeMessage,
)

LARGE = PieceLayout(5 * 2**20, 2**20)
"""
Pieces larger than any amount that is handed over at once.
"""
LARGE_CODEC = MessageCodec(LARGE)
SENDFILE = os.sendfile


def fits_gate(plain: WriteGate, fast: FastGate) -> tuple[Gate, Gate]:
    """
    mypy proves that both are gates.
    """
    return plain, fast


@dataclass
class LentSpan:
    """
    A piece in a file that a test has.

    @ivar returns: how often it was given back.
    """

    path: Path
    size_bytes: int
    offset: int = 0
    returns: int = 0
    fd: int = field(init=False)

    def __post_init__(self) -> None:
        """
        Open it.
        """
        self.fd = os.open(self.path, os.O_RDONLY)

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        Read some of it.
        """
        left = self.size_bytes - at
        return os.pread(self.fd, min(size_bytes, left), self.offset + at)

    def give_back(self) -> None:
        """
        Count, and close.
        """
        self.returns += 1
        os.close(self.fd)


def fits_seam(span: LentSpan) -> PieceSpan:
    """
    mypy proves that it is what is lent.
    """
    return span


@dataclass
class Portions:
    """
    An allowance of C{size} bytes at a time, and then of none until the next turn.

    @ivar most: how much was granted at once at most.
    @ivar used: how much went.
    """

    size: int
    is_due: bool = True
    is_shut: bool = False
    is_limited: bool = True
    used: int = 0
    waits: list[Callable[[], None]] = field(default_factory=list)

    def grant(self, wanted_bytes: int) -> int:
        """
        Every second time, some.
        """
        self.is_due = not self.is_due
        if self.is_due or self.is_shut:
            return 0
        granted = min(self.size, wanted_bytes)
        self.used += granted
        return granted

    def refund(self, unused_bytes: int) -> None:
        """
        Count.
        """
        self.used -= unused_bytes

    def wait(self, go_on: Callable[[], None]) -> None:
        """
        Remember, once.
        """
        if go_on not in self.waits:
            self.waits.append(go_on)

    def forget(self, go_on: Callable[[], None]) -> None:
        """
        Remember no more.
        """
        if go_on in self.waits:
            self.waits.remove(go_on)

    def go_on(self) -> bool:
        """
        Let all who wait go on.

        @return: did anybody wait?
        """
        waits, self.waits = self.waits, []
        for go_on in waits:
            go_on()
        return bool(waits)


class PlainTests(SynchronousTestCase):
    """
    What holds for both ways, on the plain one.
    """

    is_fast = False

    def setUp(self) -> None:
        """
        A file to lend pieces of.
        """
        self.path = Path(self.mktemp())
        self.path.write_bytes(bytes(range(250)) * 10)

    def line(
        self,
        layout: PieceLayout = LAYOUT,
        limits: Limits = Limits(),  # noqa: B008  (a frozen value)
        up: Portions | None = None,
        down: Portions | None = None,
    ) -> SocketLine:
        """
        A connection on which their handshake came.
        """
        line = SocketLine(self.is_fast, limits, layout, up, down)
        self.addCleanup(line.end)
        return line

    def large_file(self) -> Path:
        """
        As large as a large piece.
        """
        path = Path(self.mktemp())
        path.write_bytes(os.urandom(2**10) * 2**10)
        return path

    def talk(self, line: SocketLine) -> tuple[bytes, list[LentSpan]]:
        """
        Say all sorts of things.

        @return: what they are as bytes, and the spans among them.
        """
        data = self.path.read_bytes()
        spans = [LentSpan(self.path, 1000, 0), LentSpan(self.path, 500, 2000)]
        protocol = line.protocol
        protocol.send_handshake(1001)
        protocol.send_bitfield(Bitfield.full(3))
        protocol.send_pieces((0,), (spans[0],))
        protocol.send_haves([2])
        protocol.send_pieces((1,), (data[1000:2000],))
        protocol.send_pieces((2,), (spans[1],))
        protocol.send_requests([1])
        return (
            Handshake(1001).encode()
            + CODEC.encode(BitfieldMessage(Bitfield.full(3)))
            + CODEC.encode(PieceMessage(0, data[:1000]))
            + CODEC.encode(HaveMessage(2))
            + CODEC.encode(PieceMessage(1, data[1000:2000]))
            + CODEC.encode(PieceMessage(2, data[2000:]))
            + CODEC.encode(RequestMessage(1))
        ), spans

    def meter_files(self, line: SocketLine) -> None:
        """
        From now on what is sent from files is metered, too.
        """

        def metered(link: int, fd: int, offset: int, size: int) -> int:
            return SENDFILE(link, fd, offset, line.near.allowed(size))

        self.patch(os, "sendfile", metered)

    # What is said.

    def test_said_at_once(self) -> None:
        """
        All sorts of messages arrive in order, and spans are given back once.
        """
        line = self.line().greeted()
        expected, spans = self.talk(line)
        line.run()
        self.assertEqual(line.received, expected)
        self.assertEqual([span.returns for span in spans], [1, 1])

    def test_said_in_runs(self) -> None:
        """
        However pieces are put together, they are the same bytes, and spans are given
        back once.
        """
        data = self.path.read_bytes()
        expected = b"".join(
            CODEC.encode(PieceMessage(index, data[1000 * index :][:1000]))
            for index in range(3)
        )
        for runs in ([(0,), (1,), (2,)], [(0, 1), (2,)], [(0,), (1, 2)], [(0, 1, 2)]):
            line = self.line().greeted()
            spans = [LentSpan(self.path, 1000, 0), LentSpan(self.path, 500, 2000)]
            contents: list[PieceContent] = [
                spans[0],
                memoryview(data)[1000:2000],
                spans[1],
            ]
            for run in runs:
                line.protocol.send_pieces(run, [contents[index] for index in run])
            line.run()
            self.assertEqual(line.received, expected)
            self.assertEqual([span.returns for span in spans], [1, 1])

    def test_wrong_run(self) -> None:
        """
        Of a run in which one piece has a wrong size nothing is sent, and every span is
        given back; so it is once the end has come.
        """
        line = self.line().greeted()
        spans = [LentSpan(self.path, 1000), LentSpan(self.path, 999)]
        self.assertRaises(ValueError, line.protocol.send_pieces, (0, 1), spans)
        line.protocol.close("enough")
        late = [LentSpan(self.path, 1000), LentSpan(self.path, 1000)]
        line.protocol.send_pieces((0, 1), late)
        line.run()
        self.assertEqual(line.received, b"")
        self.assertEqual([span.returns for span in spans + late], [1, 1, 1, 1])

    def test_said_cut_anywhere(self) -> None:
        """
        A socket that takes so many bytes, and nothing for a while, changes nothing,
        wherever that is.
        """
        for size in range(1, 2600):
            line = SocketLine(self.is_fast).greeted()
            self.meter_files(line)
            line.near.takes = [size, 0, 0]
            expected, spans = self.talk(line)
            line.run()
            self.assertEqual(line.received, expected, size)
            self.assertEqual([span.returns for span in spans], [1, 1])
            line.end()

    def test_said_in_small_portions(self) -> None:
        """
        Nor does one that takes little each time.
        """
        for size in (1, 2, 3, 4, 5, 7, 9, 10, 11, 500, 1009):
            line = self.line().greeted()
            self.meter_files(line)
            line.near.takes = [size, 0, size] * 2600
            expected, spans = self.talk(line)
            line.run()
            self.assertEqual(line.received, expected, size)
            self.assertEqual([span.returns for span in spans], [1, 1])

    def test_said_as_it_may_go(self) -> None:
        """
        Nor does an allowance; what goes is what was granted.
        """
        for size in (1, 3, 9, 10, 999, 2000):
            up = Portions(size)
            line = self.line(up=up).greeted()
            expected, spans = self.talk(line)
            line.run()
            while up.go_on():
                line.run()
            self.assertEqual(line.received, expected, size)
            self.assertEqual([span.returns for span in spans], [1, 1])
            self.assertEqual(up.used, len(expected))

    def test_not_allowed_is_not_their_fault(self) -> None:
        """
        Who gets nothing since nothing may go is not taken for somebody who takes
        nothing.
        """
        up = Portions(5, is_shut=True)
        line = self.line(up=up, limits=Limits(drain_seconds=10)).greeted()
        span = LentSpan(self.path, 1000)
        line.protocol.send_pieces((0,), (span,))
        line.run()
        for _ in range(30):
            line.clock.advance(1)
            line.run()
        self.assertEqual(line.node.take(), [])
        up.is_shut = False
        line.run()
        while up.go_on():
            line.run()
        self.assertEqual(len(line.received), 1009)
        self.assertEqual(span.returns, 1)

    def test_from_a_file_that_cannot(self) -> None:
        """
        Where the system does not send from a file its bytes are read.
        """

        def refuse(*_: int) -> int:
            raise OSError(errno.EINVAL, "not from there")

        self.patch(os, "sendfile", refuse)
        line = self.line().greeted()
        expected, spans = self.talk(line)
        line.run()
        self.assertEqual(line.received, expected)
        self.assertEqual([span.returns for span in spans], [1, 1])

    # Spans that are not sent to the end.

    def test_file_ends_early(self) -> None:
        """
        A piece that cannot be sent to its end ends the conversation, since nothing
        can be said after it.
        """
        line = self.line().greeted()
        os.truncate(self.path, 700)
        spans = [LentSpan(self.path, 1000), LentSpan(self.path, 500)]
        line.protocol.send_haves([1])
        line.protocol.send_pieces((0,), (spans[0],))
        line.protocol.send_haves([2])
        line.protocol.send_pieces((2,), (spans[1],))
        line.run()
        reason = "a piece could not be sent: its file ends before it"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])
        self.assertEqual([span.returns for span in spans], [1, 1])
        self.assertTrue(line.is_far_end_closed)
        whole = CODEC.encode(HaveMessage(1)) + CODEC.encode(
            PieceMessage(0, self.path.read_bytes() + bytes(300))
        )
        self.assertTrue(whole.startswith(line.received))

    def test_file_cannot_be_read(self) -> None:
        """
        The same where the disk fails.
        """

        def fail(*_: int) -> int:
            raise OSError(errno.EIO, "Input/output error")

        self.patch(os, "sendfile", fail)
        self.patch(os, "pread", fail)
        line = self.line().greeted()
        span = LentSpan(self.path, 1000)
        line.protocol.send_pieces((0,), (span,))
        line.run()
        reason = "a piece could not be sent: Input/output error"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])
        self.assertEqual(span.returns, 1)

    def test_given_back_at_each_end(self) -> None:
        """
        However a connection ends, each span is given back once.
        """
        large = self.large_file()

        def neighbor_leaves(line: SocketLine) -> None:
            line.far.close()
            line.is_far_end_closed = True

        def neighbor_says_no_more(line: SocketLine) -> None:
            line.far.shutdown(socket.SHUT_WR)

        for end in (
            lambda line: line.protocol.close("enough"),
            lambda line: line.protocol.refuse("no"),
            lambda line: (line.protocol.close("enough"), line.protocol.hurry()),
            lambda line: line.clock.advance(400),
            neighbor_leaves,
            neighbor_says_no_more,
        ):
            for is_begun in (False, True):
                line = self.line(LARGE).greeted()
                spans = [LentSpan(large, 2**20) for _ in range(4)]
                for index, span in enumerate(spans[:3]):
                    line.protocol.send_pieces((index,), (span,))
                if is_begun:
                    line.run(takes=False)
                end(line)
                line.protocol.send_pieces((3,), (spans[3],))
                line.run(takes=False)
                line.clock.advance(400)
                line.run(takes=False)
                self.assertEqual([span.returns for span in spans], [1] * 4)
                self.assertEqual(line.transport.connected, 0)

    def test_lost_while_haves_wait(self) -> None:
        """
        A connection that is lost while something waits to be told ends as any other.
        """
        line = self.line().greeted()
        line.protocol.send_haves([0])
        line.run()
        line.protocol.send_haves([1])
        line.protocol.send_haves([2])
        gone = line.protocol.when_gone()
        line.transport.connectionLost(Failure(ConnectionLost()))
        self.successResultOf(gone)
        (name, call, _) = line.node.take()[-1]
        self.assertEqual((name, call), ("logic", "on_disconnect"))
        line.protocol.send_haves([3])
        line.run()
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_lost_in_the_turn_of_a_message(self) -> None:
        """
        A connection that is lost just after something was said ends as any other.
        """
        line = self.line().greeted()
        line.run()
        line.protocol.send_choke()
        line.transport.connectionLost(Failure(ConnectionLost()))
        line.run()
        self.assertEqual(line.node.take()[-1][:2], ("logic", "on_disconnect"))
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_wrong_size(self) -> None:
        """
        A span of a wrong size is our mistake, and given back.
        """
        line = self.line().greeted()
        span = LentSpan(self.path, 999)
        self.assertRaises(ValueError, line.protocol.send_pieces, (0,), (span,))
        self.assertEqual(span.returns, 1)

    # Room, and the end.

    def test_room(self) -> None:
        """
        There is room for a piece until enough waits, and again when enough of it is
        gone; then the logic is told.
        """
        large = self.large_file()
        line = self.line(LARGE).greeted()
        sent = 0
        while line.protocol.room_bytes:
            line.protocol.send_pieces((sent % 5,), (LentSpan(large, 2**20),))
            sent += 1
            line.run(takes=False)
        self.assertEqual(line.protocol.room_bytes, 0)
        self.assertEqual(line.node.take(), [])
        line.run()
        self.assertIn(("logic", "on_writable"), line.node.take())
        self.assertGreater(line.protocol.room_bytes, 0)
        self.assertEqual(len(line.received), sent * (2**20 + 9))

    def test_little_room_where_little_may_go(self) -> None:
        """
        Where only so much may go a connection that holds nothing has room for a piece.
        """
        line = self.line(up=Portions(100)).greeted()
        self.assertGreater(line.protocol.room_bytes, 0)
        self.assertEqual(line.protocol.room_bytes, 2**18 if self.is_fast else 1)

    def test_last_words(self) -> None:
        """
        What was said before the end arrives, then our end closes; the connection is
        gone when theirs is.
        """
        line = self.line(LARGE).greeted()
        span = LentSpan(self.large_file(), 2**20)
        line.protocol.send_pieces((1,), (span,))
        line.protocol.send_haves([3])
        line.protocol.close("done")
        line.protocol.send_haves([4])
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", "done")])
        line.run()
        self.assertEqual(len(line.received), 2**20 + 18)
        self.assertTrue(line.is_far_end_closed)
        self.assertEqual(line.transport.connected, 1)
        line.say(STREAM)
        line.far.close()
        line.run(takes=False)
        self.assertEqual(line.transport.connected, 0)
        self.assertEqual(line.node.take(), [])
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_takes_nothing(self) -> None:
        """
        A neighbour that takes nothing of a piece is left after a while.
        """
        limits = Limits(drain_seconds=10)
        line = self.line(LARGE, limits).greeted()
        span = LentSpan(self.large_file(), 2**20)
        line.protocol.send_pieces((1,), (span,))
        line.run(takes=False)
        line.clock.advance(9)
        line.run(takes=False)
        self.assertEqual(line.node.take(), [])
        line.clock.advance(1)
        line.run(takes=False)
        reason = "took nothing for 10 seconds"
        self.assertEqual(line.node.take(), [("logic", "on_disconnect", reason)])
        self.assertEqual(span.returns, 1)
        self.assertEqual(line.transport.connected, 0)

    def test_takes_little(self) -> None:
        """
        One that takes something now and then is not.
        """
        limits = Limits(drain_seconds=10)
        line = self.line(LARGE, limits).greeted()
        line.protocol.send_pieces((1,), (LentSpan(self.large_file(), 2**20),))
        for _ in range(12):
            line.clock.advance(9)
            line.take()
            line.run(takes=False)
        self.assertNotIn("on_disconnect", [call[1] for call in line.node.take()])
        self.assertEqual(len(line.received), 2**20 + 9)

    def test_hears_nothing(self) -> None:
        """
        One that takes nothing of many small messages is left, too.
        """
        line = self.line(LARGE).greeted()
        line.protocol.send_pieces((1,), (LentSpan(self.large_file(), 2**20),))
        line.run(takes=False)
        for _ in range(5000):
            line.protocol.send_requests([1])
        reason = "takes nothing of what it is told"
        self.assertIn(("logic", "on_disconnect", reason), line.node.take())

    # What is heard.

    def test_heard_cut_anywhere(self) -> None:
        """
        Where the reads end makes no difference.
        """
        for place in range(1, len(STREAM)):
            line = SocketLine(self.is_fast)
            line.node.take()
            line.say(STREAM[:place])
            line.say(STREAM[place:])
            self.assertEqual(line.node.take(), SAID, place)
            line.end()

    def test_heard_in_small_portions(self) -> None:
        """
        Nor does it make a difference how much is read at once.
        """
        for size in (1, 2, 3, 5, 8, 9, 10, 13, 100, 1004, 1005):
            line = self.line()
            line.node.take()
            line.near.gives = size
            line.say(STREAM)
            self.assertEqual(line.node.take(), SAID, size)

    def test_heard_as_it_may_come(self) -> None:
        """
        Nor does an allowance.
        """
        for size in (1, 9, 100, 1005):
            down = Portions(size)
            line = self.line(down=down)
            line.node.take()
            line.say(STREAM)
            while down.go_on():
                line.run()
            self.assertEqual(line.node.take(), SAID, size)
            self.assertEqual(down.used, len(STREAM))

    def test_pays_for_what_came(self) -> None:
        """
        However much might have come at a time, only what came counts.
        """
        have = CODEC.encode(HaveMessage(1))
        for size in (1, 9, 10, 10**6):
            down = Portions(size)
            line = self.line(down=down)
            for said in (Handshake(1002).encode(), have, 3 * have, have):
                line.say(said)
                while down.go_on():
                    line.run()
            self.assertEqual(line.node.take()[-5:], [("logic", "on_have", 1)] * 5)
            self.assertEqual(down.used, len(Handshake(1002).encode() + 5 * have))

    def test_not_allowed_is_no_silence(self) -> None:
        """
        While nothing may come nobody is blamed for it.
        """
        down = Portions(500)
        line = self.line(down=down)
        line.say(Handshake(1002).encode())
        down.is_shut = True
        line.protocol.send_requests([0])
        line.say(CODEC.encode(PieceMessage(0, bytes(1000))))
        for _ in range(300):
            line.clock.advance(1)
            line.run()
        down.is_shut = False
        while down.go_on():
            line.run()
        told = line.node.take()
        self.assertIn(("logic", "on_piece", 0, bytes(1000)), told)
        self.assertNotIn("on_stall", [call[1] for call in told])
        self.assertNotIn("on_disconnect", [call[1] for call in told])

    def test_large_pieces(self) -> None:
        """
        Pieces larger than any read are heard whole, what follows them, too.
        """
        line = self.line(LARGE).greeted()
        data = os.urandom(2**20)
        line.say(
            LARGE_CODEC.encode(PieceMessage(3, data))
            + LARGE_CODEC.encode(HaveMessage(2))
            + LARGE_CODEC.encode(PieceMessage(4, data[::-1]))
        )
        self.assertEqual(
            line.node.take(),
            [
                ("logic", "expect_piece", 3),
                ("logic", "on_piece", 3, data),
                ("logic", "on_have", 2),
                ("logic", "expect_piece", 4),
                ("logic", "on_piece", 4, data[::-1]),
            ],
        )

    def test_pieces_are_kept(self) -> None:
        """
        What was handed over does not change when more is read.
        """
        kept: list[PieceData] = []

        class Keeper(RecordingVerifiedLogic):
            def on_pieces(self, pieces: Sequence[Piece]) -> None:
                kept.extend(piece.data for piece in pieces)

        line = SocketLine(self.is_fast)
        self.addCleanup(line.end)
        line.protocol._logic = Keeper("logic", [])
        line.greeted()
        for place in (300, 1009):
            kept.clear()
            stream = b"".join(
                CODEC.encode(PieceMessage(index, bytes([65 + index]) * 1000))
                for index in (0, 1)
            )
            line.say(stream[:place])
            line.say(stream[place:])
            line.say(CODEC.encode(PieceMessage(2, b"x" * 500)))
            self.assertEqual(
                [bytes(data) for data in kept], [b"A" * 1000, b"B" * 1000, b"x" * 500]
            )

    def test_refused_before_it_is_kept(self) -> None:
        """
        A piece that must not come ends the conversation from its head.
        """
        line = self.line(LARGE).greeted()
        violation = ProtocolViolation(ViolationReason.UNREQUESTED_PIECE, "no")
        logic = line.protocol._logic
        assert isinstance(logic, RecordingVerifiedLogic)
        logic.refuse_pieces = violation
        line.say(LARGE_CODEC.encode(PieceMessage(3, bytes(2**20)))[:70000])
        self.assertEqual(line.protocol.held_bytes, 0)
        self.assertIn(("logic", "on_disconnect", str(violation)), line.node.take())

    def test_turns(self) -> None:
        """
        Of a flood of small messages so many are heard in one turn; none is lost, and
        nothing is read meanwhile.
        """
        line = self.line().greeted()
        count = 10 * MESSAGES_PER_TURN
        line.far.sendall(CODEC.encode(HaveMessage(1)) * count)
        heard = []
        while line.reactor.turn():
            heard.append(len(line.node.take()))
        self.assertLessEqual(max(heard), 2 * MESSAGES_PER_TURN)
        self.assertEqual(sum(heard), count)
        self.assertIn(line.transport, line.reactor.readers)

    def test_end_within_a_flood(self) -> None:
        """
        Who is left while some of what they said is not heard yet is not heard any
        more, and the connection ends all the same.
        """
        line = self.line().greeted()
        line.far.sendall(CODEC.encode(HaveMessage(1)) * 5 * MESSAGES_PER_TURN)
        line.reactor.turn()
        line.protocol.close("enough")
        line.node.take()
        line.run()
        line.far.close()
        line.run(takes=False)
        self.assertEqual(line.node.take(), [])
        self.assertEqual(line.transport.connected, 0)
        self.assertEqual(line.clock.getDelayedCalls(), [])

    def test_answers(self) -> None:
        """
        What is said to what is heard leaves.
        """
        line = self.line().greeted()
        asked: list[Call] = []

        class Answering(RecordingVerifiedLogic):
            def on_requests(self, indexes: Sequence[int]) -> None:
                for index in indexes:
                    line.protocol.send_pieces((index,), (bytes(1000),))

        line.protocol._logic = Answering("logic", asked)
        line.say(CODEC.encode(RequestMessage(0)) * 3)
        self.assertEqual(line.received, CODEC.encode(PieceMessage(0, bytes(1000))) * 3)


class FastTests(PlainTests):
    """
    The same on the short way, and what is its own.
    """

    is_fast = True

    def test_is_taken(self) -> None:
        """
        The short way is taken where it can be, and only there.
        """
        self.assertIsNotNone(plain_tcp(self.line().transport))
        self.assertIsNone(plain_tcp(SocketLine(False).transport))

    def test_one_call_for_many(self) -> None:
        """
        Small pieces and small messages of one turn are handed over together.
        """
        line = self.line().greeted()
        line.near.takes = [10**6, 0]
        for _ in range(3):
            line.protocol.send_pieces((0,), (bytes(1000),))
            line.protocol.send_requests([1])
        line.run()
        self.assertEqual(len(line.received), 3 * (1009 + 9))
        self.assertEqual(line.near.takes, [0])

    def test_needs_no_room_first(self) -> None:
        """
        The reactor is asked to watch for room only once there is none.
        """
        line = self.line().greeted()
        line.protocol.send_requests([1])
        self.assertEqual(line.reactor.writers, {})
        line.run()
        self.assertEqual(line.received, CODEC.encode(RequestMessage(1)))
        line.near.takes = [2, 0, 0]
        line.protocol.send_requests([2])
        line.reactor.turn()
        self.assertEqual(list(line.reactor.writers), [line.transport])
        line.run()
        said = CODEC.encode(RequestMessage(1)) + CODEC.encode(RequestMessage(2))
        self.assertEqual(line.received, said)

    def test_shares_finely(self) -> None:
        """
        Where only so much may go or come, it is at most 64 KiB at a time, however much
        may: then others have their turn, who share it.
        """
        up, down = Portions(2**22), Portions(2**22)
        line = self.line(LARGE, up=up, down=down).greeted()
        piece = LARGE_CODEC.encode(PieceMessage(3, bytes(2**20)))
        line.say(piece[:1000])
        while down.go_on():
            line.run()
        line.protocol.send_pieces((0,), (bytes(2**20),))
        line.far.send(piece[1000:][: 2**17])
        ends = up.used + 2**17, down.used + 2**17
        while up.used < ends[0] or down.used < ends[1]:
            before = up.used, down.used
            is_busy = [line.reactor.turn(), line.take(), up.go_on(), down.go_on()]
            self.assertTrue(any(is_busy))
            self.assertLessEqual(up.used - before[0], 2**16)
            self.assertLessEqual(down.used - before[1], 2**16)

    def test_closes_in_the_midst(self) -> None:
        """
        Once the connection is to be closed nothing more is read from it in that turn.
        """
        line = self.line(LARGE).greeted()

        class Leaving(RecordingVerifiedLogic):
            def on_pieces(self, pieces: Sequence[Piece]) -> None:  # noqa: ARG002
                line.transport.loseConnection()

        line.protocol._logic = Leaving("logic", [])
        first, second = (
            LARGE_CODEC.encode(PieceMessage(index, bytes(2**20))) for index in (3, 4)
        )
        line.say(first[:-1000])
        # A read for the rest of a piece takes so much of what is behind it.
        said = first[-1000:] + second[: SMALL_BYTES + 5000]
        self.assertEqual(line.far.send(said), len(said))
        line.transport.doRead()
        self.assertEqual(len(line.protocol.rest), len(second) - SMALL_BYTES)

    def test_next_piece_waits_ready(self) -> None:
        """
        There is room for the next piece before the last is out.
        """
        line = self.line(LARGE).greeted()
        line.protocol.send_pieces((0,), (bytes(2**20),))
        self.assertEqual(line.protocol.room_bytes, 0)
        while not line.protocol.room_bytes:
            line.reactor.turn()
            line.take()
        self.assertGreater(len(line.received), 2**20 - ROOM_BYTES)
        self.assertLess(len(line.received), 2**20)
        self.assertEqual(line.node.take(), [("logic", "on_writable")])

    def test_gathers_at_slow_links(self) -> None:
        """
        Where a piece comes in small portions the system gathers them, never more than
        are missing; between pieces it does not.
        """
        line = self.line(LARGE).greeted()
        piece = LARGE_CODEC.encode(PieceMessage(3, bytes(2**20)))
        lows = []
        for at in range(0, len(piece), 20000):
            line.clock.advance(0.01)
            line.far.send(piece[at : at + 20000])
            # Not the system but the test decides when it is read.
            self.assertIsNone(line.transport.doRead())
            low = line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
            missing = len(piece) - at - 20000
            self.assertLessEqual(low, max(1, missing))
            lows.append(low)
        self.assertIn(MOST_GATHERED_BYTES, lows)
        self.assertEqual(lows[-1], 1)

    def test_gathers_from_the_first_bytes(self) -> None:
        """
        How fast the last piece came tells how much of the next one there will be soon.
        """
        line = self.line(LARGE).greeted()

        def low_after(data: bytes, seconds: float) -> int:
            line.clock.advance(seconds)
            line.say(data)
            return line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)

        pieces = [
            LARGE_CODEC.encode(PieceMessage(index, bytes(2**20))) for index in (3, 4)
        ]
        self.assertEqual(low_after(pieces[0][:2000], 1), 1)
        self.assertGreater(low_after(pieces[0][2000:22000], 0.1), 40000)
        self.assertEqual(low_after(pieces[0][22000:], 5), 1)
        self.assertGreater(low_after(pieces[1][:2000], 1), 40000)

    def test_hears_little_behind_a_piece(self) -> None:
        """
        Once a piece is whole the system wakes us for anything, even if so much was
        said behind it that it is not all heard yet.
        """
        line = self.line(LARGE).greeted()
        piece = LARGE_CODEC.encode(PieceMessage(3, bytes(2**20)))
        have = LARGE_CODEC.encode_haves([1])
        line.clock.advance(0.01)
        line.say(piece[:50000])
        low = line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
        self.assertEqual(low, MOST_GATHERED_BYTES)
        line.say(piece[50000:-1000])
        line.clock.advance(0.01)
        line.far.send(piece[-1000:] + 400 * have)
        line.transport.doRead()
        self.assertEqual(line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)
        line.run()
        line.node.take()
        line.say(LARGE_CODEC.encode(UnchokeMessage()))
        self.assertEqual(line.node.take(), [("logic", "on_unchoke")])

    def test_too_little_to_be_woken(self) -> None:
        """
        What lies unread since it is too little is progress all the same: it is looked
        for before anybody is blamed.
        """
        line = self.line(LARGE).greeted()
        line.protocol.send_requests([3])
        piece = LARGE_CODEC.encode(PieceMessage(3, bytes(2**20)))
        line.clock.advance(0.01)
        line.say(piece[:50000])
        low = line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)
        self.assertEqual(low, MOST_GATHERED_BYTES)
        line.far.send(piece[50000:70000])
        line.clock.advance(8)
        self.assertNotIn(("logic", "on_stall"), line.node.take())
        self.assertEqual(line.near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT), 1)
        line.clock.advance(8)
        self.assertEqual(line.node.take(), [("logic", "on_stall")])
        line.say(piece[70000:])
        self.assertEqual(line.node.take(), [("logic", "on_piece", 3, bytes(2**20))])

    def test_backlog_that_goes_out(self) -> None:
        """
        Small messages that were taken do not count as waiting, though something always
        waits.
        """
        line = self.line(LARGE, Limits(drain_bytes=2000)).greeted()
        line.protocol.send_pieces((1,), (LentSpan(self.large_file(), 2**20),))
        for _ in range(10):
            for _ in range(10):
                line.protocol.send_requests([1])
            line.protocol.send_pieces((1,), (LentSpan(self.large_file(), 2**20),))
            while not line.protocol.room_bytes:
                line.take()
                line.run(takes=False)
        self.assertNotIn("on_disconnect", [call[1] for call in line.node.take()])
