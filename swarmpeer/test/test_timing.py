"""
Tests for L{swarmpeer.storage.timing}.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from swarmpeer.core.layout import PieceLayout
from swarmpeer.manifest import Manifest
from swarmpeer.manifest_files import build_manifest
from swarmpeer.storage import FileStorage, ReactorThreads, VerifiedStorage
from swarmpeer.storage.timing import Stopwatch, TimedCalls, TimedHashes, Work
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.paper_reactor import PaperReactor

DATA = random.Random(1).randbytes(40_000)


class StopwatchTests(SynchronousTestCase):
    """
    Work is measured by the clock that is handed in.
    """

    def setUp(self) -> None:
        """
        A clock that goes on by a second each time that it is looked at.
        """
        self.now = 0.0
        self.noted: list[tuple[Work, float]] = []
        self.stopwatch = Stopwatch(
            self.seconds, lambda work, seconds: self.noted.append((work, seconds))
        )
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.file = self.folder / "data"
        self.file.write_bytes(DATA)

    def seconds(self) -> float:
        """
        The time.
        """
        self.now += 1.0
        return self.now

    def test_calls(self) -> None:
        """
        Each call that moves bytes is measured and does what it did.
        """
        calls = TimedCalls(self.stopwatch)
        fd = os.open(self.file, os.O_RDWR)
        self.addCleanup(os.close, fd)
        self.assertEqual(calls.read(fd, 3, 1), DATA[1:4])
        self.assertEqual(calls.write(fd, b"abc", 1), 3)
        calls.sync(fd)
        self.assertEqual(calls.read(fd, 3, 1), b"abc")
        self.assertEqual(
            self.noted,
            [(work, 1.0) for work in (Work.READ, Work.WRITE, Work.SYNC, Work.READ)],
        )

    def test_failure(self) -> None:
        """
        So is one that fails.
        """
        calls = TimedCalls(self.stopwatch)
        self.assertRaises(OSError, calls.read, -1, 1, 0)
        self.assertRaises(OSError, calls.write, -1, b"x", 0)
        self.assertRaises(OSError, calls.sync, os.sysconf("SC_OPEN_MAX"))
        self.assertEqual(
            [work for work, _ in self.noted], [Work.READ, Work.WRITE, Work.SYNC]
        )

    def test_hashes(self) -> None:
        """
        A piece is hashed once and measured once; whether it is right is as without.
        """
        manifest = build_manifest(self.file, 16384)
        hashes = TimedHashes(manifest, self.stopwatch)
        self.assertTrue(hashes.is_right(0, DATA[:16384]))
        self.assertFalse(hashes.is_right(1, DATA[:16384]))
        self.assertEqual(self.noted, [(Work.HASH, 1.0)] * 2)

    def test_hashes_in_chunks(self) -> None:
        """
        How long it took to read the chunks is no hashing.
        """
        manifest = build_manifest(self.file, 32768)
        hashes = TimedHashes(manifest, self.stopwatch)

        def slow_chunks() -> Iterator[bytes]:
            for start in (0, 16384):
                self.now += 100.0
                yield DATA[start : start + 16384]

        self.assertTrue(hashes.is_right_in_chunks(0, slow_chunks()))
        ((work, seconds),) = self.noted
        self.assertIs(work, Work.HASH)
        self.assertLess(seconds, 10.0)

    def test_storages(self) -> None:
        """
        A storage that is watched tells of what it hashes, writes and syncs; one that is
        not looks at no clock.
        """
        manifest = build_manifest(self.file, 16384)
        self.assertEqual(self.fill(manifest, None), DATA)
        self.assertEqual(self.noted, [])
        self.assertEqual(self.fill(manifest, self.stopwatch), DATA)
        works = [work for work, _ in self.noted]
        self.assertEqual(works.count(Work.HASH), 3)
        self.assertGreaterEqual(works.count(Work.WRITE), 3)
        self.assertGreater(works.count(Work.SYNC), 0)

    def fill(self, manifest: Manifest, stopwatch: Stopwatch | None) -> bytes:
        """
        What a storage has in place when it was given all pieces.
        """
        reactor = PaperReactor()
        place = Path(self.mktemp())
        place.mkdir()
        storage = VerifiedStorage(
            manifest,
            place,
            clock=reactor,
            run_in_thread=ReactorThreads(reactor),
            stopwatch=stopwatch,
        )
        done: list[object] = []
        storage.open()
        storage.check(lambda *_: None, done.append, done.append)
        for index in range(3):
            piece = DATA[index * 16384 : (index + 1) * 16384]
            write_one(storage, index, piece, lambda: done.append("kept"), done.append)
        storage.finish(lambda: done.append("placed"), done.append)
        reactor.advance(5)
        storage.close(lambda: done.append("closed"))
        self.assertEqual(done[1:], ["kept"] * 3 + ["placed", "closed"])
        return (place / "data").read_bytes()

    def test_classic_storage(self) -> None:
        """
        A classic one is given the calls.
        """
        classic = FileStorage(
            PieceLayout(len(DATA), 16384),
            self.mktemp(),
            "data",
            whole=False,
            run_in_thread=ReactorThreads(PaperReactor()),
            calls=TimedCalls(self.stopwatch),
        )
        classic.open()
        write_one(classic, 0, DATA[:16384], lambda: None, self.fail)
        classic.close(lambda: None)
        self.assertIn(Work.WRITE, [work for work, _ in self.noted])
