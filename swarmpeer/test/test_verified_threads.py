"""
Tests for L{swarmpeer.storage.VerifiedStorage} in real threads.
"""

from pathlib import Path
from random import Random

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorThreads, IReactorTime
from twisted.trial.unittest import TestCase

from swarmpeer.errors import StorageError
from swarmpeer.events import FileChanged, FilesChecked, RecordFailed, SwarmEvent
from swarmpeer.storage import ReactorThreads, VerifiedStorage
from swarmpeer.test.one_piece import write_one
from swarmpeer.test.storage_fixtures import FastCalls
from swarmpeer.test.verified_fixtures import PIECE, Content, chance_bytes
from swarmpeer.wire.bitfield import Bitfield

CONTENT = Content(
    {
        ("big",): chance_bytes(1, 100 * PIECE + 1),
        **{
            ("small", f"{number}"): chance_bytes(number, 1 + 1000 * (number % 20))
            for number in range(150)
        },
    }
)
PIECES = CONTENT.pieces()


class ThreadsTests(TestCase):
    """
    Two threads, and the reactor's own, at the same files.
    """

    def setUp(self) -> None:
        """
        A folder, and nothing told.
        """
        self.folder = Path(self.mktemp())
        self.events: list[SwarmEvent] = []
        self.rng = Random(1)

    def storage(self) -> VerifiedStorage:
        """
        One that commits all the time.
        """
        storage = VerifiedStorage(
            CONTENT.manifest,
            self.folder,
            clock=IReactorTime(reactor),
            run_in_thread=ReactorThreads(IReactorThreads(reactor)),
            calls=FastCalls(),
            commit_seconds=0.001,
            inline_limit_bytes=8000,
        )
        storage.report_to(self.events.append)
        storage.open()
        return storage

    async def check(self, storage: VerifiedStorage) -> Bitfield:
        """
        Check.
        """
        answer: Deferred[Bitfield] = Deferred()
        storage.check(lambda _done, _all: None, answer.callback, answer.errback)
        return await answer

    async def close(self, storage: VerifiedStorage) -> None:
        """
        Close.
        """
        answer: Deferred[None] = Deferred()
        storage.close(lambda: answer.callback(None))
        await answer

    async def finish(self, storage: VerifiedStorage) -> None:
        """
        Finish.
        """
        answer: Deferred[None] = Deferred()
        storage.finish(lambda: answer.callback(None), answer.errback)
        await answer

    def piece(self, storage: VerifiedStorage, index: int) -> "Deferred[None]":
        """
        Write a piece, then read and check it.
        """
        answer: Deferred[None] = Deferred()
        failed = answer.errback

        def on_written() -> None:
            storage.read(index, lambda data: on_read(bytes(data)), failed)

        def on_read(data: bytes) -> None:
            if data != PIECES[index]:
                failed(StorageError(f"piece {index} is another"))
            else:
                storage.check_piece(index, on_checked, failed)

        def on_checked(is_right: bool) -> None:
            if is_right:
                answer.callback(None)
            else:
                failed(StorageError(f"piece {index} is wrong"))

        write_one(storage, index, PIECES[index], on_written, failed)
        return answer

    async def test_download(self) -> None:
        """
        Pieces that are written, read and checked at the same time, in any order, are
        all right, in place and recorded; also those that are written once more.
        """
        storage = self.storage()
        self.assertTrue((await self.check(storage)).is_empty)
        order = list(range(len(PIECES)))
        self.rng.shuffle(order)
        await gatherResults([self.piece(storage, index) for index in order])
        for _ in range(2):
            await self.finish(storage)
            await gatherResults([self.piece(storage, index) for index in order])
        await self.close(storage)
        for number, data in enumerate(CONTENT.data):
            path = self.folder.joinpath(*CONTENT.path(number))
            self.assertEqual(path.read_bytes(), data)
        wrong = (FileChanged, RecordFailed)
        self.assertEqual([e for e in self.events if isinstance(e, wrong)], [])
        self.events.clear()
        storage = self.storage()
        self.assertTrue((await self.check(storage)).is_full)
        self.assertTrue(storage.is_whole)
        self.assertEqual(self.events, [FilesChecked(len(PIECES), 0, len(PIECES))])
        await self.close(storage)
