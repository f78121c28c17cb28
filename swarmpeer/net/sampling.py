"""
Calling some members of a swarm that is too large to call everybody.
"""

from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import deferLater

from swarmpeer.config import PeerInfo
from swarmpeer.events import DialFailed, SwarmEvent
from swarmpeer.net.backoff import Backoff, jittered
from swarmpeer.net.dialing import CHECK_SECONDS, Dialer
from swarmpeer.net.factory import PeerFactory
from swarmpeer.net.protocol import PeerProtocol
from swarmpeer.net.reasons import ConversationEnded

LINES = 4
"""
How many are called at a time.
"""
PAUSE_SECONDS = 0.5
"""
How long after that the next ones are, so that nobody is called by a whole fleet at
once.
"""
LASTING_SECONDS = 5.0
"""
A conversation that ended sooner was none.
"""
REST = Backoff(first_seconds=1.0, factor=2.0, last_seconds=30.0)
"""
How long whoever was not reached, or did not stay, is left alone.
"""


class Sought(Protocol):
    """
    Who tells whom to call: L{swarmpeer.core.bounded_node.BoundedNode}.
    """

    @property
    def wanted_calls(self) -> int:
        """
        How many neighbours more are to be called.
        """

    def is_sought(self, peer_id: int) -> bool:
        """
        Is a member to be called, as far as it depends on who it is?
        """


class SampleDialer(Dialer):
    """
    Calls members in an order of its own drawing, one after the other and round and
    round, as long as more neighbours are wanted.

    Whom it did not reach, or who did not stay, it leaves alone for a while, which
    gets longer from time to time.
    """

    def __init__(
        self,
        peers: Sequence[PeerInfo],
        factory: PeerFactory,
        endpoint_for: Callable[[PeerInfo], IStreamClientEndpoint],
        clock: IReactorTime,
        rng: Random,
        publish: Callable[[SwarmEvent], None],
        *,
        sought: Sought,
    ) -> None:
        """
        See L{Dialer}.

        @param peers: all whom we may call.
        @param sought: tells how many of them to call, and whom.
        """
        super().__init__(peers, factory, endpoint_for, clock, rng, publish)
        self._sought = sought
        self._open_lines: dict[Deferred[None], None] = {}
        self._under_way: set[int] = set()
        # Of those that were called in vain: how often in a row, and until when they
        # are left alone.
        self._failures: dict[int, int] = {}
        self._rest_until: dict[int, float] = {}

    def start(self) -> None:
        """
        Begin to call.
        """
        self._order = self._rng.sample(self._peers, len(self._peers))
        self._is_running = True
        self._begin(self._call_around())

    def stop(self) -> None:
        """
        Call nobody any more.
        """
        self._is_running = False
        for line in list(self._open_lines):
            line.cancel()

    def _begin(self, line: Coroutine[Deferred[None], object, None]) -> None:
        deferred = Deferred.fromCoroutine(line)
        self._open_lines[deferred] = None
        deferred.addErrback(self._line_ended)
        deferred.addCallback(lambda _: self._open_lines.pop(deferred, None))

    async def _call_around(self) -> None:
        while True:
            is_idle = True
            while len(self._under_way) < LINES and (peer := self._next()) is not None:
                is_idle = False
                self._under_way.add(peer.peer_id)
                self._begin(self._try(peer))
            pause = CHECK_SECONDS if is_idle else PAUSE_SECONDS
            await deferLater(self._clock, jittered(pause, self._rng))

    def _next(self) -> PeerInfo | None:
        """
        Who is to be called now, if anybody is; it goes to the end of the order.
        """
        if self._sought.wanted_calls <= len(self._under_way):
            return None
        now = self._clock.seconds()
        for place, peer in enumerate(self._order):
            peer_id = peer.peer_id
            if (
                peer_id not in self._under_way
                and self._rest_until.get(peer_id, now) <= now
                and self._sought.is_sought(peer_id)
            ):
                # Whoever was passed over stays in front.
                self._order.append(self._order.pop(place))
                return peer
        return None

    async def _try(self, peer: PeerInfo) -> None:
        try:
            protocol = await self._call(peer)
        except ConversationEnded as ended:
            if not self._is_running:
                raise
            if not self._registry.is_connected(peer.peer_id):
                wait = self._let_rest(peer.peer_id)
                self._publish(DialFailed(peer.peer_id, str(ended), wait))
        else:
            self._look_how_long(peer.peer_id, protocol)
        finally:
            self._under_way.discard(peer.peer_id)

    def _look_how_long(self, peer_id: int, protocol: PeerProtocol) -> None:
        began_at = self._clock.seconds()

        def ended(_: None) -> None:
            # Whoever leaves at once has no place for us.
            if self._clock.seconds() - began_at < LASTING_SECONDS:
                self._let_rest(peer_id)
            else:
                self._failures.pop(peer_id, None)

        protocol.when_ended().addCallback(ended)

    def _let_rest(self, peer_id: int) -> float:
        """
        @return: how long they are not called, in seconds.
        """
        failures = self._failures[peer_id] = self._failures.get(peer_id, 0) + 1
        wait = REST.wait_after(failures, self._rng)
        self._rest_until[peer_id] = self._clock.seconds() + wait
        return wait
