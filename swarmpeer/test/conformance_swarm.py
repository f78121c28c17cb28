"""
A real peer in a simulated network, under check; and one that deviates, because
something stands between it and its connections.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from random import Random
from typing import cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.config import CommonConfig, Config, PeerInfo
from swarmpeer.conformance.checking import Report, check
from swarmpeer.conformance.subject import Patience, PieceSource, Subject
from swarmpeer.core.layout import PieceLayout
from swarmpeer.service import PeerService
from swarmpeer.storage import MemoryStorage
from swarmpeer.testing.host_clock import HostClock
from swarmpeer.testing.network import SimulatedNetwork
from swarmpeer.testing.virtual_time import VirtualTime

PIECE_SIZE = 1000
DATA = Random(1).randbytes(9 * PIECE_SIZE + 500)
COMMON = CommonConfig(1, 1.0, 2.0, "TheFile.dat", len(DATA), PIECE_SIZE)
LAYOUT = PieceLayout(len(DATA), PIECE_SIZE)
FIRST_ID, BETWEEN_ID, LAST_ID = 1001, 1002, 1004
MOST_SECONDS = 400.0


class Source:
    """
    The file.
    """

    def piece(self, index: int) -> bytes:
        """
        The bytes of one piece.
        """
        return DATA[index * PIECE_SIZE : (index + 1) * PIECE_SIZE]


class Deviant:
    """
    Stands between the peer and the network, and lets everything pass; those who
    deviate change that.  What passes is a whole handshake or a whole message.

    @ivar lines: the connections, as long as they stand.
    @ivar is_dead: did its process crash?
    @ivar calls_again: does it call whom it called already?
    @ivar ends: does it end when the swarm is complete?
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.is_dead = False
        self.ends = True
        self.calls_again = True
        self.has_called = False
        self.stop: Callable[[], object] = lambda: None
        self.later: Callable[..., object] = lambda *_: None

    def made(self, line: "Line") -> None:
        """
        A connection stands.
        """

    def says(self, line: "Line", data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        @return: what goes out in place of what the peer says.
        """
        return [data]

    def hears(self, line: "Line", data: bytes) -> Iterable[bytes]:  # noqa: ARG002
        """
        @return: what the peer hears in place of what came.
        """
        return [data]

    def gets(self, line: "Line", data: bytes) -> bytes:  # noqa: ARG002
        """
        @return: what it reads of what came at once.
        """
        return data

    def leaves(self, line: "Line") -> bool:  # noqa: ARG002
        """
        @return: may the peer close this connection?
        """
        return True

    def lost(self, line: "Line") -> None:
        """
        A connection is over.
        """

    def die(self) -> None:
        """
        The process crashes.
        """
        self.is_dead = True
        for line in list(self.lines):
            line.drop()
        self.stop()


class Cutter:
    """
    Cuts one direction into a handshake and messages.
    """

    def __init__(self) -> None:
        self.rest = bytearray()
        self.is_open = False

    def feed(self, data: bytes) -> list[bytes]:
        """
        @return: what is whole now; what cannot be a message as it is.
        """
        self.rest += data
        found = []
        while self.rest:
            size = 32
            if self.is_open:
                if len(self.rest) < 4:
                    break
                size = 4 + int.from_bytes(self.rest[:4], "big")
                if size == 4 or size > 2**21:
                    size = len(self.rest)
            if len(self.rest) < size:
                break
            found.append(bytes(self.rest[:size]))
            del self.rest[:size]
            self.is_open = True
        return found


class Line(ProtocolWrapper):
    """
    One connection of the deviant.

    @ivar state: whatever a deviant remembers of it.
    """

    def __init__(
        self,
        factory: object,
        wrapped: IProtocol,
        deviant: Deviant,
        *,
        is_outbound: bool,
    ) -> None:
        super().__init__(cast("WrappingFactory[Line]", factory), wrapped)
        self.is_outbound = is_outbound
        self.deviant = deviant
        self.state: dict[str, int] = {}
        self._out, self.into = Cutter(), Cutter()

    def connectionMade(self) -> None:
        """
        It stands.
        """
        self.deviant.lines.append(self)
        self.deviant.made(self)
        super().connectionMade()

    def write(self, data: bytes) -> None:
        """
        The peer says something.
        """
        for unit in self._out.feed(data):
            for each in self.deviant.says(self, unit):
                self.tell(each)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        The same.
        """
        self.write(b"".join(data))

    def dataReceived(self, data: bytes) -> None:
        """
        The peer is to hear something.
        """
        for unit in self.into.feed(self.deviant.gets(self, data)):
            for each in self.deviant.hears(self, unit):
                self.hear(each)

    def loseConnection(self) -> None:
        """
        The peer closes.
        """
        if self.deviant.leaves(self):
            super().loseConnection()

    def abortConnection(self) -> None:
        """
        The same, at once.
        """
        if self.deviant.leaves(self):
            self.link.abortConnection()

    def drop(self) -> None:
        """
        Close in its place, at once.
        """
        self.link.abortConnection()

    @property
    def link(self) -> ITCPTransport:
        """
        What is below.
        """
        return cast(ITCPTransport, self.transport)

    def tell(self, data: bytes) -> None:
        """
        Say something in its place.
        """
        self.link.write(data)

    def hear(self, data: bytes) -> None:
        """
        Let it hear something.
        """
        if not self.deviant.is_dead:
            self.wrappedProtocol.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        It is over.
        """
        self.deviant.lines.remove(self)
        self.deviant.lost(self)
        super().connectionLost(reason)


class _Lines(Factory):
    noisy = False

    def __init__(
        self, wrapped: IProtocolFactory, deviant: Deviant, *, is_outbound: bool
    ) -> None:
        self._wrapped = wrapped
        self._deviant = deviant
        self._is_outbound = is_outbound

    def registerProtocol(self, line: Line) -> None:
        """
        What the wrapper asks.
        """

    def unregisterProtocol(self, line: Line) -> None:
        """
        The same.
        """

    def buildProtocol(self, addr: IAddress | None) -> Line | None:
        if self._deviant.is_dead:
            return None
        wrapped = self._wrapped.buildProtocol(cast(IAddress, addr))
        if wrapped is None:
            return None
        return Line(self, wrapped, self._deviant, is_outbound=self._is_outbound)


@implementer(IStreamServerEndpoint)
class _Listening:
    def __init__(self, endpoint: IStreamServerEndpoint, deviant: Deviant) -> None:
        self._endpoint = endpoint
        self._deviant = deviant

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        listening: Deferred[IListeningPort] = self._endpoint.listen(
            _Lines(protocolFactory, self._deviant, is_outbound=False)
        )
        return listening


@implementer(IStreamClientEndpoint)
class _Dialling:
    def __init__(self, endpoint: IStreamClientEndpoint, deviant: Deviant) -> None:
        self._endpoint = endpoint
        self._deviant = deviant

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        if self._deviant.has_called and not self._deviant.calls_again:
            return fail(ConnectionRefusedError())
        self._deviant.has_called = True
        made: Deferred[IProtocol] = self._endpoint.connect(
            _Lines(protocolFactory, self._deviant, is_outbound=True)
        )
        return made.addCallback(lambda line: cast(Line, line).wrappedProtocol)


def run_check(
    deviant: Deviant | None = None,
    *,
    is_seed: bool = False,
    tested_id: int = BETWEEN_ID,
    only: Collection[str] = (),
    patience: Patience = Patience(),  # noqa: B008 (a frozen value)
    progress: Callable[[float, str], None] = lambda *_: None,
    seed: int = 1,
    source: PieceSource | None = None,
    preferred: int = 1,
    intervals: tuple[float, float] = (1.0, 2.0),
) -> Report:
    """
    Check a peer in virtual time.

    @param deviant: what stands before it.
    @param source: where the check has the right bytes from.
    @param tested_id: which of the list it is; it calls those before, and is called by
        those behind.
    """
    deviant = deviant or Deviant()
    common = replace(
        COMMON,
        preferred_neighbors=preferred,
        unchoking_interval_seconds=intervals[0],
        optimistic_unchoking_interval_seconds=intervals[1],
    )
    time = VirtualTime()
    network = SimulatedNetwork(time, Random(1))
    others_have = not is_seed
    members = tuple(
        PeerInfo(
            each,
            "tested" if each == tested_id else "checker",
            each,
            is_seed if each == tested_id else others_have,
        )
        for each in range(FIRST_ID, LAST_ID + 1)
    )
    tested = next(each for each in members if each.peer_id == tested_id)
    hosts = {name: network.host(name) for name in ("tested", "checker")}
    clock, own_clock = HostClock(time), HostClock(time)
    peer = PeerService(
        Config(tested_id, common, members),
        MemoryStorage(LAYOUT, DATA if is_seed else None),
        clock=clock,
        listen_endpoint=_Listening(
            hosts["tested"].listen_endpoint(clock, tested.port), deviant
        ),
        dial_endpoint=lambda to: _Dialling(
            hosts["tested"].dial_endpoint(clock, to.host, to.port), deviant
        ),
        rng=Random(seed),
    )
    deviant.later = clock.callLater

    def end() -> None:
        deviant.is_dead = True
        peer.stopService()

    deviant.stop = end if deviant.ends else lambda: None
    # As twistd does.
    peer.when_swarm_complete().addCallbacks(
        lambda _: clock.callLater(0, deviant.stop), lambda _: None
    )
    peer.startService()
    playable = [each.peer_id for each in members if each is not tested]
    listening = {
        each: hosts["checker"].listen_endpoint(own_clock, each)
        for each in playable
        if each < tested_id
    }
    done: list[object] = []
    Deferred.fromCoroutine(
        check(
            Subject(
                common, members, tested, source or Source(), patience, is_alone=True
            ),
            own_clock,
            lambda: hosts["checker"].dial_endpoint(own_clock, "tested", tested.port),
            [each for each in playable if each > tested_id],
            listening,
            only=only,
            progress=lambda what: progress(time.seconds(), what),
        )
    ).addBoth(done.append)
    while not done and time.seconds() < MOST_SECONDS and time.step():
        pass
    if not done:
        raise AssertionError(f"the check did not end in {time.seconds():g} s")
    (report,) = done
    if isinstance(report, Failure):
        report.raiseException()
    assert isinstance(report, Report)
    return report
