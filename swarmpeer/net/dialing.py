"""
Keeping one conversation alive with each peer that we have to call.

Twisted's C{ClientService} does much of this, but fails when a connection is
lost before it counts as made, as one is that the neighbour turns away; and its
way to stop cuts connections that are to be closed with a farewell.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from swarmpeer.config import PeerInfo
from swarmpeer.events import DialFailed, SwarmEvent
from swarmpeer.net.backoff import Backoff
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.reasons import ConversationEnded, in_one_line

RETRY = Backoff(first_seconds=0.25, factor=1.5, last_seconds=5.0)
"""
When a peer that was not reached is called again.
"""
CHECK_SECONDS = 1.0
"""
How often we look whether a peer that called us is still there.
"""
CONNECT_SECONDS = 10.0
"""
How long one address of a peer may take to answer.
"""


def hostname_endpoint(reactor: Any, peer: PeerInfo) -> IStreamClientEndpoint:
    """
    The way to C{peer} by its name, whose addresses are looked up at each
    connection and tried one shortly after the other.

    @param reactor: an C{IReactorTCP}, C{IReactorTime} and
        C{IReactorPluggableNameResolver}.
    """
    endpoint: IStreamClientEndpoint = HostnameEndpoint(
        reactor, peer.host, peer.port, timeout=CONNECT_SECONDS
    )
    return endpoint


async def call(
    endpoint_for: Callable[[PeerInfo], IStreamClientEndpoint],
    peer: PeerInfo,
    factory: IProtocolFactory,
) -> IProtocol:
    """
    @return: a connection to C{peer}.
    @raise ConversationEnded: if there is none.  The way there is not ours and may
        fail in any way: a name is unknown, nobody answers, a tunnel has errors of its
        own.
    """
    try:
        return await endpoint_for(peer).connect(factory)
    except Exception as error:
        raise ConversationEnded(in_one_line(Failure())) from error


class Dialer:
    """
    Calls each peer that has no conversation with us, from C{start} to
    C{stop}, and waits longer from failure to failure.

    Stopping ends all attempts at once.  The connections that stand are not its
    concern.
    """

    _log = Logger()

    def __init__(
        self,
        peers: Sequence[PeerInfo],
        factory: PeerFactory,
        endpoint_for: Callable[[PeerInfo], IStreamClientEndpoint],
        clock: IReactorTime,
        rng: Random,
        publish: Callable[[SwarmEvent], None],
        *,
        may_call: Callable[[int], bool] = lambda _: True,
    ) -> None:
        """
        @param peers: whom to call.
        @param factory: makes the connections; its registry tells who is here.
        @param endpoint_for: the way to a peer; asked anew for each call.
        @param rng: for the jitter.
        @param publish: hears of each call that failed.
        @param may_call: tells of the id of a peer whether it is to be called now.
        """
        self._peers = peers
        self._factory = factory
        self._registry = factory.registry
        self._endpoint_for = endpoint_for
        self._clock = clock
        self._rng = rng
        self._publish = publish
        self._may_call = may_call
        self._is_running = False
        self._lines: list[Deferred[None]] = []

    def start(self) -> None:
        """
        Call everybody.
        """
        self._is_running = True
        for peer in self._peers:
            line = Deferred.fromCoroutine(self._keep_in_touch(peer))
            line.addErrback(self._line_ended)
            self._lines.append(line)

    def stop(self) -> None:
        """
        Call nobody any more.
        """
        self._is_running = False
        lines, self._lines = self._lines, []
        for line in lines:
            line.cancel()

    async def _keep_in_touch(self, peer: PeerInfo) -> None:
        failures = 0
        while True:
            while self._is_to_be_left(peer.peer_id):
                failures = 0
                await deferLater(self._clock, CHECK_SECONDS)
            try:
                protocol = await self._call(peer)
            except ConversationEnded as ended:
                if not self._is_running:
                    raise
                if self._registry.is_connected(peer.peer_id):
                    # They called us meanwhile, and that conversation was kept.
                    continue
                failures += 1
                wait = RETRY.wait_after(failures, self._rng)
                self._publish(DialFailed(peer.peer_id, str(ended), wait))
            else:
                began_at = self._clock.seconds()
                await protocol.when_ended()
                # Whoever leaves again at once is not called more and more often.
                if self._clock.seconds() - began_at >= RETRY.last_seconds:
                    failures = 0
                failures += 1
                wait = RETRY.wait_after(failures, self._rng)
            await deferLater(self._clock, wait)

    def _is_to_be_left(self, peer_id: int) -> bool:
        return self._registry.is_connected(peer_id) or not self._may_call(peer_id)

    async def _call(self, peer: PeerInfo) -> PeerProtocol:
        factory = self._factory.dialling(peer.peer_id)
        protocol = cast(PeerProtocol, await call(self._endpoint_for, peer, factory))
        await protocol.when_open()
        return protocol

    def _line_ended(self, failure: Failure) -> None:
        # A call that is cancelled under way fails in ways of its own.
        if self._is_running:
            self._log.failure("Calling a peer failed by a mistake of our own", failure)
