"""
A peer of ours in a process of its own; see L{bench.processes} for the words it
exchanges.
"""

import cProfile
import json
import sys
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorCore, IReactorTime
from twisted.internet.stdio import StandardIO
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python.failure import Failure

from bench.control import Control, say
from bench.stall_meter import StallMeter
from swarmpeer.joining import JoiningService
from swarmpeer.own_process import keep_freed_memory, leave_uncollected
from swarmpeer.service import PeerService

AnyPeer = PeerService | JoiningService


def run_peer(
    make_peer: Callable[[object], AnyPeer],
    *,
    is_seed: bool,
    is_watched: bool = True,
    profile: str | None,
) -> None:
    """
    Run one peer until the end of the input.

    @param make_peer: from the reactor.
    @param is_watched: is it told how long the reactor stood still?  Looking costs
        a few thousandths of a core.
    @param profile: where a profile of what the reactor's thread did from the
        start to the end goes, for L{pstats}.
    """
    globalLogBeginner.beginLoggingTo(
        [textFileLogObserver(sys.stderr)], redirectStandardIO=False
    )
    keep_freed_memory()
    core = IReactorCore(reactor)
    peer = make_peer(reactor)
    meter = StallMeter(IReactorTime(reactor))
    control = _Control(core, peer, meter if is_watched else Service())
    StandardIO(control)
    leave_uncollected()
    # A seed may look through its file first.
    core.callWhenRunning(control.start_seed if is_seed else control.wait)
    core.addSystemEventTrigger("before", "shutdown", peer.stopService)
    if profile is None:
        core.run()
    else:
        profiler = cProfile.Profile()
        profiler.runcall(core.run)
        profiler.dump_stats(profile)
    if is_watched:
        report = {
            "late_ms": 1000 * meter.latest.late_seconds,
            "stall_ms": 1000 * meter.latest_own.own_seconds,
        }
        say("REPORT " + json.dumps(report))


class _Control(Control):
    """
    Of one peer.
    """

    def __init__(self, core: IReactorCore, peer: AnyPeer, meter: Service) -> None:
        super().__init__(core, self.begin)
        self._peer = peer
        self._meter = meter

    def start_seed(self) -> None:
        """
        Start the peer, which is ready once its file is found right.
        """

        def placed(_: None) -> None:
            self._meter.startService()
            say("READY")

        self._peer.when_complete().addCallbacks(placed, self._failed)
        self._peer.startService()

    def wait(self) -> None:
        """
        A leecher is ready for the word to begin.
        """
        say("READY")

    def begin(self) -> None:
        """
        The word to begin.
        """
        self._meter.startService()
        self._peer.when_complete().addCallbacks(lambda _: say("DONE"), self._failed)
        self._peer.startService()

    def _failed(self, failure: Failure) -> None:
        print(failure.getTraceback(), file=sys.stderr)
        self._core.stop()
