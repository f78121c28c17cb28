"""
Tests of L{swarmpeer.core.serving}.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, groupby
from operator import itemgetter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.serving import QUEUE_LIMIT, RUN_LIMIT, Serving
from swarmpeer.core.verified_serving import VerifiedServing
from swarmpeer.errors import StorageError
from swarmpeer.events import IgnoredReason, PieceSent, RequestIgnored, SwarmEvent
from swarmpeer.interfaces import ILendingStorage
from swarmpeer.seam import PieceContent
from swarmpeer.storage import MemoryStorage
from swarmpeer.test.recording_swarm import hold, memory_store
from swarmpeer.testing.recorders import (
    Call,
    RecordingNetwork,
    RecordingVerifiedNetwork,
)
from swarmpeer.testing.storage import HeldCall, HeldStorage


@dataclass
class EagerNetwork(RecordingNetwork):
    """
    A connection that may tell of room before a send returns, or have a mistake in it.
    """

    tell_of_room: Callable[[], None] | None = None
    is_broken: bool = False

    def send_pieces(
        self, indexes: Sequence[int], contents: Sequence[PieceContent]
    ) -> None:
        """
        Remember, and tell of room if there is somebody to be told.
        """
        if self.is_broken:
            raise RuntimeError
        super().send_pieces(indexes, contents)
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
        self.serving = Serving(store, self.neighbor, self.network, self)

    def is_heard(self, event_class: type[SwarmEvent]) -> bool:  # noqa: ARG002
        """
        We hear everything.
        """
        return True

    def publish(self, event: SwarmEvent) -> None:
        """
        Remember.
        """
        self._calls.append(("publish", event))

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Remember each.
        """
        for event in events:
            self.publish(event)

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
        self.counter.network.room_bytes = 0
        self.counter.ask(1, 2, 1)
        self.assertEqual(self.counter.take(), [ignored(1, IgnoredReason.REPEATED)])
        self.counter.network.room_bytes = 2**18
        self.counter.serving.go_on()
        self.assertEqual(self.counter.take(), sent(1, b"\2\3") + sent(2, b"\4\5"))

    def test_flood(self) -> None:
        """
        Some requests ahead are kept and served in their order, those beyond are
        not.
        """
        counter = Counter(memory_store(PieceLayout(100, 1), bytes(range(100))))
        counter.network.room_bytes = 0
        asked = list(range(99, -1, -1))
        kept, beyond = asked[:QUEUE_LIMIT], asked[QUEUE_LIMIT:]
        counter.ask(*asked)
        self.assertEqual(
            counter.take(), [ignored(index, IgnoredReason.FLOOD) for index in beyond]
        )
        counter.network.room_bytes = 2**18
        counter.serving.go_on()
        served = [call for index in kept for call in sent(index, bytes([index]))]
        self.assertEqual(counter.take(), served)

    def test_room_at_once(self) -> None:
        """
        A connection that tells of room from within a send gets each piece once
        and in order.
        """
        self.counter.network.room_bytes = 0
        self.counter.ask(4, 2, 3)
        self.counter.network.room_bytes = 2**18
        self.counter.network.tell_of_room = self.counter.serving.go_on
        self.counter.serving.go_on()
        served = [call[2] for call in self.counter.take() if call[0] == "network"]
        self.assertEqual(served, [4, 2, 3])


@dataclass
class Lent:
    """
    Where a piece of zeros lies.

    @ivar given_back: those that are lent no more.
    """

    index: int
    given_back: list[int]
    fd: int = -1
    offset: int = 0
    size_bytes: int = 2

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        Some of it.
        """
        return bytes(min(size_bytes, self.size_bytes - at))

    def give_back(self) -> None:
        """
        Remember.
        """
        self.given_back.append(self.index)


@implementer(ILendingStorage)
class Lender(HeldStorage):
    """
    A storage that lends so many pieces at a time, when the test says so.

    @ivar is_prompt: does it not wait until the test says so?
    @ivar most: how many.
    @ivar runs: what it was asked for.
    @ivar is_span: does it lend where the pieces lie?
    @ivar given_back: those of them that it has back.
    @ivar is_broken: is there a mistake in it?
    """

    def __init__(self, storage: MemoryStorage) -> None:
        super().__init__(storage)
        self.is_prompt = False
        self.most = 1000
        self.runs: list[list[int]] = []
        self.is_span = False
        self.given_back: list[int] = []
        self.is_broken = False

    def lend(
        self,
        indexes: Sequence[int],
        done: Callable[[Sequence[PieceContent]], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Hold the call.
        """
        if self.is_broken:
            raise RuntimeError
        self.runs.append(list(indexes))

        def go() -> None:
            contents: list[PieceContent] = []
            for index in indexes[: self.most]:
                self._storage.read(index, contents.append, failed)
                if self.is_span:
                    contents[-1] = Lent(index, self.given_back)
            done(contents)

        if self.is_prompt:
            go()
        else:
            self.waiting.append(HeldCall("lend", indexes[0], go, failed))


def together(*pieces: tuple[int, bytes]) -> list[Call]:
    """
    What is remembered of pieces that were served in one run.
    """
    calls = [sent(index, data) for index, data in pieces]
    return [call[0] for call in calls] + [call[1] for call in calls]


class RunTests(SynchronousTestCase):
    """
    Requests that wait are served in runs.
    """

    def setUp(self) -> None:
        """
        We hold the whole file, and lend.
        """
        self.begin(PieceLayout(19, 2))

    def begin(self, layout: PieceLayout) -> None:
        """
        With such a file.
        """
        memory = MemoryStorage(layout, bytes(range(layout.file_size_bytes)))
        memory.open()
        self.disk = Lender(memory)
        self.counter = Counter(PieceStore(layout, self.disk))

    def test_together(self) -> None:
        """
        What is asked for together is read and sent together, in the order of the
        requests.
        """
        self.counter.serving.take([3, 9, 1])
        self.assertEqual(self.counter.take(), [])
        self.disk.release()
        self.assertEqual(
            self.counter.take(), together((3, b"\6\7"), (9, b"\x12"), (1, b"\2\3"))
        )
        self.assertEqual(self.disk.runs, [[3, 9, 1]])
        self.assertEqual(self.counter.serving.sent_pieces, 3)

    def test_as_many_as_there_is_room_for(self) -> None:
        """
        No more is read at once than there is room for; a piece that begins within it
        may end beyond.
        """
        self.counter.network.room_bytes = 5
        self.counter.serving.take([0, 1, 2, 3, 4])
        self.disk.release_all()
        self.assertEqual(self.disk.runs, [[0, 1, 2], [3, 4]])

    def test_longest_run(self) -> None:
        """
        Nor more than is worth it.
        """
        self.begin(PieceLayout(100, 1))
        self.counter.serving.take(range(RUN_LIMIT + 2))
        self.disk.release_all()
        self.assertEqual(
            self.disk.runs, [[*range(RUN_LIMIT)], [RUN_LIMIT, RUN_LIMIT + 1]]
        )

    def test_lent_in_part(self) -> None:
        """
        Of what the storage does not lend in the same go it is asked again.
        """
        self.disk.most = 2
        self.counter.serving.take([4, 3, 2])
        self.disk.release_all()
        self.assertEqual(self.disk.runs, [[4, 3, 2], [2]])
        self.assertEqual(
            [call[2] for call in self.counter.take() if call[0] == "network"], [4, 3, 2]
        )

    def test_unreadable(self) -> None:
        """
        If the first of a run cannot be read it is passed over, and no other.
        """
        self.counter.serving.take([4, 3, 2])
        self.disk.fail("bad sector")
        self.disk.release_all()
        self.assertEqual(
            self.counter.take(),
            [
                ignored(4, IgnoredReason.UNREADABLE),
                *together((3, b"\6\7"), (2, b"\4\5")),
            ],
        )

    def test_choke(self) -> None:
        """
        A choke takes back the whole run, though they are unchoked again when it was
        read; what they ask for anew is sent.
        """
        self.counter.serving.take([4, 3, 2])
        self.counter.choke()
        self.counter.unchoke()
        self.counter.serving.take([2, 3])
        self.disk.release_all()
        served = [call[2] for call in self.counter.take() if call[0] == "network"]
        self.assertEqual(served, [2, 3])

    def test_taken_back(self) -> None:
        """
        One that does not wait any more when the run was read is left out.
        """
        self.counter.serving.take([4, 3, 2])
        self.counter.neighbor.wanted_from_us.remove(3)
        self.disk.release()
        self.assertEqual(self.counter.take(), together((4, b"\x08\t"), (2, b"\4\5")))

    def test_given_back(self) -> None:
        """
        What was lent is given back once, by us if it is not wanted any more.
        """
        self.disk.is_span = True
        self.counter.serving.take([4, 3, 2])
        self.counter.neighbor.wanted_from_us.remove(3)
        self.disk.release()
        self.assertEqual(self.disk.given_back, [3, 4, 2])
        self.counter.serving.take([5, 6])
        self.counter.choke()
        self.disk.release_all()
        self.assertEqual(self.disk.given_back, [3, 4, 2, 5, 6])

    def test_mistake(self) -> None:
        """
        After a mistake of the storage, or of who sends, they are served as before.
        """
        self.disk.is_prompt = True
        for whose in (self.disk, self.counter.network):
            whose.is_broken = True
            self.assertRaises(RuntimeError, self.counter.serving.take, [4])
            whose.is_broken = False
            self.counter.serving.take([2])
        served = [call[2] for call in self.counter.take() if call[0] == "network"]
        self.assertEqual(served, [4, 2, 2])

    def test_repeated(self) -> None:
        """
        A piece may be asked for again in one go with the first request for it, if there
        is room.
        """
        counter = Counter(memory_store(PieceLayout(19, 2), bytes(range(19))))
        counter.serving.take([9, 0, 9])
        self.assertEqual(
            counter.take(), sent(9, b"\x12") + sent(0, b"\0\1") + sent(9, b"\x12")
        )

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=40),
        st.lists(st.integers(1, 5), min_size=1),
        st.integers(1, 30),
    )
    def test_any_split(
        self, asked: list[tuple[int, bool]], sizes: list[int], room_bytes: int
    ) -> None:
        """
        However requests come together, and however many pieces are lent in one go, a
        verified neighbour hears the same in the same order.
        """

        def heard(sizes: list[int]) -> list[Call]:
            layout = PieceLayout(19, 2)
            memory = MemoryStorage(layout, bytes(range(19)))
            memory.open()
            disk = Lender(memory)
            disk.is_prompt = True
            calls: list[Call] = []
            network = RecordingVerifiedNetwork("network", calls, room_bytes=room_bytes)
            neighbor = NeighborState(1002, layout.piece_count)
            neighbor.change_am_choking(False)
            serving = VerifiedServing(
                PieceStore(layout, disk),
                neighbor,
                network,
                self.counter,
                lambda _: None,
            )
            turns = cycle(sizes)
            # Room comes and goes, but not within what is heard at once.
            for has_room, group in groupby([*asked, (0, True)], key=itemgetter(1)):
                network.room_bytes = room_bytes if has_room else 0
                serving.go_on()
                indexes = [index for index, _ in group]
                while indexes:
                    disk.most = next(turns)
                    size = next(turns)
                    serving.take(indexes[:size])
                    del indexes[:size]
            return calls

        self.assertEqual(heard(sizes), heard([1]))


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
        network.room_bytes = 0
        self.counter.ask(3, 1)
        reading = [self.reading()]
        network.room_bytes = 2**18
        serving.go_on()
        reading.append(self.reading())
        network.room_bytes = 0
        self.disk.release()
        reading.append(self.reading())
        network.room_bytes = 2**18
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
