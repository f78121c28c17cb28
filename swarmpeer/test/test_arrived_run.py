"""
Tests of what is kept as a run: L{swarmpeer.storage.verified.arrived_run} and what is
above and below it, down to the disk.
"""

import errno
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import RecordSaved
from swarmpeer.file_name import state_folder_name
from swarmpeer.seam import Piece
from swarmpeer.storage import FileStorage
from swarmpeer.test.storage_fixtures import LaterThreads, RunAnswers, Told
from swarmpeer.test.verified_fixtures import PIECE, Content, Peer, chance_bytes
from swarmpeer.testing.disk import SimulatedDisk
from swarmpeer.testing.disk_faults import os_error
from swarmpeer.wire.messages import PieceData

FOLDER = "/swarm"
CONTENT = Content(
    {
        ("big",): chance_bytes(1, 5 * PIECE + 100),
        ("empty",): b"",
        ("middle",): chance_bytes(2, 2 * PIECE),
        ("small",): chance_bytes(3, 10),
    }
)
"""
Pieces 0 to 5 are in one file, 6 and 7 in another, 8 is one of its own.
"""
PIECES = CONTENT.pieces()


class ChosenDisk(SimulatedDisk):
    """
    A disk that has no room for the bytes that a test chooses.

    @ivar refused: those, as they are to be written.
    @ivar meanwhile: what happens while some bytes are written, once.
    @ivar can_open: can a part be opened or made?
    @ivar opened: how many parts were.
    @ivar wrote: how often bytes were written.
    """

    def __init__(self, refused: Sequence[bytes] = ()) -> None:
        super().__init__(Random(1))
        self.refused = refused
        self.meanwhile: dict[bytes, Callable[[], None]] = {}
        self.can_open = True
        self.opened = 0
        self.wrote = 0

    def open(self, folder: int, name: str, flags: int) -> int:
        """Refuse or open."""
        if name.endswith(".part"):
            if not self.can_open:
                raise os_error(errno.EACCES)
            self.opened += 1
        return super().open(folder, name, flags)

    def write(self, fd: int, data: PieceData, offset: int) -> int:
        """Refuse or write."""
        if bytes(data) in self.refused:
            raise os_error(errno.ENOSPC)
        self.meanwhile.pop(bytes(data), lambda: None)()
        self.wrote += 1
        return super().write(fd, data, offset)


def piece(index: int, *, is_right: bool = True) -> Piece:
    """
    A piece as it comes.
    """
    data = PIECES[index]
    return Piece(index, data if is_right else data[::-1])


class VerifiedRunTests(SynchronousTestCase):
    """
    Pieces of a manifest came together.
    """

    def begin(
        self,
        disk: ChosenDisk | None = None,
        *,
        limit_bytes: int = PIECE,
        preallocate: bool = False,
    ) -> Peer:
        """
        A storage with nothing in it yet.

        @param limit_bytes: so long small pieces are.
        """
        self.disk = disk or ChosenDisk()
        self.answers = RunAnswers()
        peer = Peer(
            CONTENT,
            FOLDER,
            calls=self.disk,
            inline_limit_bytes=limit_bytes,
            preallocate=preallocate,
        )
        peer.start()
        peer.take_events()
        return peer

    def write(self, peer: Peer, *pieces: Piece) -> list[Told]:
        """
        They come.

        @return: what was told before the call returned.
        """
        peer.storage.write(pieces, self.answers.done, self.answers.failed)
        return self.answers.told

    def assert_held(self, peer: Peer, *held: int) -> None:
        """
        Just these are there, and right.
        """
        for index in range(len(PIECES)):
            is_right = peer.read(index) == PIECES[index]
            self.assertIs(is_right, index in held, index)

    def test_together(self) -> None:
        """
        Small pieces of one file are kept at once, are told of at once in their order,
        and need their file once.
        """
        peer = self.begin()
        told = self.write(peer, *map(piece, (3, 0, 5, 1)))
        self.assertEqual(told, [("kept", [3, 0, 5, 1])])
        self.assertEqual((self.disk.opened, self.disk.wrote), (1, 5))
        self.assert_held(peer, 0, 1, 3, 5)
        peer.commit()
        self.assertEqual(peer.take_events(), [RecordSaved(4)])
        peer.close()

    def test_files(self) -> None:
        """
        Those of each file are told of together.
        """
        peer = self.begin()
        told = self.write(peer, *map(piece, (7, 6, 8, 0, 1)))
        self.assertEqual(told, [("kept", [7, 6]), ("kept", [8]), ("kept", [0, 1])])
        self.assert_held(peer, 0, 1, 6, 7, 8)
        peer.close()

    def test_wrong(self) -> None:
        """
        One with wrong bytes fails alone, between those before it and those behind it,
        and nothing of it is written.
        """
        peer = self.begin()
        told = self.write(peer, piece(2), piece(4, is_right=False), piece(0), piece(1))
        self.assertEqual(told, [("kept", [2]), ("wrong", 4), ("kept", [0, 1])])
        # The lock has a number in it.
        self.assertEqual(self.disk.wrote, 3 + 1)
        self.assert_held(peer, 0, 1, 2)
        peer.close()

    def test_all_wrong(self) -> None:
        """
        Where all are wrong no file is even made.
        """
        peer = self.begin()
        told = self.write(peer, piece(0, is_right=False), piece(1, is_right=False))
        self.assertEqual(told, [("wrong", 0), ("wrong", 1)])
        self.assertEqual(self.disk.opened, 0)
        peer.close()

    def test_disk_fails(self) -> None:
        """
        Of those that the disk does not take, and of no others, it is told that they are
        not kept.
        """
        peer = self.begin(ChosenDisk([PIECES[0], PIECES[5]]))
        told = self.write(peer, *map(piece, (0, 3, 4, 5, 1)))
        self.assertEqual(
            told, [("failed", 0), ("kept", [3, 4]), ("failed", 5), ("kept", [1])]
        )
        self.assert_held(peer, 1, 3, 4)
        self.disk.refused = ()
        self.assertEqual(self.write(peer, *map(piece, (5, 0)))[-1], ("kept", [5, 0]))
        peer.close()

    def test_no_file(self) -> None:
        """
        If their file cannot be made all fail, but one that is wrong is told to be that.
        """
        peer = self.begin()
        self.disk.can_open = False
        told = self.write(peer, piece(0), piece(2, is_right=False), piece(1), piece(8))
        self.assertEqual(
            told, [("failed", 0), ("wrong", 2), ("failed", 1), ("failed", 8)]
        )
        self.assert_held(peer)
        self.disk.can_open = True
        peer.close()

    def test_changed_meanwhile(self) -> None:
        """
        If their file turns out to be gone while they are written, none is taken to be
        kept; they may come again.
        """
        peer = self.begin()
        self.write(peer, piece(0))
        session = peer.storage._session
        assert session is not None
        self.disk.meanwhile[PIECES[2]] = session.writer._files[0]._lose_part
        told = self.write(peer, *map(piece, (1, 2, 3)))
        self.assertEqual(told[1:], [("failed", 1), ("failed", 2), ("failed", 3)])
        self.assertEqual(self.write(peer, *map(piece, (1, 2)))[4:], [("kept", [1, 2])])
        self.assert_held(peer, 1, 2)
        peer.close()

    def test_not_quick(self) -> None:
        """
        Where room for their file is to be taken first all are written in one hop.
        """
        peer = self.begin(preallocate=True)
        told = self.write(peer, piece(1), piece(3, is_right=False), piece(0), piece(2))
        self.assertEqual((told, len(peer.threads.waiting)), ([], 1))
        peer.settle()
        self.assertEqual(told, [("kept", [1]), ("wrong", 3), ("kept", [0, 2])])
        self.assert_held(peer, 0, 1, 2)
        peer.close()

    def test_large(self) -> None:
        """
        Each large piece is written and told of alone, a wrong one at once.
        """
        peer = self.begin(limit_bytes=PIECE - 1)
        told = self.write(peer, piece(0), piece(2, is_right=False), piece(1), piece(5))
        self.assertEqual(told, [("wrong", 2), ("kept", [5])])
        self.assertEqual(len(peer.threads.waiting), 2)
        peer.settle()
        self.assertEqual(told[2:], [("kept", [0]), ("kept", [1])])
        self.assert_held(peer, 0, 1, 5)
        peer.close()

    def test_closed_in_answer(self) -> None:
        """
        Who closes when one fails is told after the others were, which are recorded.
        """
        peer = self.begin(ChosenDisk([PIECES[1]]))
        closing = [lambda: peer.storage.close(lambda: told.append(("closed", 0)))]
        self.answers.react = lambda: closing.pop()() if closing else None
        told = self.write(peer, *map(piece, (0, 1, 2, 8)))
        peer.settle()
        self.assertEqual(
            told,
            [("kept", [0]), ("failed", 1), ("kept", [2]), ("kept", [8]), ("closed", 0)],
        )
        self.assertEqual(peer.clock.getDelayedCalls(), [])
        again = Peer(CONTENT, FOLDER, calls=self.disk)
        self.assertEqual(again.start(), {0, 2, 8})
        again.close()

    def test_not_open(self) -> None:
        """
        When it is closed each of them fails.
        """
        peer = self.begin()
        peer.close()
        told = self.write(peer, piece(0), piece(1))
        self.assertEqual(told, [("failed", 0), ("failed", 1)])

    def test_mistake(self) -> None:
        """
        A piece that there is not, or of another length, is a mistake; none is kept.
        """
        peer = self.begin()
        for error, wrong in (
            (IndexError, Piece(9, b"?")),
            (IndexError, Piece(-1, bytes(PIECE))),
            (ValueError, Piece(1, b"?")),
            (ValueError, Piece(5, bytes(PIECE))),
        ):
            with self.assertRaises(error):
                self.write(peer, piece(0), wrong)
        self.assertEqual((self.answers.told, self.disk.wrote), ([], 1))
        peer.close()


class ClassicRunTests(SynchronousTestCase):
    """
    Pieces of the one file came together.
    """

    def setUp(self) -> None:
        """
        Nothing is there, and there is no room for one of them.
        """
        self.answers = RunAnswers()
        self.threads = LaterThreads()
        self.data = chance_bytes(4, 45)

    def storage(self, limit_bytes: int) -> FileStorage:
        """
        One that is open.
        """
        storage = FileStorage(
            PieceLayout(45, 10),
            FOLDER,
            "file",
            whole=False,
            run_in_thread=self.threads,
            calls=ChosenDisk([self.data[10:20]]),
            inline_limit_bytes=limit_bytes,
        )
        storage.open()
        return storage

    def pieces(self, *indexes: int) -> list[Piece]:
        """
        As they come.
        """
        return [Piece(i, self.data[10 * i : 10 * i + 10]) for i in indexes]

    def test_disk_fails(self) -> None:
        """
        One that the disk does not take fails alone.
        """
        storage = self.storage(10)
        storage.write(self.pieces(4, 0, 1, 2), self.answers.done, self.answers.failed)
        self.assertEqual(
            self.answers.told, [("kept", [4, 0]), ("failed", 1), ("kept", [2])]
        )
        storage.close(lambda: None)

    def test_large(self) -> None:
        """
        Each large one is told of alone.
        """
        storage = self.storage(5)
        storage.write(self.pieces(0, 1, 4, 2), self.answers.done, self.answers.failed)
        self.assertEqual(self.answers.told, [("kept", [4])])
        self.threads.run_all()
        self.assertEqual(
            self.answers.told[1:], [("kept", [0]), ("failed", 1), ("kept", [2])]
        )
        storage.close(lambda: None)

    def test_closed_in_answer(self) -> None:
        """
        Who closes when one is kept is told after the others were.
        """
        storage, told = self.storage(10), self.answers.told
        closing = [lambda: storage.close(lambda: told.append(("closed", 0)))]
        self.answers.react = lambda: closing.pop()() if closing else None
        storage.write(self.pieces(0, 1, 2), self.answers.done, self.answers.failed)
        self.assertEqual(
            told, [("kept", [0]), ("failed", 1), ("kept", [2]), ("closed", 0)]
        )
        storage.write(self.pieces(3, 4), self.answers.done, self.answers.failed)
        self.assertEqual(told[4:], [("failed", 3), ("failed", 4)])


class Arrival(NamedTuple):
    """
    How pieces come.

    @ivar order: the pieces.
    @ivar wrong: those that come wrong.
    @ivar refused: those that the disk does not take.
    @ivar ends: how many came when a run ends.
    """

    order: list[int]
    wrong: set[int]
    refused: set[int]
    ends: list[int]


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    """
    Some of the pieces in some order, and in some runs.
    """
    order = draw(st.permutations(range(len(PIECES))))
    order = order[: draw(st.integers(1, len(order)))]
    some = st.sets(st.sampled_from(order), max_size=3)
    ends = draw(st.sets(st.integers(1, len(order))))
    return Arrival(order, draw(some), draw(some), sorted(ends | {len(order)}))


class SplitTests(SynchronousTestCase):
    """
    It is nothing to what is kept how it came.
    """

    def outcome(
        self, arrival: Arrival, ends: Sequence[int], limit_bytes: int
    ) -> dict[str, object]:
        """
        All that can be seen of a storage that pieces came to: what it told of each, the
        events, the bytes on the disk, and what another run believes.
        """
        disk = ChosenDisk([PIECES[index] for index in arrival.refused])
        answers = RunAnswers()
        peer = Peer(CONTENT, FOLDER, calls=disk, inline_limit_bytes=limit_bytes)
        peer.start()
        start = 0
        for end in ends:
            run = [
                piece(index, is_right=index not in arrival.wrong)
                for index in arrival.order[start:end]
            ]
            peer.storage.write(run, answers.done, answers.failed)
            peer.settle()
            start = end
        told = answers.one_by_one()
        peer.commit()
        files = disk.contents_below(FOLDER)
        # The times of the files are in it.
        record = f"{state_folder_name(CONTENT.manifest.infohash)}/resume"
        has_record = files.pop(record, None) is not None
        disk.process_died()
        again = Peer(CONTENT, FOLDER, calls=disk)
        held = again.start()
        # What a thread does is told of when it is done.
        return {
            "what was told": told if limit_bytes >= PIECE else sorted(told),
            "events": peer.events,
            "files": files,
            "has a record": has_record,
            "held by another run": held,
            "events of another run": again.events,
        }

    @settings(deadline=None, max_examples=40)
    @given(arrival=arrivals(), limit_bytes=st.sampled_from([PIECE, PIECE - 1]))
    def test_any_split(self, arrival: Arrival, limit_bytes: int) -> None:
        """
        Whatever comes together: answers, events, files and record are those of the same
        pieces one by one.
        """
        one_by_one = range(1, len(arrival.order) + 1)
        found, expected = (
            self.outcome(arrival, ends, limit_bytes)
            for ends in (arrival.ends, one_by_one)
        )
        for what, right in expected.items():
            self.assertEqual(found[what], right, what)
