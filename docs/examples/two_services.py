"""
A peer inside a program that has services of its own.

    python docs/examples/two_services.py 1002 FOLDER

The program's other service here is a clock that prints how far the peer is; put
yours in its place.  The peer never stops the program: this one decides by
itself to leave once every peer of the swarm is complete.
"""

import sys

from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.task import react

from swarmpeer.assemble import assemble_peer, read_config
from swarmpeer.errors import SwarmPeerError


async def main(reactor: object, peer_id: str, folder: str) -> None:
    """
    Run both services until the swarm is complete.
    """
    program = MultiService()
    try:
        peer = assemble_peer(reactor, read_config(int(peer_id), folder), folder)
        peer.setServiceParent(program)

        def say_how_far() -> None:
            progress = peer.progress()
            print(f"{progress.held} of {progress.piece_count} pieces", flush=True)

        TimerService(1.0, say_how_far).setServiceParent(program)
        program.startService()
        await peer.when_swarm_complete()
    except SwarmPeerError as error:
        raise SystemExit(f"two_services: {error}") from None
    print("every peer is complete", flush=True)
    await program.stopService()


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    react(main, sys.argv[1:])
