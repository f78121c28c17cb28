"""
Telling a service manager how it goes, in the way of systemd's C{sd_notify}.

It is one datagram to a local socket, which takes fewer lines than the care of a
library for it would.
"""

import socket
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from swarmpeer.status.shape import State, Status
from swarmpeer.text import printable, quoted, share_text, size_text, span_text

STATUS_SECONDS = 1.0
"""
How often it is told how far the peer is, if that changed.
"""
START_SECONDS = 60
"""
As long as it looks at its files, a peer asks for so much more time to start.
"""
_MOST_STATUS_CHARACTERS = 500
_BEGINNING = (State.STARTING, State.JOINING, State.CHECKING)
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_LEAST_WATCHDOG_USEC = 100_000
_MOST_WATCHDOG_USEC = 10**14
"""
Three years.
"""
_log = Logger()


class NotifySocket:
    """
    Where a service manager listens.
    """

    def __init__(self, path: str) -> None:
        """
        @param path: of a local socket; one that begins with C{@} is in no folder.
        """
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self._path = path
        self._is_failure_told = False

    def send(self, *lines: str) -> None:
        """
        Tell it, as C{NAME=value} each; never waits.
        """
        message = "\n".join(lines).encode("utf-8", "backslashreplace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.connect(self._address)
                sender.send(message)
        except (OSError, ValueError) as error:
            # Full for a moment, or gone: the peer has better to do than to fail.
            if not self._is_failure_told:
                self._is_failure_told = True
                _log.warn(
                    "the service manager at {path} does not listen: {reason}",
                    path=printable(self._path),
                    reason=getattr(error, "strerror", None) or error,
                )


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """
    What a service manager wants of this process.

    @ivar path: where it listens.
    @ivar watchdog_seconds: if it hears nothing for so long it starts the peer anew;
        C{None}: it does not.
    """

    path: str
    watchdog_seconds: float | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> "ServiceManager | None":
        """
        What the environment of a process tells; C{None}: there is none.

        @param pid: the process.
        """
        path = environment.get("NOTIFY_SOCKET", "")
        if not path.startswith(("/", "@")):
            return None
        watchdog_seconds = None
        text = environment.get("WATCHDOG_USEC", "0")
        is_ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        if is_ours and text != "0":
            watchdog_seconds = _watchdog_seconds(text)
            if watchdog_seconds is None:
                _log.warn(
                    "the watchdog is not told of: WATCHDOG_USEC is {text}, a number of "
                    "microseconds from {least} to {most} would be right",
                    text=quoted(text),
                    least=_LEAST_WATCHDOG_USEC,
                    most=_MOST_WATCHDOG_USEC,
                )
        return cls(path, watchdog_seconds)

    @classmethod
    def take(
        cls, environment: MutableMapping[str, str], pid: int
    ) -> "ServiceManager | None":
        """
        The same, and no child is told of it.
        """
        manager = cls.of(environment, pid)
        for name in _OURS:
            environment.pop(name, None)
        return manager


class Notifying(Service):
    """
    Tells a service manager when the peer takes part (it listens and its files were
    looked at), how far it is, that its event loop turns, and that it stops.
    """

    def __init__(
        self,
        manager: ServiceManager,
        clock: IReactorTime,
        status: Callable[[], Status],
        send: Callable[..., None] | None = None,
    ) -> None:
        """
        @param status: how the peer is, now.
        @param send: see L{NotifySocket.send}.
        """
        self._send = NotifySocket(manager.path).send if send is None else send
        self._status = status
        self._is_ready = False
        self._told = ""
        self._loops = [(LoopingCall(self._tell), STATUS_SECONDS)]
        if manager.watchdog_seconds is not None:
            beat = LoopingCall(lambda: self._send("WATCHDOG=1"))
            self._loops.append((beat, manager.watchdog_seconds / 2))
        for loop, _ in self._loops:
            loop.clock = clock

    def startService(self) -> None:
        """
        Begin to tell; of a peer that could not start nothing is told.
        """
        super().startService()
        for loop, seconds in self._loops:
            loop.start(seconds)

    def stopService(self) -> None:
        """
        Say that it stops.
        """
        super().stopService()
        for loop, _ in self._loops:
            if loop.running:
                loop.stop()
        self._send("STOPPING=1", "STATUS=stops")

    def _tell(self) -> None:
        status = self._status()
        lines = []
        if not self._is_ready:
            if status.state in _BEGINNING:
                lines.append(f"EXTEND_TIMEOUT_USEC={START_SECONDS * 1_000_000}")
            else:
                self._is_ready = True
                lines.append("READY=1")
        text = status_text(status)
        if text != self._told:
            self._told = text
            lines.append(f"STATUS={text}")
        if lines:
            self._send(*lines)


def _watchdog_seconds(text: str) -> float | None:
    """
    C{None}: it is no time that makes sense.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= 20
    if is_number and _LEAST_WATCHDOG_USEC <= int(text) <= _MOST_WATCHDOG_USEC:
        return int(text) / 1e6
    return None


def status_text(status: Status) -> str:
    """
    How a peer is, in a line.
    """
    words = [status.state.value]
    if status.checked_share is not None:
        words.append(f"{share_text(status.checked_share)} looked at")
    elif status.piece_count and not status.is_done:
        words.append(f"{status.held} of {status.piece_count} pieces")
    if status.state is State.FETCHING:
        words.append(f"{size_text(status.receive_rate)}/s")
        if status.expected_seconds is not None:
            words.append(f"{span_text(status.expected_seconds)} left")
    if status.is_done:
        words.append(f"{len(status.incomplete)} others are not known to be")
    words += [problem.text for problem in status.settled_problems[:1]]
    return printable(", ".join(words))[:_MOST_STATUS_CHARACTERS]
