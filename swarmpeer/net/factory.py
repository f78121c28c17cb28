"""
Where the connections of one peer come from, and where they are counted.
"""

import ipaddress
from collections.abc import Callable

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IAddress, IReactorTime, ITransport
from twisted.internet.protocol import Factory

from swarmpeer.core.pieces import PieceStore
from swarmpeer.core.registry import PeerRegistry
from swarmpeer.net.allowance import Allowance
from swarmpeer.net.beat import Beat
from swarmpeer.net.late_pieces import LatePieces
from swarmpeer.net.limits import Limits
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.sending import HAVE_SECONDS
from swarmpeer.seam import SwarmLogic
from swarmpeer.wire.codec import MessageCodec

_USUAL_LIMITS = Limits()

Allowances = Callable[[], tuple[Allowance, Allowance]]
"""
Asked for each new connection: how much may go and how much may come.
"""

Mark = Callable[[ITransport], None]
"""
Marks what goes over a transport, for the network.
"""


class PeerFactory(Factory):
    """
    Makes a L{PeerProtocol} for each connection, inbound by itself and outbound
    through C{dialling}; all of them talk for one C{node}.

    Callers without a handshake are few at any time: one too many pushes out
    whoever has waited longest, and not the newcomer, so that a crowd of silent
    callers cannot keep an honest one out.  Once they have names the registry
    bounds them.

    @ivar store: our pieces, shared by all connections.
    @ivar registry: who is connected, shared by all connections.
    """

    noisy = False

    def __init__(
        self,
        node: SwarmLogic,
        store: PieceStore,
        registry: PeerRegistry,
        *,
        clock: IReactorTime,
        limits: Limits = _USUAL_LIMITS,
        lenient: bool = False,
        allowances: Allowances | None = None,
        mark: Mark | None = None,
    ) -> None:
        """
        @param lenient: take handshakes that write their numbers as text.
        @param allowances: how much may go and come over each connection; as much as
            they like if not given.
        @param mark: marks the transport of each connection.
        """
        self.store = store
        self.registry = registry
        self._node = node
        self._clock = clock
        self._limits = limits
        self._lenient = lenient
        self._allowances = allowances
        self._mark = mark
        self._codec = MessageCodec(self.store.layout)
        self._beat = Beat(clock, HAVE_SECONDS)
        self._late = LatePieces(lambda: node.spare_bytes)
        self._is_closing = False
        # In the order in which they came.
        self._all: dict[PeerProtocol, None] = {}
        self._pending: dict[PeerProtocol, str] = {}

    def buildProtocol(self, addr: IAddress | None) -> PeerProtocol | None:
        """
        Take a caller, or nobody while closing.
        """
        protocol = self.build_for(None)
        if protocol is not None:
            self._pending[protocol] = _origin(addr)
            protocol.when_open().addBoth(lambda _: self._pending.pop(protocol))
            self._push_out(self._pending[protocol])
        return protocol

    def dialling(self, peer_id: int) -> Factory:
        """
        @return: a factory of connections to C{peer_id}.
        """
        return _DialFactory(self, peer_id)

    def close_all(self, reason: str) -> Deferred[None]:
        """
        Close every connection and take no new one.

        @return: fires when all are gone, in bounded time.
        """
        self._is_closing = True
        protocols = list(self._all)
        gone = gatherResults([protocol.when_gone() for protocol in protocols])
        for protocol in protocols:
            protocol.stop(reason)
        hurry = self._clock.callLater(self._limits.stop_seconds, self._hurry)
        return gone.addCallback(lambda _: hurry.cancel() if hurry.active() else None)

    def _hurry(self) -> None:
        for protocol in list(self._all):
            protocol.hurry()

    def build_for(self, expected_peer_id: int | None) -> PeerProtocol | None:
        """
        Make a protocol; none while closing.

        @param expected_peer_id: whom we dialled, or C{None} if they called us.
        """
        if self._is_closing:
            return None
        protocol = self._make(expected_peer_id)
        protocol.factory = self
        protocol.mark = self._mark
        self._all[protocol] = None
        protocol.when_gone().addBoth(lambda _: self._all.pop(protocol))
        return protocol

    def _make(self, expected_peer_id: int | None) -> PeerProtocol:
        """
        @param expected_peer_id: see C{build_for}.
        """
        up, down = self._ask_allowances()
        return PeerProtocol(
            self._node,
            self._codec,
            self._clock,
            self._limits,
            lenient=self._lenient,
            expected_peer_id=expected_peer_id,
            beat=self._beat,
            late=self._late,
            up=up,
            down=down,
        )

    def _ask_allowances(self) -> tuple[Allowance | None, Allowance | None]:
        """
        Those of a new connection.
        """
        return (None, None) if self._allowances is None else self._allowances()

    def _push_out(self, origin: str) -> None:
        from_there = [one for one, where in self._pending.items() if where == origin]
        if len(from_there) > self._limits.max_pending_per_address:
            from_there[0].refuse(f"too many connections from {origin}")
        elif len(self._pending) > self._limits.max_pending:
            next(iter(self._pending)).refuse("too many connections")


class _DialFactory(Factory):
    """
    Makes the connections to one peer.
    """

    noisy = False

    def __init__(self, parent: PeerFactory, peer_id: int) -> None:
        self._parent = parent
        self._peer_id = peer_id

    def buildProtocol(self, addr: IAddress | None) -> PeerProtocol | None:  # noqa: ARG002
        """
        Make the protocol of an outbound connection.
        """
        return self._parent.build_for(self._peer_id)


def _origin(addr: IAddress | None) -> str:
    """
    From where somebody calls.  All callers through a local socket are one.
    """
    host = getattr(addr, "host", None)
    if host is None:
        return "a local socket"
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
