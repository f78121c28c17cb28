"""
A peer of a verified swarm in a program that wants to hear about its pieces.

    python docs/examples/verified_peer.py swarm.toml 1002

It tells what was here from the start and everything that goes wrong but for members
that are not there, yet or any more, or slow, and leaves once every member has
everything.  Stopped before, it goes on there the next time.
"""

import sys
from pathlib import Path

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorCore, IReactorTime
from twisted.internet.task import react
from zope.interface import implementer

from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.config_files import read_swarm
from swarmpeer.errors import SwarmPeerError
from swarmpeer.events import (
    BadPieceReceived,
    BadPieceTold,
    ConnectionRefused,
    DiskShort,
    FetchingResumed,
    FileChanged,
    FileDiffers,
    FilePlacingFailed,
    FilesChecked,
    ManifestFetched,
    PeerShutOut,
    PieceHealed,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    RecordFailed,
    RecordSetAside,
    SwarmEvent,
    ViolationSeen,
)
from swarmpeer.interfaces import ISwarmObserver
from swarmpeer.status.watch import StatusWatch

# Those that come now and then; PieceStored, say, comes thousands of times.
WORTH_TELLING = (
    BadPieceReceived,
    BadPieceTold,
    ConnectionRefused,
    DiskShort,
    FetchingResumed,
    FileChanged,
    FileDiffers,
    FilePlacingFailed,
    FilesChecked,
    ManifestFetched,
    PeerShutOut,
    PieceHealed,
    PieceStoreFailed,
    PieceWithdrawn,
    PolicyReplaced,
    RecordFailed,
    RecordSetAside,
    ViolationSeen,
)


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


async def main(reactor: object, swarm_path: str, peer_id: str) -> None:
    """
    Run the peer until the swarm is complete or the process is told to stop.
    """
    folder = Path(swarm_path).parent
    try:
        peer = assemble_verified_peer(
            reactor, read_swarm(swarm_path), int(peer_id), folder, log_folder=folder
        )
        peer.add_observer(Teller(), *WORTH_TELLING)
        watch = StatusWatch(peer, IReactorTime(reactor).seconds)
        peer.add_observer(watch, *StatusWatch.event_classes)
        peer.startService()
        # What is written is recorded before the process ends, however that comes.
        core = IReactorCore(reactor)
        core.addSystemEventTrigger("before", "shutdown", peer.stopService)
        await peer.when_swarm_complete()
    except SwarmPeerError as error:
        raise SystemExit(f"verified_peer: {error}") from None
    except CancelledError:
        return
    status = watch.status()
    print(
        f"{status.held} pieces are here; {status.received_bytes} bytes came, "
        f"{status.duplicate_bytes} of them for nothing",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    react(main, sys.argv[1:])
