"""
Tests for L{swarmpeer.storage.verified.writing}: which thread hashes and writes.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.second_thread import (
    LEAST_TAKEN_BYTES,
    MOST_WAITING_BYTES,
    SecondThread,
)
from swarmpeer.storage.verified.writing import HASHED_AT_ONCE_BYTES
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FastCalls, LaterThreads
from swarmpeer.test.verified_fixtures import Content, Peer, chance_bytes

PIECE_BYTES = 1024 * 1024


class MemoryCalls(FastCalls):
    """
    A disk that may live in memory.

    @ivar is_memory: does it?
    """

    def __init__(self, is_memory: bool) -> None:
        self.is_memory = is_memory

    def is_in_memory(self, _fd: int) -> bool:
        """As the test says."""
        return self.is_memory


class LargePieceTests(SynchronousTestCase):
    """
    Pieces for which a thread may be worth while.
    """

    def begin(
        self,
        size_bytes: int,
        *,
        is_memory: bool = False,
        second_thread: SecondThread | None = None,
    ) -> Peer:
        """
        Three pieces are to come; the first was written.
        """
        data = chance_bytes(1, size_bytes) * 3
        peer = Peer(
            Content({("data",): data}, piece_size_bytes=size_bytes),
            self.mktemp(),
            calls=MemoryCalls(is_memory),
            second_thread=second_thread,
        )
        peer.start()
        self.assertIs(peer.write(0), True)
        return peer

    def begin_writing(self, peer: Peer, index: int, data: bytes | None = None) -> None:
        """
        A piece comes.
        """
        write_one(
            peer.storage,
            index,
            peer.pieces[index] if data is None else data,
            lambda: peer.said.append(index),
            lambda error: peer.said.append(type(error).__name__),
        )

    def end(self, peer: Peer, *last: object) -> None:
        """
        The threads have come to their end; the first two pieces are there and right.

        @param last: what is said of the last ones.
        """
        peer.settle()
        self.assertEqual(peer.said, [*last])
        peer.said.clear()
        for index in range(2):
            self.assertIs(peer.check_piece(index), True)
        peer.close()

    def test_hashed_at_once(self) -> None:
        """
        A piece of some MiB is hashed at once: a wrong one is refused, a right one
        waits to be written only.
        """
        peer = self.begin(PIECE_BYTES)
        self.begin_writing(peer, 1, bytes(PIECE_BYTES))
        self.assertEqual(peer.said, ["BadPieceError"])
        peer.said.clear()
        self.begin_writing(peer, 1)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([], 1))
        self.end(peer, 1)

    def test_written_at_once(self) -> None:
        """
        Where files live in memory it is written at once, too.
        """
        peer = self.begin(PIECE_BYTES, is_memory=True)
        self.begin_writing(peer, 1)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([1], 0))
        self.end(peer, 1)

    def test_very_large(self) -> None:
        """
        To hash a very large piece would take too long: a thread does.
        """
        peer = self.begin(2 * HASHED_AT_ONCE_BYTES, is_memory=True)
        self.begin_writing(peer, 1, bytes(2 * HASHED_AT_ONCE_BYTES))
        self.begin_writing(peer, 1)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([], 2))
        self.end(peer, "BadPieceError", 1)


class SecondThreadTests(LargePieceTests):
    """
    The same with a second thread, where it is worth while.
    """

    def setUp(self) -> None:
        """
        There is no core for it yet.
        """
        self.is_welcome = False
        self.second = LaterThreads()

    def begin(
        self,
        size_bytes: int,
        *,
        is_memory: bool = False,
        second_thread: SecondThread | None = None,
    ) -> Peer:
        """
        See L{LargePieceTests}.
        """
        second_thread = second_thread or SecondThread(
            self.second, lambda: self.is_welcome
        )
        return super().begin(
            size_bytes, is_memory=is_memory, second_thread=second_thread
        )

    def end(self, peer: Peer, *last: object) -> None:
        """
        See L{LargePieceTests}.
        """
        self.second.run_all()
        super().end(peer, *last)

    def test_taken(self) -> None:
        """
        It hashes and writes in one go, and tells of a wrong piece, too.
        """
        peer = self.begin(PIECE_BYTES, is_memory=True)
        self.is_welcome = True
        self.begin_writing(peer, 2, bytes(PIECE_BYTES))
        self.begin_writing(peer, 1)
        waiting = len(peer.threads.waiting), len(self.second.waiting)
        self.assertEqual((peer.said, waiting), ([], (0, 2)))
        self.end(peer, "BadPieceError", 1)

    def test_too_small(self) -> None:
        """
        It is not asked to take a smaller piece.
        """
        peer = self.begin(LEAST_TAKEN_BYTES // 2, is_memory=True)
        self.is_welcome = True
        self.begin_writing(peer, 1)
        self.assertEqual((peer.said, self.second.waiting), ([1], []))
        self.end(peer, 1)

    def test_enough_to_do(self) -> None:
        """
        When enough waits for it, what comes is hashed at once; and once it is done,
        there again.
        """
        peer = self.begin(PIECE_BYTES, is_memory=True)
        self.is_welcome = True
        count = MOST_WAITING_BYTES // PIECE_BYTES
        for _ in range(count):
            self.begin_writing(peer, 1)
        self.begin_writing(peer, 2)
        self.assertEqual((peer.said, len(self.second.waiting)), ([2], count))
        self.second.run_all()
        self.begin_writing(peer, 2)
        self.assertEqual(len(self.second.waiting), 1)
        self.end(peer, 2, *[1] * count, 2)

    def test_closing(self) -> None:
        """
        Whoever closes waits for it.
        """
        peer = self.begin(PIECE_BYTES)
        self.is_welcome = True
        self.begin_writing(peer, 1)
        closed: list[bool] = []
        peer.storage.close(lambda: closed.append(True))
        peer.settle()
        self.assertEqual((peer.said, closed), ([], []))
        self.second.run_all()
        peer.settle()
        self.assertEqual((peer.said, closed), ([1], [True]))
