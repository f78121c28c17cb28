"""
One classic peer of ours, embedded as any program would; see L{bench.processes}
for the words it exchanges.

It is the usual peer of C{twistd swarmpeer}, protocol log and all, but for the
choke intervals, which may be fractions of a second here.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Stall:
    """
    One turn of the reactor that came late.

    @ivar late_seconds: by how much.
    @ivar waited_seconds: for how much of it the reactor's thread could have run
        but got no core: the machine was busy with others.
    """

    late_seconds: float = 0.0
    waited_seconds: float = 0.0

    @property
    def own_seconds(self) -> float:
        """
        What is left: work of this peer, and waiting for its own threads.
        """
        return self.late_seconds - self.waited_seconds


class StallMeter(Service):
    """
    Looks every hundredth of a second how late the reactor lets it.

    @ivar latest: the stall that was the longest.
    @ivar latest_own: the stall that was the longest but for waiting for a core.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.latest = self.latest_own = Stall()
        self._clock = clock
        # What the scheduler counts of the thread that opens it.
        self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self._waited = self._waited_seconds()
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
        late = time.monotonic() - due
        waited = self._waited_seconds()
        # Some of the wait may lie before the turn was due.
        stall = Stall(late, min(late, waited - self._waited))
        self._waited = waited
        self.latest = max(self.latest, stall, key=lambda each: each.late_seconds)
        self.latest_own = max(self.latest_own, stall, key=lambda each: each.own_seconds)
        self._call_later()

    def _waited_seconds(self) -> float:
        return int(os.pread(self._schedstat, 64, 0).split()[1]) / 1e9


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
    report = {
        "late_ms": 1000 * meter.latest.late_seconds,
        "stall_ms": 1000 * meter.latest_own.own_seconds,
    }
    say("REPORT " + json.dumps(report))


if __name__ == "__main__":
    main()
