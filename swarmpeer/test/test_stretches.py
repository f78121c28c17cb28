"""
Tests for L{swarmpeer.storage.verified.stretches}, and for how a storage lends small
pieces: several in one go.
"""

import errno
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from shutil import copy

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.storage.verified.stretches import side_by_side
from swarmpeer.test.storage_fixtures import CachingCalls, overwrite, rot
from swarmpeer.test.verified_fixtures import (
    PIECE,
    Content,
    Peer,
    chance_bytes,
    one_file,
)
from swarmpeer.wire.messages import PieceData


class LookingCalls(CachingCalls):
    """
    A disk that says what was read of it.

    @ivar reads: the first byte of each reading, and how many were wanted.
    @ivar broken: an offset at which nothing can be read.
    @ivar cached_bytes: of each file so many are in memory.
    @ivar after_read: what happens right after the next reading.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fstats = 10**6
        self.reads: list[tuple[int, int]] = []
        self.broken = -1
        self.cached_bytes = 2**40
        self.after_read: Callable[[], object] | None = None

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """Tell what is in memory."""
        self.reads.append((offset, size_bytes))
        self._fail(size_bytes, offset)
        data = os.pread(fd, min(size_bytes, max(0, self.cached_bytes - offset)), offset)
        after_read, self.after_read = self.after_read, None
        if after_read is not None:
            after_read()
        return data or None

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """Fail or read."""
        self._fail(size_bytes, offset)
        return super().read(fd, size_bytes, offset)

    def _fail(self, size_bytes: int, offset: int) -> None:
        if offset <= self.broken < offset + size_bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class SideBySideTests(SynchronousTestCase):
    """
    Which pieces are read at once.
    """

    @given(st.lists(st.integers(0, 9), min_size=1))
    def test_any(self, indexes: list[int]) -> None:
        """
        All of them are, in their order; with each are those behind it of which each is
        the next.
        """
        stretches = side_by_side(indexes)
        self.assertEqual([index for each in stretches for index in each], indexes)
        for one, other in pairwise(stretches):
            self.assertNotEqual(one.stop, other.start)


class RunTests(SynchronousTestCase):
    """
    Which pieces are lent together.
    """

    def setUp(self) -> None:
        """
        A file in place, of four pieces of which the last is short.
        """
        self.calls = LookingCalls()
        self.peer = self.placed(one_file())
        self.path = self.folder / "data"

    def placed(self, content: Content, paranoid: bool = False) -> Peer:
        """
        A peer with all of its pieces in place, which were read.
        """
        self.folder = Path(self.mktemp()).absolute()
        peer = Peer(
            content,
            self.folder,
            calls=self.calls,
            paranoid=paranoid,
            inline_limit_bytes=PIECE,
        )
        peer.start()
        peer.write_all()
        assert peer.finish() is True
        for index in range(len(peer.pieces)):
            peer.read(index)
        self.calls.reads.clear()
        self.addCleanup(peer.close)
        return peer

    def lend(self, *indexes: int) -> Sequence[object]:
        """
        Ask for pieces.

        @return: those that come together, or what went wrong with the first.
        """
        lent = self.peer.lend_all(*indexes)
        return [bytes(one) if isinstance(one, PieceData) else one for one in lent]

    def test_in_one_go(self) -> None:
        """
        Pieces come in the order in which they are wanted; what lies side by side is
        read at once, and the file is looked at once for all of them.
        """
        pieces = self.peer.pieces
        fstats = self.calls.fstats
        self.assertEqual(
            self.lend(2, 3, 0, 1), [pieces[2], pieces[3], pieces[0], pieces[1]]
        )
        rest = len(pieces[3])
        self.assertEqual(self.calls.reads, [(2 * PIECE, PIECE + rest), (0, 2 * PIECE)])
        self.assertEqual(self.calls.fstats, fstats - 1)
        self.assertEqual(self.lend(3), [pieces[3]])

    def test_any(self) -> None:
        """
        Of files of any sizes, and whatever is held, in memory and wanted: the first
        piece comes, and what comes with it are the next, each of them right.
        """
        sizes = st.lists(st.integers(0, 3 * PIECE), min_size=1, max_size=4)

        @settings(deadline=None, max_examples=40)
        @given(sizes, st.randoms(use_true_random=False), st.integers(0, 3 * PIECE))
        def check(sizes: list[int], rng: Random, cached_bytes: int) -> None:
            names = [("data", f"{place}") for place in range(len(sizes))]
            content = Content(
                {
                    name: chance_bytes(place, size)
                    for place, (name, size) in enumerate(zip(names, sizes, strict=True))
                }
            )
            self.calls.cached_bytes = cached_bytes
            self.peer = peer = self.placed(content)
            wanted = [*range(len(peer.pieces))]
            if rng.random() < 0.5:
                rng.shuffle(wanted)
            while wanted:
                lent = self.lend(*wanted)
                self.assertGreaterEqual(len(lent), 1)
                self.assertEqual(
                    lent, [peer.pieces[index] for index in wanted[: len(lent)]]
                )
                del wanted[: len(lent)]

        check()

    def test_not_held(self) -> None:
        """
        A piece that is not held is told of when it is the first; those before it and
        behind it are lent.
        """
        rot(self.path, PIECE)
        self.assertIs(self.peer.check_piece(1), False)
        pieces = self.peer.pieces
        self.assertEqual(self.lend(0, 1, 2), [pieces[0]])
        [failure] = self.lend(1, 2)
        self.assertIn("it is not held", str(failure))
        self.assertEqual(self.lend(2, 3), pieces[2:])

    def test_unreadable(self) -> None:
        """
        Where one cannot be read each is judged alone, and that one is lost.
        """
        self.calls.broken = PIECE + 5
        pieces = self.peer.pieces
        self.assertEqual(self.lend(0, 1, 2, 3), [pieces[0]])
        [failure] = self.lend(1, 2, 3)
        self.assertIn("Input/output error", str(failure))
        self.assertEqual(self.lend(2, 3), pieces[2:])

    def test_not_in_memory(self) -> None:
        """
        What is in memory is lent, up to a piece that is not, which is read by a thread.
        """
        pieces = self.peer.pieces
        self.calls.cached_bytes = 2 * PIECE + 7
        self.assertEqual(self.lend(0, 1, 2, 3), pieces[:2])
        self.assertEqual(self.lend(2, 3), [pieces[2]])
        self.assertEqual(self.lend(1, 3, 0), [pieces[1]])

    def test_in_memory_behind_what_is_not(self) -> None:
        """
        Nothing comes in the place of a piece that is not in memory, or not all of it,
        though those that are wanted behind it are there.
        """
        pieces = self.peer.pieces
        for cached_bytes in (2 * PIECE, 2 * PIECE + 100, 3 * PIECE, 3 * PIECE + 1):
            self.calls.cached_bytes = cached_bytes
            self.assertEqual(self.lend(2, 3, 0, 1), [pieces[2]])
            self.assertEqual(self.lend(0, 3, 1), [pieces[0]])

    def test_changed(self) -> None:
        """
        Once somebody changed the file each piece is looked at before it is lent, and
        again together with others when it was found right.
        """
        self.assertEqual(self.lend(0, 1), self.peer.pieces[:2])
        overwrite(self.path, PIECE, b"???")
        for index in (0, 2, 3):
            self.assertEqual(self.lend(index, 1), [self.peer.pieces[index]])
        self.assertEqual(self.lend(2, 3, 1), self.peer.pieces[2:])
        [failure] = self.lend(1, 2)
        self.assertIn("it is not right any more", str(failure))

    def test_changed_meanwhile(self) -> None:
        """
        If somebody changes the file while a run is read, nothing of the run is believed
        that was not looked at.
        """
        self.calls.after_read = lambda: overwrite(self.path, 3 * PIECE, b"???")
        self.assertEqual(self.lend(0, 3, 1), self.peer.pieces[:1])
        [failure] = self.lend(3, 1)
        self.assertIn("it is not right any more", str(failure))
        self.assertEqual(self.lend(1, 0), [self.peer.pieces[1]])

    def test_replaced_meanwhile(self) -> None:
        """
        If another file is found in the place of theirs while a run is read, nothing
        that was read of the old one is lent.
        """
        session = self.peer.storage._session
        assert session is not None
        file = session.pieces._files[0]

        def replace() -> None:
            self.path.rename(self.folder / "other")
            copy(self.folder / "other", self.path)
            overwrite(self.path, 0, b"???")
            file._replace(self.path.stat())

        self.calls.after_read = replace
        [failure] = self.lend(0, 1)
        self.assertIn("it is not right any more", str(failure))
        self.assertEqual(self.lend(1, 2), [self.peer.pieces[1]])

    def test_paranoid(self) -> None:
        """
        Where each piece is hashed each time, each comes alone.
        """
        self.peer = self.placed(one_file(), paranoid=True)
        self.assertEqual(self.lend(0, 1), self.peer.pieces[:1])
        rot(self.folder / "data", 0)
        [failure] = self.lend(0, 1)
        self.assertIn("it is not right any more", str(failure))

    def test_small_one_among_large_ones(self) -> None:
        """
        A small piece at the end of a file of large ones brings none of these along.
        """
        size = 4 * PIECE
        data = chance_bytes(1, 2 * size + 5)
        self.peer = self.placed(Content({("data",): data}, piece_size_bytes=size))
        self.assertEqual(self.lend(2, 0, 1), [data[-5:]])

    def test_closed(self) -> None:
        """
        A storage that is closed tells so once, of the first.
        """
        self.peer.close()
        [failure] = self.lend(1, 2)
        self.assertIn("cannot read piece 1: it is not open", str(failure))
        self.assertRaises(IndexError, self.placed(one_file()).lend_all, 4)
