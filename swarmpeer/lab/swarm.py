"""
A lab at work: one process per peer, watched through the logs until all is done.
"""

import contextlib
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import (
    IDelayedCall,
    IProcessTransport,
    IReactorTime,
)
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from swarmpeer.lab.folder import LabFolder, SourceFile
from swarmpeer.lab.plan import LabPlan
from swarmpeer.lab.render import PeerResult, render_results
from swarmpeer.lab.screen import Screen
from swarmpeer.lab.tail import LogTail
from swarmpeer.lab.view import SwarmView
from swarmpeer.protocol_log import parse_line

TICK_SECONDS = 0.25
GRACE_SECONDS = 5.0
SUCCESS = 0
FAILURE = 1

_SHOWN_OUTPUT_LINES = 10

# Most lines of a log, and nothing that is shown.
_SKIPPED = b" received the "

BuildArgv = Callable[[int, Path], list[str]]
Digest = Callable[[Path, Callable[[], bool]], Deferred[str | None]]


class PeerProcess(ProcessProtocol):
    """
    One peer's process, which reports its end and nothing else.

    @ivar ending: how it ended, for people; empty while it runs.
    @ivar is_clean: did it end by itself with status 0?
    """

    transport: IProcessTransport

    def __init__(self, peer_id: int, ended: Callable[["PeerProcess"], None]) -> None:
        self.peer_id = peer_id
        self.ending = ""
        self.is_clean = False
        self._ended = ended

    def processEnded(self, reason: Failure) -> None:
        """
        The process is gone and reaped.
        """
        self.is_clean = reason.check(ProcessDone) is not None
        self.ending = _ending(reason)
        self._ended(self)

    def send_signal(self, number: signal.Signals) -> None:
        """
        Send the process a signal, if it is still there.
        """
        with contextlib.suppress(ProcessExitedAlready):
            self.transport.signalProcess(number)


Spawn = Callable[[PeerProcess, list[str], BinaryIO], object]


@dataclass
class Lab:
    """
    Runs a swarm that is planned and laid out on the disk.

    The first thing that goes wrong decides the exit status; what comes after it
    is only waiting until all processes are gone.

    @ivar spawn: starts a process with a command, and with a file for all that it
        prints.
    @ivar digest: gives the SHA-256 of a file in hexadecimal, or C{None} once the
        callable that it is handed says that nobody wants it any more.
    @ivar build_argv: the command for a peer's id and the lab's folder.
    @ivar ended: told of each process that ended, and whether it ended well.
    @ivar view: what the logs told so far.
    """

    plan: LabPlan
    folder: LabFolder
    source: SourceFile
    screen: Screen
    spawn: Spawn
    clock: IReactorTime
    digest: Digest
    build_argv: BuildArgv
    timeout_seconds: float
    ended: Callable[[int, bool], object] | None = None
    view: SwarmView = field(init=False)

    def __post_init__(self) -> None:
        peers = [(peer.peer_id, peer.has_file) for peer in self.plan.peers]
        self.view = SwarmView(self.plan.layout, peers)
        self._tails = [
            LogTail(self.folder.protocol_log(peer_id), _SKIPPED)
            for peer_id in self.view.peers
        ]
        self._running: dict[int, PeerProcess] = {}
        self._status: int | None = None
        self._finished: Deferred[int] = Deferred()
        self._deadline: IDelayedCall | None = None
        self._began_seconds = 0.0
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = self.clock

    def run(self) -> Deferred[int]:
        """
        Start all peers in the order of the list.

        @return: fires with the exit status, once nothing is running any more.
        """
        self._began_seconds = self.clock.seconds()
        for peer_id in self.view.peers:
            try:
                self._start(peer_id)
            except OSError as error:
                self._fail(f"peer {peer_id} cannot be started: {error.strerror}")
                return self._finished
        self._deadline = self.clock.callLater(self.timeout_seconds, self._time_is_up)
        ticking = self._ticking.start(TICK_SECONDS)
        ticking.addErrback(
            lambda reason: self._fail(f"FAILED: cannot watch: {reason.value}")
        )
        return self._finished

    def interrupt(self, signal_number: int) -> None:
        """
        Stop everything; asked again, at once.
        """
        if self._status is None:
            self.screen.tell("stopping all peers")
            self._stop(128 + signal_number)
        else:
            self._signal_all(signal.SIGKILL)

    def _start(self, peer_id: int) -> None:
        argv = self.build_argv(peer_id, self.folder.path)
        process = PeerProcess(peer_id, self._process_ended)
        with self.folder.output(peer_id).open("ab") as output:
            self.spawn(process, argv, output)
        self._running[peer_id] = process

    def _tick(self) -> None:
        now_seconds = self._read_logs()
        self.screen.show(self.view, now_seconds)
        if self.screen.is_gone:
            self._fail("nobody reads the output any more")

    def _read_logs(self) -> float:
        now_seconds = self.clock.seconds() - self._began_seconds
        for tail in self._tails:
            for text in tail.read_lines():
                line = parse_line(text)
                if line is not None:
                    self.view.apply(line, now_seconds)
        return now_seconds

    def _process_ended(self, process: PeerProcess) -> None:
        del self._running[process.peer_id]
        self._read_logs()
        problem = self._problem_of(process)
        if self.ended is not None:
            self.ended(process.peer_id, problem is None)
        if self._status is None:
            if problem is not None:
                output = self.folder.output_tail(process.peer_id, _SHOWN_OUTPUT_LINES)
                lines = [f"    {line}" for line in output] or ["    (no output)"]
                self._fail("\n".join([f"peer {process.peer_id} {problem}:", *lines]))
            elif not self._running:
                self._compare()
        elif not self._running:
            self._finish()

    def _problem_of(self, process: PeerProcess) -> str | None:
        if not process.is_clean:
            return f"died ({process.ending})"
        if not self.view.peers[process.peer_id].is_complete:
            return "ended without having the file"
        return None

    def _time_is_up(self) -> None:
        self._read_logs()
        late = [
            f"{peer.peer_id} ({self.view.share(peer):.0%})"
            for peer in self.view.leechers
            if not peer.is_complete
        ]
        if late:
            what = f"not done are {', '.join(late)}"
        else:
            running = ", ".join(map(str, self._running))
            what = f"all have the file, but still running are {running}"
        self._fail(f"time is up after {self.timeout_seconds:g} s: {what}")

    def _fail(self, text: str) -> None:
        if self._status is None:
            self.screen.tell(text)
            self._stop(FAILURE)

    def _stop(self, status: int) -> None:
        """
        The exit status is decided: end what is still running.
        """
        self._status = status
        self._stop_watching()
        if self._running:
            self._deadline = self.clock.callLater(
                GRACE_SECONDS, self._signal_all, signal.SIGKILL
            )
            self._signal_all(signal.SIGTERM)
        else:
            self._finish()

    def _signal_all(self, number: signal.Signals) -> None:
        for process in list(self._running.values()):
            process.send_signal(number)

    def _compare(self) -> None:
        """
        All have ended well: is it the same file everywhere?
        """
        self._stop_watching()
        self.screen.show(self.view, self.clock.seconds() - self._began_seconds)
        comparison = Deferred.fromCoroutine(self._digest_all())
        comparison.addErrback(
            lambda reason: self._fail(f"FAILED: cannot compare: {reason.value}")
        )

    async def _digest_all(self) -> None:
        source_digest = await self._digest(self.source.path)
        results = []
        for peer_id in self.view.peers:
            path = self.folder.file(self.plan, peer_id)
            try:
                results.append(PeerResult(peer_id, await self._digest(path)))
            except OSError as error:
                results.append(PeerResult(peer_id, None, error.strerror))
        if self._status is not None:
            return
        self.screen.tell(render_results(self.view, source_digest or "", results))
        others = [str(r.peer_id) for r in results if r.digest != source_digest]
        if not self.source.is_unchanged:
            self._fail("FAILED: the file changed while the lab ran")
        elif others:
            self._fail(f"FAILED: not identical at {', '.join(others)}")
        else:
            self.screen.tell(
                f"OK: {len(results)} identical files, every peer ended by itself"
            )
            self._stop(SUCCESS)

    async def _digest(self, path: Path) -> str | None:
        return await self.digest(path, lambda: self._status is not None)

    def _stop_watching(self) -> None:
        """
        Nothing is waited for any more but the ends of processes.
        """
        if self._ticking.running:
            self._ticking.stop()
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()

    def _finish(self) -> None:
        self._stop_watching()
        self.screen.close()
        self._finished.callback(SUCCESS if self._status is None else self._status)


def _ending(reason: Failure) -> str:
    """
    How a process ended, in words.
    """
    number = getattr(reason.value, "signal", None)
    if number is not None:
        return f"killed by {signal.Signals(number).name}"
    return f"exit status {getattr(reason.value, 'exitCode', None)}"
