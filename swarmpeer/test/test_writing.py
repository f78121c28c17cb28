"""
Tests for L{swarmpeer.storage.verified.writing}: which thread hashes and writes.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.verified.writing import BACKLOG_BYTES, LONGEST_HELP_BYTES
from swarmpeer.test.test_storage import FastCalls
from swarmpeer.test.verified_fixtures import Content, Peer, chance_bytes

PIECE_BYTES = 1024 * 1024
WAITING = BACKLOG_BYTES // PIECE_BYTES


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


class BacklogTests(SynchronousTestCase):
    """
    Large pieces that come faster than the threads take them.
    """

    def begin(self, *, is_memory: bool = False) -> Peer:
        """
        As many pieces wait for the threads as may; one was written before.
        """
        count = WAITING + 3
        data = chance_bytes(1, PIECE_BYTES) * count
        peer = Peer(
            Content({("data",): data}, piece_size_bytes=PIECE_BYTES),
            self.mktemp(),
            calls=MemoryCalls(is_memory),
        )
        peer.start()
        self.assertIs(peer.write(0), True)
        for index in range(1, count - 2):
            self.begin_writing(peer, index)
        self.assertEqual(len(peer.threads.waiting), count - 3)
        self.assertEqual(peer.said, [])
        return peer

    def begin_writing(self, peer: Peer, index: int, data: bytes | None = None) -> None:
        """
        A piece comes.
        """
        peer.storage.write(
            index,
            peer.pieces[index] if data is None else data,
            lambda: peer.said.append(index),
            lambda error: peer.said.append(type(error).__name__),
        )

    def end(self, peer: Peer, *last: object) -> None:
        """
        The threads have come to their end; all pieces are there and right.

        @param last: what is said of the last ones.
        """
        peer.settle()
        self.assertEqual(peer.said, [*range(1, len(peer.pieces) - 2), *last])
        peer.said.clear()
        for index in range(len(peer.pieces) - 1):
            self.assertIs(peer.check_piece(index), True)
        peer.close()

    def test_hashed_at_once(self) -> None:
        """
        A piece for which the threads have no time is hashed at once: a wrong one is
        refused, a right one waits to be written only.
        """
        peer = self.begin()
        self.begin_writing(peer, WAITING + 1, bytes(PIECE_BYTES))
        self.assertEqual(peer.said, ["BadPieceError"])
        peer.said.clear()
        self.begin_writing(peer, WAITING + 1)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([], WAITING + 1))
        self.end(peer, WAITING + 1)

    def test_written_at_once(self) -> None:
        """
        Where files live in memory it is written at once, too; the threads have
        something to do again when they have done some of what waits.
        """
        peer = self.begin(is_memory=True)
        self.begin_writing(peer, WAITING + 1)
        self.assertEqual(peer.said, [WAITING + 1])
        peer.said.clear()
        peer.threads.run()
        self.begin_writing(peer, WAITING + 1)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([1], WAITING))
        self.end(peer, WAITING + 1)

    def test_failed(self) -> None:
        """
        A piece that fails in a thread does not count as waiting for ever.
        """
        peer = self.begin(is_memory=True)
        peer.settle()
        peer.said.clear()
        for _ in range(2 * WAITING):
            self.begin_writing(peer, WAITING + 1, bytes(PIECE_BYTES))
            peer.settle()
        self.assertEqual(peer.said, ["BadPieceError"] * 2 * WAITING)
        self.begin_writing(peer, WAITING + 1)
        self.assertEqual(len(peer.threads.waiting), 1)
        peer.settle()
        peer.said.clear()
        peer.close()

    def test_very_large(self) -> None:
        """
        To hash a very large piece would take too long.
        """
        size = 2 * LONGEST_HELP_BYTES
        data = chance_bytes(2, size) * 3
        peer = Peer(
            Content({("data",): data}, piece_size_bytes=size),
            self.mktemp(),
            calls=MemoryCalls(True),
        )
        peer.start()
        for index in range(3):
            self.begin_writing(peer, index)
        self.assertEqual((peer.said, len(peer.threads.waiting)), ([], 3))
        peer.settle()
        self.assertEqual(peer.said, [0, 1, 2])
        peer.said.clear()
        peer.close()
