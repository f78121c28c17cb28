"""
Tests of L{swarmpeer.core.serving}.
"""

from collections.abc import Callable
from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.serving import QUEUE_LIMIT, Serving
from swarmpeer.events import IgnoredReason, PieceSent, RequestIgnored, SwarmEvent
from swarmpeer.seam import PieceContent
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.recording_swarm import hold, memory_store
from swarmpeer.testing.recorders import Call, RecordingNetwork
from swarmpeer.testing.storage import HeldStorage


@dataclass
class EagerNetwork(RecordingNetwork):
    """
    A connection that may tell of room before a send returns.
    """

    tell_of_room: Callable[[], None] | None = None

    def send_piece(self, index: int, content: PieceContent) -> None:
        """
        Remember, and tell of room if there is somebody to be told.
        """
        super().send_piece(index, content)
        if self.tell_of_room is not None:
            self.tell_of_room()


class Counter:
    """
    Where neighbour 1002, who is unchoked, is served.
    """

    def __init__(self, store: PieceStore) -> None:
        self._calls: list[Call] = []
        self.network = EagerNetwork("network", self._calls)
        self.neighbor = NeighborState(1002, store.layout.piece_count)
        self.neighbor.change_am_choking(False)
        self.serving = Serving(store, self.neighbor, self.network, self._publish)

    def _publish(self, event: SwarmEvent) -> None:
        self._calls.append(("publish", event))

    def ask(self, *indexes: int) -> None:
        """
        They ask for some pieces.
        """
        for index in indexes:
            self.serving.take([index])

    def choke(self) -> None:
        """
        Serve them no more.
        """
        self.neighbor.change_am_choking(True)
        self.serving.forget()

    def unchoke(self) -> None:
        """
        Serve them again.
        """
        self.neighbor.change_am_choking(False)

    def take(self) -> list[Call]:
        """
        All that was sent and told since the last time.
        """
        calls = list(self._calls)
        self._calls.clear()
        return calls


def sent(index: int, data: bytes) -> list[Call]:
    """
    What is remembered of a piece that was served.
    """
    return [
        ("network", "send_piece", index, data),
        ("publish", PieceSent(1002, index, len(data))),
    ]


def ignored(index: int, reason: IgnoredReason) -> Call:
    """
    What is remembered of a request that was not.
    """
    return ("publish", RequestIgnored(1002, index, reason))


class RequestsTests(SynchronousTestCase):
    """
    Which requests are served, from a storage that answers at once.
    """

    def setUp(self) -> None:
        """
        We hold the whole file: ten pieces, the last of one byte.
        """
        self.counter = Counter(memory_store(PieceLayout(19, 2), bytes(range(19))))

    def test_served(self) -> None:
        """
        A request is answered at once if there is room for the piece; the same
        piece may be asked for again when it was sent.
        """
        self.counter.ask(9, 0, 9)
        self.assertEqual(
            self.counter.take(), sent(9, b"\x12") + sent(0, b"\0\1") + sent(9, b"\x12")
        )

    def test_choked(self) -> None:
        """
        While they are choked nothing is served, nor kept for later.
        """
        self.counter.choke()
        self.counter.ask(0)
        self.counter.unchoke()
        self.counter.serving.go_on()
        self.assertEqual(self.counter.take(), [ignored(0, IgnoredReason.CHOKED)])

    def test_out_of_range(self) -> None:
        """
        A piece that does not exist is not served.
        """
        self.counter.ask(10, 2**32 - 1)
        self.assertEqual(
            self.counter.take(),
            [
                ignored(10, IgnoredReason.OUT_OF_RANGE),
                ignored(2**32 - 1, IgnoredReason.OUT_OF_RANGE),
            ],
        )

    def test_not_held(self) -> None:
        """
        A piece that we do not hold is not served until we do.
        """
        store = memory_store(PieceLayout(4, 2))
        counter = Counter(store)
        counter.ask(1)
        hold(store, 1)
        counter.ask(1)
        self.assertEqual(
            counter.take(), [ignored(1, IgnoredReason.NOT_HELD), *sent(1, b"\0\0")]
        )

    def test_repeated(self) -> None:
        """
        What waits for room may be asked for again, and is served once.
        """
        self.counter.network.is_writable = False
        self.counter.ask(1, 2, 1)
        self.assertEqual(self.counter.take(), [ignored(1, IgnoredReason.REPEATED)])
        self.counter.network.is_writable = True
        self.counter.serving.go_on()
        self.assertEqual(self.counter.take(), sent(1, b"\2\3") + sent(2, b"\4\5"))

    def test_flood(self) -> None:
        """
        Some requests ahead are kept and served in their order, those beyond are
        not.
        """
        counter = Counter(memory_store(PieceLayout(100, 1), bytes(range(100))))
        counter.network.is_writable = False
        asked = list(range(99, -1, -1))
        kept, beyond = asked[:QUEUE_LIMIT], asked[QUEUE_LIMIT:]
        counter.ask(*asked)
        self.assertEqual(
            counter.take(), [ignored(index, IgnoredReason.FLOOD) for index in beyond]
        )
        counter.network.is_writable = True
        counter.serving.go_on()
        served = [call for index in kept for call in sent(index, bytes([index]))]
        self.assertEqual(counter.take(), served)

    def test_room_at_once(self) -> None:
        """
        A connection that tells of room from within a send gets each piece once
        and in order.
        """
        self.counter.network.is_writable = False
        self.counter.ask(4, 2, 3)
        self.counter.network.is_writable = True
        self.counter.network.tell_of_room = self.counter.serving.go_on
        self.counter.serving.go_on()
        served = [call[2] for call in self.counter.take() if call[0] == "network"]
        self.assertEqual(served, [4, 2, 3])


class SlowReadsTests(SynchronousTestCase):
    """
    What happens between the question to the disk and its answer.
    """

    def setUp(self) -> None:
        """
        We hold the whole file on a disk that answers when the test says so.
        """
        layout = PieceLayout(19, 2)
        memory = MemoryStorage(layout, bytes(range(19)))
        memory.open()
        self.disk = HeldStorage(memory)
        self.counter = Counter(PieceStore(layout, self.disk))

    def reading(self) -> list[int | None]:
        """
        The pieces that the disk is asked for.
        """
        return [call.index for call in self.disk.waiting]

    def test_one_at_a_time(self) -> None:
        """
        Pieces are read one at a time, the next when the last was sent.
        """
        self.counter.ask(3, 1, 2)
        reading = []
        while self.disk.waiting:
            reading.append(self.reading())
            self.counter.serving.go_on()
            self.disk.release()
        self.assertEqual(reading, [[3], [1], [2]])
        self.assertEqual(
            self.counter.take(),
            sent(3, b"\6\7") + sent(1, b"\2\3") + sent(2, b"\4\5"),
        )

    def test_only_with_room(self) -> None:
        """
        While there is no room for another piece, none is read.
        """
        network, serving = self.counter.network, self.counter.serving
        network.is_writable = False
        self.counter.ask(3, 1)
        reading = [self.reading()]
        network.is_writable = True
        serving.go_on()
        reading.append(self.reading())
        network.is_writable = False
        self.disk.release()
        reading.append(self.reading())
        network.is_writable = True
        serving.go_on()
        reading.append(self.reading())
        self.assertEqual(reading, [[], [3], [], [1]])

    def test_repeated(self) -> None:
        """
        What is being read may be asked for again, and is served once.
        """
        self.counter.ask(1, 1)
        self.disk.release_all()
        self.assertEqual(
            self.counter.take(), [ignored(1, IgnoredReason.REPEATED), *sent(1, b"\2\3")]
        )

    def test_unreadable(self) -> None:
        """
        A piece that cannot be read is told and passed over; the next is served.
        """
        self.counter.ask(3, 1)
        self.disk.fail("bad sector")
        self.disk.release()
        self.assertEqual(
            self.counter.take(),
            [ignored(3, IgnoredReason.UNREADABLE), *sent(1, b"\2\3")],
        )

    def test_choke(self) -> None:
        """
        After a choke nothing is sent: not what waited, and not what was being
        read when it was said.
        """
        self.counter.ask(3, 1)
        self.counter.choke()
        self.disk.release_all()
        self.counter.serving.go_on()
        self.assertEqual((self.counter.take(), self.reading()), ([], []))

    def test_unchoked_again(self) -> None:
        """
        Unchoked again, they are served what they ask for from then on.
        """
        self.counter.ask(3)
        self.counter.choke()
        self.disk.release()
        self.counter.unchoke()
        self.counter.ask(1)
        self.disk.release()
        self.assertEqual(self.counter.take(), sent(1, b"\2\3"))

    def test_unchoked_while_read(self) -> None:
        """
        What was asked for before a choke is never sent, even if the disk
        answers so late that they are unchoked again: they have forgotten that
        request, and have asked anew if they want to.
        """
        self.counter.ask(3)
        self.counter.choke()
        self.counter.unchoke()
        self.counter.ask(1)
        self.disk.release_all()
        self.assertEqual(self.counter.take(), sent(1, b"\2\3"))

    def test_asked_anew_while_read(self) -> None:
        """
        If it is that very piece which they ask for anew, it is sent, once.
        """
        self.counter.ask(3)
        self.counter.choke()
        self.counter.unchoke()
        self.counter.ask(3)
        self.disk.release_all()
        self.assertEqual(self.counter.take(), sent(3, b"\6\7"))

    def test_gone(self) -> None:
        """
        Once they are gone nothing is sent or read any more.
        """
        self.counter.ask(3, 1)
        self.counter.serving.forget()
        self.disk.release()
        self.counter.serving.go_on()
        self.assertEqual((self.counter.take(), self.reading()), ([], []))

    def test_gone_unreadable(self) -> None:
        """
        Nor is it told that a piece could not be read for them.
        """
        self.counter.ask(3, 1)
        self.counter.serving.forget()
        self.disk.fail("no disk")
        self.assertEqual((self.counter.take(), self.reading()), ([], []))
