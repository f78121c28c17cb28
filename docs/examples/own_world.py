"""
Two peers in one program, over a unix socket, one of them with a storage of its
own kind.

    python docs/examples/own_world.py FOLDER FILE_NAME

Peer 1 has the file, as FOLDER/peer_1/FILE_NAME.  Peer 2 fetches it into memory
and prints what it hears, and at last the digest of the whole.
"""

import hashlib
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from twisted.application.service import MultiService
from twisted.internet.endpoints import UNIXClientEndpoint, UNIXServerEndpoint
from twisted.internet.interfaces import IReactorThreads, IReactorTime
from twisted.internet.task import react
from zope.interface import implementer

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.core.layout import PieceLayout
from swarmpeer.errors import StorageError, SwarmPeerError
from swarmpeer.events import PieceStored, SwarmEvent, UnchokedBy
from swarmpeer.interfaces import IPieceStorage, ISwarmObserver
from swarmpeer.net.limits import Limits
from swarmpeer.seam import Piece
from swarmpeer.service import PeerService
from swarmpeer.storage import FileStorage, ReactorThreads, find_folder
from swarmpeer.wire.messages import PieceData

PIECE_SIZE_BYTES = 16_384


@implementer(IPieceStorage)
class DictStorage:
    """
    Keeps pieces in a C{dict}.  It need not wait for anything, so it answers
    before it returns.
    """

    is_whole = False

    def __init__(self, most_pieces: int) -> None:
        self.most_pieces = most_pieces
        self.pieces: dict[int, bytes] = {}

    def open(self) -> None:
        """
        There is nothing to take.
        """

    def read(
        self,
        index: int,
        done: Callable[[PieceData], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """
        Only what was written is asked for.
        """
        if index in self.pieces:
            done(self.pieces[index])
        else:
            failed(StorageError(f"piece {index} is lost"))

    def write(
        self,
        pieces: Sequence[Piece],
        done: Callable[[Sequence[Piece]], None],
        failed: Callable[[int, StorageError], None],
    ) -> None:
        """
        Keep copies, as long as there is room.
        """
        for piece in pieces:
            if len(self.pieces) < self.most_pieces:
                self.pieces[piece.index] = bytes(piece.data)
                done([piece])
            else:
                error = StorageError(f"there is no room for piece {piece.index}")
                failed(piece.index, error)

    def finish(
        self, done: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """
        The pieces are their own final place.
        """
        if self.pieces.keys() == set(range(len(self.pieces))):
            done()
        else:
            failed(StorageError("a piece is lost"))

    def close(self, done: Callable[[], None]) -> None:
        """
        There is nothing to give back.
        """
        done()


@implementer(ISwarmObserver)
class Teller:
    """
    Prints what it hears.
    """

    def observe(self, event: SwarmEvent) -> None:
        """
        One line for each event.
        """
        print(event, flush=True)


async def main(reactor: object, folder: str, file_name: str) -> None:
    """
    Run both peers until both have the file.
    """
    home = find_folder(folder, 1, file_name, has_file=True)
    try:
        size_bytes = (home / file_name).stat().st_size
    except OSError as error:
        raise SystemExit(f"own_world: {error}") from None
    layout = PieceLayout(size_bytes, PIECE_SIZE_BYTES)
    # Intervals are seconds, and may be fractions of one.
    common = CommonConfig(1, 0.2, 0.5, file_name, size_bytes, PIECE_SIZE_BYTES)
    # Nobody dials these hosts and ports: the endpoints below are others.
    peers = (PeerInfo(1, "one", 1, has_file=True), PeerInfo(2, "two", 2, False))

    def socket_of(peer_id: int) -> str:
        return str(Path(folder, f"socket_{peer_id}"))

    def make_peer(peer_id: int, storage: IPieceStorage) -> PeerService:
        return PeerService(
            Config(peer_id, common, peers),
            storage,
            clock=IReactorTime(reactor),
            listen_endpoint=UNIXServerEndpoint(reactor, socket_of(peer_id)),
            dial_endpoint=lambda to: UNIXClientEndpoint(reactor, socket_of(to.peer_id)),
            rng=random.Random(peer_id),
            limits=Limits(stall_seconds=2.0),
        )

    on_disk = FileStorage(
        layout,
        home,
        file_name,
        whole=True,
        run_in_thread=ReactorThreads(IReactorThreads(reactor)),
    )
    in_memory = DictStorage(most_pieces=layout.piece_count)
    seed, leecher = make_peer(1, on_disk), make_peer(2, in_memory)
    leecher.add_observer(Teller(), UnchokedBy, PieceStored)
    program = MultiService()
    seed.setServiceParent(program)
    leecher.setServiceParent(program)
    try:
        program.startService()
        await leecher.when_swarm_complete()
    except SwarmPeerError as error:
        raise SystemExit(f"own_world: {error}") from None
    pieces = (in_memory.pieces[index] for index in range(layout.piece_count))
    print(hashlib.sha256(b"".join(pieces)).hexdigest(), flush=True)
    await program.stopService()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    react(main, sys.argv[1:])
