"""
One classic peer of ours, embedded as any program would; see L{bench.processes}
for the words it exchanges.

It is the usual peer of C{twistd swarmpeer}, protocol log and all, but for the
choke intervals, which may be fractions of a second here.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.interfaces import IDelayedCall, IReactorCore, IReactorTime
from twisted.internet.stdio import StandardIO
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from bench.network import ADDRESS
from swarmpeer.assemble import assemble_peer
from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.service import PeerService

_LOOK_SECONDS = 0.01


class StallMeter(Service):
    """
    Looks every hundredth of a second how late the reactor lets it.

    @ivar longest_seconds: the latest that it ever was.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.longest_seconds = 0.0
        self._clock = clock
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """
        Begin to look.
        """
        super().startService()
        self._call_later()

    def stopService(self) -> None:
        """
        Look no more.
        """
        super().stopService()
        if self._call is not None:
            self._call.cancel()

    def _call_later(self) -> None:
        due = time.monotonic() + _LOOK_SECONDS
        self._call = self._clock.callLater(_LOOK_SECONDS, self._look, due)

    def _look(self, due: float) -> None:
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - due)
        self._call_later()


class Control(LineOnlyReceiver):
    """
    The bench's end of the standard input.
    """

    delimiter = b"\n"

    def __init__(self, core: IReactorCore, peer: PeerService, meter: StallMeter):
        self._core = core
        self._peer = peer
        self._meter = meter

    def lineReceived(self, line: bytes) -> None:  # noqa: ARG002  (there is one word)
        """
        The word to begin.
        """
        self._peer.when_complete().addCallbacks(lambda _: say("DONE"), self._failed)
        self._peer.startService()
        self._meter.startService()

    def connectionLost(
        self,
        reason: Failure | None = None,  # noqa: ARG002  (the end is no failure)
    ) -> None:
        """
        The end of the input: the bench is done.
        """
        self._core.stop()

    def _failed(self, failure: Failure) -> None:
        print(failure.getTraceback(), file=sys.stderr)
        self._core.stop()


def say(line: str) -> None:
    """
    Tell the bench.
    """
    print(line, flush=True)


def main() -> None:
    """
    Run one peer until the end of the input.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--piece", type=int, required=True)
    parser.add_argument("--preferred", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("swarm", nargs="+", metavar="ID:PORT:HAS_FILE")
    options = parser.parse_args()

    globalLogBeginner.beginLoggingTo(
        [textFileLogObserver(sys.stderr)], redirectStandardIO=False
    )
    core, clock = IReactorCore(reactor), IReactorTime(reactor)
    common = CommonConfig(
        preferred_neighbors=options.preferred,
        unchoking_interval_seconds=options.interval,
        optimistic_unchoking_interval_seconds=options.interval,
        file_name=options.name,
        file_size_bytes=options.size,
        piece_size_bytes=options.piece,
    )
    peers = []
    for each in options.swarm:
        peer_id, port, has_file = map(int, each.split(":"))
        peers.append(PeerInfo(peer_id, ADDRESS, port, bool(has_file)))
    config = Config(options.id, common, tuple(peers))
    peer = assemble_peer(reactor, config, Path(options.folder))
    meter = StallMeter(clock)
    control = Control(core, peer, meter)
    if config.own.has_file:
        peer.startService()
        meter.startService()
    StandardIO(control)
    core.callWhenRunning(say, "READY")
    core.addSystemEventTrigger("before", "shutdown", peer.stopService)
    core.run()
    say("REPORT " + json.dumps({"stall_ms": 1000 * meter.longest_seconds}))


if __name__ == "__main__":
    main()
