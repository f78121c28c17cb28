"""
A service of your own with a peer in it that can be watched: its pages are at a port,
and the program looks at its status, too.

    python docs/examples/watched_service.py swarm.toml 1002 8080 [TOKEN_FILE]
    curl http://127.0.0.1:8080/readyz
    curl http://127.0.0.1:8080/status.json
    curl http://127.0.0.1:8080/metrics

With a token file the pages are for other machines, too, and for who knows the token:
curl -H "Authorization: Bearer $(cat TOKEN_FILE)" http://...  /metrics is there if the
extra "metrics" is installed.  It goes on serving until it is told to stop.
"""

import sys
from pathlib import Path

from twisted.application.internet import TimerService
from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IReactorCore, IReactorTCP, IReactorTime
from twisted.internet.task import react

from swarmpeer.assemble_verified import assemble_verified_peer
from swarmpeer.assemble_web import assemble_web, peer_metrics
from swarmpeer.config_files import read_swarm
from swarmpeer.errors import SwarmPeerError
from swarmpeer.status.watch import StatusWatch
from swarmpeer.web_place import read_token


class Reporter:
    """
    Says how the peer is whenever something else is the matter than before.
    """

    def __init__(self, watch: StatusWatch) -> None:
        self._watch = watch
        self._said: object = None

    def look(self) -> None:
        """
        Called once a second.
        """
        status = self._watch.status()
        # The words of a problem may count what is missing, its code does not.
        problems = status.settled_problems
        matter = status.state, [(each.code, each.peer_id) for each in problems]
        if matter != self._said:
            self._said = matter
            words = "; ".join(each.text for each in problems) or "all is well"
            print(f"{status.state}, {status.held} pieces: {words}", flush=True)


async def main(
    reactor: object,
    swarm_path: str,
    peer_id: str,
    port: str,
    token_file: str | None = None,
) -> None:
    """
    Run the peer, its pages and the report until the process is told to stop.
    """
    folder = Path(swarm_path).parent
    program = MultiService()
    # Without a token the pages have to be for this machine alone.
    interface = "127.0.0.1" if token_file is None else ""
    where = TCP4ServerEndpoint(IReactorTCP(reactor), int(port), interface=interface)
    # None without the extra; then nobody measures, and /metrics says what it needs.
    metrics = peer_metrics(reactor)
    try:
        peer = assemble_verified_peer(
            reactor,
            read_swarm(swarm_path),
            int(peer_id),
            folder,
            log_folder=folder,
            stopwatch=None if metrics is None else metrics.stopwatch,
        )
        watch = StatusWatch(peer, IReactorTime(reactor).seconds)
        peer.add_observer(watch, *StatusWatch.event_classes)
        # What is to see the peer's first events comes before it.
        pages = assemble_web(
            reactor,
            peer,
            where,
            token=None if token_file is None else read_token(token_file),
            watch=watch,
            metrics=metrics,
        )
        pages.setServiceParent(program)
        TimerService(1.0, Reporter(watch).look).setServiceParent(program)
        peer.setServiceParent(program)
        program.startService()
        core = IReactorCore(reactor)
        core.addSystemEventTrigger("before", "shutdown", program.stopService)
        await peer.when_complete()
    except SwarmPeerError as error:
        raise SystemExit(f"watched_service: {error}") from None
    except CancelledError:
        return
    print("the data is here: start what needs it", flush=True)
    await Deferred()


if __name__ == "__main__":
    if len(sys.argv) not in {4, 5} or not all(map(str.isdigit, sys.argv[2:4])):
        sys.exit(__doc__)
    react(main, sys.argv[1:])
