"""
What the tests of the network share: a node that remembers, and transports.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from swarmpeer.core.layout import PieceLayout
from swarmpeer.events import SwarmEvent
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.verified_protocol import VerifiedProtocol
from swarmpeer.net.verified_terms import VerifiedTerms
from swarmpeer.seam import LogicSide, NetworkSide, SwarmLogic
from swarmpeer.testing.recorders import Call, RecordingVerifiedLogic
from swarmpeer.wire.codec import MessageCodec
from swarmpeer.wire.extended_codec import ExtendedCodec
from swarmpeer.wire.handshake import SWARM_BYTES, Feature, Handshake

LAYOUT = PieceLayout(file_size_bytes=2500, piece_size_bytes=1000)
"""
Three pieces; the last is 500 bytes long.
"""
CODEC = MessageCodec(LAYOUT)
THEIRS = Handshake(1002).encode()
"""
The handshake of a neighbour.
"""
EXTENDED_CODEC = ExtendedCodec(LAYOUT)
INFOHASH = bytes(range(32))
"""
Of a verified swarm.
"""
FEATURES = Feature.VERIFIED | Feature.MANIFEST
THEIRS_VERIFIED = Handshake(1002, FEATURES, INFOHASH[:SWARM_BYTES]).encode()
"""
The handshake of a neighbour in that swarm.
"""


class Unreturnable:
    """
    A span, of the first piece, that cannot be given back.
    """

    fd, offset, size_bytes = -1, 0, 1000

    def read(self, at: int, size_bytes: int) -> bytes:
        """
        Some of it.
        """
        return bytes(min(size_bytes, self.size_bytes - at))

    def give_back(self) -> None:
        """
        By a mistake of its own.
        """
        raise ZeroDivisionError


@dataclass
class RecordingNode:
    """
    A L{swarmpeer.seam.SwarmLogic} that remembers what was published, and
    gives each conversation a logic that remembers what it was told: all in one
    list.

    @ivar logic: the logic of the next conversation, if not the usual one.
    """

    calls: list[Call] = field(default_factory=list)
    logic: LogicSide | None = None
    spare_bytes: int = 2**40

    def open_conversation(
        self,
        network: NetworkSide,  # noqa: ARG002  (a recorder may ignore it)
        expected_peer_id: int | None,
    ) -> LogicSide:
        """
        Remember.
        """
        self.calls.append(("node", "open_conversation", expected_peer_id))
        if self.logic is None:
            return RecordingVerifiedLogic("logic", self.calls)
        return self.logic

    def publish(self, event: SwarmEvent) -> None:
        """
        Remember.
        """
        self.calls.append(("node", "publish", event))

    def take(self) -> list[Call]:
        """
        What was remembered since this was last asked.
        """
        taken = self.calls[:]
        self.calls.clear()
        return taken


@implementer(ITCPTransport)
class TCPStringTransport(StringTransport):
    """
    A L{StringTransport} that closes its ends one by one, and remembers how it
    was told to close.
    """

    def __init__(self) -> None:
        super().__init__()
        self.closings: list[str] = []
        self.options: list[Call] = []

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        Remember.
        """
        self.options.append(("no delay", enabled))

    def getTcpNoDelay(self) -> bool:
        """
        Tell.
        """
        return ("no delay", True) in self.options

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """
        Remember.
        """
        self.options.append(("keep alive", enabled))

    def getTcpKeepAlive(self) -> bool:
        """
        Tell.
        """
        return ("keep alive", True) in self.options

    def loseWriteConnection(self) -> None:
        """
        Remember.
        """
        self.closings.append("our end")

    def loseConnection(self) -> None:
        """
        Remember.
        """
        self.closings.append("flush and close")
        super().loseConnection()

    def abortConnection(self) -> None:
        """
        Remember.
        """
        self.closings.append("abort")
        self.disconnected = True


@dataclass
class Line:
    """
    One connection under test, in virtual time.
    """

    limits: Limits = field(default_factory=Limits)
    expected_peer_id: int | None = None
    lenient: bool = False
    layout: PieceLayout = LAYOUT
    node: RecordingNode = field(default_factory=RecordingNode)
    clock: Clock = field(default_factory=Clock)
    transport: TCPStringTransport = field(default_factory=TCPStringTransport)

    def __post_init__(self) -> None:
        """
        The protocol stands, and no transport yet.
        """
        self.protocol = self._make_protocol()

    def _make_protocol(self) -> PeerProtocol:
        return PeerProtocol(
            self.node,
            MessageCodec(self.layout),
            self.clock,
            self.limits,
            lenient=self.lenient,
            expected_peer_id=self.expected_peer_id,
        )

    def connect(self) -> "Line":
        """
        Both ends stand.
        """
        self.protocol.makeConnection(self.transport)
        return self

    def open(self, peer_id: int = 1002) -> "Line":
        """
        Both ends stand and their handshake came; nothing is remembered.
        """
        self.connect()
        self.protocol.dataReceived(Handshake(peer_id).encode())
        self.node.take()
        return self

    def pause(self) -> None:
        """
        The transport has enough.
        """
        assert self.transport.producer is not None
        self.transport.producer.pauseProducing()

    def resume(self) -> None:
        """
        The transport got rid of what it had.
        """
        assert self.transport.producer is not None
        self.transport.producer.resumeProducing()

    def pause_at_each_write(self) -> None:
        """
        From now on the transport has enough after each write.
        """
        write = self.transport.writeSequence

        def write_and_pause(data: Iterable[bytes]) -> None:
            write(data)
            self.pause()

        self.transport.writeSequence = write_and_pause  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        """
        Step through time as a reactor would, from call to call.
        """
        end = self.clock.seconds() + seconds
        while True:
            due = [call.getTime() for call in self.clock.getDelayedCalls()]
            at = min([end, *due])
            self.clock.advance(max(0.0, at - self.clock.seconds()))
            if at == end:
                return


@dataclass
class VerifiedLine(Line):
    """
    The same in a verified swarm.
    """

    protocol: VerifiedProtocol = field(init=False)
    terms: VerifiedTerms = field(
        default_factory=lambda: VerifiedTerms(INFOHASH, FEATURES)
    )

    def greeted(self, theirs: bytes = THEIRS_VERIFIED) -> "VerifiedLine":
        """
        Both ends stand, we said who we are, and their handshake came; nothing of it
        is remembered.
        """
        self.connect()
        self.protocol.send_handshake(1001)
        self.protocol.dataReceived(theirs)
        self.node.take()
        self.transport.clear()
        return self

    def _make_protocol(self) -> VerifiedProtocol:
        return VerifiedProtocol(
            self.node,
            MessageCodec(self.layout),
            self.clock,
            self.limits,
            terms=self.terms,
            extended_codec=ExtendedCodec(self.layout),
            lenient=self.lenient,
            expected_peer_id=self.expected_peer_id,
        )


@implementer(IStreamClientEndpoint)
@dataclass
class ScriptedEndpoint:
    """
    One attempt to connect, answered by the test.
    """

    peer_id: int
    cancelled: list[int]
    factory: IProtocolFactory | None = None
    result: "Deferred[IProtocol]" = field(init=False)

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """
        Remember, and wait for the test.
        """
        self.factory = protocolFactory
        self.result = Deferred(lambda _: self.cancelled.append(self.peer_id))
        return self.result

    def refuse(self, reason: str = "nobody\nthere") -> None:
        """
        Nobody answers.
        """
        self.result.errback(Failure(ConnectionRefusedError(reason)))

    def accept(self) -> IProtocol:
        """
        The connection stands.
        """
        assert self.factory is not None
        protocol = self.factory.buildProtocol(IPv4Address("TCP", "10.0.0.2", 6008))
        assert protocol is not None
        protocol.makeConnection(TCPStringTransport())
        self.result.callback(protocol)
        return protocol


def fits_node(node: RecordingNode) -> SwarmLogic:
    """
    mypy proves that the recorder is what it stands for.
    """
    return node
