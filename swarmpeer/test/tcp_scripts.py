"""
Small dialogues of two ends of a TCP connection, told the same way whichever
network they happen in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from twisted.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from zope.interface import implementer

Told = list[str | int]
"""
What one end met with: what happened, and how many bytes came in between.
"""
Step = tuple[float, Callable[["End"], None]]


@dataclass
class Side:
    """
    How one end behaves.

    @ivar is_half_closeable: does it hear of its two directions one by one?
    @ivar made: what it does first.
    @ivar on_data: what it does at the first bytes.
    @ivar on_read_lost: what it does when the far end is closed.
    @ivar later: what it does so many seconds after it was connected.
    """

    is_half_closeable: bool = False
    made: Callable[["End"], None] | None = None
    on_data: Callable[["End"], None] | None = None
    on_read_lost: Callable[["End"], None] | None = None
    later: tuple[Step, ...] = ()


class End(Protocol):
    """
    Does what its side says and tells what it meets with.
    """

    def __init__(self, side: Side, clock: IReactorTime, told: Told) -> None:
        """
        @param told: where it tells.
        """
        self._side = side
        self._clock = clock
        self.told = told

    @property
    def tcp(self) -> ITCPTransport:
        """
        The transport, as what it is.
        """
        return cast(ITCPTransport, self.transport)

    @property
    def consumer(self) -> IConsumer:
        """
        The transport, as that.
        """
        return cast(IConsumer, self.transport)

    @property
    def connection(self) -> Connection:
        """
        The transport, as that.
        """
        return cast(Connection, self.transport)

    def connectionMade(self) -> None:
        """
        Tell, and begin.
        """
        self.told.append("made")
        for delay, act in self._side.later:
            self._clock.callLater(delay, act, self)
        self._do(self._side.made)

    def dataReceived(self, data: bytes) -> None:
        """
        Tell how many.
        """
        told = self.told
        if isinstance(told[-1], int):
            told[-1] += len(data)
        else:
            told.append(len(data))
            self._do(self._side.on_data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Tell why.
        """
        self.told.append(f"lost: {type(reason.value).__name__}")

    def _do(self, act: Callable[["End"], None] | None) -> None:
        if act is not None:
            act(self)


@implementer(IHalfCloseableProtocol)
class HalfCloseableEnd(End):
    """
    One that hears of its two directions one by one.
    """

    def readConnectionLost(self) -> None:
        """
        Tell.
        """
        self.told.append("read lost")
        self._do(self._side.on_read_lost)

    def writeConnectionLost(self) -> None:
        """
        Tell.
        """
        self.told.append("write lost")


@implementer(IPushProducer)
class Ear:
    """
    A producer that produces nothing.
    """

    def __init__(self, told: Told) -> None:
        """
        @param told: where it tells.
        """
        self._told = told

    def pauseProducing(self) -> None:
        """
        Tell, once.
        """
        if self._told[-1] != "pause":
            self._told.append("pause")

    def resumeProducing(self) -> None:
        """
        Tell.
        """
        self._told.append("resume")

    def stopProducing(self) -> None:
        """
        Tell.
        """
        self._told.append("stop")


@dataclass
class Script:
    """
    Who calls, and who is called; C{None}: somebody who takes nobody.
    """

    caller: Side = field(default_factory=Side)
    called: Side | None = field(default_factory=Side)


class SideFactory(Factory):
    """
    Makes the ends of one side, and tells all in one list.

    @ivar made: the last one.
    """

    noisy = False

    def __init__(self, side: Side | None, clock: IReactorTime) -> None:
        """
        @param clock: that of the ends.
        """
        self._side = side
        self._clock = clock
        self.told: Told = []
        self.made: End | None = None

    def buildProtocol(self, addr: object) -> End | None:  # noqa: ARG002
        """
        Make one.
        """
        if self._side is None:
            return None
        kind = HalfCloseableEnd if self._side.is_half_closeable else End
        self.made = kind(self._side, self._clock, self.told)
        return self.made


def write(size: int) -> Callable[[End], None]:
    """
    Write so many bytes.
    """
    return lambda end: end.tcp.write(bytes(size))


def all_of(*acts: Callable[[End], None]) -> Callable[[End], None]:
    """
    Do one after the other.
    """

    def act(end: End) -> None:
        for one in acts:
            one(end)

    return act


def lose(end: End) -> None:
    """
    Close, when all is written.
    """
    end.tcp.loseConnection()


def lose_write(end: End) -> None:
    """
    Close our end.
    """
    end.tcp.loseWriteConnection()


def abort(end: End) -> None:
    """
    Close at once.
    """
    end.tcp.abortConnection()


def stop_reading(end: End) -> None:
    """
    Take nothing.
    """
    end.connection.pauseProducing()


def read_on(end: End) -> None:
    """
    Take it after all.
    """
    end.connection.resumeProducing()


def register(end: End) -> None:
    """
    Listen to when to pause.
    """
    end.consumer.registerProducer(Ear(end.told), True)


def unregister(end: End) -> None:
    """
    Listen no more.
    """
    end.consumer.unregisterProducer()


MUCH = 8 * 2**20

SCRIPTS: Mapping[str, Script] = {
    "flush and close": Script(Side(made=all_of(write(300000), lose))),
    "closed by the called": Script(called=Side(made=all_of(write(300000), lose))),
    "answer behind the end": Script(
        Side(
            is_half_closeable=True,
            made=all_of(write(10), lose_write),
            on_read_lost=lose,
        ),
        Side(is_half_closeable=True, on_read_lost=all_of(write(50), lose)),
    ),
    "half closed towards a simple end": Script(
        Side(is_half_closeable=True, made=lose_write, on_read_lost=lose)
    ),
    "both half closed": Script(
        Side(is_half_closeable=True, made=lose_write, later=((0.2, lose),)),
        Side(is_half_closeable=True, later=((0.1, lose_write), (0.3, lose))),
    ),
    "nothing is written behind the end": Script(
        Side(
            is_half_closeable=True,
            made=all_of(write(7), lose_write),
            later=((0.1, write(9)), (0.2, lose)),
        )
    ),
    "abort": Script(Side(made=write(10)), Side(on_data=abort)),
    "abort at once": Script(Side(made=all_of(write(10), abort))),
    "abort drops what was written": Script(
        Side(later=((0.1, all_of(write(MUCH), abort)),)), Side()
    ),
    "abort after abort": Script(Side(made=all_of(abort, lose, abort))),
    "closed with bytes unread": Script(
        Side(made=write(1000)), Side(made=stop_reading, later=((0.2, lose),))
    ),
    "closed, and more comes": Script(
        Side(is_half_closeable=True, later=((0.2, write(1)), (0.4, write(1)))),
        Side(made=lose),
    ),
    "both close": Script(Side(made=lose), Side(made=lose)),
    "both talk and close": Script(
        Side(made=all_of(write(10), lose)), Side(made=all_of(write(20), lose))
    ),
    "nobody is taken": Script(Side(), None),
    "producer": Script(
        Side(
            made=all_of(register, write(65536), write(1)),
            later=((0.2, all_of(unregister, lose)),),
        )
    ),
    "producer with little": Script(
        Side(
            made=all_of(register, write(65536)), later=((0.2, unregister), (0.3, lose))
        )
    ),
    "not closed while there is a producer": Script(
        Side(made=all_of(register, write(100000), lose), later=((0.3, unregister),))
    ),
    "producer of a lost connection": Script(
        Side(made=register), Side(later=((0.1, abort),))
    ),
    "producer registered too late": Script(
        Side(later=((0.2, register),)), Side(made=abort)
    ),
    "slow reader": Script(
        Side(
            made=all_of(register, write(MUCH)), later=((0.5, unregister), (0.6, lose))
        ),
        Side(made=stop_reading, later=((0.2, read_on),)),
    ),
    "reset while not reading": Script(
        Side(made=stop_reading, later=((0.4, read_on),)), Side(later=((0.1, abort),))
    ),
    "closed while not reading": Script(
        Side(made=stop_reading, later=((0.4, read_on),)),
        Side(made=write(5), later=((0.1, lose),)),
    ),
}
"""
The dialogues by what they are about.  All are over within a second.
"""
