"""
Tests of L{swarmpeer.core.connection}.
"""

from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.connection import PeerConnection
from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.pieces import PieceStore
from swarmpeer.errors import ProtocolViolation, ViolationReason
from swarmpeer.events import (
    BitfieldReceived,
    ChokedBy,
    GivenBackReason,
    HaveReceived,
    IgnoredReason,
    InterestChanged,
    InterestedReceived,
    NeighborChoked,
    NeighborUnchoked,
    NotInterestedReceived,
    PieceRequested,
    PieceSent,
    RequestIgnored,
    SwarmEvent,
    UnchokedBy,
    UnknownMessageSkipped,
)
from swarmpeer.seam import LogicSide, Piece
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.recording_swarm import RecordingSwarm, hold, memory_store
from swarmpeer.testing.recorders import Call, RecordingNetwork
from swarmpeer.testing.storage import HeldStorage
from swarmpeer.wire.bitfield import Bitfield

LAYOUT = PieceLayout(19, 2)
"""
Ten pieces, the last of one byte.
"""

FILE = bytes(range(19))


def bitfield(*held: int, size: int = LAYOUT.piece_count) -> Bitfield:
    """
    A bitfield that holds exactly C{held}.
    """
    bits = Bitfield(size)
    for index in held:
        bits.add(index)
    return bits


def published(event: SwarmEvent) -> Call:
    """
    What the recorder remembers of an event.
    """
    return ("swarm", "publish", event)


def said(*call: object) -> Call:
    """
    What the recorder remembers of what was sent.
    """
    return ("network", *call)


class Talk:
    """
    A conversation between us, 1001, and 1002, in which everything that we do
    is written into one list.
    """

    def __init__(
        self,
        store: PieceStore | None = None,
        *,
        held: Iterable[int] = (),
        expected_peer_id: int | None = None,
    ) -> None:
        """
        @param held: the pieces that we hold, if there is no C{store}.
        """
        self._calls: list[Call] = []
        if store is None:
            store = memory_store(LAYOUT)
            hold(store, *held)
        self.store = store
        self.swarm = RecordingSwarm(self._calls, store)
        self.network = RecordingNetwork("network", self._calls)
        self.connection = PeerConnection(self.swarm, self.network, expected_peer_id)

    def greet(self) -> "Talk":
        """
        Go through the handshake, and forget what was said.
        """
        self.connection.on_connect()
        self.connection.on_handshake(1002)
        self.take()
        return self

    def begin(self, *theirs: int) -> "Talk":
        """
        Go through the handshake and their bitfield, and forget what was said.
        """
        self.greet().connection.on_bitfield(bitfield(*theirs))
        self.take()
        return self

    def take(self) -> list[Call]:
        """
        All that we did since the last time.
        """
        calls = list(self._calls)
        self._calls.clear()
        return calls


def slow_talk() -> tuple[Talk, HeldStorage]:
    """
    A conversation in which we hold everything, on a disk that answers when the
    test says so.
    """
    memory = MemoryStorage(LAYOUT, FILE)
    memory.open()
    disk = HeldStorage(memory)
    return Talk(PieceStore(LAYOUT, disk)), disk


class GreetingTests(SynchronousTestCase):
    """
    How a conversation begins.
    """

    def test_seam(self) -> None:
        """
        A conversation is what a connection asks for: mypy proves it here.
        """
        logic: LogicSide = Talk().connection
        logic.on_writable()

    def test_at_once(self) -> None:
        """
        We say who we are as soon as the connection stands.
        """
        talk = Talk()
        talk.connection.on_connect()
        self.assertEqual(talk.take(), [said("send_handshake", 1001)])

    def test_bitfield_first(self) -> None:
        """
        When they said who they are and may come in, the first thing they hear
        is what we hold; then the conversation has begun.
        """
        talk = Talk(held=[0, 1, 9], expected_peer_id=1002)
        talk.connection.on_handshake(1002)
        self.assertEqual(
            talk.take(),
            [
                ("swarm", "admit", 1002, False),
                said("send_bitfield", b"\xc0\x40"),
                ("swarm", "joined", 1002),
            ],
        )
        self.assertEqual(talk.connection.peer_id, 1002)

    def test_empty_bitfield(self) -> None:
        """
        The bitfield is sent even if we hold nothing, and even if there is
        nothing to hold.
        """
        seen = []
        for layout in LAYOUT, PieceLayout(0, 1):
            talk = Talk(memory_store(layout))
            talk.connection.on_handshake(1002)
            seen.append(talk.take()[1])
        self.assertEqual(
            seen, [said("send_bitfield", b"\0\0"), said("send_bitfield", b"")]
        )

    def test_wrong_peer(self) -> None:
        """
        Another peer than the one that was called breaks the protocol before
        anything is said to it or about it.
        """
        talk = Talk(expected_peer_id=1003)
        error = self.assertRaises(ProtocolViolation, talk.connection.on_handshake, 1002)
        talk.connection.on_disconnect("wrong")
        self.assertEqual((error.reason, talk.take()), (ViolationReason.WRONG_PEER, []))

    def test_refused(self) -> None:
        """
        One that is turned away hears nothing from us; its end is none of a
        conversation.
        """
        talk = Talk()
        talk.swarm.admits = False
        talk.connection.on_handshake(1002)
        talk.connection.on_writable()
        talk.connection.on_disconnect("refused")
        self.assertEqual(talk.take(), [("swarm", "admit", 1002, False)])

    def test_no_business_here(self) -> None:
        """
        The same holds for one that has no business here, which breaks the
        protocol.
        """
        talk = Talk()
        violation = ProtocolViolation(ViolationReason.UNKNOWN_PEER, "who is that?")
        talk.swarm.admits = violation
        error = self.assertRaises(ProtocolViolation, talk.connection.on_handshake, 1002)
        self.assertIs(error, violation)
        talk.connection.on_writable()
        talk.connection.on_disconnect("violation")
        self.assertEqual(talk.take(), [("swarm", "admit", 1002, False)])

    def test_nobody_yet(self) -> None:
        """
        Before the handshake there is nobody to serve and nobody to miss.
        """
        talk = Talk()
        talk.connection.on_connect()
        talk.take()
        talk.connection.on_writable()
        talk.connection.on_disconnect("gone")
        self.assertEqual(talk.take(), [])


class HoldingsTests(SynchronousTestCase):
    """
    What they hold, and whether we want it.
    """

    def test_interesting(self) -> None:
        """
        We are interested when their bitfield has a piece that we lack.
        """
        talk = Talk(held=[0, 1]).greet()
        talk.connection.on_bitfield(bitfield(1, 2))
        self.assertEqual(
            talk.take(),
            [
                said("send_interested"),
                published(InterestChanged(1002, True)),
                published(BitfieldReceived(1002, 2)),
                ("swarm", "holdings_learned", [1, 2]),
            ],
        )
        self.assertTrue(talk.connection.neighbor.am_interested)

    def test_not_interesting(self) -> None:
        """
        When it has none, we say that we are not interested, though it is no
        change.
        """
        talk = Talk(held=[0, 1]).greet()
        talk.connection.on_bitfield(bitfield(1))
        self.assertEqual(
            talk.take(),
            [
                said("send_not_interested"),
                published(InterestChanged(1002, False)),
                published(BitfieldReceived(1002, 1)),
                ("swarm", "holdings_learned", [1]),
            ],
        )

    def test_late_bitfield(self) -> None:
        """
        A bitfield after any other message, another bitfield included, breaks
        the protocol, and is not believed.
        """
        messages: list[Callable[[PeerConnection], object]] = [
            lambda connection: connection.on_bitfield(bitfield()),
            lambda connection: connection.on_choke(),
            lambda connection: connection.on_unchoke(),
            lambda connection: connection.on_interested(),
            lambda connection: connection.on_not_interested(),
            lambda connection: connection.on_haves([0]),
            lambda connection: connection.on_requests([0]),
            lambda connection: connection.on_unknown(8),
        ]
        for message in messages:
            talk = Talk().greet()
            message(talk.connection)
            talk.take()
            error = self.assertRaises(
                ProtocolViolation, talk.connection.on_bitfield, bitfield(5)
            )
            self.assertEqual(error.reason, ViolationReason.LATE_BITFIELD)
            self.assertNotIn(5, list(talk.connection.neighbor.bits))
            self.assertEqual(talk.take(), [])

    def test_no_bitfield(self) -> None:
        """
        Who begins with another message holds nothing so far, which is learned
        once.
        """
        talk = Talk().greet()
        talk.connection.on_interested()
        talk.connection.on_interested()
        self.assertEqual(
            talk.take(),
            [
                ("swarm", "holdings_learned", []),
                published(InterestedReceived(1002)),
                published(InterestedReceived(1002)),
            ],
        )

    def test_have(self) -> None:
        """
        A piece that we lack makes us interested.
        """
        talk = Talk(held=[0]).begin(0)
        talk.connection.on_haves([3])
        self.assertEqual(
            talk.take(),
            [
                said("send_interested"),
                published(InterestChanged(1002, True)),
                published(HaveReceived(1002, 3)),
            ],
        )

    def test_have_unchoked(self) -> None:
        """
        If they serve us it may be asked for at once.
        """
        talk = Talk().begin(0)
        talk.connection.on_unchoke()
        talk.take()
        talk.connection.on_haves([3])
        self.assertEqual(
            talk.take(),
            [
                ("swarm", "request_next", 1002),
                published(HaveReceived(1002, 3)),
            ],
        )

    def test_have_last(self) -> None:
        """
        Their last piece is worth telling: now they hold everything.
        """
        *most, last = range(LAYOUT.piece_count)
        talk = Talk().begin(*most)
        talk.connection.on_haves([last])
        self.assertEqual(
            talk.take(),
            [
                published(HaveReceived(1002, last)),
                ("swarm", "holdings_learned", [*most, last]),
            ],
        )

    def test_have_more(self) -> None:
        """
        Once interested we do not say so again.
        """
        talk = Talk().begin(0)
        talk.connection.on_haves([3])
        self.assertEqual(talk.take(), [published(HaveReceived(1002, 3))])

    def test_have_repeated(self) -> None:
        """
        What they told already is an event and no news.
        """
        talk = Talk().begin(0)
        talk.connection.on_haves([0])
        self.assertEqual(talk.take(), [published(HaveReceived(1002, 0))])

    def test_announce(self) -> None:
        """
        We tell of each piece that we get, the neighbour that has it too.  While
        they have another one that we lack we stay interested; with the last one
        that is over.
        """
        talk = Talk().begin(3, 4)
        seen = []
        for index in 7, 3, 4:
            hold(talk.store, index)
            talk.connection.neighbor.note_needless([index])
            talk.connection.announce([index])
            seen.append(talk.take())
        self.assertEqual(
            seen,
            [
                [said("send_have", 7)],
                [said("send_have", 3)],
                [
                    said("send_have", 4),
                    said("send_not_interested"),
                    published(InterestChanged(1002, False)),
                ],
            ],
        )

    @settings(deadline=None)
    @given(
        st.sets(st.integers(0, 9)),
        st.none() | st.sets(st.integers(0, 9)),
        st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=30),
    )
    def test_interest(
        self, held: set[int], theirs: set[int] | None, steps: list[tuple[bool, int]]
    ) -> None:
        """
        At every moment we are interested exactly if they have something we
        lack, and after the answer to their bitfield we tell changes only.
        """
        talk = Talk(held=held).greet()
        connection, store = talk.connection, talk.store
        words: dict[object, bool] = {
            "send_interested": True,
            "send_not_interested": False,
        }
        told = False
        if theirs is not None:
            connection.on_bitfield(bitfield(*theirs))
            told = bool(theirs - held)
            answers = [words[call[1]] for call in talk.take() if call[1] in words]
            self.assertEqual(answers, [told])
        for is_theirs, index in steps:
            if is_theirs:
                connection.on_haves([index])
            elif index not in store.bits:
                hold(store, index)
                connection.neighbor.note_needless([index])
                connection.announce([index])
            for call in talk.take():
                if call[1] in words:
                    self.assertIs(words[call[1]], not told)
                    told = not told
            wanted = store.bits.lacks_any_of(connection.neighbor.bits)
            self.assertEqual(
                (connection.neighbor.am_interested, told), (wanted, wanted)
            )


class TheirWordsTests(SynchronousTestCase):
    """
    What they say, and may say again.
    """

    def test_unchoke(self) -> None:
        """
        When they begin to serve us we ask; to hear it again changes nothing.
        One that left us waiting is trusted anew.
        """
        talk = Talk().begin(1)
        talk.connection.neighbor.is_snubbed = True
        talk.connection.on_unchoke()
        self.assertEqual(
            talk.take(), [("swarm", "request_next", 1002), published(UnchokedBy(1002))]
        )
        self.assertFalse(talk.connection.neighbor.is_snubbed)
        talk.connection.on_unchoke()
        self.assertEqual(talk.take(), [])
        self.assertFalse(talk.connection.neighbor.peer_choking)

    def test_choke(self) -> None:
        """
        When they cease to serve us we give back what we asked of them; to hear
        it again, or before they ever served us, changes nothing.
        """
        talk = Talk().begin(1)
        talk.connection.on_choke()
        self.assertEqual(talk.take(), [])
        talk.connection.on_unchoke()
        talk.take()
        talk.connection.on_choke()
        talk.connection.on_choke()
        self.assertEqual(
            talk.take(),
            [
                ("swarm", "give_back", 1002, GivenBackReason.CHOKE),
                published(ChokedBy(1002)),
            ],
        )
        self.assertTrue(talk.connection.neighbor.peer_choking)

    def test_interest(self) -> None:
        """
        Their interest is noted and told as often as they say it; nobody is
        served before the next choke round.
        """
        talk = Talk().begin(1)
        seen = []
        for word in talk.connection.on_interested, talk.connection.on_not_interested:
            word()
            word()
            seen.append((talk.take(), talk.connection.neighbor.peer_interested))
        self.assertEqual(
            seen,
            [
                ([published(InterestedReceived(1002))] * 2, True),
                ([published(NotInterestedReceived(1002))] * 2, False),
            ],
        )

    def test_unknown(self) -> None:
        """
        A message of a type that we do not know is told and nothing else.
        """
        talk = Talk().begin(1)
        talk.connection.on_unknown(8)
        self.assertEqual(talk.take(), [published(UnknownMessageSkipped(1002, 8))])

    def test_stall(self) -> None:
        """
        When they do not answer, the piece is offered to the others before they
        are asked again; that they are slow is known by then.
        """
        talk = Talk().begin(1)
        talk.connection.on_stall()
        self.assertEqual(
            talk.take(),
            [
                ("swarm", "give_back", 1002, GivenBackReason.STALL),
                ("swarm", "request_next", 1002),
            ],
        )
        self.assertTrue(talk.connection.neighbor.is_snubbed)


class FetchingTests(SynchronousTestCase):
    """
    What we ask of them.
    """

    def ask(self, talk: Talk, index: int) -> None:
        """
        Ask as the request manager does, and forget what was said.
        """
        talk.connection.neighbor.requested.add(index)
        talk.connection.request([index])

    def test_request(self) -> None:
        """
        A request goes out and is told.
        """
        talk = Talk().begin(1)
        self.ask(talk, 1)
        self.assertEqual(
            talk.take(),
            [said("send_request", 1), published(PieceRequested(1002, 1))],
        )

    def test_arrives(self) -> None:
        """
        A piece that was asked for is let in at its head, and handed on with its
        bytes.
        """
        talk = Talk().begin(1)
        self.ask(talk, 1)
        talk.take()
        talk.connection.expect_piece(1)
        self.assertEqual(talk.take(), [])
        talk.connection.on_pieces([Piece(1, memoryview(b"ab"))])
        self.assertEqual(talk.take(), [("swarm", "piece_arrived", 1002, 1, b"ab")])

    def test_late(self) -> None:
        """
        So is one that was asked for and given up since.
        """
        talk = Talk().begin(1)
        self.ask(talk, 1)
        talk.connection.neighbor.withdraw_requests()
        talk.take()
        talk.connection.expect_piece(1)
        talk.connection.on_pieces([Piece(1, b"ab")])
        self.assertEqual(talk.take(), [("swarm", "piece_arrived", 1002, 1, b"ab")])

    def test_unrequested(self) -> None:
        """
        A piece that was never asked of them breaks the protocol at its head,
        and nothing is done about it.
        """
        talk = Talk().begin(1, 2)
        self.ask(talk, 1)
        talk.take()
        refusals = [
            self.assertRaises(ProtocolViolation, talk.connection.expect_piece, 2),
            self.assertRaises(
                ProtocolViolation, talk.connection.on_pieces, [Piece(2, b"ab")]
            ),
        ]
        self.assertEqual(
            [each.reason for each in refusals], [ViolationReason.UNREQUESTED_PIECE] * 2
        )
        self.assertEqual(talk.take(), [])


class ServingTests(SynchronousTestCase):
    """
    Whom we serve, and what for.
    """

    def test_served(self) -> None:
        """
        Once unchoked, they get what they ask for, as soon as there is room.
        """
        talk = Talk(memory_store(LAYOUT, FILE)).begin()
        talk.connection.unchoke()
        talk.connection.on_requests([9])
        talk.network.room_bytes = 0
        talk.connection.on_requests([0])
        self.assertEqual(
            talk.take(),
            [
                said("send_unchoke"),
                published(NeighborUnchoked(1002)),
                said("send_piece", 9, b"\x12"),
                published(PieceSent(1002, 9, 1)),
            ],
        )
        talk.network.room_bytes = 2**18
        talk.connection.on_writable()
        self.assertEqual(
            talk.take(),
            [said("send_piece", 0, b"\0\1"), published(PieceSent(1002, 0, 2))],
        )

    def test_choked(self) -> None:
        """
        While they are choked nothing is served, nor kept for later.
        """
        talk = Talk(memory_store(LAYOUT, FILE)).begin()
        talk.connection.on_requests([0])
        talk.connection.unchoke()
        talk.connection.on_writable()
        self.assertEqual(
            talk.take(),
            [
                published(RequestIgnored(1002, 0, IgnoredReason.CHOKED)),
                said("send_unchoke"),
                published(NeighborUnchoked(1002)),
            ],
        )

    def test_choke(self) -> None:
        """
        After a choke nothing is sent: not what waited, and not what was being
        read when it was said.
        """
        talk, disk = slow_talk()
        talk.begin().connection.unchoke()
        talk.connection.on_requests([3])
        talk.connection.on_requests([1])
        talk.take()
        talk.connection.choke()
        disk.release_all()
        talk.connection.on_writable()
        self.assertEqual(
            talk.take(), [said("send_choke"), published(NeighborChoked(1002))]
        )
        self.assertEqual(disk.waiting, [])

    def test_choke_on_change(self) -> None:
        """
        Chokes and unchokes are said only when they change something.
        """
        talk = Talk().begin()
        for change in (
            talk.connection.choke,
            talk.connection.unchoke,
            talk.connection.unchoke,
            talk.connection.choke,
            talk.connection.choke,
        ):
            change()
        self.assertEqual(
            talk.take(),
            [
                said("send_unchoke"),
                published(NeighborUnchoked(1002)),
                said("send_choke"),
                published(NeighborChoked(1002)),
            ],
        )


class EndTests(SynchronousTestCase):
    """
    How a conversation ends.
    """

    def test_they_go(self) -> None:
        """
        When the connection is gone, that is told once.
        """
        talk = Talk().begin()
        talk.connection.on_disconnect("reset")
        talk.connection.on_disconnect("again")
        self.assertEqual(talk.take(), [("swarm", "departed", 1002, "reset")])

    def test_we_go(self) -> None:
        """
        When we end it, the connection is closed and the end told at once, and
        not again when the connection is gone.
        """
        talk = Talk().begin()
        talk.connection.close("done")
        talk.connection.on_disconnect("closed")
        self.assertEqual(
            talk.take(), [said("close", "done"), ("swarm", "departed", 1002, "done")]
        )

    def test_before_handshake(self) -> None:
        """
        We may end it before they said who they are.
        """
        talk = Talk()
        talk.connection.close("stopping")
        self.assertEqual(talk.take(), [said("close", "stopping")])

    def test_nothing_after(self) -> None:
        """
        What was asked for is not served any more, nor read; what the disk
        answers then is dropped, whether it is a piece or a failure.
        """
        for is_good in True, False:
            talk, disk = slow_talk()
            talk.begin().connection.unchoke()
            talk.connection.on_requests([0])
            talk.connection.on_requests([1])
            talk.connection.on_disconnect("reset")
            talk.take()
            if is_good:
                disk.release()
            else:
                disk.fail("no disk")
            talk.connection.on_writable()
            self.assertEqual((talk.take(), disk.waiting), ([], []))
