"""
Connections over real sockets within one process, turn by turn, for the tests of both
ways between a socket and a conversation.
"""

import errno
import select
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from twisted.internet import tcp
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from swarmpeer.core.layout import PieceLayout
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.test.net_fixtures import CODEC, LAYOUT, RecordingNode
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.handshake import Handshake

TURN_SECONDS = 2.0**-20
"""
What a turn of the reactor takes.
"""


class MeteredSocket(socket.socket):
    """
    A socket that takes and gives so much at a time.

    @ivar takes: how many bytes each send takes, one after the other; when they are
        used up, all of them.  0: it would block.
    @ivar gives: how many bytes a read gives at most.
    """

    takes: "list[int]"
    gives: int | None = None

    def allowed(self, size: int) -> int:
        """
        How much of C{size} the next send takes.

        @raise BlockingIOError: if it takes nothing.
        """
        if not self.takes:
            return size
        take = self.takes.pop(0)
        if not take:
            raise BlockingIOError(errno.EAGAIN, "not now")
        return min(take, size)

    def setsockopt(self, level: int, name: int, value: int) -> None:  # type: ignore[override]
        """
        Set it, unless only a real connection has it.
        """
        if level != socket.IPPROTO_TCP:
            super().setsockopt(level, name, value)

    # The tests give them fewer kinds of buffers than a socket takes.

    def send(self, data: bytes | memoryview, flags: int = 0, /) -> int:  # type: ignore[override]
        """
        Send some.
        """
        return super().send(memoryview(data)[: self.allowed(len(data))], flags)

    def sendmsg(  # type: ignore[override]
        self,
        parts: Iterable[bytes | memoryview],
        control: tuple[()] = (),  # noqa: ARG002
        flags: int = 0,
        /,
    ) -> int:
        """
        Send some.
        """
        data = b"".join(parts)
        return super().send(data[: self.allowed(len(data))], flags)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """
        Read some.
        """
        return super().recv(min(size, self.gives or size), flags)

    def recv_into(self, buffer: memoryview) -> int:  # type: ignore[override]
        """
        Read some.
        """
        return super().recv_into(buffer[: self.gives])

    def recvmsg_into(  # type: ignore[override]
        self, buffers: Iterable[memoryview]
    ) -> tuple[int, list[tuple[int, int, bytes]], int, object]:
        """
        Read some.
        """
        left = self.gives if self.gives is not None else 2**30
        cut = []
        for buffer in buffers:
            cut.append(buffer[:left])
            left -= len(cut[-1])
        return super().recvmsg_into(cut)


class TurnClock(Clock):
    """
    A clock that is moved by each turn of the reactor, so that what is to be done at
    once is done in the next one, as it would be.
    """

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],
        *args: object,
        **kw: object,
    ) -> IDelayedCall:
        """
        Call it then, but not in this turn.
        """
        return super().callLater(delay or TURN_SECONDS, callable, *args, **kw)


class TurnReactor:
    """
    As much of a reactor as Twisted's TCP transports ask for.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.readers: dict[tcp.Connection, None] = {}
        self.writers: dict[tcp.Connection, None] = {}
        self.callLater = clock.callLater

    def addReader(self, one: tcp.Connection) -> None:
        """
        Read it.
        """
        self.readers[one] = None

    def removeReader(self, one: tcp.Connection) -> None:
        """
        Do not.
        """
        self.readers.pop(one, None)

    def addWriter(self, one: tcp.Connection) -> None:
        """
        Write it.

        @raise ValueError: if it is closed already, as the system would say.
        """
        if one.fileno() < 0:
            raise ValueError("there is nothing to write to")
        self.writers[one] = None

    def removeWriter(self, one: tcp.Connection) -> None:
        """
        Do not.
        """
        self.writers.pop(one, None)

    def turn(self) -> bool:
        """
        @return: was there anything to do?
        """
        now = self.clock.seconds() + TURN_SECONDS
        is_due = any(call.getTime() <= now for call in self.clock.getDelayedCalls())
        self.clock.advance(TURN_SECONDS)
        readable, writable, _ = select.select(self.readers, self.writers, (), 0)
        for one in readable:
            self._go(one, one.doRead, is_read=True)
        for one in writable:
            if one in self.writers:
                self._go(one, one.doWrite, is_read=False)
        return is_due or bool(readable or writable)

    def _go(
        self, one: tcp.Connection, act: Callable[[], object], *, is_read: bool
    ) -> None:
        why = act()
        if not isinstance(why, Exception):
            return
        self.removeReader(one)
        if is_read and isinstance(why, ConnectionDone):
            one.readConnectionLost(Failure(why))
            return
        self.removeWriter(one)
        one.connectionLost(Failure(why))


class PlainServer(tcp.Server):
    """
    A transport that the short way does not know, so the plain one is taken.
    """


class _Port:
    _realPortNumber = 6001


@dataclass
class SocketLine:
    """
    One connection under test; the far end is a bare socket.

    @ivar is_fast: is the short way taken?
    """

    is_fast: bool
    limits: Limits = field(default_factory=Limits)
    layout: PieceLayout = LAYOUT
    up: Allowance | None = None
    down: Allowance | None = None
    node: RecordingNode = field(default_factory=RecordingNode)
    clock: TurnClock = field(default_factory=TurnClock)
    received: bytes = b""
    is_far_end_closed: bool = False

    def __post_init__(self) -> None:
        """
        Both ends stand.
        """
        near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.near = MeteredSocket(fileno=near.detach())
        self.near.takes = []
        self.reactor = TurnReactor(self.clock)
        codec = CODEC if self.layout is LAYOUT else MessageCodec(self.layout)
        self.protocol = PeerProtocol(
            self.node,
            codec,
            cast(IReactorTime, self.clock),
            self.limits,
            up=self.up,
            down=self.down,
        )
        kind = tcp.Server if self.is_fast else PlainServer
        self.transport = kind(
            self.near,
            self.protocol,
            ("127.0.0.1", 1),
            cast(tcp.Port, _Port()),
            0,
            cast(IReactorFDSet, self.reactor),
        )
        self.transport.startReading()
        self.protocol.makeConnection(self.transport)

    def greeted(self) -> "SocketLine":
        """
        Their handshake came; nothing is remembered.
        """
        self.say(Handshake(1002).encode())
        self.node.take()
        return self

    def say(self, data: bytes) -> None:
        """
        The far end says this, and all that follows from it happens.
        """
        while data:
            try:
                data = data[self.far.send(data) :]
            except BlockingIOError:
                self.run()
        self.run()

    def run(self, *, takes: bool = True) -> None:
        """
        Do what can be done.

        @param takes: does the far end take what we send?
        """
        is_busy = True
        while is_busy:
            is_busy = self.reactor.turn()
            if takes:
                is_busy = self.take() or is_busy

    def take(self) -> bool:
        """
        The far end takes what there is.

        @return: was there anything?
        """
        before = len(self.received)
        try:
            while not self.is_far_end_closed:
                data = self.far.recv(2**20)
                self.received += data
                self.is_far_end_closed = not data
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.is_far_end_closed = True
        return len(self.received) > before

    def end(self) -> None:
        """
        The far end goes away.
        """
        self.far.close()
        self.is_far_end_closed = True
        self.run(takes=False)
        self.clock.advance(1000)
        self.run(takes=False)
