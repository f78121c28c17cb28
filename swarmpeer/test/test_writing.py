"""
Tests for L{swarmpeer.storage.verified.writing}: which thread hashes and writes.
"""

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.verified.writing import HASHED_AT_ONCE_BYTES
from swarmpeer.test.test_storage import FastCalls
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

    def begin(self, size_bytes: int, *, is_memory: bool = False) -> Peer:
        """
        Three pieces are to come; the first was written.
        """
        data = chance_bytes(1, size_bytes) * 3
        peer = Peer(
            Content({("data",): data}, piece_size_bytes=size_bytes),
            self.mktemp(),
            calls=MemoryCalls(is_memory),
        )
        peer.start()
        self.assertIs(peer.write(0), True)
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
