"""
Simulated connections: how they come to be, and when nothing passes.
"""

import errno
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from swarmpeer.testing.sockets import Socket

if TYPE_CHECKING:
    from swarmpeer.testing.listening import ListeningPort
    from swarmpeer.testing.network import SimulatedNetwork
    from swarmpeer.testing.network_host import NetworkHost

RETRY_SECONDS = 1.0
"""
When a first packet that got no answer is sent again; the next wait is twice as
long.
"""


class Connection:
    """
    Two sockets that are each other's far end.

    @ivar number: how many there were before.
    @ivar is_severed: is it dead for good, since an end has another address now?
    """

    __slots__ = ("_network", "dialled", "is_severed", "number", "taken")

    def __init__(
        self, network: "SimulatedNetwork", dialled: Socket, taken: Socket
    ) -> None:
        """
        @param dialled: the end that opened it.
        @param taken: the other one.
        """
        self._network = network
        self.dialled = dialled
        self.taken = taken
        self.is_severed = False
        self.number = network.next_number()
        dialled.meet(taken)
        dialled.connection = taken.connection = self
        network.add(self)
        self.review()

    def touches(self, name: str) -> bool:
        """
        Is one of its ends at that host?
        """
        return name in (self.dialled.host.name, self.taken.host.name)

    def is_between(self, a: str, b: str) -> bool:
        """
        Is it between these hosts?
        """
        names = self.dialled.host.name, self.taken.host.name
        return names in ((a, b), (b, a))

    @property
    def passes(self) -> bool:
        """
        Does everything pass, there and back?
        """
        return all(
            end.out is not None and not end.out.is_blocked
            for end in (self.dialled, self.taken)
        )

    def reset(self) -> None:
        """
        Both ends are over.
        """
        time = self._network.time
        for end in (self.dialled, self.taken):
            time.at(time.seconds(), partial(end.fail, errno.ECONNRESET))

    def review(self) -> None:
        """
        Find out what passes now, and how fast.
        """
        opened = []
        for end, far in ((self.dialled, self.taken), (self.taken, self.dialled)):
            stream = end.out
            assert stream is not None
            stream.latency = self._network.latency(end.host, far.host)
            was_blocked = stream.is_blocked
            passes = self._network.passes(end.host, far.host)
            stream.is_blocked = self.is_severed or not passes
            if was_blocked and not stream.is_blocked:
                opened.append((end, stream))
        for end, stream in opened:
            stream.open_up()
            # What this end has read can be acknowledged again.
            assert end.into is not None
            end.into.acknowledge_held()
        passes = self.passes
        if opened and passes:
            self._ask_the_vanished()
        for end, far in ((self.dialled, self.taken), (self.taken, self.dialled)):
            if passes and not far.has_vanished:
                end.silence.hear()
            else:
                end.silence.miss()

    def _ask_the_vanished(self) -> None:
        """
        What was sent to an end that is no more is sent again, and answered.
        """
        network = self._network
        for end, far in ((self.dialled, self.taken), (self.taken, self.dialled)):
            assert end.out is not None
            if far.has_vanished and end.out.unread:
                pause = network.rng.uniform(0, RETRY_SECONDS)
                when = network.time.seconds() + end.out.latency * 2 + pause
                network.time.at(when, partial(end.fail, errno.ECONNRESET))

    def end_closed(self) -> None:
        """
        One of the ends was closed.
        """
        if self.dialled.is_closed and self.taken.is_closed:
            self._network.remove(self)


class Connecting:
    """
    One attempt to connect a socket.  It goes on until the process closes that.
    """

    __slots__ = ("_connection", "_listening", "_network", "_pause", "_socket")

    _connection: Connection
    _listening: "ListeningPort"

    def __init__(self, network: "SimulatedNetwork", socket: Socket) -> None:
        """
        Nothing was sent.
        """
        self._network = network
        self._socket = socket
        self._pause = RETRY_SECONDS

    def begin(self) -> None:
        """
        Knock.
        """
        if self._socket.is_closed:
            return
        source = self._socket.host
        target = self._target() or source
        self._after(self._network.latency(source, target), self._knocked)

    def _target(self) -> "NetworkHost | None":
        assert self._socket.remote is not None
        return self._network.host_at(self._socket.remote[0])

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        time = self._network.time
        time.at(time.seconds() + seconds, act)

    def _again(self, act: Callable[[], None]) -> None:
        pause, self._pause = self._pause, self._pause * 2
        self._after(pause, act)

    def _knocked(self) -> None:
        network = self._network
        source, target = self._socket.host, self._target()
        if (
            target is None
            or not network.passes(source, target)
            or not network.passes(target, source)
        ):
            self._again(self.begin)
            return
        assert self._socket.remote is not None
        listening = target.port(self._socket.remote[1])
        back = network.latency(target, source)
        if listening is None:
            self._after(back, self._refused)
        elif listening.is_full:
            self._again(self.begin)
        else:
            taken = target.open_socket()
            taken.local = self._socket.remote
            taken.remote = self._socket.local
            self._listening = listening
            self._connection = Connection(network, self._socket, taken)
            self._after(back, self._answered)

    def _refused(self) -> None:
        self._socket.fail(errno.ECONNREFUSED)

    def _answered(self) -> None:
        if self._socket.is_closed:
            self._connection.taken.vanish()
        elif not self._connection.passes:
            self._again(self._answered)
        else:
            self._socket.connected()
            assert self._socket.out is not None
            self._socket.out.after_all(self._confirmed)

    def _confirmed(self) -> None:
        taken = self._connection.taken
        if taken.is_closed:
            return
        if not self._connection.passes:
            self._again(self._confirmed)
        elif self._listening.is_listening:
            taken.connected()
            self._listening.arrive(taken)
        else:
            taken.abort()
