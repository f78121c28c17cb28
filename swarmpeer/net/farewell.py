"""
The end of a connection, so that what was said last arrives.

Closing a socket while bytes lie unread in it makes the system reset the
connection, and a reset may destroy what the neighbour has not read yet.  So
our end is closed first, and for a while what still comes is read and dropped.
"""

from collections.abc import Iterator
from enum import IntEnum, auto

from twisted.internet.interfaces import IReactorTime, ITCPTransport, ITransport

from swarmpeer.net.flow import Gate
from swarmpeer.net.limits import Limits
from swarmpeer.net.tuning import half_closing
from swarmpeer.net.watch import Deadline, Watch


class _Stage(IntEnum):
    BEFORE = auto()
    # What was written goes out.
    FLUSHING = auto()
    # Our end is closed, theirs is not.
    LINGERING = auto()
    # The transport was told to close.
    LEAVING = auto()
    OVER = auto()


class Farewell:
    """
    Takes one transport from the last word to the closed connection, in bounded
    time whatever the neighbour does.
    """

    def __init__(
        self,
        transport: ITransport,
        gate: Gate,
        watch: Watch,
        clock: IReactorTime,
        limits: Limits,
    ) -> None:
        """
        @param watch: looks at our C{deadlines}.
        """
        self._transport = transport
        self._gate = gate
        self._watch = watch
        self._clock = clock
        self._limits = limits
        self._stage = _Stage.BEFORE
        self._since = 0.0

    def begin(self) -> None:
        """
        Nothing more is written; send what was, then close our end.
        """
        if self._enter(_Stage.FLUSHING):
            self.gate_opened()

    def gate_opened(self) -> None:
        """
        The transport has everything that was written.
        """
        if self._stage is not _Stage.FLUSHING or not self._gate.is_flushed:
            return
        self._gate.retire()
        transport = half_closing(self._transport)
        if transport is None:
            self.leave()
        else:
            transport.loseWriteConnection()

    def our_end_closed(self) -> None:
        """
        The last byte is out, and the neighbour can see that it was the last.
        """
        self._enter(_Stage.LINGERING)

    def leave(self) -> None:
        """
        There is nothing to wait for: they closed their end, or had time enough
        to do it.
        """
        if self._enter(_Stage.LEAVING):
            try:
                self._gate.retire()
            finally:
                self._transport.loseConnection()

    def abort(self) -> None:
        """
        Close at once; what was not sent is lost.
        """
        if self._enter(_Stage.OVER):
            try:
                self._gate.retire()
            finally:
                # No later stage would close what stays open now.
                if ITCPTransport.providedBy(self._transport):
                    ITCPTransport(self._transport).abortConnection()
                else:
                    self._transport.loseConnection()

    def over(self) -> None:
        """
        The transport is closed.
        """
        if self._enter(_Stage.OVER):
            self._gate.retire()

    def deadlines(self) -> Iterator[Deadline]:
        """
        How long each stage may last.
        """
        match self._stage:
            case _Stage.FLUSHING | _Stage.LEAVING:
                yield self._since + self._limits.drain_seconds, self.abort
            case _Stage.LINGERING:
                yield self._since + self._limits.linger_seconds, self.leave

    def _enter(self, stage: _Stage) -> bool:
        """
        Stages only advance, whoever calls whom in between.
        """
        if stage <= self._stage:
            return False
        self._stage = stage
        self._since = self._clock.seconds()
        self._watch.review()
        return True
