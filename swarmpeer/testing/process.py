"""
A process on a simulated host: as much of a reactor as Twisted's TCP asks for.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IListeningPort,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory
from zope.interface import implementer

from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.listening import ListeningPort
from swarmpeer.testing.sockets import Socket
from swarmpeer.testing.transport import SimulatedConnector

if TYPE_CHECKING:
    from swarmpeer.testing.network_host import NetworkHost


class Woken(Protocol):
    """
    What a process looks after when its turn is over.

    @ivar is_woken: is it going to?
    """

    is_woken: bool

    def look(self) -> None:
        """
        Do what can be done.
        """


@implementer(IReactorTime)
class Process:
    """
    What the transports of one process are in.

    @ivar is_running: is there a process, and does it not stand still?
    """

    def __init__(self, host: "NetworkHost", clock: HostClock) -> None:
        """
        @param clock: the time of this process.
        """
        self.host = host
        self.clock = clock
        self._woken: list[Woken] = []
        self._is_turn_due = False
        self.is_running = True

    # IReactorTime and IReactorTCP.

    def seconds(self) -> float:
        """
        What time it is.
        """
        return self.clock.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """
        See C{IReactorTime.callLater}.
        """
        return self.clock.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """
        See C{IReactorTime.getDelayedCalls}.
        """
        return self.clock.getDelayedCalls()

    def resolve(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: ARG002
        """
        The address that a name has now.
        """
        address = self.host.network.address_of(name)
        if address is None:
            return fail(DNSLookupError(f"nobody is called {name!r}"))
        return succeed(address)

    def listenTCP(
        self,
        port: int,
        factory: IProtocolFactory,
        backlog: int = 50,
        interface: str = "",
    ) -> IListeningPort:
        """
        Listen.

        @raise CannotListenError: if the port is taken.
        """
        listening = ListeningPort(self, port, factory, backlog, interface)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory,
        timeout: float = 30,
        bindAddress: None = None,
    ) -> IConnector:
        """
        Begin to connect.
        """
        connector = SimulatedConnector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

    # For transports.

    def socket(self) -> Socket:
        """
        A new one.
        """
        return self.host.open_socket()

    def wake(self, woken: Woken) -> None:
        """
        Look at this when the turn is over.
        """
        if woken.is_woken:
            return
        woken.is_woken = True
        self._woken.append(woken)
        if not self._is_turn_due:
            self._is_turn_due = True
            time = self.clock.time
            time.at(time.seconds(), self._end_turn)

    # For the host.

    def freeze(self) -> None:
        """
        Do nothing.
        """
        self.is_running = False

    def thaw(self) -> None:
        """
        Go on, with all that came meanwhile.
        """
        self.is_running = True
        woken, self._woken = self._woken, []
        for one in woken:
            one.is_woken = False
            self.wake(one)

    def end(self) -> None:
        """
        There is no process any more.
        """
        self.is_running = False
        self._woken.clear()

    def _end_turn(self) -> None:
        self._is_turn_due = False
        if not self.is_running:
            return
        woken, self._woken = self._woken, []
        for one in woken:
            one.is_woken = False
            if self.is_running:
                one.look()
