"""
Peers as processes, and the few words that the bench and they exchange.

A peer prints C{READY} once it could begin, begins when it reads a line, prints
C{DONE} once its file is in place, goes on serving, and leaves at the end of its
input, after a last line C{REPORT} with a JSON object of what only it can know.
One that runs somebody else's program prints before that all C{PID} and the id of
the process that is to be measured instead of its own.
"""

import contextlib
import json
import os
import selectors
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.gauges import Memory, memory
from bench.peers import PeerCommand

_SAMPLE_SECONDS = 0.05
_LEAVE_SECONDS = 10.0


class RunFailed(Exception):
    """
    A peer died, took too long or left a wrong file.
    """


class RunningPeer:
    """
    One running peer.

    @ivar peak: the most memory seen at any sample since the last reset.
    """

    def __init__(self, command: PeerCommand, log: Path) -> None:
        self.command = command
        self.peak = Memory()
        self._log = log
        self._lines: list[str] = []
        self._rest = ""
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    @property
    def pid(self) -> int:
        """
        The id of the process that is measured.
        """
        for line in self._lines:
            if line.startswith("PID "):
                return int(line.removeprefix("PID "))
        return self._process.pid

    @property
    def output(self) -> int:
        """
        The file descriptor of what it prints.
        """
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def begin(self) -> None:
        """
        Let it begin.
        """
        assert self._process.stdin is not None
        # One that is gone is noticed where its words are waited for.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"GO\n")
            self._process.stdin.flush()

    def read(self) -> None:
        """
        Take what it printed.

        @raise RunFailed: if it is gone.
        """
        data = os.read(self.output, 65536)
        if not data:
            raise RunFailed(f"{self.command.label} ended: {self._last_words()}")
        *lines, self._rest = (self._rest + data.decode()).split("\n")
        self._lines += lines

    def said(self, word: str) -> bool:
        """
        Has it printed that line?
        """
        return word in self._lines

    def sample(self) -> None:
        """
        Look at its memory.

        @raise RunFailed: if it is gone.
        """
        if self._process.poll() is not None:
            raise RunFailed(f"{self.command.label} ended: {self._last_words()}")
        self.peak = self.peak.peak(memory(self.pid))

    def leave(self) -> dict[str, float]:
        """
        End it.

        @return: its report.
        """
        try:
            output, _ = self._process.communicate(timeout=_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        report: dict[str, float] = {}
        for line in [*self._lines, *(self._rest + output.decode()).split("\n")]:
            if line.startswith("REPORT "):
                report = json.loads(line.removeprefix("REPORT "))
        return report

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:].strip() or "no word"


class Swarm:
    """
    The peers of one run; a context manager that leaves none of them behind.
    """

    def __init__(self, commands: Iterable[PeerCommand], folder: Path) -> None:
        self.peers: list[RunningPeer] = []
        self.reports: list[dict[str, float]] = []
        self._commands = commands
        self._folder = folder

    def __enter__(self) -> Self:
        for number, command in enumerate(self._commands):
            self.peers.append(RunningPeer(command, self._folder / f"log_{number}"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reports = [peer.leave() for peer in self.peers]

    @property
    def seeds(self) -> list[RunningPeer]:
        """
        Those that have the file from the start.
        """
        return [peer for peer in self.peers if peer.command.is_seed]

    @property
    def leechers(self) -> list[RunningPeer]:
        """
        Those that fetch it.
        """
        return [peer for peer in self.peers if not peer.command.is_seed]

    def wait_for(
        self, word: str, peers: list[RunningPeer], timeout_seconds: float
    ) -> list[float]:
        """
        Wait until each of C{peers} has said C{word}, and watch the memory of
        all meanwhile.

        @return: the monotonic times at which they were heard to say it.
        @raise RunFailed: if one died or time is up.
        """
        end = time.monotonic() + timeout_seconds
        next_sample = 0.0
        times: list[float] = []
        with selectors.DefaultSelector() as selector:
            for peer in peers:
                selector.register(peer.output, selectors.EVENT_READ, peer)
            while selector.get_map():
                ready = selector.select(_SAMPLE_SECONDS)
                now = time.monotonic()
                for key, _ in ready:
                    heard: RunningPeer = key.data
                    heard.read()
                    if heard.said(word):
                        times.append(now)
                        selector.unregister(key.fileobj)
                if now >= next_sample:
                    for peer in self.peers:
                        peer.sample()
                    next_sample = now + _SAMPLE_SECONDS
                if now > end:
                    raise RunFailed(f"no {word} from all within {timeout_seconds:g} s")
        return times
