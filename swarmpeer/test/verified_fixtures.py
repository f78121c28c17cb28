"""
A verified storage that a test drives step by step, and manifests made up for it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from twisted.internet.task import Clock

from swarmpeer.errors import BadPieceError, PieceLostError, StorageError
from swarmpeer.events import FileDiffers, SwarmEvent
from swarmpeer.manifest import ManifestFile, compose_manifest, merkle
from swarmpeer.manifest import Path as Names
from swarmpeer.seam import Piece
from swarmpeer.storage import VerifiedStorage
from swarmpeer.storage.calls import FileCalls
from swarmpeer.storage.second_thread import SecondThread
from swarmpeer.test.storage_fixtures import FastCalls, LaterThreads
from swarmpeer.thread_work import RunInThread
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

PIECE = merkle.BLOCK_BYTES


def chance_bytes(seed: int, size: int) -> bytes:
    """
    Bytes that differ from block to block.
    """
    return Random(seed).randbytes(size)


class Content:
    """
    What a manifest is of.

    @ivar manifest: the manifest.
    @ivar data: the bytes of each of its files.
    """

    def __init__(
        self,
        files: Mapping[Names, bytes],
        *,
        name: str = "data",
        links: Mapping[Names, Names] | None = None,
        executable: tuple[Names, ...] = (),
        piece_size_bytes: int = PIECE,
    ) -> None:
        """
        @param files: by path; only C{(name,)}: of one file alone.
        """
        made = [
            manifest_file(path, data, path in executable, piece_size_bytes)
            for path, data in files.items()
        ]
        made += [
            ManifestFile(path, 0, link_target=target)
            for path, target in (links or {}).items()
        ]
        self.manifest = compose_manifest(name, made, piece_size_bytes)
        self.data = [files.get(file.path, b"") for file in self.manifest.files]

    def pieces(self) -> list[bytes]:
        """
        The pieces of all files.
        """
        size = self.manifest.piece_size_bytes
        return [
            data[start : start + size]
            for data in self.data
            for start in range(0, len(data), size)
        ]

    def path(self, number: int) -> Names:
        """
        Where a file goes, from the folder on.
        """
        path = self.manifest.files[number].path
        return path if self.manifest.is_single_file else (self.manifest.name, *path)


def manifest_file(
    path: Names, data: bytes, is_executable: bool, piece_size_bytes: int = PIECE
) -> ManifestFile:
    """
    What a manifest says of a file.
    """
    if not data:
        return ManifestFile(path, 0, is_executable=is_executable)
    levels = merkle.piece_levels(len(data), piece_size_bytes)
    hashes = b"".join(
        merkle.piece_hash(data[start : start + piece_size_bytes], levels)
        for start in range(0, len(data), piece_size_bytes)
    )
    root = (
        hashes
        if len(data) <= piece_size_bytes
        else merkle.pieces_root(hashes, piece_size_bytes)
    )
    return ManifestFile(path, len(data), root, hashes, is_executable)


def one_file(seed: int = 1, pieces: int = 4, rest: int = 100) -> Content:
    """
    A manifest of one file, whose last piece is short.
    """
    return Content({("data",): chance_bytes(seed, (pieces - 1) * PIECE + rest)})


def a_folder() -> Content:
    """
    A manifest with a bit of everything; pieces 0 to 2 are in C{a/big}, 3 in C{run}.
    """
    return Content(
        {
            ("a", "big"): chance_bytes(2, 2 * PIECE + 1),
            ("empty",): b"",
            ("run",): b"#!/bin/sh\n",
        },
        links={("a", "same"): ("run",), ("tools",): ("a",)},
        executable=(("run",),),
    )


class Peer:
    """
    One run of a storage.

    @ivar storage: the storage.
    @ivar events: what it told since they were taken last.
    @ivar said: its answers since they were taken last.
    """

    def __init__(
        self,
        content: Content,
        folder: str | os.PathLike[str],
        *,
        calls: FileCalls | None = None,
        clock: Clock | None = None,
        threads: RunInThread | None = None,
        seed: bool = False,
        paranoid: bool = False,
        preallocate: bool = False,
        inline_limit_bytes: int = 0,
        second_thread: SecondThread | None = None,
    ) -> None:
        self.content = content
        self.pieces = content.pieces()
        self.clock = clock or Clock()
        self.threads = LaterThreads()
        self.events: list[SwarmEvent] = []
        self.said: list[object] = []
        self.storage = VerifiedStorage(
            content.manifest,
            folder,
            clock=self.clock,
            run_in_thread=threads or self.threads,
            calls=calls or FastCalls(),
            seed=seed,
            paranoid=paranoid,
            preallocate=preallocate,
            inline_limit_bytes=inline_limit_bytes,
            second_thread=second_thread,
        )
        self.storage.report_to(self.events.append)

    def settle(self) -> None:
        """
        Let all that was begun come to its end; no time passes.
        """
        self.threads.run_all()

    def start(self) -> set[int]:
        """
        Open and check.

        @return: the pieces that are held.
        @raise StorageError: if that fails.
        """
        self.storage.open()
        return self.check()

    def check(self) -> set[int]:
        """
        Check.

        @return: the pieces that are held.
        @raise StorageError: if that fails.
        """
        held: list[Bitfield] = []
        errors: list[StorageError] = []
        self.storage.check(lambda _done, _all: None, held.append, errors.append)
        self.settle()
        if errors:
            raise errors[0]
        return set(held[0])

    def read(self, index: int) -> object:
        """
        Read a piece.

        @return: its bytes, or what went wrong.
        """
        self.storage.read(index, self._say_data, self._say_failure)
        return self._answer()

    def lend(self, index: int) -> object:
        """
        Ask for a piece in order to send it.

        @return: the span, which is to be given back; its bytes if it is small, or
            what went wrong.
        """
        self.storage.lend((index,), self.said.extend, self._say_failure)
        return self._answer()

    def lend_all(self, *indexes: int) -> Sequence[object]:
        """
        Ask for pieces in order to send them.

        @return: what is lent, each to be given back; or what went wrong.
        """
        self.storage.lend(indexes, self.said.append, self._say_failure)
        answer = self._answer()
        assert isinstance(answer, Sequence)
        return (answer,) if isinstance(answer, str) else answer

    def write(self, index: int, data: bytes | None = None) -> object:
        """
        Write a piece; by default the right one.

        @return: C{True}, or what went wrong.
        """
        data = self.pieces[index] if data is None else data
        self.write_run([Piece(index, data)])
        return self._answer()

    def write_run(self, pieces: Sequence[Piece]) -> None:
        """
        Write pieces that came together.  Of each C{True} is said, or what went wrong.
        """
        self.storage.write(
            pieces,
            lambda kept: self.said.extend([True] * len(kept)),
            lambda _index, error: self._say_failure(error),
        )

    def write_all(self) -> None:
        """
        Write all pieces, rightly.
        """
        for index in range(len(self.pieces)):
            assert self.write(index) is True

    def check_piece(self, index: int) -> object:
        """
        Check a piece.

        @return: is it right, or what went wrong.
        """
        self.storage.check_piece(index, self.said.append, self._say_failure)
        return self._answer()

    def finish(self) -> object:
        """
        Finish.

        @return: C{True}, or what went wrong.
        """
        self.storage.finish(self._say(True), self._say_failure)
        return self._answer()

    def commit(self) -> None:
        """
        Let the time pass until what was written is recorded.
        """
        self.clock.advance(2)
        self.settle()

    def close(self) -> None:
        """
        Close.
        """
        self.storage.close(self._say("closed"))
        assert self._answer() == "closed"

    def take_events(self) -> list[SwarmEvent]:
        """
        What was told since the last time, but for the files that differ.
        """
        events, self.events[:] = list(self.events), []
        return [event for event in events if not isinstance(event, FileDiffers)]

    def take_differing(self) -> list[SwarmEvent]:
        """
        Which files that were there are told to differ, since the last time.
        """
        events, self.events[:] = list(self.events), []
        return [event for event in events if isinstance(event, FileDiffers)]

    def _answer(self) -> object:
        self.settle()
        assert len(self.said) == 1, self.said
        return self.said.pop()

    def _say(self, what: object) -> Callable[[], None]:
        return lambda: self.said.append(what)

    def _say_data(self, data: PieceData) -> None:
        self.said.append(bytes(data))

    def _say_failure(self, error: StorageError) -> None:
        kinds = {BadPieceError: "bad", PieceLostError: "lost"}
        kind = kinds.get(type(error), "final" if error.is_final else "failed")
        self.said.append(f"{kind}: {error}")


def put(folder: Path, path: Names, data: bytes) -> Path:
    """
    Have a file there.
    """
    where = folder.joinpath(*path)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(data)
    return where
