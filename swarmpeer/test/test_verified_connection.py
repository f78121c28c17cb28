"""
Tests of L{swarmpeer.core.verified_connection} and of how it serves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.serving import QUEUE_LIMIT
from swarmpeer.core.verified_connection import VerifiedConnection
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.errors import ProtocolViolation
from swarmpeer.events import (
    BitfieldReceived,
    GivenBackReason,
    GoodbyeReceived,
    IgnoredReason,
    InterestChanged,
    NeighborChoked,
    PieceSent,
    RequestIgnored,
    SwarmEvent,
)
from swarmpeer.test.checked_memory import (
    CheckedMemory,
    HeldCheckedStorage,
    checked_store,
)
from swarmpeer.test.recording_swarm import RecordingSwarm
from swarmpeer.testing.recorders import Call, RecordingVerifiedNetwork
from swarmpeer.verified_seam import VerifiedLogicSide
from swarmpeer.wire.extension import MANIFEST_PART_BYTES, GoodbyeCode

LAYOUT = PieceLayout(19, 2)
"""
Ten pieces, the last of one byte.
"""
WHOLE = bytes(range(19))
MANIFEST = bytes(MANIFEST_PART_BYTES + 1)
"""
Two parts.
"""


@dataclass
class RecordingVerifiedSwarm(RecordingSwarm):
    """
    A L{swarmpeer.core.swarm_side.VerifiedSwarmSide} that remembers what it was told.
    """

    encoded: int = 0
    is_showing: bool = False

    def pieces_sent(
        self, conversation: VerifiedConnection, indexes: Sequence[int]
    ) -> None:
        """
        The pieces themselves tell.
        """

    def manifest(self) -> bytes:
        """
        Hand it out.
        """
        self.encoded += 1
        return MANIFEST

    def rejected(self, conversation: VerifiedConnection, index: int) -> None:
        """
        Remember.
        """
        self.calls.append(("swarm", "rejected", conversation.peer_id, index))

    def withdrawn(self, conversation: VerifiedConnection, index: int) -> None:
        """
        Remember.
        """
        self.calls.append(("swarm", "withdrawn", conversation.peer_id, index))

    def bad_piece_told(self, conversation: VerifiedConnection, index: int) -> None:
        """
        Remember.
        """
        self.calls.append(("swarm", "bad_piece_told", conversation.peer_id, index))


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


def ignored(index: int, reason: IgnoredReason) -> Call:
    """
    What is told of a request that is not served.
    """
    return published(RequestIgnored(1002, index, reason))


class Talk:
    """
    A conversation between us, 1001, and 1002, in which everything that we do is
    written into one list.
    """

    def __init__(self, store: VerifiedStore, *, is_verified: bool = True) -> None:
        self._calls: list[Call] = []
        self.store = store
        self.network = RecordingVerifiedNetwork(
            "network", self._calls, is_verified=is_verified
        )
        self.swarm = RecordingVerifiedSwarm(self._calls, store)
        self.logic = VerifiedConnection(self.swarm, self.network, None)

    def greet(self) -> list[Call]:
        """
        Their handshake comes.

        @return: what we told them of our pieces.
        """
        self.logic.on_connect()
        self.logic.on_handshake(1002)
        return [call for call in self.take() if call[0] == "network"][1:]

    def take(self) -> list[Call]:
        """
        All that was sent and told since the last time.
        """
        calls = list(self._calls)
        self._calls.clear()
        return calls


def talk(*held: int, is_verified: bool = True) -> Talk:
    """
    A conversation that has begun, and in which we serve them.
    """
    _, store = checked_store(LAYOUT, WHOLE, held)
    made = Talk(store, is_verified=is_verified)
    made.greet()
    made.logic.unchoke()
    made.take()
    return made


class GreetingTests(SynchronousTestCase):
    """
    What is told of our pieces, and heard of theirs.
    """

    def _greeting(self, *held: int, is_verified: bool = True) -> list[Call]:
        _, store = checked_store(LAYOUT, WHOLE, held)
        return Talk(store, is_verified=is_verified).greet()

    def test_short(self) -> None:
        """
        All or nothing is one word, to those who know it; else it is a bitfield.
        """
        self.assertEqual(self._greeting(), [said("send_have_none")])
        self.assertEqual(self._greeting(*range(10)), [said("send_have_all")])
        self.assertEqual(self._greeting(0, 9), [said("send_bitfield", b"\x80\x40")])
        self.assertEqual(
            self._greeting(is_verified=False), [said("send_bitfield", b"\0\0")]
        )
        self.assertEqual(
            self._greeting(*range(10), is_verified=False),
            [said("send_bitfield", b"\xff\xc0")],
        )

    def test_shown(self) -> None:
        """
        While we show our pieces, we say to hold none, and then each that is shown,
        once; a classic neighbour is told as ever.
        """
        for is_verified, greeting in (
            (True, said("send_have_none")),
            (False, said("send_bitfield", b"\xff\xc0")),
        ):
            _, store = checked_store(LAYOUT, WHOLE, range(10))
            made = Talk(store, is_verified=is_verified)
            made.swarm.is_showing = True
            self.assertEqual(made.greet(), [greeting])
            self.assertIs(made.logic.is_told_part, is_verified)
            made.logic.show((3,))
            made.logic.show((3,))
            haves = [said("send_have", 3)] if is_verified else []
            self.assertEqual(made.take(), haves)

    def test_rest(self) -> None:
        """
        The rest is told in parts, each piece once; one that is lost meanwhile is told
        when it is back, and withdrawn only from those who know of it.
        """
        _, store = checked_store(LAYOUT, WHOLE, range(10))
        made = Talk(store)
        made.swarm.is_showing = True
        made.greet()
        made.logic.show((3,))
        made.take()
        for index in (3, 5):
            store.lose(index)
            made.logic.withdraw(index)
        made.logic.tell_rest(4)
        self.assertEqual(
            made.take(),
            [
                said("send_withdrawal", 3),
                *(said("send_have", index) for index in (0, 1, 2, 4)),
            ],
        )
        store.regain(5)
        made.logic.announce([5])
        made.logic.tell_rest(4)
        self.assertEqual(
            made.take(), [said("send_have", index) for index in (5, 6, 7, 8, 9)]
        )
        self.assertFalse(made.logic.is_told_part)

    def test_can_wait(self) -> None:
        """
        They are told at once of what they may ask for next.  It can wait if there is
        enough of that already, or if they lack nothing that we hold; but not that we
        are complete.
        """
        layout = PieceLayout(20, 1)
        _, store = checked_store(layout, bytes(20), [])
        made = Talk(store)
        made.greet()
        made.logic.on_haves(range(15, 19))
        network = made.network

        def told_at_once(index: int) -> bool:
            store.regain(index)
            made.logic.neighbor.note_needless((index,))
            network.can_wait.clear()
            made.logic.announce([index])
            return not network.can_wait

        self.assertFalse(told_at_once(15))
        self.assertEqual(
            [told_at_once(index) for index in range(5)],
            [True, True, True, True, False],
        )
        # They have begun to take what there was.
        made.logic.neighbor.wanted_from_us.extend((0, 1, 2))
        self.assertEqual(
            [told_at_once(index) for index in (5, 6, 7)],
            [True, True, False],
        )
        made.logic.on_haves([*range(15), 19])
        made.logic.neighbor.wanted_from_us.clear()
        rest = [index for index in range(8, 20) if index != 15]
        self.assertEqual(
            [told_at_once(index) for index in rest],
            [False] * (len(rest) - 1) + [True],
        )

    def test_nothing_told_yet(self) -> None:
        """
        However many come at once, who was told of nothing has nothing to ask for; nor
        is what we gave up anything to ask for.
        """
        layout = PieceLayout(20, 1)
        _, store = checked_store(layout, bytes(20), [])
        made = Talk(store)
        made.greet()
        made.logic.on_have_none()
        neighbor, network = made.logic.neighbor, made.network
        for index in range(10, 15):
            store.give_up(index)
            neighbor.note_needless((index,))
        first, second = range(6), (6, 7)
        for run in (first, second):
            for index in run:
                store.regain(index)
            neighbor.note_needless(run)
        made.logic.announce(first)
        self.assertEqual(network.can_wait, [])
        made.logic.announce(second)
        self.assertEqual(network.can_wait, [*second])

    def test_theirs(self) -> None:
        """
        Their word is as good as a bitfield, and gets the same answer.
        """
        all_of_it, nothing = talk(), talk()
        all_of_it.logic.on_have_all()
        self.assertEqual(
            all_of_it.take(),
            [
                said("send_interested"),
                published(InterestChanged(1002, True)),
                published(BitfieldReceived(1002, 10)),
                ("swarm", "holdings_learned", list(range(10))),
            ],
        )
        nothing.logic.on_have_none()
        self.assertEqual(
            nothing.take(),
            [
                said("send_not_interested"),
                published(InterestChanged(1002, False)),
                published(BitfieldReceived(1002, 0)),
                ("swarm", "holdings_learned", []),
            ],
        )

    def test_too_late(self) -> None:
        """
        It may be the first message only, whatever that was.
        """
        firsts: list[Callable[[VerifiedLogicSide], None]] = [
            lambda logic: logic.on_have_none(),
            lambda logic: logic.on_reject(0),
            lambda logic: logic.on_cancel(0),
            lambda logic: logic.on_withdrawal(0),
            lambda logic: logic.on_bad_piece(0),
            lambda logic: logic.on_manifest_request(0),
        ]
        for first in firsts:
            begun = talk()
            first(begun.logic)
            self.assertRaises(ProtocolViolation, begun.logic.on_have_all)
            self.assertRaises(ProtocolViolation, begun.logic.on_have_none)


class AnswerTests(SynchronousTestCase):
    """
    Every request gets an answer.
    """

    def test_refused(self) -> None:
        """
        One that we do not serve is rejected, whatever the reason.
        """
        begun = talk(0)
        begun.logic.on_requests([1])
        begun.logic.on_requests([2**32 - 1])
        begun.logic.choke()
        begun.logic.on_requests([0])
        self.assertEqual(
            begun.take(),
            [
                ("swarm", "holdings_learned", []),
                said("send_reject", 1),
                ignored(1, IgnoredReason.NOT_HELD),
                said("send_reject", 2**32 - 1),
                ignored(2**32 - 1, IgnoredReason.OUT_OF_RANGE),
                said("send_choke"),
                published(NeighborChoked(1002)),
                said("send_reject", 0),
                ignored(0, IgnoredReason.CHOKED),
            ],
        )

    def test_classic(self) -> None:
        """
        Those who speak only the eight messages hear nothing.
        """
        begun = talk(0, is_verified=False)
        begun.logic.on_requests([1])
        self.assertEqual(
            begun.take(),
            [
                ("swarm", "holdings_learned", []),
                ignored(1, IgnoredReason.NOT_HELD),
            ],
        )

    def test_flood(self) -> None:
        """
        Too many at once are rejected; one that waits already is not, since its answer
        is still to come.
        """
        layout = PieceLayout(QUEUE_LIMIT + 1, 1)
        whole = bytes(QUEUE_LIMIT + 1)
        _, store = checked_store(layout, whole, range(QUEUE_LIMIT + 1))
        begun = Talk(store)
        begun.greet()
        begun.logic.unchoke()
        begun.network.room_bytes = 0
        for index in range(QUEUE_LIMIT):
            begun.logic.on_requests([index])
        begun.take()
        begun.logic.on_requests([5])
        begun.logic.on_requests([QUEUE_LIMIT])
        self.assertEqual(
            begun.take(),
            [
                ignored(5, IgnoredReason.REPEATED),
                said("send_reject", QUEUE_LIMIT),
                ignored(QUEUE_LIMIT, IgnoredReason.FLOOD),
            ],
        )

    def test_choke(self) -> None:
        """
        What waits when we choke them is rejected behind the choke, so that the reject
        does not say that we lack it.
        """
        begun = talk(0, 1)
        begun.network.room_bytes = 0
        begun.logic.on_requests([0])
        begun.logic.on_requests([1])
        begun.take()
        begun.logic.choke()
        begun.logic.choke()
        self.assertEqual(
            begun.take(),
            [
                said("send_choke"),
                said("send_reject", 0),
                said("send_reject", 1),
                published(NeighborChoked(1002)),
            ],
        )

    def test_cancel(self) -> None:
        """
        What they want no more is rejected if it waits; what was sent, or never asked
        for, is not.
        """
        begun = talk(0, 1)
        begun.logic.on_requests([0])
        begun.network.room_bytes = 0
        begun.logic.on_requests([1])
        begun.take()
        begun.logic.on_cancel(0)
        begun.logic.on_cancel(2**32 - 1)
        begun.logic.on_cancel(1)
        self.assertEqual(begun.take(), [said("send_reject", 1)])
        begun.network.room_bytes = 2**18
        begun.logic.on_writable()
        self.assertEqual(begun.take(), [])

    def test_cancel_while_reading(self) -> None:
        """
        What is being read for them is not sent after they took it back.
        """
        memory = CheckedMemory(LAYOUT, WHOLE, [0, 1])
        storage = HeldCheckedStorage(memory)
        begun = Talk(VerifiedStore(LAYOUT, storage, memory.held()))
        begun.greet()
        begun.logic.unchoke()
        begun.logic.on_requests([0])
        begun.logic.on_requests([1])
        begun.logic.on_cancel(0)
        begun.take()
        storage.release_all()
        self.assertEqual(
            begun.take(),
            [said("send_piece", 1, b"\2\3"), published(PieceSent(1002, 1, 2))],
        )

    def test_unreadable(self) -> None:
        """
        What cannot be read is rejected.
        """
        memory, store = checked_store(LAYOUT, WHOLE, [0])
        begun = Talk(store)
        begun.greet()
        begun.logic.unchoke()
        begun.take()
        memory.rot(0)
        begun.logic.on_requests([0])
        self.assertEqual(
            begun.take(),
            [
                ("swarm", "holdings_learned", []),
                said("send_reject", 0),
                ignored(0, IgnoredReason.UNREADABLE),
            ],
        )

    def test_withdraw(self) -> None:
        """
        What we lost is withdrawn, and then rejected if it waits.
        """
        begun = talk(0, 1)
        begun.network.room_bytes = 0
        begun.logic.on_requests([0])
        begun.take()
        begun.store.lose(0)
        begun.logic.withdraw(0)
        begun.store.lose(1)
        begun.logic.withdraw(1)
        self.assertEqual(
            begun.take(),
            [
                said("send_withdrawal", 0),
                said("send_reject", 0),
                ignored(0, IgnoredReason.NOT_HELD),
                said("send_withdrawal", 1),
            ],
        )

    def test_gone(self) -> None:
        """
        When they are gone nothing is said any more.
        """
        begun = talk(0)
        begun.network.room_bytes = 0
        begun.logic.on_requests([0])
        begun.take()
        begun.logic.on_disconnect("gone")
        self.assertEqual(begun.take(), [("swarm", "departed", 1002, "gone")])


class TellingTests(SynchronousTestCase):
    """
    What else they say.
    """

    def test_passed_on(self) -> None:
        """
        What they reject or withdraw is for the node.
        """
        begun = talk()
        begun.logic.on_have_none()
        begun.take()
        begun.logic.on_reject(2**32 - 1)
        begun.logic.on_withdrawal(9)
        self.assertEqual(
            begun.take(),
            [
                ("swarm", "rejected", 1002, 2**32 - 1),
                ("swarm", "withdrawn", 1002, 9),
            ],
        )

    def test_complaint(self) -> None:
        """
        They may complain once of each piece that we sent them here, and of no other.
        """
        begun = talk(0, 1)
        begun.logic.on_requests([0])
        begun.network.room_bytes = 0
        begun.logic.on_requests([1])
        begun.take()
        for index in (0, 0, 1, 2):
            begun.logic.on_bad_piece(index)
        self.assertEqual(begun.take(), [("swarm", "bad_piece_told", 1002, 0)])

    def test_complaint_of_nothing(self) -> None:
        """
        What was read for them, but not sent since we choke them by now, cannot have
        been wrong.
        """
        memory = CheckedMemory(LAYOUT, WHOLE, [0])
        storage = HeldCheckedStorage(memory)
        begun = Talk(VerifiedStore(LAYOUT, storage, memory.held()))
        begun.greet()
        begun.logic.unchoke()
        begun.logic.on_requests([0])
        begun.logic.choke()
        storage.release_all()
        begun.take()
        begun.logic.on_bad_piece(0)
        self.assertEqual(begun.take(), [])

    def test_goodbye(self) -> None:
        """
        Their goodbye is told; one that is their first message says nothing of what
        they hold.
        """
        begun = talk()
        begun.logic.on_goodbye(99, "so long")
        self.assertEqual(
            begun.take(), [published(GoodbyeReceived(1002, 99, "so long"))]
        )

    def test_part(self) -> None:
        """
        Before we hang up we say why.
        """
        begun = talk()
        begun.logic.close("replaced", GoodbyeCode.REPLACED)
        self.assertEqual(
            begun.take(),
            [
                said("close", "replaced", GoodbyeCode.REPLACED),
                ("swarm", "departed", 1002, "replaced"),
            ],
        )

    def test_wrong_piece(self) -> None:
        """
        They are told that what they sent was wrong; we still want it.
        """
        begun = talk()
        begun.logic.on_haves([3])
        begun.take()
        begun.logic.refuse_piece(3)
        self.assertEqual(begun.take(), [said("send_bad_piece", 3)])

    def test_give_back_at_choke(self) -> None:
        """
        All else is as in every conversation, as when they choke us.
        """
        begun = talk()
        begun.logic.on_have_none()
        begun.logic.on_unchoke()
        begun.take()
        begun.logic.on_choke()
        self.assertEqual(
            begun.take()[0], ("swarm", "give_back", 1002, GivenBackReason.CHOKE)
        )


class ManifestTests(SynchronousTestCase):
    """
    The manifest for those who ask.
    """

    def test_parts(self) -> None:
        """
        Each part that there is is sent, and others are dropped.
        """
        begun = talk()
        begun.logic.on_have_none()
        begun.take()
        for part in (0, 1, 2, 2**32 - 1):
            begun.logic.on_manifest_request(part)
        self.assertEqual(
            begun.take(),
            [
                said("send_manifest_part", 0, MANIFEST),
                said("send_manifest_part", 1, MANIFEST),
            ],
        )

    def test_no_room(self) -> None:
        """
        While they take nothing, a few requests wait, and one too many is dropped; nor
        are the bytes of the manifest made for nothing.
        """
        begun = talk()
        begun.logic.on_have_none()
        begun.network.room_bytes = 0
        begun.take()
        for _ in range(100):
            begun.logic.on_manifest_request(1)
        self.assertEqual((begun.take(), begun.swarm.encoded), ([], 0))
        begun.network.room_bytes = 2**18
        begun.logic.on_writable()
        self.assertEqual(begun.take(), [said("send_manifest_part", 1, MANIFEST)] * 16)
