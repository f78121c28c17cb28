"""
The log that the protocol asks for: events in, its exact lines out, and back.

The wording stands once, in L{LogKind}; the writer and the reader are both made
from it, so they cannot drift apart.
"""

import io
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar, cast

from twisted.logger import Logger
from zope.interface import implementer

from swarmpeer.errors import StorageError
from swarmpeer.events import (
    ChokedBy,
    FileCompleted,
    HaveReceived,
    HaveRun,
    InterestedReceived,
    NeighborConnected,
    NotInterestedReceived,
    OptimisticRoundHeld,
    PieceStored,
    PreferredRoundHeld,
    SwarmEvent,
    UnchokedBy,
)
from swarmpeer.interfaces import IRunObserver


class LogKind(StrEnum):
    """
    What a line tells; the value is its wording behind C{Peer 1001}.

    C{other} is the neighbour's id, C{others} ids joined by commas, C{index} a
    piece's and C{held} the number of pieces here.
    """

    DIALLED = "makes a connection to Peer {other}."
    ACCEPTED = "is connected from Peer {other}."
    PREFERRED = "has the preferred neighbors {others}."
    OPTIMISTIC = "has the optimistically unchoked neighbor {other}."
    UNCHOKED = "is unchoked by {other}."
    CHOKED = "is choked by {other}."
    HAVE = "received the 'have' message from {other} for the piece {index}."
    INTERESTED = "received the 'interested' message from {other}."
    NOT_INTERESTED = "received the 'not interested' message from {other}."
    DOWNLOADED = (
        "has downloaded the piece {index} from {other}. "
        "Now the number of pieces it has is {held}."
    )
    COMPLETED = "has downloaded the complete file."


@dataclass(frozen=True, slots=True)
class LogLine:
    """
    One line read back.

    @ivar time: C{YYYY-MM-DD HH:MM:SS}, in the local time of the writer.
    @ivar peer_id: the writer.
    @ivar others: the neighbours named, none to many.
    @ivar index: the piece, if the line is about one.
    @ivar held: the number of pieces that the writer has, if the line says so.
    """

    time: str
    peer_id: int
    kind: LogKind
    others: tuple[int, ...] = ()
    index: int | None = None
    held: int | None = None


# No number of ours is longer than ten digits or begins with a zero.
_NUMBER = "(?:0|[1-9][0-9]{0,9})"
_FIELDS = {
    "other": f"(?P<others>{_NUMBER})",
    "others": f"(?P<others>{_NUMBER}(?:,{_NUMBER})*)",
    "index": f"(?P<index>{_NUMBER})",
    "held": f"(?P<held>{_NUMBER})",
}
_HEAD = re.compile(
    r"\[(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})\]: "
    rf"Peer (?P<peer_id>{_NUMBER}) (?P<words>.*)"
)
_PATTERNS = {
    kind: re.compile(
        re.sub(r"\\\{(\w+)\\\}", lambda field: _FIELDS[field[1]], re.escape(kind.value))
    )
    for kind in LogKind
}


def parse_line(line: str) -> LogLine | None:
    """
    Read one line, with or without its line end, that L{ProtocolLogger} wrote.

    @return: C{None} if it is not exactly such a line.
    """
    head = _HEAD.fullmatch(line.removesuffix("\n"))
    if head is None:
        return None
    for kind, pattern in _PATTERNS.items():
        if (found := pattern.fullmatch(head["words"])) is not None:
            values = found.groupdict()
            others = values.get("others")
            index = values.get("index")
            held = values.get("held")
            return LogLine(
                head["time"],
                int(head["peer_id"]),
                kind,
                () if others is None else tuple(map(int, others.split(","))),
                None if index is None else int(index),
                None if held is None else int(held),
            )
    return None


_Event = TypeVar("_Event", bound=SwarmEvent)
_Words = Callable[[SwarmEvent], str | None]


def _connection_words(event: NeighborConnected) -> str:
    kind = LogKind.DIALLED if event.is_dialled else LogKind.ACCEPTED
    return kind.format(other=event.peer_id)


def _preferred_words(event: PreferredRoundHeld) -> str | None:
    if not event.is_changed or not event.preferred:
        return None
    return LogKind.PREFERRED.format(others=",".join(map(str, event.preferred)))


def _optimistic_words(event: OptimisticRoundHeld) -> str | None:
    if not event.is_changed or event.optimistic is None:
        return None
    return LogKind.OPTIMISTIC.format(other=event.optimistic)


def _rule(
    event_type: type[_Event], words: Callable[[_Event], str | None]
) -> tuple[type[SwarmEvent], _Words]:
    # A function is called with events of the type it is kept under only, which
    # the type of a dict cannot say.
    return event_type, cast(_Words, words)


# Events that are not here have no line.
_RULES = dict(
    [
        _rule(NeighborConnected, _connection_words),
        _rule(PreferredRoundHeld, _preferred_words),
        _rule(OptimisticRoundHeld, _optimistic_words),
        _rule(UnchokedBy, lambda e: LogKind.UNCHOKED.format(other=e.peer_id)),
        _rule(ChokedBy, lambda e: LogKind.CHOKED.format(other=e.peer_id)),
        _rule(
            HaveReceived,
            lambda e: LogKind.HAVE.format(other=e.peer_id, index=e.index),
        ),
        _rule(InterestedReceived, lambda e: LogKind.INTERESTED.format(other=e.peer_id)),
        _rule(
            NotInterestedReceived,
            lambda e: LogKind.NOT_INTERESTED.format(other=e.peer_id),
        ),
        _rule(
            PieceStored,
            lambda e: LogKind.DOWNLOADED.format(
                index=e.index, other=e.peer_id, held=e.held
            ),
        ),
        _rule(FileCompleted, lambda _: LogKind.COMPLETED.value),
    ]
)


@implementer(IRunObserver)
class ProtocolLogger:
    """
    Writes one line for each event that the protocol wants told, at once: those of one
    run in one write.

    A log that cannot be written never stops the peer: lines are lost until it
    works again, which is reported once when it begins and once when it ends.

    @cvar event_classes: the events that have a line; of others it need not be
        told.
    @ivar lost_lines: how many lines were lost so far.
    """

    _log = Logger()
    event_classes: ClassVar[tuple[type[SwarmEvent], ...]] = tuple(_RULES)

    def __init__(
        self,
        peer_id: int,
        write: Callable[[bytes], object],
        now: Callable[[], float],
    ) -> None:
        """
        @param peer_id: whose log it is.
        @param write: takes one line; a number that it returns is how many bytes
            it took.
        @param now: the time in seconds since 1970, UTC.
        """
        self.lost_lines = 0
        self._peer_id = peer_id
        self._write = write
        self._now = now
        self._second: int | None = None
        self._head = ""
        self._lost_in_a_row = 0
        self._is_torn = False

    def observe(self, event: SwarmEvent) -> None:
        """
        Write the line of C{event}, if it has one.
        """
        self.observe_run((event,))

    def observe_run(self, events: Sequence[SwarmEvent]) -> None:
        """
        Write the lines of those that have one, all in one write.
        """
        if isinstance(events, HaveRun):
            self._write_haves(events)
            return
        rule = _RULES.get(type(events[0]))
        if rule is None:
            return
        head = self._head_now()
        lines = [
            f"{head}{words}\n" for event in events if (words := rule(event)) is not None
        ]
        if lines:
            self._put("".join(lines).encode("ascii"), len(lines))

    def _write_haves(self, haves: HaveRun) -> None:
        """
        Write their lines without an event for each.
        """
        whole = LogKind.HAVE.format(other=haves.peer_id, index="\n")
        before, behind = whole.split("\n")
        before, behind = self._head_now() + before, behind + "\n"
        block = before + (behind + before).join(map(str, haves.indexes)) + behind
        self._put(block.encode("ascii"), len(haves))

    def _head_now(self) -> str:
        second = int(self._now())
        if second != self._second:
            self._second = second
            time = datetime.fromtimestamp(second).isoformat(sep=" ")
            self._head = f"[{time}]: Peer {self._peer_id} "
        return self._head

    def _put(self, lines: bytes, count: int = 1) -> None:
        if self._is_torn:
            lines = b"\n" + lines
        try:
            taken = self._write(lines)
        except OSError as error:
            self._lose(error.strerror or str(error), count)
            return
        if isinstance(taken, int) and taken < len(lines):
            whole = lines.count(b"\n", 0, taken)
            if taken:
                # The first line end may be that of a line that was lost.
                whole -= self._is_torn
                self._is_torn = lines[taken - 1] != ord("\n")
            self._lose("not all of a line was taken", count - whole)
            return
        if self._lost_in_a_row:
            self._log.info(
                "The protocol log of peer {peer_id} works again; "
                "{lost} lines were lost",
                peer_id=self._peer_id,
                lost=self._lost_in_a_row,
            )
            self._lost_in_a_row = 0
            self._is_torn = False

    def _lose(self, reason: str, count: int) -> None:
        if not self._lost_in_a_row:
            self._log.error(
                "The protocol log of peer {peer_id} cannot be written ({reason}); "
                "lines are lost until it can",
                peer_id=self._peer_id,
                reason=reason,
            )
        self._lost_in_a_row += count
        self.lost_lines += count


def log_name(peer_id: int) -> str:
    """
    How the protocol calls the log of a peer.
    """
    return f"log_peer_{peer_id}.log"


def open_log(path: str) -> io.FileIO:
    """
    Open a log to append to, unbuffered; make it if it is not there.

    A peer that was stopped and started again goes on in the same log, since it
    is the only record of what it did before; who wants a fresh log removes the
    old one.  A last line that an earlier run could not finish is ended here.

    @raise StorageError: if it cannot be opened, or if a symbolic link or
        anything but a file stands there.
    """
    # Without O_NONBLOCK a named pipe would keep us waiting for its reader.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        if os.path.islink(path):
            raise StorageError(f"the log {path!r} is a symbolic link; remove it")
        log = os.fdopen(os.open(path, flags, 0o666), "ab", buffering=0)
        with ExitStack() as unless_it_is_fit:
            unless_it_is_fit.callback(log.close)
            status = os.fstat(log.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StorageError(f"the log {path!r} is not a file; remove it")
            end = status.st_size
            if end and os.pread(log.fileno(), 1, end - 1) != b"\n":
                log.write(b"\n")
            unless_it_is_fit.pop_all()
        return log
    except OSError as error:
        raise StorageError(
            f"the log {path!r} cannot be opened: {error.strerror}"
        ) from error
