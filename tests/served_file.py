"""
A file on the disk, and a neighbour that is served from it: what that takes from the
requests up to the queue in front of the socket.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from swarmpeer.core.neighbor import NeighborState
from swarmpeer.core.serving import Serving
from swarmpeer.core.verified_store import VerifiedStore
from swarmpeer.events import SwarmEvent
from swarmpeer.test.socket_lines import SocketLine
from swarmpeer.test.storage_fixtures import FastCalls
from swarmpeer.test.verified_fixtures import PIECE, Content, Peer, chance_bytes
from swarmpeer.wire.bitfield import Bitfield
from swarmpeer.wire.messages import PieceData

TOGETHER = 16
"""
So many pieces find room on a connection.
"""


class AllCached(FastCalls):
    """
    A disk of which all is in memory, whatever its file system can tell.
    """

    def read_cached(self, fd: int, size_bytes: int, offset: int) -> PieceData | None:
        """All of it."""
        return os.pread(fd, size_bytes, offset)


class ServedFile:
    """
    A seed with one neighbour.
    """

    def __init__(self, folder: Path, pieces: int) -> None:
        """
        @param folder: where the file goes.
        """
        content = Content({("data",): chance_bytes(1, pieces * PIECE)})
        self._peer = Peer(
            content, folder, calls=AllCached(), inline_limit_bytes=4 * PIECE
        )
        self._peer.start()
        self._peer.write_all()
        self._peer.finish()
        # Once a second a thread looks whether the file has its name.
        self._peer.read(0)
        layout = self._peer.storage.layout
        store = VerifiedStore(layout, self._peer.storage, Bitfield.full(pieces))
        neighbor = NeighborState(1002, pieces)
        neighbor.change_am_choking(False)
        self._line = SocketLine(is_fast=True, layout=layout).greeted()
        self._serving = Serving(store, neighbor, self._line.protocol, self)

    def is_heard(self, _event_class: type[SwarmEvent]) -> bool:
        """
        Nobody watches.
        """
        return False

    def publish(self, event: SwarmEvent) -> None:
        """
        Nor is anything told.
        """
        raise AssertionError(event)

    def publish_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Nor are many.
        """
        raise AssertionError(events)

    def serve(
        self, most_in_run: int, count: Callable[[Callable[[], object]], int]
    ) -> float:
        """
        Send every piece once, by lot.

        @param most_in_run: so many are asked for at once.
        @param count: told what to count.
        @return: what it counted for each piece.
        """
        total, held = 0, len(self._peer.pieces)
        order = Random(1).sample(range(held), held)
        for start in range(0, held, TOGETHER):
            some = order[start : start + TOGETHER]
            runs = [
                some[at : at + most_in_run] for at in range(0, TOGETHER, most_in_run)
            ]

            def ask(runs: list[list[int]] = runs) -> None:
                for run in runs:
                    self._serving.take(run)

            total += count(ask)
            self._line.run()
        return total / held

    def close(self) -> None:
        """
        The neighbour leaves.
        """
        self._line.end()
        self._peer.close()
